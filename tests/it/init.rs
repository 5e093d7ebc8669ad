//! `init`, for every shape in which apps come.

use std::process::Command;

use snapbox::str;

use crate::app::App;

const CARGO_TOML: &str = "[package]\nname = \"x-tauri\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[build-dependencies]\n\n[workspace]\n";
const BUILD_RS: &str = "fn main() {\n    tauri_build::build()\n}\n";

/// Writes the files of a Tauri app into a directory of the project.
fn tauri_app(app: &App, directory: &str) {
    app.write(&format!("{directory}/Cargo.toml"), CARGO_TOML);
    app.write(&format!("{directory}/src/main.rs"), "fn main() {}\n");
    app.write(&format!("{directory}/build.rs"), BUILD_RS);
    app.write(&format!("{directory}/tauri.conf.json"), "{}");
}

/// A project without a Cargo.toml of its own.
fn project() -> App {
    let app = App::new();
    std::fs::remove_file(app.path("Cargo.toml")).unwrap();
    app
}

/// The app that the shared helper makes, as a Tauri app.
fn small() -> App {
    let app = App::new();
    app.write("tauri.conf.json", "{}");
    app.write("build.rs", BUILD_RS);
    app
}

#[test]
fn the_app_in_src_tauri() {
    let app = project();
    tauri_app(&app, "src-tauri");
    app.sidecar(["init", "--yes"]).success().stderr_eq(str![[r#"
   Preparing x-tauri: wrote sidecar.toml, Cargo.toml, build.rs, .gitignore, .taurignore
        Next cargo sidecar add OWNER/REPO

"#]]);
    app.sidecar(["init", "--yes"]).success().stderr_eq(str![[r#"
    Finished x-tauri is prepared already; nothing was changed

"#]]);
    assert!(app.read("src-tauri/build.rs").contains("    sidecar_fetch::build();\n    tauri_build::build()"));
    app.compare(
        &app.read("src-tauri/Cargo.toml"),
        str![[r#"
[package]
name = "x-tauri"
version = "0.1.0"
edition = "2024"

[build-dependencies]
sidecar-fetch = "0.1"

[workspace]

"#]],
    );
}

#[test]
fn a_prepared_app_builds_before_it_has_a_sidecar() {
    let app = small();
    app.sidecar(["init", "--yes", "--hooks"]).success();
    let done = app.build_script(&crate::app::HOST).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    // What the hooks run.
    app.sidecar(["sync", "--locked"]).success();
    app.sidecar(["verify"]).success().stdout_eq(str![[r#"
CHECK        STATE  WHAT
lock         ok     sidecar.lock: not needed, as no sidecar is declared
...
"#]]);
    app.sidecar(["doctor"]).stdout_eq(str![[r#"
...
          ok lock          there is nothing to lock yet
...
"#]]);
    assert!(!app.path("sidecar.lock").exists());
}

#[test]
fn an_app_that_only_tauris_own_walk_finds() {
    let app = project();
    tauri_app(&app, "crates/x-tauri");
    tauri_app(&app, "node_modules/copy");
    app.sidecar(["init", "--yes"]).success().stderr_eq(str![[r#"
   Preparing x-tauri: wrote sidecar.toml, Cargo.toml, build.rs, .gitignore, .taurignore
        Next cargo sidecar add OWNER/REPO

"#]]);
    assert!(app.path("crates/x-tauri/sidecar.toml").is_file());
    // All subcommands find it.
    app.sidecar(["list"]).success().stderr_eq(str![[r#"
    Finished no sidecars yet: cargo sidecar add OWNER/REPO

"#]]);
}

#[test]
fn what_is_meant_for_an_app_that_is_not_prepared_does_not_reach_its_neighbour() {
    let app = project();
    app.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"*/src-tauri\"]\n");
    for name in ["one", "two"] {
        tauri_app(&app, &format!("{name}/src-tauri"));
        let cargo = CARGO_TOML.replace("x-tauri", name).replace("\n[workspace]\n", "");
        app.write(&format!("{name}/src-tauri/Cargo.toml"), &cargo);
    }
    app.sidecar(["init", "--yes", "-p", "two"]).success();
    app.server.release("acme/tool", crate::app::release("v1.2.0"));
    let from_one = |args: &[&str]| {
        let mut command = app.command(args.iter().copied());
        command.current_dir(app.path("one"));
        app.run(command)
    };
    from_one(&["list"]).failure().stderr_eq(str![[r#"
error: there is no `sidecar.toml` in `[ROOT]/app/one/src-tauri`
  also  no [package.metadata.sidecar] in Cargo.toml
help: run `cargo sidecar init` in the app's directory

"#]]);
    from_one(&["add", "acme/tool"]);
    assert!(!app.read("two/src-tauri/sidecar.toml").contains("acme"));
}

#[test]
fn the_app_that_the_environment_names() {
    let app = project();
    tauri_app(&app, "one/src-tauri");
    tauri_app(&app, "two/src-tauri");
    app.run(with(app.command(["init", "--yes"]), "TAURI_APP_PATH", "two")).success();
    assert!(
        app.path("two/src-tauri/sidecar.toml").is_file() && !app.path("one/src-tauri/sidecar.toml").exists()
    );
    app.run(with(app.command(["init", "--yes"]), "TAURI_APP_PATH", "three")).failure().stderr_eq(str![[r#"
error: TAURI_APP_PATH leads to no app
  looked in  [ROOT]/app/three, src-tauri, 3 directories deep
help: let it name the directory with the app's Cargo.toml, or use `--manifest-path PATH`

"#]]);
    app.run(with(app.command(["list"]), "TAURI_CLI_CONFIG_DEPTH", "deep")).failure().stderr_eq(str![[r#"
error: TAURI_CLI_CONFIG_DEPTH is not a number
  found  deep
help: unset it: `unset TAURI_CLI_CONFIG_DEPTH`; Tauri's own command needs a number there, too

"#]]);
}

fn with(mut command: Command, variable: &str, value: &str) -> Command {
    command.env(variable, value);
    command
}

#[test]
fn the_environment_names_an_app_of_the_workspace_around() {
    let app = App::new();
    app.write("Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n");
    for name in ["one", "two"] {
        app.write(
            &format!("{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n"),
        );
        app.write(&format!("{name}/src/main.rs"), "fn main() {}\n");
        app.write(&format!("{name}/tauri.conf.json"), "{}");
    }
    app.fails("usage", ["init", "--yes"]);
    let mut command = app.command(["init", "--yes"]);
    command.current_dir(app.path("one")).env("TAURI_APP_PATH", "../two");
    app.run(command).success();
    assert!(app.path("two/sidecar.toml").is_file() && !app.path("one/sidecar.toml").exists());
}

#[test]
fn of_several_apps_one_must_be_named() {
    let app = project();
    tauri_app(&app, "apps/one");
    tauri_app(&app, "apps/two");
    app.fails("usage", ["init", "--yes"]).stderr_eq(str![[r#"
error: several Tauri apps are below this directory
  apps  apps/one/Cargo.toml, apps/two/Cargo.toml
help: name one: `--manifest-path apps/one/Cargo.toml`

"#]]);
    app.sidecar(["init", "--yes", "--manifest-path", "apps/one/Cargo.toml"]).success();
    assert!(app.path("apps/one/sidecar.toml").is_file() && !app.path("apps/two/sidecar.toml").exists());
}

#[test]
fn a_workspace_whose_keys_are_inherited() {
    let app = App::new();
    app.write("Cargo.toml", "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n\n[workspace.package]\nversion = \"1.0.0\"\n\n[workspace.dependencies]\nsidecar-fetch = { path = \"fetch\" }\n");
    app.write("fetch/Cargo.toml", "[package]\nname = \"sidecar-fetch\"\nversion = \"0.1.0\"\n");
    app.write("fetch/src/lib.rs", "");
    app.write("app/Cargo.toml", "[package]\r\nname = \"inheriting\"\r\nversion.workspace = true\r\n\r\n[build-dependencies] # for build.rs");
    app.write("app/src/main.rs", "fn main() {}\n");
    app.write("app/tauri.conf.json", "{}");
    app.write("app/build.rs", "fn main()\r\n{\r\n\ttauri_build::build()\r\n}");
    app.sidecar(["init", "--yes"]).success();
    assert_eq!(
        app.read("app/Cargo.toml"),
        "[package]\r\nname = \"inheriting\"\r\nversion.workspace = true\r\n\r\n[build-dependencies] # for build.rs\r\nsidecar-fetch = { workspace = true }"
    );
    assert_eq!(
        app.read("app/build.rs"),
        "fn main()\r\n{\r\n\tsidecar_fetch::build();\r\n\ttauri_build::build()\r\n}"
    );
    // What was written is what cargo reads, and then there is nothing left to do.
    app.sidecar(["init", "--yes"]).success().stderr_eq(str![[r#"
    Finished inheriting is prepared already; nothing was changed

"#]]);
}

#[test]
fn an_app_without_a_build_script() {
    let app = App::new();
    app.write("tauri.conf.json", "{}");
    let dry = app.sidecar(["init", "--dry-run"]).success();
    let dry = dry.stdout_eq(str![[r#"
--- /dev/null
+++ b/sidecar.toml
@@ -0,0 +1,5 @@
+# Programs that ship with this app. `cargo sidecar add OWNER/REPO` writes entries; `cargo sidecar sync` installs them.
+
+[settings]
+# Without this, Linux, macOS and Windows on x86-64 and arm64 are attempted; named here, each is mandatory.
+# targets = ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"]
--- a/Cargo.toml
+++ b/Cargo.toml
@@ -7,3 +7,7 @@
 llm = []
 
 [workspace]
+
+[build-dependencies]
+sidecar-fetch = "0.1"
+tauri-build = "2"
--- /dev/null
+++ b/build.rs
@@ -0,0 +1,4 @@
+fn main() {
+    sidecar_fetch::build();
+    tauri_build::build();
+}
--- /dev/null
+++ b/.gitignore
@@ -0,0 +1 @@
+/binaries/
--- /dev/null
+++ b/.taurignore
@@ -0,0 +1 @@
+/binaries/

"#]]);
    dry.stderr_eq(str![[r#"
    Finished app: would write sidecar.toml, Cargo.toml, build.rs, .gitignore, .taurignore

"#]]);
    assert!(!app.path("build.rs").exists());
    app.sidecar(["init", "--yes"]).success();
    app.compare(
        &app.read("build.rs"),
        str![[r#"
fn main() {
    sidecar_fetch::build();
    tauri_build::build();
}

"#]],
    );
}

#[test]
fn odd_build_scripts_are_changed_where_that_is_safe() {
    let app = small();
    app.write("build.rs", "//! Calls sidecar_fetch::build() and tauri_build::build() one day.\nfn main() {\n    #[cfg(not(feature = \"clippy\"))]\n    tauri_build::try_build(\n        tauri_build::Attributes::new(),\n    )\n    .unwrap();\n}\n");
    app.sidecar(["init", "--yes"]).success();
    app.compare(
        &app.read("build.rs"),
        str![[r#"
//! Calls sidecar_fetch::build() and tauri_build::build() one day.
fn main() {
    sidecar_fetch::build();
    #[cfg(not(feature = "clippy"))]
    tauri_build::try_build(
        tauri_build::Attributes::new(),
    )
    .unwrap();
}

"#]],
    );

    let app = small();
    let text = "#[tokio::main]\nasync fn main() {\n    tauri_build::build()\n}\n";
    app.write("build.rs", text);
    app.sidecar(["init", "--yes"]).success().stderr_eq(str![[r#"
   Preparing app: wrote sidecar.toml, Cargo.toml, .gitignore, .taurignore
warning: build.rs: its `main` is async, where a call that blocks may panic; let it be called from a `main` that begins with `sidecar_fetch::build();`
        Next cargo sidecar add OWNER/REPO

"#]]);
    assert_eq!(app.read("build.rs"), text);
    app.sidecar(["init", "--yes"]).success().stderr_eq(str![[r#"
    Finished app: nothing was changed
warning: build.rs: its `main` is async, where a call that blocks may panic; let it be called from a `main` that begins with `sidecar_fetch::build();`

"#]]);
}

#[test]
fn hooks_are_added_where_they_are_asked_for() {
    let app = small();
    std::fs::remove_file(app.path("tauri.conf.json")).unwrap();
    app.write(
        "tauri.conf.json5",
        "// ours\n{\n  build: {\n    beforeBuildCommand: 'pnpm build', // the frontend\n  },\n}\n",
    );
    app.sidecar(["init", "--yes"]).success();
    assert!(!app.read("tauri.conf.json5").contains("sidecar"));
    app.sidecar(["init", "--yes", "--hooks"]).success().stderr_eq(str![[r#"
   Preparing app: wrote tauri.conf.json5

"#]]);
    app.compare(
        &app.read("tauri.conf.json5"),
        str![[r#"
// ours
{
  build: {
    beforeBuildCommand: 'pnpm build && cargo sidecar sync --locked', // the frontend
    beforeBundleCommand: 'cargo sidecar verify',
  },
}

"#]],
    );
    app.sidecar(["init", "--yes", "--hooks"]).success().stderr_eq(str![[r#"
    Finished app is prepared already; nothing was changed

"#]]);

    let app = small();
    std::fs::remove_file(app.path("tauri.conf.json")).unwrap();
    app.write("Tauri.toml", "identifier = \"x\" # mine\n\n[build]\nbeforeBuildCommand = { script = \"make\", cwd = \".\" }\n\n[bundle]\nactive = true\n");
    app.sidecar(["init", "--yes", "--hooks"]).success();
    app.compare(
        &app.read("Tauri.toml"),
        str![[r#"
identifier = "x" # mine

[build]
beforeBuildCommand = { script = "make && cargo sidecar sync --locked", cwd = "." }
beforeBundleCommand = "cargo sidecar verify"

[bundle]
active = true

"#]],
    );
}

#[test]
fn a_hook_of_another_type() {
    let app = small();
    app.write("tauri.conf.json", "{ \"build\": { \"beforeBuildCommand\": true } }");
    app.fails("config-invalid", ["init", "--yes"]).stderr_eq(str![[r#"
error: `build.beforeBuildCommand` takes a command, or an object with a `script`
  at     [ROOT]/app/tauri.conf.json:1:36
  found  true or false

"#]]);
}

#[test]
fn without_a_terminal_nothing_is_changed_unless_somebody_agrees() {
    let app = small();
    app.fails("usage", ["init"]).stderr_eq(str![[r#"
error: `init` asks before it changes files, and there is no terminal
  would change  sidecar.toml, Cargo.toml, build.rs, .gitignore, .taurignore
help: agree with `cargo sidecar init --yes`; `cargo sidecar init --dry-run` shows the changes

"#]]);
    app.sidecar(["init", "--yes", "--message-format", "json"]).success().stdout_eq(str![[r#"
{"by_hand":[],"package":"app","reason":"initialized","written":["sidecar.toml","Cargo.toml","build.rs",".gitignore",".taurignore"]}

"#]]);
    // Where nothing is lacking there is nothing to ask.
    app.sidecar(["init"]).success().stderr_eq(str![[r#"
    Finished app is prepared already; nothing was changed

"#]]);
}

#[test]
fn a_dry_run_says_it_in_json_as_well() {
    let app = small();
    app.write(".gitignore", "/target");
    app.write(".taurignore", "/binaries");
    app.write("sidecar.toml", "");
    app.sidecar(["init", "--dry-run", "--message-format", "json"]).success().stdout_eq(str![[r#"
{"created":false,"diff":"--- a/Cargo.toml/n+++ b/Cargo.toml/n@@ -7,3 +7,6 @@/n llm = []/n /n [workspace]/n+/n+[build-dependencies]/n+sidecar-fetch = /"0.1/"/n","path":"[ROOT]/app/Cargo.toml","reason":"change","removed":false}
{"created":false,"diff":"--- a/build.rs/n+++ b/build.rs/n@@ -1,3 +1,4 @@/n fn main() {/n+    sidecar_fetch::build();/n     tauri_build::build()/n }/n","path":"[ROOT]/app/build.rs","reason":"change","removed":false}
{"created":false,"diff":"--- a/.gitignore/n+++ b/.gitignore/n@@ -1 +1,2 @@/n-/target/n// No newline at end of file/n+/target/n+/binaries//n// No newline at end of file/n","path":"[ROOT]/app/.gitignore","reason":"change","removed":false}
{"by_hand":[],"package":"app","reason":"initialized","written":[]}

"#]]);
}

#[test]
fn what_is_prepared_by_half_gets_what_lacks() {
    let app = small();
    app.write("sidecar.toml", "[settings]\nbinaries = \"bin\"\n");
    app.write(".gitignore", "target\r\nbin");
    app.write("build.rs", "fn main() {\n    sidecar_fetch::build();\n}\n");
    app.sidecar(["init", "--yes", "-v"]).success().stderr_eq(str![[r#"
       Fresh sidecar.toml: the sidecars of this app
       Fresh build.rs: calls `sidecar_fetch::build();`
       Fresh .gitignore: what is installed is not committed
   Preparing app: wrote Cargo.toml, .taurignore

"#]]);
    assert_eq!(app.read(".taurignore"), "/bin/\n");
}

#[test]
fn a_read_only_file_stops_all_of_it() {
    let app = small();
    let mut permissions = std::fs::metadata(app.path("build.rs")).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(app.path("build.rs"), permissions).unwrap();
    app.fails("read-only", ["init", "--yes"]).stderr_eq(str![[r#"
error: `build.rs` is read-only
  file        [ROOT]/app/build.rs
  left alone  this file, and those that change with it
help: make it writable, then run the command again; `--dry-run` shows what it would change

"#]]);
}

#[test]
fn a_cargo_toml_that_does_not_parse() {
    let app = small();
    app.write("Cargo.toml", "[package]\nname = \"app\"\nversion = \n");
    app.fails("cargo-metadata", ["init", "--yes"]).stderr_eq(str![[r#"
error: `cargo metadata` failed
  cause  [..]
         [..]Cargo.toml:3:11
...
"#]]);
}

/// Runs `init` on a terminal of its own with these keys typed ahead; what stands on the terminal afterwards.
#[cfg(target_os = "linux")]
fn on_a_terminal(app: &App, keys: &str) -> (bool, String) {
    use std::io::{Read as _, Write as _};

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let open = || {
        let path = std::path::Path::new(name.to_str().unwrap());
        std::fs::File::options().read(true).write(true).open(path).unwrap()
    };
    let mut terminal = std::fs::File::from(terminal);
    let mut command = app.command(["init"]);
    command.stdin(open()).stdout(open()).stderr(open());
    terminal.write_all(keys.as_bytes()).unwrap();
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut seen = Vec::new();
    // Linux says that nobody is at the other end any more as an error; what was read until then counts.
    let _ = terminal.read_to_end(&mut seen);
    let text = String::from_utf8(seen).unwrap().replace('\r', "");
    (child.wait().unwrap().success(), text)
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_each_step_is_asked() {
    let app = small();
    app.write(".gitignore", "/target\n/binaries/\n");
    let (success, seen) = on_a_terminal(&app, "\ny\nwhat\n\nno\nn\n");
    app.compare(&seen, str![[r#"

y
what

no
n
Write sidecar.toml (the sidecars of this app)? [Y/n] Write Cargo.toml (build-dependency sidecar-fetch = "0.1")? [Y/n] Write build.rs (calls `sidecar_fetch::build();`)? [Y/n] Answer y or n; Ctrl-C leaves everything as it is.
Write build.rs (calls `sidecar_fetch::build();`)? [Y/n] Write .taurignore (`tauri dev` does not watch what is installed)? [Y/n] Write tauri.conf.json (`cargo sidecar sync --locked` before a build, `cargo sidecar verify` before the bundle)? [y/N]    Preparing app: wrote sidecar.toml, Cargo.toml, build.rs
        Next cargo sidecar add OWNER/REPO

"#]]);
    assert!(success);
    assert!(!app.path(".taurignore").exists());
    assert_eq!(app.read("tauri.conf.json"), "{}");
}

#[cfg(target_os = "linux")]
#[test]
fn when_the_answers_end_nothing_was_changed() {
    let app = small();
    // Ctrl-D: the end of what is typed.
    let (success, seen) = on_a_terminal(&app, "\n\u{4}");
    app.compare(&seen, str![[r#"

Write sidecar.toml (the sidecars of this app)? [Y/n] Write Cargo.toml (build-dependency sidecar-fetch = "0.1")? [Y/n] 
error: the answers ended before the questions; nothing was changed
help: answer each question, or agree to all with `cargo sidecar init --yes`

"#]]);
    assert!(!success && !app.path("sidecar.toml").exists());
}
