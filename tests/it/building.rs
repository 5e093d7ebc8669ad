//! `sidecar_fetch::build()`: reproduces the lock, and says what to do where it cannot.

use std::path::Path;
use std::time::{Duration, SystemTime};

use sidecar_tests::{Times, program};
use snapbox::str;

use crate::app::{App, HOST, asset_name, names_in};

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// An app that is locked and has neither cache nor installed files.
fn locked() -> App {
    let app = App::with_synced_tool();
    app.forget_cache();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    app
}

#[test]
fn installs_what_the_lock_pins_and_asks_no_api() {
    let app = locked();
    let done = app.build_script(&HOST).env("GITHUB_TOKEN", "secret").output().unwrap();
    assert!(done.status.success(), "{}", stdout(&done));
    assert_eq!(app.binaries(), [crate::app::file_name("tool", &HOST)]);
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "v1.2.0"));
    for seen in app.server.requests() {
        assert!(!seen.path.starts_with("/api/"), "{}", seen.path);
        assert_eq!(seen.header("authorization"), None);
    }
    let modified = std::fs::metadata(app.installed("tool")).unwrap().modified().unwrap();
    assert!(
        SystemTime::now().duration_since(modified).unwrap() > Duration::from_secs(86_400),
        "the mtime is in the past"
    );
}

#[test]
fn a_second_run_changes_nothing_and_reads_no_network() {
    let app = locked();
    assert!(app.build_script(&HOST).status().unwrap().success());
    let before = std::fs::metadata(app.installed("tool")).unwrap().modified().unwrap();
    app.server.clear_requests();
    app.forget_cache();
    let done = app.build_script(&HOST).output().unwrap();
    assert!(done.status.success());
    assert!(app.server.requests().is_empty());
    assert_eq!(std::fs::metadata(app.installed("tool")).unwrap().modified().unwrap(), before);
}

#[test]
fn nothing_to_do_needs_no_cache() {
    let app = locked();
    assert!(app.build_script(&HOST).status().unwrap().success());
    app.forget_cache();
    std::fs::write(app.cache(), "not a directory").unwrap();
    assert!(app.build_script(&HOST).status().unwrap().success());
    app.sidecar(["list"]).success();
}

#[test]
fn everything_that_matters_makes_cargo_run_it_again() {
    let app = locked();
    let text = stdout(&app.build_script(&HOST).output().unwrap());
    for line in [
        "cargo::rerun-if-env-changed=SIDECAR_CACHE_DIR",
        "cargo::rerun-if-env-changed=SIDECAR_OFFLINE",
        "cargo::rerun-if-env-changed=SIDECAR_TOOL_PATH",
        "cargo::rerun-if-env-changed=CARGO_NET_OFFLINE",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let files: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("cargo::rerun-if-changed=")).collect();
    for name in ["sidecar.toml", "sidecar.lock", "Cargo.toml", &crate::app::file_name("tool", &HOST)] {
        assert!(files.iter().any(|f| f.ends_with(name)), "{name}: {files:?}");
    }
    assert!(
        files.iter().all(|f| Path::new(f).exists()),
        "a file that is missing makes every build run it: {files:?}"
    );
}

#[test]
fn the_constants_spell_each_name() {
    let app = locked();
    assert!(app.build_script(&HOST).status().unwrap().success());
    let text = std::fs::read_to_string(app.path("../out/sidecars.rs")).unwrap();
    assert!(text.contains("pub const CONFIG: &str = \"binaries/tool\";"), "{text}");
    assert!(text.contains("pub const VERSION: &str = \"1.2.0\";"), "{text}");
}

#[test]
fn writes_neither_manifest_nor_lock() {
    let app = locked();
    let before = (app.read("sidecar.toml"), app.read("sidecar.lock"));
    assert!(app.build_script(&HOST).status().unwrap().success());
    assert_eq!((app.read("sidecar.toml"), app.read("sidecar.lock")), before);
    assert_eq!(
        names_in(&app.path("")),
        ["Cargo.toml", "binaries", "sidecar.lock", "sidecar.toml", "src", "target"]
    );
}

#[test]
fn errors_are_cargo_lines() {
    let app = App::with_tool();
    let done = app.run(app.build_script(&HOST)).failure();
    let text = stdout(done.get_output());
    let errors: Vec<&str> = text.lines().filter(|l| l.starts_with("cargo::error=")).collect();
    assert_eq!(done.get_output().status.code(), Some(1));
    app.compare(
        &errors.join("\n"),
        str![[r#"
cargo::error=there is no `sidecar.lock` beside the manifest
cargo::error=  manifest  [ROOT]/app/sidecar.toml
cargo::error=help: run `cargo sidecar lock` and commit the file that it writes
"#]],
    );
}

#[test]
fn offline_by_the_environment_by_cargos_and_by_its_configuration() {
    for (name, variable) in
        [("SIDECAR_OFFLINE", true), ("CARGO_NET_OFFLINE", true), (".cargo/config.toml", false)]
    {
        let app = locked();
        let mut script = app.build_script(&HOST);
        if variable {
            script.env(name, "true");
        } else {
            app.write(name, "[net]\noffline = true\n");
        }
        let done = script.output().unwrap();
        let text = stdout(&done);
        assert!(
            !done.status.success() && text.contains(name) && text.contains("network is off"),
            "{name}\n{text}"
        );
        assert_eq!(app.downloads(&asset_name("v1.2.0", &HOST)), 0);
    }
}

#[test]
fn offline_with_a_warm_cache_works() {
    let app = App::with_synced_tool();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    assert!(app.build_script(&HOST).env("SIDECAR_OFFLINE", "1").status().unwrap().success());
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "v1.2.0"));
}

