//! What stands where a file is to be written.

use snapbox::str;

use crate::app::{App, HOST};

#[cfg(unix)]
#[test]
fn links_in_the_place_of_manifest_and_lock_stay_links() {
    let app = App::with_synced_tool();
    for name in ["sidecar.toml", "sidecar.lock"] {
        std::fs::create_dir_all(app.path("shared")).unwrap();
        std::fs::rename(app.path(name), app.path("shared").join(name)).unwrap();
        std::os::unix::fs::symlink(format!("shared/{name}"), app.path(name)).unwrap();
    }
    app.sidecar(["add", "acme/tool", "--name", "second"]).success();
    for name in ["sidecar.toml", "sidecar.lock"] {
        assert!(std::fs::symlink_metadata(app.path(name)).unwrap().is_symlink(), "{name}");
        assert!(app.read(&format!("shared/{name}")).contains("second"), "{name}");
    }
}

#[test]
fn what_is_in_the_way_is_said() {
    let app = App::with_synced_tool();
    std::fs::remove_file(app.installed("tool")).unwrap();
    std::fs::create_dir(app.installed("tool")).unwrap();
    let done = app.fails("io", ["sync"]);
    if HOST.as_str() == "x86_64-unknown-linux-gnu" {
        done.stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: cannot move into place `[ROOT]/app/binaries/tool-x86_64-unknown-linux-gnu`
  cause  is a directory
help: something else is in its place; rename or remove that, then run the command again

"#]]);
    }
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    app.write("binaries", "a file");
    app.fails("io", ["sync"]);
}
