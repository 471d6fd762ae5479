mod create;
mod inspect;
mod upgrade;

/// A bundle that cosign 3.1.2 made for a file.
fn golden(name: &str) -> String {
    String::from_utf8(crate::golden::file(&format!("blobs/{name}"))).expect("a bundle is text")
}
