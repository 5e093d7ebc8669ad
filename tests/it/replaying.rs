//! A build script with nothing to do says what the last one said, and only then.

use std::path::Path;
use std::process::Command;

use sidecar_tests::program;

use crate::app::{App, HOST};

/// An app whose build script has run, and that lacks nothing.
fn built() -> App {
    let app = App::with_synced_tool();
    app.write("tauri.conf.json", r#"{ "bundle": { "externalBin": ["own"] } }"#);
    run(app.build_script(&HOST));
    app
}

fn run(mut script: Command) -> String {
    let output = script.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text
}

/// Whether a run only says what the last one said: it then repeats a line that is slipped into what is kept.
fn is_said_again(app: &App, script: Command) -> bool {
    let record = app.path("../out/sidecar.run");
    let Ok(mut kept) = std::fs::read(&record) else { return false };
    kept.extend_from_slice(b"cargo::warning=said again\n");
    std::fs::write(&record, kept).unwrap();
    run(script).contains("said again")
}

#[test]
fn the_same_is_said_again() {
    let app = built();
    let first = run(app.build_script(&HOST));
    assert!(first.contains("cargo::warning=") && first.contains("TAURI_CONFIG={\"bundle\""), "{first}");
    assert_eq!(run(app.build_script(&HOST)), first);
    assert!(is_said_again(&app, app.build_script(&HOST)));
}

#[test]
fn nothing_but_the_files_of_the_app_is_needed_for_that() {
    let app = built();
    app.forget_cache();
    std::fs::write(app.cache(), "not a directory").unwrap();
    app.server.clear_requests();
    assert!(is_said_again(&app, app.build_script(&HOST)));
    assert!(app.server.requests().is_empty());
}

#[test]
fn each_variable_that_matters_leads_to_the_normal_road() {
    for (name, value) in [
        ("CARGO_FEATURE_LLM", "1"),
        ("DEP_TAURI_DEV", "true"),
        ("DEP_TAURI_PLUGIN_SHELL_PERMISSION_FILES_PATH", "x"),
        ("DEP_TAURI_PLUGIN_HTTP_PERMISSION_FILES_PATH", "x"),
        ("TAURI_CONFIG", "{}"),
        ("PROFILE", "release"),
        ("CI", "false"),
        ("DOCS_RS", "1"),
        ("SIDECAR_OFFLINE", "1"),
        ("SIDECAR_LOCKED", "0"),
        ("SIDECAR_PLACEHOLDER", "1"),
        ("SIDECAR_ALLOW_LOCAL", "1"),
        ("SIDECAR_CACHE_DIR", "/somewhere/else"),
        ("CARGO_NET_OFFLINE", "true"),
        ("CARGO_TARGET_DIR", "/somewhere/else"),
    ] {
        let app = built();
        let mut script = app.build_script(&HOST);
        script.env(name, value);
        assert!(!is_said_again(&app, script), "{name}");
    }
    let app = built();
    assert!(!is_said_again(&app, app.build_script("aarch64-linux-android")), "TARGET");
}

#[test]
fn each_file_that_matters_leads_to_the_normal_road() {
    for name in [
        "sidecar.toml",
        "Cargo.toml",
        "sidecar.lock",
        "tauri.conf.json",
        "../out/sidecars.rs",
        "../out/sidecar-spec.json",
    ] {
        let app = built();
        app.write(name, &format!("{}\n", app.read(name)));
        assert!(!is_said_again(&app, app.build_script(&HOST)), "{name}");
    }
    for (name, text) in [
        ("tauri.linux.conf.json", "{}"),
        ("tauri.macos.conf.json", "{}"),
        ("tauri.windows.conf.json", "{}"),
        ("capabilities/sidecars.json", "{}"),
        (".cargo/config.toml", "[build]\n"),
    ] {
        let app = built();
        app.write(name, text);
        assert!(!is_said_again(&app, app.build_script(&HOST)), "{name}");
    }
}

#[test]
fn an_installed_file_that_is_gone_or_another_is_put_back() {
    let app = built();
    let (path, wanted) = (app.installed("tool"), program(&HOST, "v1.2.0"));
    std::fs::remove_file(&path).unwrap();
    run(app.build_script(&HOST));
    assert_eq!(std::fs::read(&path).unwrap(), wanted);
    replace(&path, &program(&HOST, "v9.9.9"));
    run(app.build_script(&HOST));
    assert_eq!(std::fs::read(&path).unwrap(), wanted, "other bytes of the same length");
}

/// Other bytes in place of a file, with its time and mode.
fn replace(path: &Path, bytes: &[u8]) {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    std::fs::write(path, bytes).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
}

#[cfg(unix)]
#[test]
fn a_lost_exec_bit_is_mended() {
    use std::os::unix::fs::PermissionsExt as _;
    let app = built();
    std::fs::set_permissions(app.installed("tool"), std::fs::Permissions::from_mode(0o644)).unwrap();
    run(app.build_script(&HOST));
    assert_eq!(std::fs::metadata(app.installed("tool")).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn a_failure_is_never_said_again() {
    let app = built();
    let mut ships = app.build_script(&HOST);
    ships.env("DEP_TAURI_DEV", "false");
    assert!(!ships.status().unwrap().success());
    assert!(!ships.status().unwrap().success());
    assert!(is_said_again(&app, app.build_script(&HOST)), "the last run that ended well is still true");
}

#[test]
fn local_builds_and_placeholders_are_looked_at_anew() {
    let app = built();
    let local = app.path("../local-tool");
    std::fs::write(&local, program(&HOST, "local")).unwrap();
    let script = || {
        let mut script = app.build_script(&HOST);
        script.env("SIDECAR_TOOL_PATH", local.canonicalize().unwrap());
        script
    };
    run(script());
    std::fs::write(&local, program(&HOST, "other")).unwrap();
    run(script());
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "other"));
    assert!(!app.path("../out/sidecar.run").exists());
}

#[test]
fn a_damaged_record_is_no_record() {
    let app = built();
    let first = run(app.build_script(&HOST));
    let record = app.path("../out/sidecar.run");
    let kept = std::fs::read(&record).unwrap();
    for damaged in [&kept[..kept.len() / 2], b"", b"sidecar-fetch 0.0.0\n", &[0; 64]] {
        std::fs::write(&record, damaged).unwrap();
        assert_eq!(run(app.build_script(&HOST)), first);
    }
}
