//! `add` by the name of a recipe.

use sidecar_tests::{ReleaseSpec, program, tar_gz, zip};
use snapbox::str;

use crate::app::{App, DESKTOP, HOST, file_name};

/// A release as `pocketbase` has them: a zip for each system.
fn pocketbase(version: &str) -> ReleaseSpec {
    DESKTOP.iter().fold(ReleaseSpec::new(format!("v{version}")), |spec, triple| {
        let os = match () {
            () if triple.contains("windows") => "windows",
            () if triple.contains("darwin") => "darwin",
            () => "linux",
        };
        let arch = if triple.starts_with("x86_64") { "amd64" } else { "arm64" };
        let member = if os == "windows" { "pocketbase.exe" } else { "pocketbase" };
        let archive = zip(&[("LICENSE.md", b"MIT"), (member, &program(triple, version))]);
        spec.asset(format!("pocketbase_{version}_{os}_{arch}.zip"), archive)
    })
}

fn with_pocketbase() -> App {
    let app = App::new();
    app.server.release("pocketbase/pocketbase", pocketbase("0.30.2"));
    app.server.release("pocketbase/pocketbase", pocketbase("0.31.0"));
    app.manifest("");
    app
}

/// A release of whisper.cpp, whose assets for Windows do not say so.
fn whisper(app: &App) {
    let unix = |triple: &str| {
        let program = program(triple, "1.9.2");
        tar_gz(&[
            ("w/whisper-cli", &program),
            ("w/whisper-server", &program),
            ("w/libwhisper.so", &library()),
        ])
    };
    let windows = "x86_64-pc-windows-msvc";
    let (exe, dll) = (program(windows, "1.9.2"), sidecar_tests::library(windows, "1.9.2"));
    let zip =
        zip(&[("Release/whisper-cli.exe", &exe), ("Release/other.exe", &exe), ("Release/whisper.dll", &dll)]);
    let spec = ReleaseSpec::new("v1.9.2")
        .asset("whisper-bin-ubuntu-x64.tar.gz", unix("x86_64-unknown-linux-gnu"))
        .asset("whisper-bin-x64.zip", zip)
        .asset("mine.tar.gz", unix("x86_64-unknown-linux-gnu"));
    app.server.release("ggml-org/whisper.cpp", spec);
}

fn library() -> Vec<u8> {
    sidecar_tests::library("x86_64-unknown-linux-gnu", "1.9.2")
}

