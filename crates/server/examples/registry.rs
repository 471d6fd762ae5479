//! A registry to run tests against: `registry ADDRESS FOLDER [--read-only] [--accept-missing] [--fast]`.

use std::io::Write;

use countersign_server::{Access, Durability, MissingContent, Server, ServerOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(root)) = (arguments.next(), arguments.next()) else {
        return Err("usage: registry ADDRESS FOLDER [--read-only] [--accept-missing] [--fast]".into());
    };
    let mut options = ServerOptions::new(root).listen(address.parse()?);
    for argument in arguments {
        options = match argument.as_str() {
            "--read-only" => options.access(Access::ReadOnly),
            "--accept-missing" => options.missing(MissingContent::Accepted),
            "--fast" => options.durability(Durability::ProcessCrash),
            other => return Err(format!("unknown argument {other}").into()),
        };
    }
    let running = Server::start(options).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", running.url())?;
    out.flush()?;
    tokio::signal::ctrl_c().await?;
    running.stop().await?;
    Ok(())
}
