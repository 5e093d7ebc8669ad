//! What must not be printed: secrets of URLs, and control characters of servers.

use sidecar_tests::ReleaseSpec;
use snapbox::str;

use crate::app::{App, HOST};

#[test]
fn a_url_of_the_lock_is_printed_without_credentials_and_query() {
    let app = App::with_synced_tool();
    app.forget_cache();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    let lock = app
        .read("sidecar.lock")
        .replace("http://", "http://user:secret@")
        .replace(".gz\"\nsize", ".gz?sig=secret\"\nsize");
    app.write("sidecar.lock", &lock);
    for command in
        [app.command(["sync", "--offline"]), app.command(["sync", "--offline", "--message-format", "json"])]
    {
        let done = app.run(command).code(6);
        let output = done.get_output();
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        assert!(!String::from_utf8_lossy(&text).contains("secret"), "{}", String::from_utf8_lossy(&text));
    }
}

#[test]
fn control_characters_of_a_server_do_not_reach_the_terminal() {
    let app = App::with_tool();
    app.server.release("acme/evil", ReleaseSpec::new("v1.0.0").asset("tool\x1b]0;title\x07-linux", "x"));
    app.manifest("[sidecar.evil]\ngithub = \"acme/evil\"\n");
    let done = app.fails("api-answer", ["lock"]);
    done.stderr_eq(str![[r#"
error: sidecar `evil`: the server names a tag or an asset with control characters
  name     tool�]0;title�-linux
  release  [SERVER]/acme/evil/releases/tag/v1.0.0
  reason   neither git nor a forge allows them

"#]]);
    let colored = app.run(app.command(["lock", "--color", "always"])).code(6);
    assert!(!String::from_utf8_lossy(&colored.get_output().stderr).contains("\x1b]0;"));
}

#[test]
fn control_characters_of_a_lock_do_not_reach_the_terminal() {
    let app = App::with_synced_tool();
    let lock = app.read("sidecar.lock").replace("version = \"1.2.0\"", "version = \"1.2.0\\u001b[2J\"");
    app.write("sidecar.lock", &lock);
    for args in [["list", "--color=always"], ["sync", "--color=always"], ["verify", "--color=always"]] {
        let output = app.command([args[0], "-v", args[1]]).output().unwrap();
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        assert!(!String::from_utf8_lossy(&text).contains("\x1b[2J"), "{args:?}");
    }
}

#[test]
fn a_private_asset_says_what_its_token_lacks() {
    let app = App::with_tool();
    app.server.private("acme/tool", "secret-token");
    let with_token = |args: [&'static str; 1], token: &str| {
        let mut command = app.command(args);
        command.env("GH_TOKEN", token);
        app.run(command)
    };
    with_token(["sync"], "secret-token").success();
    app.forget_cache();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    let done = with_token(["sync"], "another").code(6);
    let text = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(text.contains("may read it") && !text.contains("another"), "{text}");
    let api = format!("api-url = \"{}", app.server.api_url());
    app.write(
        "sidecar.lock",
        &app.read("sidecar.lock").replace(&api, "api-url = \"https://ghe.example/api/v3"),
    );
    let done = with_token(["sync"], "secret-token").code(6);
    let text = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(text.contains("the token is not for its server"), "{text}");
    let done = app.build_script(&HOST).output().unwrap();
    assert!(String::from_utf8_lossy(&done.stdout).contains("no token is at hand"));
}
