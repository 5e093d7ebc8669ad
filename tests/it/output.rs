//! Where the output goes, and what it looks like there.

use std::process::Stdio;

use crate::app::App;

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let app = App::with_synced_tool();
    for args in [&["completions", "bash"][..], &["schema"], &["list"], &["list", "--message-format", "json"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = app.command(args.iter().copied());
        let done = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((done.status.code(), &*done.stderr), (Some(0), &b""[..]), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn data_that_is_lost_is_a_failure_and_a_message_is_not() {
    let app = App::with_synced_tool();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let done = app.command(["list"]).stdout(full()).stderr(Stdio::piped()).output().unwrap();
    let text = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(8));
    assert!(text.starts_with("error: cannot write to standard output\n"), "{text}");
    let done = app.command(["sync", "-v"]).stderr(full()).status().unwrap();
    assert!(done.success());
}
