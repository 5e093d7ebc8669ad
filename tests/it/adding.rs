//! `init`, `add` and `remove`.

use snapbox::str;

use crate::app::{App, HOST, file_name, release};

#[test]
fn from_nothing_to_a_running_setup() {
    let app = App::new();
    app.server.release("acme/tool", release("v1.2.0"));
    app.write("tauri.conf.json", "{}");
    app.write("build.rs", "fn main() {\n    tauri_build::build()\n}\n");
    app.sidecar(["init", "--yes"]).success().stderr_eq(str![[r#"
   Preparing app: wrote sidecar.toml, Cargo.toml, build.rs, .gitignore, .taurignore
        Next cargo sidecar add OWNER/REPO

"#]]);
    app.sidecar(["init", "--yes"]).success().stderr_eq(str![[r#"
    Finished app is prepared already; nothing was changed

"#]]);
    app.sidecar(["add", "acme/tool"]).success().stderr_eq(str![[r#"
     Locking tool 1.2.0
             aarch64-apple-darwin       tool-v1.2.0-aarch64-apple-darwin.tar.gz            208 B  github-digest
             aarch64-pc-windows-msvc    tool-v1.2.0-aarch64-pc-windows-msvc.zip            282 B  github-digest
             aarch64-unknown-linux-gnu  tool-v1.2.0-aarch64-unknown-linux-gnu.tar.gz       231 B  github-digest
             x86_64-apple-darwin        tool-v1.2.0-x86_64-apple-darwin.tar.gz             209 B  github-digest
             x86_64-pc-windows-msvc     tool-v1.2.0-x86_64-pc-windows-msvc.zip             281 B  github-digest
             x86_64-unknown-linux-gnu   tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz        231 B  github-digest
    Patching tauri.conf.json (externalBin)
        Next cargo sidecar sync

"#]]);
    app.sidecar(["sync"]).success();
    assert_eq!(app.binaries(), [file_name("tool", &HOST)]);
    assert!(
        app.read("sidecar.toml").ends_with("\n[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1.2.0\"\n")
    );
    assert!(app.read("build.rs").contains("sidecar_fetch::build();\n    tauri_build::build()"));
}

#[test]
fn a_tag_that_is_no_version_is_pinned() {
    let app = App::new();
    app.server.release("acme/tool", release("b6900"));
    app.manifest("");
    app.sidecar(["add", "acme/tool@b6900", "--name", "llama", "--bin", "**/tool{exe}"]).success();
    assert_eq!(
        app.read("sidecar.toml"),
        "[sidecar.llama]\ngithub = \"acme/tool\"\ntag = \"b6900\"\nbin = \"**/tool{exe}\"\n"
    );
}

#[test]
fn what_cannot_be_added_changes_nothing() {
    let app = App::with_synced_tool();
    app.fails("sidecar-exists", ["add", "acme/tool"]).stderr_eq(str![[r#"
error: the manifest already has a sidecar `tool`
  manifest  [ROOT]/app/sidecar.toml
help: `cargo sidecar update tool` moves it to a newer release; `--name` adds another beside it

"#]]);
    app.fails("repository-not-found", ["add", "acme/other"]);
    app.fails("release-not-found", ["add", "acme/tool@9", "--name", "nine"]);
    app.fails("bad-value", ["add", "acme/tool/extra"]).stderr_eq(str![[r#"
error: `acme/tool/extra` is not a GitHub repository
help: write it as `OWNER/REPO`, or as the repository's URL on an Enterprise host

"#]]);
    app.fails("usage", ["add", "acme/tool@", "--name", "two"]).stderr_eq(str![[r#"
error: `acme/tool@` has no version after its `@`
help: write `acme/tool@1.2`, or `acme/tool` for the newest release

"#]]);
    app.fails("bad-value", ["add", "acme/tool", "--name", "two", "-F", "nope"]);
    app.fails("lock-stale", ["add", "acme/tool", "--name", "two", "--locked"]);
}

#[test]
fn remove_takes_the_files_that_are_ours() {
    let app = App::with_synced_tool();
    app.write("binaries/mine", "my own");
    app.sidecar(["remove", "tool"]).success();
    assert_eq!(app.binaries(), ["mine"]);
    assert_eq!(app.read("sidecar.toml"), "");
    assert!(!app.read("sidecar.lock").contains("[["));
    app.sidecar(["sync"]).success();
}
