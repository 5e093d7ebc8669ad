//! Many processes at once, and processes that die.

use std::process::Stdio;
use std::time::Duration;

use sidecar_tests::program;

use crate::app::{App, DESKTOP, asset_name, file_name, names_in};

#[test]
fn sixteen_processes_download_each_asset_once() {
    let app = App::with_synced_tool();
    app.forget_cache();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    let start = || {
        app.command(["sync", "--all-targets"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let processes: Vec<_> = (0..16).map(|_| start()).collect();
    for process in processes {
        let done = process.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    for triple in DESKTOP {
        let asset = asset_name("v1.2.0", triple);
        let full = app
            .server
            .requests()
            .iter()
            .filter(|s| s.path.contains("/releases/download/") && s.path.ends_with(&asset))
            .count();
        assert_eq!(full, 1, "{asset}");
        assert_eq!(
            std::fs::read(app.path("binaries").join(file_name("tool", triple))).unwrap(),
            program(triple, "v1.2.0")
        );
    }
}

/// Kills a cold `sync` at moments spread over its whole run. The long form is `cargo xtask storm`-sized and runs in the
/// bench; here it is short.
#[test]
fn a_killed_sync_leaves_nothing_wrong_behind() {
    let app = App::with_synced_tool();
    for step in 0..20_u64 {
        app.forget_cache();
        let _ = std::fs::remove_dir_all(app.path("binaries"));
        let mut process = app
            .command(["sync", "--all-targets"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Not a sleep that waits for something: the moment of the kill is what varies.
        std::thread::sleep(Duration::from_millis(step * 12));
        process.kill().unwrap();
        process.wait().unwrap();
        let mut expected: Vec<String> = DESKTOP.iter().map(|t| file_name("tool", t)).collect();
        expected.sort();
        let after_kill = names_in(&app.path("binaries"));
        assert!(after_kill.iter().all(|name| expected.contains(name)), "leftovers: {after_kill:?}");
        for name in after_kill {
            let triple = DESKTOP.iter().find(|t| name == file_name("tool", t)).unwrap();
            assert_eq!(
                std::fs::read(app.path("binaries").join(&name)).unwrap(),
                program(triple, "v1.2.0"),
                "half a file: {name}"
            );
        }
        app.sidecar(["sync", "--all-targets"]).success();
        app.sidecar(["verify", "--all-targets"]).success();
        assert_eq!(app.binaries(), expected);
    }
}