#[test]
fn a_name_is_enough() {
    let app = with_pocketbase();
    app.sidecar(["add", "pocketbase"]).success().stderr_eq(str![[r#"
     Locking pocketbase 0.31.0
             aarch64-apple-darwin       pocketbase_0.31.0_darwin_arm64.zip        257 B  github-digest
             aarch64-pc-windows-msvc    pocketbase_0.31.0_windows_arm64.zip       292 B  github-digest
             aarch64-unknown-linux-gnu  pocketbase_0.31.0_linux_arm64.zip         272 B  github-digest
             x86_64-apple-darwin        pocketbase_0.31.0_darwin_amd64.zip        262 B  github-digest
             x86_64-pc-windows-msvc     pocketbase_0.31.0_windows_amd64.zip       291 B  github-digest
             x86_64-unknown-linux-gnu   pocketbase_0.31.0_linux_amd64.zip         272 B  github-digest
        Next cargo sidecar sync

"#]]);
    app.compare(
        &app.read("sidecar.toml"),
        str![[r#"
[sidecar.pocketbase]
github = "pocketbase/pocketbase"
version = "0.31.0"

"#]],
    );
    app.sidecar(["sync"]).success();
    assert_eq!(app.binaries(), [file_name("pocketbase", &HOST)]);
    // The keys are the user's: a lock needs no recipe.
    app.sidecar(["lock", "--locked"]).success();
}

#[test]
fn a_version_and_a_tag_go_with_the_name() {
    let app = with_pocketbase();
    app.sidecar(["add", "pocketbase@0.30"]).success();
    app.sidecar(["add", "pocketbase@v0.31.0", "--name", "next"]).success();
    app.compare(
        &app.read("sidecar.toml"),
        str![[r#"
[sidecar.pocketbase]
github = "pocketbase/pocketbase"
version = "0.30"

[sidecar.next]
github = "pocketbase/pocketbase"
tag = "v0.31.0"

"#]],
    );
    assert!(app.read("sidecar.lock").contains("pocketbase_0.30.2_linux_amd64.zip"));
}

#[test]
fn what_the_recipe_says_is_written_out() {
    let app = App::new();
    whisper(&app);
    app.manifest("");
    app.sidecar(["add", "whisper-cli"]).success();
    app.compare(
        &app.read("sidecar.toml"),
        str![[r#"
[sidecar.whisper-cli]
github = "ggml-org/whisper.cpp"
version = "1.9.2"
bin = "**/whisper-cli{exe}"
layout = "tree"
resources = ["**/*.so*", "**/*.dll"]
asset = { x86_64-pc-windows-msvc = "whisper-bin-x64.zip" }

"#]],
    );
    let lock = app.read("sidecar.lock");
    assert!(lock.contains("member = \"Release/whisper-cli.exe\"") && lock.contains("whisper-bin-x64.zip"));
}

#[test]
fn flags_go_before_the_recipe() {
    let app = App::new();
    whisper(&app);
    app.manifest("");
    let target = ["--target", "x86_64-unknown-linux-gnu", "--asset", "mine.tar.gz"];
    let flags = ["--name", "server", "--bin", "**/whisper-server{exe}", "--install-as", "whisper"];
    let tree = ["--resources", "**/lib*"];
    let args = ["add", "whisper-cli"].into_iter().chain(flags).chain(tree).chain(target).chain(["--dry-run"]);
    app.sidecar(args).success().stdout_eq(str![[r#"
--- a/sidecar.toml
+++ b/sidecar.toml
@@ -0,0 +1,8 @@
+[sidecar.server]
+github = "ggml-org/whisper.cpp"
+version = "1.9.2"
+bin = "**/whisper-server{exe}"
+install-as = "whisper"
+layout = "tree"
+resources = ["**/lib*"]
+asset = { x86_64-pc-windows-msvc = "whisper-bin-x64.zip", x86_64-unknown-linux-gnu = "mine.tar.gz" }

"#]]);
}

#[test]
fn an_unknown_name_gets_the_nearest_and_the_other_way() {
    let app = with_pocketbase();
    app.fails("unknown-recipe", ["add", "pocketbse"]).stderr_eq(str![[r#"
error: there is no recipe `pocketbse`
  nearest  pocketbase
help: write the program's repository as `OWNER/REPO`; `cargo sidecar add --list` shows the recipes

"#]]);
    app.fails("unknown-recipe", ["add", "ripgrep@15"]).stderr_eq(str![[r#"
error: there is no recipe `ripgrep`
  nearest  rg
help: write the program's repository as `OWNER/REPO`; `cargo sidecar add --list` shows the recipes

"#]]);
    app.fails("unknown-recipe", ["add", "no-such-program"]).stderr_eq(str![[r#"
error: there is no recipe `no-such-program`
help: write the program's repository as `OWNER/REPO`; `cargo sidecar add --list` shows the recipes

"#]]);
    app.fails("unknown-recipe", ["add", ""]);
    app.fails("usage", ["add", "pocketbase@"]).stderr_eq(str![[r#"
error: `pocketbase@` has no version after its `@`
help: write `pocketbase@1.2`, or `pocketbase` for the newest release

"#]]);
    assert!(app.server.requests().is_empty(), "a name is looked up at home");
}

#[test]
fn the_list_is_a_table_and_needs_no_app() {
    let app = App::new();
    let mut command = app.command(["add", "--list"]);
    command.current_dir(app.cache().parent().unwrap());
    let all = app.run(command).success();
    let all = String::from_utf8(all.get_output().stdout.clone()).unwrap();
    let (head, rows) = all.split_once('\n').unwrap();
    assert!(rows.lines().count() >= 70 && rows.contains("\npocketbase "), "{all}");
    let columns = [head.find("REPOSITORY").unwrap(), head.find("DESCRIPTION").unwrap()];
    for row in rows.lines() {
        let begins = |at: &usize| row[..*at].ends_with("  ") && !row[*at..].starts_with(' ');
        assert!(columns.iter().all(begins), "{row}");
    }
    app.sidecar(["add", "--list", "LANGUAGE SERVER"]).success().stdout_eq(str![[r#"
NAME                 REPOSITORY                 DESCRIPTION
clangd               clangd/clangd              Language server for C and C++
lua-language-server  LuaLS/lua-language-server  Language server for Lua
rust-analyzer        rust-lang/rust-analyzer    Language server for Rust

"#]]);
    app.sidecar(["add", "--list", "no-such-program"]).success().stdout_eq("").stderr_eq(str![[r#"
    Finished no recipe holds `no-such-program`; any repository can be added as OWNER/REPO

"#]]);
}

#[test]
fn the_list_as_json_is_a_line_each() {
    let app = App::new();
    app.sidecar(["add", "--list", "pocketbase", "--message-format", "json"]).success().stdout_eq(str![[r#"
{"description":"Backend in one file: SQLite, accounts, files, admin pages","name":"pocketbase","page":"https://pocketbase.io","reason":"recipe","repository":"pocketbase/pocketbase"}

"#]]);
    let all = app.sidecar(["add", "--list", "--message-format", "json"]).success();
    let all = String::from_utf8(all.get_output().stdout.clone()).unwrap();
    assert!(all.lines().count() >= 70 && all.lines().all(|line| line.contains("\"reason\":\"recipe\"")));
}
