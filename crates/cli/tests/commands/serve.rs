//! The real binary, because a server ends with a signal.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;

#[test]
fn what_is_pushed_outlives_the_server() {
    let user = User::new();
    user.write("hello.txt", "hello\n");
    let (server, host) = start(&user);
    assert_eq!(user.run(&format!("push {host}/app:v1 hello.txt")).exit, 0);
    assert!(stop(server));
    let (server, host) = start(&user);
    let outcome = user.run(&format!("ls {host}/app"));
    assert_eq!(outcome.stdout, b"v1\n", "{}", outcome.stderr);
    assert!(stop(server));
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    assert_outcome!(
        User::new().run("serve --listen nowhere"),
        str![[r#"
--- stderr
Error: invalid argument "nowhere" for "--listen" flag: invalid socket address syntax
help: `countersign serve --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        User::new().run("serve --users missing.txt"),
        str![[r#"
--- stderr
Error: reading missing.txt
  caused by: No such file or directory (os error 2)
--- exit 1

"#]]
    );
}

fn start(user: &User) -> (Child, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "off", "--root"])
        .arg(user.path("data"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let stderr = server.stderr.take().expect("stderr is a pipe");
    let welcome = BufReader::new(stderr)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("http://")?.1.split_once(',')?.0.to_owned()));
    (server, welcome.expect("the server says where it listens"))
}

fn stop(mut server: Child) -> bool {
    let pid = server.id().to_string();
    let asked = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(asked.is_ok_and(|status| status.success()));
    server.wait().is_ok_and(|status| status.success())
}
