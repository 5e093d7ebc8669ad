//! `OUT_DIR/sidecar-spec.json`: what a build hands on to the app's code.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use snapbox::str;

use crate::app::{App, HOST, release};

/// An app with three sidecars, locked; nothing is installed.
fn locked() -> App {
    let app = App::new();
    app.server.release("acme/tool", release("v1.2.0"));
    app.manifest(
        r#"[settings]
binaries = "src/binaries"

[sidecar.db]
github = "acme/tool"
install-as = "acme-db"

[sidecar.db.run]
args = ["--port={port}", "é"]
env = { HOME = "{data_dir}" }
port = 0x1F90

[sidecar.db.run.restart]
max = 3
within = "90s"

[sidecar.llm]
github = "acme/tool"
features = ["llm"]
run = { depends-on = [{ name = "db", restart-with = true }], port = "none" }

[sidecar.phone]
github = "acme/tool"
targets = ["cfg(target_os = \"macos\")"]
run = {}

[sidecar.tool]
github = "acme/tool"
"#,
    );
    app.sidecar(["lock"]).success();
    app
}

fn spec(app: &App) -> String {
    app.read("../out/sidecar-spec.json")
}

fn time(path: &Path) -> SystemTime {
    std::fs::metadata(path).unwrap().modified().unwrap()
}

const LINUX: &str = "x86_64-unknown-linux-gnu";

#[test]
fn it_says_where_each_sidecar_is_and_how_it_is_run() {
    let app = locked();
    app.run(app.build_script(LINUX)).success();
    app.compare(&spec(&app), str![[r#"
{"spec":1,"sidecars":{"db":{"install":{"install-as":"acme-db","binaries":"src/binaries","version":"1.2.0"},"run":{"args":["--port={port}","é"],"env":{"HOME":"{data_dir}"},"port":8080,"restart":{"max":3,"within":"90s"}}},"tool":{"install":{"install-as":"tool","binaries":"src/binaries","version":"1.2.0"}}}}

"#]]);
}

#[test]
fn features_and_target_select() {
    let app = locked();
    let names = |triple: &str, feature: Option<&str>| {
        let mut script = app.build_script(triple);
        if let Some(feature) = feature {
            script.env(feature, "1");
        }
        app.run(script).success();
        let spec: serde_json::Value = serde_json::from_str(&spec(&app)).unwrap();
        spec["sidecars"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(LINUX, None), ["db", "tool"]);
    assert_eq!(names(LINUX, Some("CARGO_FEATURE_LLM")), ["db", "llm", "tool"]);
    assert_eq!(names("aarch64-apple-darwin", None), ["db", "phone", "tool"]);
    assert!(names("aarch64-linux-android", Some("CARGO_FEATURE_LLM")).is_empty(), "mobile takes none");
}

/// What an app embeds: the macro is compiled as in its code.
fn embedded(app: &App) -> String {
    let macros = concat!(env!("CARGO_MANIFEST_DIR"), "/../sidecar-supervisor/src/embed.rs");
    app.write(
        "../embeds.rs",
        &format!("#[path = {macros:?}]\nmod embed;\nfn main() {{\n    print!(\"{{}}\", spec_json!());\n}}\n"),
    );
    let program = app.path("../embeds");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "-o"]).arg(&program).arg(app.path("../embeds.rs"));
    // Who forgot the call is told so by the compiler.
    let forgotten = rustc.env_remove("SIDECAR_SPEC").output().unwrap();
    let told = String::from_utf8_lossy(&forgotten.stderr).into_owned();
    assert!(!forgotten.status.success() && told.contains("calls `sidecar_fetch::build()`"), "{told}");
    let built = rustc.env("SIDECAR_SPEC", app.path("../out/sidecar-spec.json")).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    String::from_utf8(Command::new(program).output().unwrap().stdout).unwrap()
}

#[test]
fn the_apps_code_embeds_it() {
    let app = locked();
    // Also when the script only repeats its last run.
    for _ in 0..2 {
        let said = app.build_script(&HOST).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let line = said.lines().find_map(|line| line.strip_prefix("cargo::rustc-env=SIDECAR_SPEC="));
        assert_eq!(std::fs::read_to_string(line.unwrap()).unwrap(), spec(&app), "{said}");
    }
    assert_eq!(embedded(&app), spec(&app));
}

#[test]
fn it_is_there_where_nothing_is_installed() {
    let app = locked();
    app.forget_cache();
    std::fs::remove_file(app.path("sidecar.lock")).unwrap();
    let place = "\"tool\":{\"install\":{\"install-as\":\"tool\",\"binaries\":\"src/binaries\"}}";
    for (triple, variable, holds) in [
        (HOST.as_str(), "DOCS_RS", place),
        (HOST.as_str(), "SIDECAR_PLACEHOLDER", place),
        ("aarch64-linux-android", "SIDECAR_PLACEHOLDER", "\"sidecars\":{}"),
    ] {
        let mut script = app.build_script(triple);
        script.env(variable, "1");
        app.run(script).success();
        let text = embedded(&app);
        assert!(text.contains(holds), "{triple} {variable}: {text}");
        std::fs::remove_file(app.path("../out/sidecar-spec.json")).unwrap();
    }
}

#[test]
fn one_that_says_the_same_is_not_written_again() {
    let app = locked();
    app.run(app.build_script(&HOST)).success();
    let path = app.path("../out/sidecar-spec.json");
    let (text, written) = (spec(&app), time(&path));
    // A comment leads to the normal road, and changes nothing for the app.
    app.manifest(&format!("{}# a comment\n", app.read("sidecar.toml")));
    app.run(app.build_script(&HOST)).success();
    assert_eq!((spec(&app), time(&path)), (text.clone(), written));
    app.manifest(&app.read("sidecar.toml").replace("max = 3", "max = 4"));
    app.run(app.build_script(&HOST)).success();
    assert_eq!(spec(&app), text.replace("\"max\":3", "\"max\":4"));
}

#[test]
fn one_that_is_gone_or_changed_is_written_again_where_nothing_else_is_to_do() {
    let app = locked();
    app.run(app.build_script(&HOST)).success();
    let (path, text) = (app.path("../out/sidecar-spec.json"), spec(&app));
    std::fs::remove_file(&path).unwrap();
    app.run(app.build_script(&HOST)).success();
    assert_eq!(spec(&app), text);
    std::fs::write(&path, "{}").unwrap();
    app.run(app.build_script(&HOST)).success();
    assert_eq!(spec(&app), text);
}

#[test]
fn what_has_no_form_in_json_ends_the_build_where_it_stands() {
    let app = locked();
    app.manifest(&app.read("sidecar.toml").replace("{data_dir}\"", "x\", SINCE = 2026-01-02"));
    let done = app.run(app.build_script(&HOST)).failure();
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("cargo::error=")).collect();
    app.compare(
        &errors.join("\n"),
        str![[r#"
cargo::error=sidecar `db`: the `run` table holds a date or time
cargo::error=  at      [ROOT]/app/sidecar.toml:10:29
cargo::error=  reason  it reaches the app as JSON, which has no form for that
cargo::error=help: where a text is meant, write it in quotes
"#]],
    );
    app.fails("run-invalid", ["lock"]);
}
