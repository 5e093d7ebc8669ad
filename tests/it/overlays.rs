//! Overlays that `sync` makes where systems differ: they follow the base, and go when nothing differs any more.

use crate::app::{App, release};

const CONFIG: &str = "{\n  \"identifier\": \"com.acme.app\",\n  \"bundle\": {\n    \"externalBin\": [\"helpers/mine\"]\n  }\n}\n";
const OVERLAY: &str = "tauri.linux.conf.json";

/// An app with a tool for every system, and one for Linux only.
fn app() -> App {
    let app = App::with_tool();
    app.server.release("acme/other", release("v1.2.0"));
    app.manifest(
        "[sidecar.tool]\ngithub = \"acme/tool\"\n[sidecar.other]\ngithub = \"acme/other\"\nbin = \"**/tool\"\n\
         targets = [\"cfg(target_os = \\\"linux\\\")\"]\n",
    );
    app.write("tauri.conf.json", CONFIG);
    app.sidecar(["sync", "--target", "x86_64-unknown-linux-gnu"]).success();
    app
}

fn sync(app: &App) {
    app.sidecar(["sync", "--target", "x86_64-unknown-linux-gnu"]).success();
}

#[test]
fn one_of_ours_follows_what_the_user_adds_to_the_base() {
    let app = app();
    assert!(app.read(OVERLAY).contains(r#"["helpers/mine", "binaries/other", "binaries/tool"]"#));
    assert!(app.read("sidecar.lock").contains("    \"tauri.linux.conf.json\",\n"));
    app.write(
        "tauri.conf.json",
        &app.read("tauri.conf.json").replace("helpers/mine", "helpers/two\", \"mine"),
    );
    sync(&app);
    let overlay = app.read(OVERLAY);
    assert!(overlay.contains("helpers/two") && overlay.contains("\"mine\""), "{overlay}");
    assert!(!overlay.contains("helpers/mine"), "{overlay}");
    app.sidecar(["sync", "--locked", "--target", "x86_64-unknown-linux-gnu"]).success();
}

#[test]
fn one_of_ours_goes_when_no_system_differs() {
    let app = app();
    app.sidecar(["remove", "other"]).success();
    assert!(!app.path(OVERLAY).exists());
    assert!(!app.read("sidecar.lock").contains(OVERLAY));
    assert!(app.read("tauri.conf.json").contains(r#"["helpers/mine", "binaries/tool"]"#));
}

#[test]
fn one_that_the_user_made_his_own_stays() {
    let app = app();
    let text = app.read(OVERLAY).replacen("{\n", "{\n  \"productName\": \"Mine\",\n", 1);
    app.write(OVERLAY, &text);
    app.sidecar(["remove", "other"]).success();
    assert_eq!(app.read(OVERLAY), text.replace("\"binaries/other\", ", ""));
}
