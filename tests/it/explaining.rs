//! `explain`: the choice, told name by name.

use snapbox::str;

use crate::app::App;

#[test]
fn each_name_of_the_release_has_its_verdict() {
    let app = App::with_synced_tool();
    let done = app.sidecar(["explain", "tool", "--target", "x86_64-unknown-linux-gnu"]).success();
    done.stdout_eq(str![[r#"
x86_64-unknown-linux-gnu: tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz (names the target, the only one that fits)
  ASSET                                         WORDS                VERDICT
  tool-v1.2.0-aarch64-apple-darwin.tar.gz       macOS arm64          for macOS
  tool-v1.2.0-aarch64-pc-windows-msvc.zip       Windows arm64 msvc   for Windows
  tool-v1.2.0-aarch64-unknown-linux-gnu.tar.gz  Linux arm64 gnu      for arm64
  tool-v1.2.0-x86_64-apple-darwin.tar.gz        macOS x86-64         for macOS
  tool-v1.2.0-x86_64-pc-windows-msvc.zip        Windows x86-64 msvc  for Windows
  tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz   Linux x86-64 gnu     chosen

"#]]);
    let text = app.sidecar(["explain", "tool", "--message-format", "json"]).success();
    let text = String::from_utf8(text.get_output().stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 6, "{text}");
    assert!(text.lines().all(|line| line.contains("\"reason\":\"explained\"")), "{text}");
}

#[test]
fn a_name_that_is_not_declared_gets_the_nearest() {
    let app = App::with_tool();
    app.fails("unknown-sidecar", ["explain", "tol"]).stderr_eq(str![[r#"
error: there is no sidecar `tol` in the manifest
  manifest  [ROOT]/app/sidecar.toml
  sidecars  tool
help: did you mean `tool`?

"#]]);
}