#[test]
fn a_damaged_cache_is_mended() {
    let app = App::with_synced_tool();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    damage(&app.cache());
    assert!(app.build_script(&HOST).status().unwrap().success());
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "v1.2.0"));
}

/// Changes a byte in every blob, size kept.
fn damage(dir: &Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage(&path);
        } else if path.to_string_lossy().contains("blobs") {
            let mut bytes = std::fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

#[test]
fn only_enabled_features_are_installed() {
    let app = App::with_tool();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nfeatures = [\"llm\"]\n");
    app.sidecar(["lock"]).success();
    assert!(app.build_script(&HOST).status().unwrap().success());
    assert!(app.binaries().is_empty());
    assert!(app.build_script(&HOST).env("CARGO_FEATURE_LLM", "1").status().unwrap().success());
    assert_eq!(app.binaries().len(), 1);
}

#[test]
fn a_local_build_is_for_development() {
    let app = locked();
    let local = app.path("../local-tool");
    std::fs::write(&local, program(&HOST, "local")).unwrap();
    let script = || {
        let mut script = app.build_script(&HOST);
        script.env("SIDECAR_TOOL_PATH", local.canonicalize().unwrap());
        script
    };
    assert!(script().status().unwrap().success());
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "local"));

    let refused = script().env("PROFILE", "release").output().unwrap();
    assert!(
        !refused.status.success() && stdout(&refused).contains("SIDECAR_ALLOW_LOCAL=1"),
        "{}",
        stdout(&refused)
    );
    assert!(script().env("PROFILE", "release").env("SIDECAR_ALLOW_LOCAL", "1").status().unwrap().success());

    std::fs::write(&local, "not a program").unwrap();
    let refused = script().output().unwrap();
    assert!(
        !refused.status.success() && stdout(&refused).contains("cargo::error=sidecar `tool`"),
        "{}",
        stdout(&refused)
    );

    assert!(
        app.build_script(&HOST).status().unwrap().success(),
        "without the variable the locked file comes back"
    );
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "v1.2.0"));
}

#[test]
fn retries_what_may_pass() {
    let app = locked();
    let name = asset_name("v1.2.0", &HOST);
    app.server.fault(
        sidecar_tests::Match::asset(name.clone()),
        sidecar_tests::Fault::CutAfter(100),
        Times::Next(1),
    );
    assert!(app.build_script(&HOST).status().unwrap().success());
    let ranges: Vec<_> = app
        .server
        .requests()
        .into_iter()
        .filter(|seen| seen.path.starts_with("/objects/"))
        .filter_map(|seen| seen.range)
        .collect();
    assert_eq!(ranges, ["bytes=100-"], "the second try goes on where the first was cut");
}

#[test]
fn docs_rs_and_mobile_install_nothing() {
    let app = locked();
    assert!(app.build_script(&HOST).env("DOCS_RS", "1").status().unwrap().success());
    assert!(app.build_script("aarch64-linux-android").status().unwrap().success());
    assert!(app.binaries().is_empty() && app.server.requests().is_empty());
}

/// The app's directory is `<profile>` of the target directory; tauri-build copies to that of the build directory.
#[test]
fn with_a_build_directory_the_file_is_also_where_the_app_looks() {
    let exe = if cfg!(windows) { "tool.exe" } else { "tool" };
    let wanted = program(&HOST, "v1.2.0");
    let triple = &*HOST;
    for (out, config, target_dir, found) in [
        ("debug/build/app-1/out", "", None, "target/debug".to_owned()),
        ("debug/build/app/1/out", "", None, "target/debug".to_owned()),
        (&format!("{triple}/dist/build/app-1/out"), "", None, format!("target/{triple}/dist")),
        ("debug/build/app-1/out", "target-dir = \"elsewhere\"\n", None, "elsewhere/debug".to_owned()),
        ("debug/build/app-1/out", "target-dir = \"no\"\n", Some("given"), "given/debug".to_owned()),
    ] {
        let app = locked();
        let build_dir = app.path("../build-dir");
        std::fs::create_dir_all(build_dir.join(out)).unwrap();
        app.write(".cargo/config.toml", &format!("[build]\nbuild-dir = \"../build-dir\"\n{config}"));
        let mut script = app.build_script(&HOST);
        script.env("OUT_DIR", build_dir.join(out));
        if let Some(dir) = target_dir {
            script.env("CARGO_TARGET_DIR", app.path(dir));
        }
        assert!(script.status().unwrap().success());
        let copy = app.path(&found).join(exe);
        assert_eq!(std::fs::read(&copy).ok().as_ref(), Some(&wanted), "{out} {config}");
        std::fs::remove_file(&copy).unwrap();
        assert!(script.status().unwrap().success());
        assert_eq!(std::fs::read(&copy).ok().as_ref(), Some(&wanted), "the copy is put back");
    }
}

#[test]
fn without_a_build_directory_nothing_is_copied() {
    let app = locked();
    let out = app.path("../elsewhere/debug/build/app-1/out");
    std::fs::create_dir_all(&out).unwrap();
    assert!(app.build_script(&HOST).env("OUT_DIR", out).status().unwrap().success());
    assert!(!app.path("target/debug").exists());
    assert_eq!(names_in(&app.path("../elsewhere/debug")), ["build"]);
}
