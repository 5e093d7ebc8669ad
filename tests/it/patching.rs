//! `sync`, `add` and `remove` keep Tauri's configuration and the capability file in step; `config` prints a part of it.

use snapbox::str;

use crate::app::{App, release};

const CONFIG: &str = r#"{
  "identifier": "com.acme.app",
  "bundle": {
    "active": true,
    "externalBin": [
      "helpers/mine" // by hand
    ]
  }
}
"#;

/// An app with the tool in its manifest and a configuration that does not list it.
fn app() -> App {
    let app = App::with_tool();
    app.write("tauri.conf.json", CONFIG);
    app
}

/// [`app`], which depends on the plugins and lets JavaScript run the tool.
fn app_with_shell() -> App {
    let app = app();
    let cargo_toml = app.read("Cargo.toml");
    app.write("Cargo.toml", &format!("{cargo_toml}\n[dependencies]\ntauri-plugin-shell = \"2\"\n"));
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nshell = { execute = true }\n");
    app
}

fn listed(app: &App) -> String {
    let text = app.read("tauri.conf.json");
    let (_, list) = text.split_once("\"externalBin\": ").unwrap();
    list.split_once(']').unwrap().0.split_whitespace().collect::<Vec<_>>().join(" ") + " ]"
}

#[test]
fn sync_lists_the_sidecars_and_says_so_once() {
    let app = app();
    app.sidecar(["sync"]).success().stderr_eq(str![[r#"
    Patching tauri.conf.json (externalBin)
   Installed tool 1.2.0 for [..] ([..] B)
    Finished 1 file, 1 installed, 0 up to date

"#]]);
    assert_eq!(listed(&app), r#"[ "helpers/mine", // by hand "binaries/tool" ]"#);
    assert!(app.read("sidecar.lock").contains("\nconfigured = [\n    \"binaries/tool\",\n]\n"));
    let time = || std::fs::metadata(app.path("tauri.conf.json")).unwrap().modified().unwrap();
    let before = time();
    app.sidecar(["sync", "--locked"]).success().stderr_eq(str![[r#"
    Finished 1 file is up to date; nothing was changed

"#]]);
    assert_eq!(time(), before);
    app.write("tauri.conf.json", CONFIG);
    app.sidecar(["sync"]).success().stderr_eq(str![[r#"
    Patching tauri.conf.json (externalBin)
    Finished 1 file is up to date

"#]]);
}

#[test]
fn a_dry_run_shows_a_diff_and_asks_nobody() {
    let app = app();
    let before = app.binaries();
    app.sidecar(["sync", "--dry-run"])
        .success()
        .stdout_eq(str![[r#"
--- a/tauri.conf.json
+++ b/tauri.conf.json
@@ -3,7 +3,8 @@
   "bundle": {
     "active": true,
     "externalBin": [
-      "helpers/mine" // by hand
+      "helpers/mine", // by hand
+      "binaries/tool"
     ]
   }
 }

"#]])
        .stderr_eq(str![[r#"
    Finished 1 file and sidecar.lock would change; dry run

"#]]);
    assert_eq!(app.read("tauri.conf.json"), CONFIG);
    assert_eq!(app.binaries(), before);
    assert!(!app.path("sidecar.lock").exists());
    assert!(app.server.requests().is_empty());
    app.sidecar(["sync"]).success();
    app.sidecar(["sync", "-n"]).success().stdout_eq("").stderr_eq(str![[r#"
    Finished nothing would change; dry run

"#]]);
}

#[test]
fn a_dry_run_has_colours_only_where_they_are_asked_for() {
    let app = app();
    let done = app.sidecar(["sync", "-n", "--color", "always"]).success();
    assert!(
        String::from_utf8_lossy(&done.get_output().stdout).contains("\u{1b}[32m+      \"binaries/tool\"")
    );
    let done = app.sidecar(["sync", "-n"]).success();
    assert!(!String::from_utf8_lossy(&done.get_output().stdout).contains('\u{1b}'));
}

#[test]
fn changes_as_json() {
    let app = app();
    let messages = |args: &[&str]| -> Vec<serde_json::Value> {
        let args = args.iter().copied().chain(["--message-format", "json"]);
        let done = app.sidecar(args).success().stderr_eq("");
        let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let dry = messages(&["sync", "-n"]);
    assert_eq!((&dry[0]["reason"], &dry[0]["created"]), (&"change".into(), &false.into()));
    assert!(dry[0]["diff"].as_str().unwrap().contains("+      \"binaries/tool\"\n"));
    assert_eq!(
        (&dry[1]["reason"], &dry[1]["files"], &dry[1]["lock"]),
        (&"dry-run".into(), &1.into(), &true.into())
    );
    let done = messages(&["sync"]);
    assert_eq!((&done[0]["reason"], &done[0]["keys"][0]), (&"patched".into(), &"externalBin".into()));
    let config = messages(&["config"]);
    assert_eq!(config[0]["reason"], "config");
}

#[test]
fn add_patches_and_its_dry_run_does_not() {
    let app = App::new();
    app.server.release("acme/tool", release("v1.2.0"));
    app.write("tauri.conf.json", CONFIG);
    app.manifest("");
    app.sidecar(["add", "acme/tool", "--dry-run"])
        .success()
        .stdout_eq(str![[r#"
--- a/sidecar.toml
+++ b/sidecar.toml
@@ -0,0 +1,3 @@
+[sidecar.tool]
+github = "acme/tool"
+version = "1.2.0"
--- a/tauri.conf.json
+++ b/tauri.conf.json
@@ -3,7 +3,8 @@
   "bundle": {
     "active": true,
     "externalBin": [
-      "helpers/mine" // by hand
+      "helpers/mine", // by hand
+      "binaries/tool"
     ]
   }
 }

"#]])
        .stderr_eq(str![[r#"
    Finished 2 files and sidecar.lock would change; dry run

"#]]);
    assert_eq!((app.read("sidecar.toml").as_str(), app.read("tauri.conf.json").as_str()), ("", CONFIG));
    assert_eq!(app.downloads("tool"), 0);
    app.sidecar(["add", "acme/tool"]).success();
    assert_eq!(listed(&app), r#"[ "helpers/mine", // by hand "binaries/tool" ]"#);
    app.sidecar(["sync", "--dry-run"]).success().stdout_eq("");
}

#[test]
fn remove_takes_out_what_is_ours() {
    let app = app();
    app.sidecar(["sync"]).success();
    let files =
        || (app.read("sidecar.toml"), app.read("sidecar.lock"), app.read("tauri.conf.json"), app.binaries());
    let before = files();
    app.sidecar(["remove", "tool", "-n"]).success().stdout_eq(str![[r#"
--- a/sidecar.toml
+++ b/sidecar.toml
@@ -1,3 +0,0 @@
-[sidecar.tool]
-github = "acme/tool"
-version = "1"
--- a/tauri.conf.json
+++ b/tauri.conf.json
@@ -3,8 +3,7 @@
   "bundle": {
     "active": true,
     "externalBin": [
-      "helpers/mine", // by hand
-      "binaries/tool"
+      "helpers/mine" // by hand
     ]
   }
 }

"#]]);
    assert_eq!(files(), before);
    app.sidecar(["remove", "tool"]).success().stderr_eq(str![[r#"
    Removing tool from sidecar.toml and the lock
    Patching tauri.conf.json (externalBin)

"#]]);
    assert_eq!(app.read("tauri.conf.json"), CONFIG);
    assert!(!app.read("sidecar.lock").contains("configured"));
    assert!(app.binaries().is_empty());
}

#[test]
fn an_entry_from_before_the_lock_remembered_is_ours_too() {
    let app = app();
    app.sidecar(["sync"]).success();
    let lock = app.read("sidecar.lock").replace("configured = [\n    \"binaries/tool\",\n]\n", "");
    app.write("sidecar.lock", &lock);
    // That alone makes no lock stale.
    app.sidecar(["sync", "--locked"]).success();
    assert_eq!(app.read("sidecar.lock"), lock);
    app.manifest("");
    app.sidecar(["sync"]).success();
    assert_eq!(app.read("tauri.conf.json"), CONFIG);
}

#[test]
fn an_old_name_goes_when_the_name_changes() {
    let app = app();
    app.sidecar(["sync"]).success();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\ninstall-as = \"acme-tool\"\n");
    app.sidecar(["sync"]).success();
    assert_eq!(listed(&app), r#"[ "helpers/mine", // by hand "binaries/acme-tool" ]"#);
    app.manifest(
        "[settings]\nbinaries = \"sidecars\"\n[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n",
    );
    app.sidecar(["sync"]).success();
    assert_eq!(listed(&app), r#"[ "helpers/mine", // by hand "sidecars/tool" ]"#);
    assert!(app.read("sidecar.lock").contains("configured = [\n    \"sidecars/tool\",\n]\n"));
}

#[test]
fn a_sidecar_for_one_system_goes_into_its_overlay() {
    let app = app();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\ntargets = [\"cfg(windows)\"]\n");
    app.sidecar(["sync", "--target", "x86_64-pc-windows-msvc"]).success().stderr_eq(str![[r#"
    Creating tauri.windows.conf.json (externalBin)
   Installed tool 1.2.0 for x86_64-pc-windows-msvc ([..] B)
    Finished 1 file, 1 installed, 0 up to date

"#]]);
    assert_eq!(app.read("tauri.conf.json"), CONFIG);
    app.compare(
        &app.read("tauri.windows.conf.json"),
        str![[r#"
{
  "bundle": {
    "externalBin": ["helpers/mine", "binaries/tool"]
  }
}

"#]],
    );
}

#[test]
fn the_capability_file_comes_and_goes() {
    let app = app_with_shell();
    app.write(
        "tauri.conf.json",
        "{\n  \"identifier\": \"com.acme.app\",\n  \"app\": { \"security\": { \"capabilities\": [\"main\"] } }\n}\n",
    );
    app.write("capabilities/main.json", "{ \"identifier\": \"main\", \"permissions\": [] }\n");
    app.sidecar(["sync"]).success().stderr_eq(str![[r#"
    Patching tauri.conf.json (externalBin, capabilities)
    Creating capabilities/sidecars.json
   Installed tool 1.2.0 for [..] ([..] B)
    Finished 1 file, 1 installed, 0 up to date

"#]]);
    assert!(app.read("tauri.conf.json").contains("[\"main\", \"sidecars\"]"));
    assert!(app.read("capabilities/sidecars.json").contains("shell:allow-execute"));
    app.sidecar(["sync", "-n"]).success().stdout_eq("");
    app.sidecar(["remove", "tool"]).success().stderr_eq(str![[r#"
    Removing tool from sidecar.toml and the lock
    Patching tauri.conf.json (externalBin, capabilities)
    Removing capabilities/sidecars.json

"#]]);
    assert!(app.read("tauri.conf.json").contains("[\"main\"]"));
}

#[test]
fn a_plugin_that_is_missing_is_told() {
    let app = app();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nshell = { execute = true }\n");
    app.sidecar(["sync", "-n"]).success().stderr_eq(str![[r#"
warning: `shell` of sidecar `tool` has no effect: tauri-plugin-shell is not a dependency (`cargo add tauri-plugin-shell`)
    Finished 1 file and sidecar.lock would change; dry run

"#]]);
    assert!(!app.path("capabilities").exists());
}

#[test]
fn an_app_without_a_configuration_is_told_nothing() {
    let app = App::with_tool();
    app.sidecar(["sync"]).success();
    assert!(!app.read("sidecar.lock").contains("configured"));
    app.sidecar(["sync", "--locked"]).success();
}

#[test]
fn config_prints_one_line_for_tauri_build() {
    let app = app();
    app.server.release("acme/llama", release("v1.2.0"));
    app.manifest(
        "[sidecar.llama]\ngithub = \"acme/llama\"\nversion = \"1\"\nfeatures = [\"llm\"]\n\
         [sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\ntargets = [\"cfg(unix)\"]\n",
    );
    let config = |args: &[&str]| {
        let done = app.sidecar(["config"].iter().chain(args).copied()).success().stderr_eq("");
        String::from_utf8(done.get_output().stdout.clone()).unwrap()
    };
    let linux = ["--target", "x86_64-unknown-linux-gnu"];
    assert_eq!(config(&linux), "{\"bundle\":{\"externalBin\":[\"helpers/mine\",\"binaries/tool\"]}}\n");
    assert_eq!(
        config(&["--features", "llm", "--target", "x86_64-unknown-linux-gnu"]),
        "{\"bundle\":{\"externalBin\":[\"helpers/mine\",\"binaries/llama\",\"binaries/tool\"]}}\n"
    );
    assert_eq!(
        config(&["--target", "x86_64-pc-windows-msvc"]),
        "{\"bundle\":{\"externalBin\":[\"helpers/mine\"]}}\n"
    );
    assert_eq!(
        config(&["--target", "aarch64-linux-android"]),
        config(&["--target", "x86_64-pc-windows-msvc"])
    );
    assert!(app.server.requests().is_empty());
}
