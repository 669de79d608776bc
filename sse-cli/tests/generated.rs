//! What is made of the command's own arguments, and what it says of itself.

mod common;

use common::run;

#[test]
fn completions_and_manual_pages_know_every_subcommand() {
    let list = run("man", &["--list"], b"");
    let list = String::from_utf8(list.stdout).unwrap();
    for subcommand in ["decode", "encode"] {
        assert!(list.lines().any(|line| line == subcommand), "{list}");
    }
    let main = String::from_utf8(run("man", &[], b"").stdout).unwrap();
    for subcommand in list.lines() {
        assert!(main.contains(&format!("sse\\-{subcommand}(1)")), "{main}");
        let page = run("man", &[subcommand], b"");
        let text = String::from_utf8(page.stdout).unwrap();
        assert!(text.contains(&format!(".TH sse-{subcommand} 1")), "{text}");
        assert!(
            text.contains(&format!("\\fBsse {subcommand}\\fR")),
            "{text}"
        );
        assert_eq!(page.status, Some(0));
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = String::from_utf8(run("completions", &[shell], b"").stdout).unwrap();
        for subcommand in list.lines() {
            assert!(script.contains(subcommand), "{shell}: {subcommand}");
        }
    }
}

#[test]
fn what_is_not_there() {
    let page = run("man", &["cook"], b"");
    assert_eq!(page.stderr, "sse: there is no subcommand 'cook'\n");
    assert_eq!(page.status, Some(2));
    assert_eq!(run("completions", &["cook"], b"").status, Some(2));
    assert_eq!(run("cook", &[], b"").status, Some(2));
}

#[test]
fn version() {
    let output = run("--version", &[], b"");
    let version = format!("sse {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), version);
}
