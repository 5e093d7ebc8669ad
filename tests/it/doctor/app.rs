//! What can ail the app itself: versions, configuration, capabilities, names, build script.

use snapbox::str;

use super::{CAPABILITY, CARGO_LOCK, CARGO_TOML, CONFIG, healthy, ill, notable, warned};

#[test]
fn versions_of_tauri() {
    let app = healthy();
    app.write("Cargo.lock", &CARGO_LOCK.replace("2.12.5", "1.8.1"));
    ill(&app).stdout_eq(str![[r#"
     problem tauri         tauri 1.8.1 is Tauri 1, whose configuration is another one
                           found  tauri 1.8.1, tauri-build 2.7.4, tauri-plugin-shell 2.6.0
                           help: run `cargo tauri migrate`

"#]]);
    app.write("Cargo.lock", "version = 4\n[[package");
    ill(&app).stdout_eq(str![[r#"
     problem tauri         `Cargo.lock` is not valid TOML
                           at     [ROOT]/app/Cargo.lock:2:10
                           cause  unclosed array table, expected `]]`
                           line   [[package

"#]]);
    std::fs::remove_file(app.path("Cargo.lock")).unwrap();
    app.compare(
        &notable(app.command(["doctor"])),
        str![[r#"
        note tauri         there is no Cargo.lock yet, so nobody knows which versions are built
                           help: run `cargo generate-lockfile`

"#]],
    );
}

#[test]
fn the_javascript_half_of_a_plugin() {
    let app = healthy();
    app.write("package.json", r#"{ "dependencies": { "@tauri-apps/plugin-shell": "^2.0.0" } }"#);
    warned(&app).stdout_eq("");
    app.write("node_modules/@tauri-apps/plugin-shell/package.json", r#"{ "version": "2.2.0" }"#);
    warned(&app).stdout_eq(str![[r#"
     warning npm           @tauri-apps/plugin-shell 2.2.0 is not made for tauri-plugin-shell 2.6.0
                           at  [ROOT]/app/package.json
                           help: run `npm install @tauri-apps/plugin-shell@2.6`

"#]]);
    // Ours, too.
    let manifest = CARGO_TOML.replace("\n\n[build", "\ntauri-plugin-sidecar = \"0.1\"\n\n[build");
    let locked = format!("{CARGO_LOCK}\n[[package]]\nname = \"tauri-plugin-sidecar\"\nversion = \"0.2.0\"\n");
    app.write("Cargo.toml", &manifest);
    app.write("Cargo.lock", &locked);
    app.write("package.json", r#"{ "dependencies": { "tauri-plugin-sidecar-api": "~0.1.0" } }"#);
    warned(&app).stdout_eq(str![[r#"
     warning npm           tauri-plugin-sidecar-api ~0.1.0 is not made for tauri-plugin-sidecar 0.2.0
                           at  [ROOT]/app/package.json
                           help: run `npm install tauri-plugin-sidecar-api@0.2`

"#]]);
    app.write("package.json", "{");
    warned(&app).stdout_eq(str![[r#"
     warning npm           `package.json` cannot be parsed
                           at     [ROOT]/app/package.json:1:2
                           cause  expected a key or `}`, found the end of the file
                           line   {

"#]]);
}

#[test]
fn formats_that_tauri_cannot_read() {
    let app = healthy();
    app.write("tauri.conf.json", &CONFIG.replacen("  ", "  // ours\n  ", 1));
    ill(&app).stdout_eq(str![[r#"
     problem config        tauri.conf.json is not plain JSON, and `config-json5` is off in tauri and tauri-build
                           at  [ROOT]/app/tauri.conf.json:2:3
                           help: run `cargo add -p app tauri --features config-json5 && cargo add -p app --build tauri-build --features config-json5`

"#]]);
    app.write("tauri.conf.json", CONFIG);
    app.write("tauri.linux.conf.json5", "{}");
    app.write("tauri.conf.json5", "{}");
    ill(&app).stdout_eq(str![[r#"
     warning config        Tauri ignores tauri.conf.json5, as there is tauri.conf.json
                           in  [ROOT]/app
                           help: move what tauri.conf.json5 says into tauri.conf.json, then remove tauri.conf.json5
     problem config        tauri.linux.conf.json5 is JSON5, which tauri and tauri-build silently pass over without `config-json5`
                           at  [ROOT]/app/tauri.linux.conf.json5:1:1
                           help: run `cargo add -p app tauri --features config-json5 && cargo add -p app --build tauri-build --features config-json5`

"#]]);
    for name in ["tauri.conf.json", "tauri.conf.json5", "tauri.linux.conf.json5"] {
        std::fs::remove_file(app.path(name)).unwrap();
    }
    app.write("Tauri.toml", "identifier = \"com.acme.app\"\nbundle.externalBin = [\"binaries/tool\"]\n");
    ill(&app).stdout_eq(str![[r#"
     problem config        Tauri.toml is TOML, which tauri and tauri-build cannot read without `config-toml`
                           at  [ROOT]/app/Tauri.toml:1:1
                           help: run `cargo add -p app tauri --features config-toml && cargo add -p app --build tauri-build --features config-toml`

"#]]);
    let on = CARGO_TOML.replace("tauri = \"2\"", "tauri = { version = \"2\", features = [\"config-toml\"] }");
    let on =
        on.replace("tauri-build = \"2\"", "tauri-build = { version = \"2\", features = [\"config-toml\"] }");
    app.write("Cargo.toml", &on);
    warned(&app).stdout_eq("");
    std::fs::remove_file(app.path("Tauri.toml")).unwrap();
    ill(&app).stdout_eq(str![[r#"
     problem config        there is no Tauri configuration beside Cargo.toml
                           looked for  tauri.conf.json, tauri.conf.json5, Tauri.toml

"#]]);
}

#[test]
fn a_configuration_that_does_not_parse_or_agree() {
    let app = healthy();
    app.write("tauri.conf.json", "{\n  \"bundle\": [\n}\n");
    ill(&app).stdout_eq(str![[r#"
     problem config        `tauri.conf.json` cannot be parsed
                           at     [ROOT]/app/tauri.conf.json:3:1
                           cause  expected a value or `]`, found `}`
                           line   }

"#]]);
    app.write("tauri.conf.json", CONFIG);
    app.write("tauri.macos.conf.json", r#"{ "bundle": { "externalBin": [] } }"#);
    ill(&app).stdout_eq(str![[r#"
     problem sidecars      the configuration does not list what the manifest declares
                           for      macOS
                           missing  binaries/tool in `bundle.externalBin`
                           help: run `cargo sidecar sync`

"#]]);
    app.write("tauri.conf.json", "{}");
    std::fs::remove_file(app.path("tauri.macos.conf.json")).unwrap();
    ill(&app).stdout_eq(str![[r#"
     problem sidecars      the configuration does not list what the manifest declares
                           for      linux, macOS, windows
                           missing  binaries/tool in `bundle.externalBin`
                           help: run `cargo sidecar sync`

"#]]);
}

#[test]
fn what_javascript_may_do() {
    let app = healthy();
    app.manifest(
        "[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nshell = { spawn = true }\nhttp = true\n",
    );
    ill(&app).stdout_eq(str![[r#"
     warning capability    `http` of sidecar `tool` has no effect: tauri-plugin-http is not a dependency (`cargo add tauri-plugin-http`)
     problem capability    there is no capabilities/sidecars.json, so that JavaScript may not use sidecars
                           help: run `cargo sidecar sync`

"#]]);
    app.write("Cargo.toml", &CARGO_TOML.replace("[build-dep", "tauri-plugin-http = \"2\"\n\n[build-dep"));
    app.write("capabilities/sidecars.json", "{}");
    ill(&app).stdout_eq(str![[r#"
     problem capability    `capabilities/sidecars.json` is not ours to overwrite
                           path    [ROOT]/app/capabilities/sidecars.json
                           reason  it does not carry the description that `cargo sidecar sync` writes
                           help: give it another name: `mv "[ROOT]/app/capabilities/sidecars.json" "[ROOT]/app/capabilities/own-sidecars.json"`

"#]]);
    app.write("capabilities/sidecars.json", r#"{ "description": "Written by `cargo sidecar sync`" }"#);
    ill(&app).stdout_eq(str![[r#"
     problem capability    capabilities/sidecars.json says something else than the manifest
                           file  [ROOT]/app/capabilities/sidecars.json
                           help: run `cargo sidecar sync`

"#]]);
    app.write("capabilities/default.json", &CAPABILITY.replace("default\"", "sidecars\""));
    ill(&app).stdout_eq(str![[r#"
     problem capability    the identifier `sidecars` is used by another capability
                           at    [ROOT]/app/capabilities/default.json:1:17
                           ours  capabilities/sidecars.json
                           help: give the other one a name of its own, also where `app.security.capabilities` lists it
     problem capability    capabilities/sidecars.json says something else than the manifest
                           file  [ROOT]/app/capabilities/sidecars.json
                           help: run `cargo sidecar sync`

"#]]);
}

#[test]
fn names_that_others_have() {
    let app = healthy();
    let manifest = |name: &str| {
        format!("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\ninstall-as = \"{name}\"\n")
    };
    let install_as = |name: &str| {
        app.manifest(&manifest(name));
        app.write("tauri.conf.json", &CONFIG.replace("binaries/tool", &format!("binaries/{name}")));
        app.sidecar(["sync"]).success();
    };
    install_as("ffmpeg");
    warned(&app).stdout_eq(str![[r#"
     warning names         a deb or rpm would put sidecar `ffmpeg` at /usr/bin/ffmpeg, where distributions have their own
                           at  [ROOT]/app/sidecar.toml:1:10
                           help: `install-as = "app-ffmpeg"` in `[sidecar.tool]`

"#]]);
    install_as("App");
    ill(&app).stdout_eq(str![[r#"
     problem names         sidecar `App` and package `app` are one file on Windows and macOS, where case does not count
                           at  [ROOT]/app/sidecar.toml:1:10
                           help: `install-as = "app-tool"` in `[sidecar.tool]`

"#]]);
    install_as("tool");
    app.write("tauri.conf.json", &CONFIG.replacen('{', "{\n  \"productName\": \"Tool\",", 1));
    warned(&app).stdout_eq(str![[r#"
     warning names         sidecar `tool` has the name that `productName` gives the app
                           reason  lists of processes, firewalls and installers show both under one name
                           at      [ROOT]/app/sidecar.toml:1:10
                           help: `install-as = "app-tool"` in `[sidecar.tool]`

"#]]);
    app.write("tauri.conf.json", &CONFIG.replacen('{', "{\n  \"mainBinaryName\": \"tool\",", 1));
    ill(&app).stdout_eq(str![[r#"
     problem names         sidecar `tool` has the name that `mainBinaryName` gives the app
                           at  [ROOT]/app/sidecar.toml:1:10
                           help: `install-as = "app-tool"` in `[sidecar.tool]`

"#]]);
    app.manifest(&manifest("app"));
    app.write("tauri.conf.json", &CONFIG.replace("binaries/tool", "binaries/app"));
    ill(&app).stdout_eq(str![[r#"
     problem names         sidecar `tool` has the name of the Cargo package
                           at      [ROOT]/app/sidecar.toml:1:10
                           reason  both would become `app` beside the app; Tauri refuses that
                           help: give it another name: `install-as = "app-tool"`

"#]]);
}

#[test]
fn what_the_app_directory_lacks() {
    let app = healthy();
    app.write("build.rs", "fn main() {\n    tauri_build::build();\n    sidecar_fetch::build();\n}\n");
    std::fs::remove_dir_all(app.path("capabilities")).unwrap();
    app.write(".gitignore", "/target/\n");
    ill(&app).stdout_eq(str![[r#"
     problem build.rs      build.rs calls `sidecar_fetch::build()` behind tauri-build, which needs the files
                           at           [ROOT]/app/build.rs:3
                           tauri-build  [ROOT]/app/build.rs:2
                           help: move `sidecar_fetch::build();` above the call of tauri-build
     warning capabilities  there is no capabilities/, so that every build runs build.rs again
                           reason   tauri-build watches it, and for cargo a path that is not there has always changed
                           such as  { "identifier": "default", "windows": ["main"], "permissions": ["core:default"] }
                           help: run `mkdir "[ROOT]/app/capabilities"`
     warning ignore        neither .gitignore nor .taurignore names binaries/: `tauri dev` builds again when a file there changes
                           help: run `cargo sidecar init`

"#]]);
    app.write(".taurignore", "binaries\n");
    app.write(
        "tauri.conf.json",
        &CONFIG.replacen('{', "{\n  \"app\": { \"security\": { \"capabilities\": [\"main\"] } },", 1),
    );
    app.write("Cargo.toml", &CARGO_TOML.replace("sidecar-fetch = \"0.1\"\n", ""));
    std::fs::remove_file(app.path("build.rs")).unwrap();
    ill(&app).stdout_eq(str![[r#"
     problem build.rs      the package has no build script, so nothing is installed by a build
                           help: run `cargo sidecar init`
     problem build.rs      sidecar-fetch is not among the build-dependencies
                           help: run `cargo sidecar init`

"#]]);
    app.write("Cargo.toml", &CARGO_TOML.replace("edition", "build = \"script.rs\"\nedition"));
    app.write("script.rs", "fn main() { sidecar_fetch::build(); tauri_build::build() }");
    warned(&app).stdout_eq("");
}

#[test]
fn what_runs_the_sidecars() {
    let app = healthy();
    let manifest = app.read("sidecar.toml");
    app.write("sidecar.toml", &format!("{manifest}\n[sidecar.tool.run]\nport = \"none\"\n"));
    let look = || notable(app.command(["doctor"]));
    app.compare(
        &look(),
        str![[r#"
        note run           nothing here runs what says how it runs: `tool`
                           help: add tauri-plugin-sidecar to the app, or sidecar-supervisor

"#]],
    );
    app.write("Cargo.toml", &CARGO_TOML.replace("\n\n[build", "\ntauri-plugin-sidecar = \"0.1\"\n\n[build"));
    app.write("src/main.rs", "fn main() {\n    // tauri_plugin_sidecar::init_keeper();\n}\n");
    app.compare(
        &look(),
        str![[r#"
     warning run           src/main.rs does not call `tauri_plugin_sidecar::init_keeper()`: what sidecars start can outlive an app that crashes
                           help: write `tauri_plugin_sidecar::init_keeper();` in the first line of `main`

"#]],
    );
    app.write("src/main.rs", "fn main() {\n    tauri_plugin_sidecar::init_keeper();\n}\n");
    app.compare(&look(), str![""]);
    // What the app would refuse when it starts.
    app.write("sidecar.toml", &format!("{manifest}\n[sidecar.tool.run]\ndepends-on = [\"db\"]\n"));
    let told = String::from_utf8(ill(&app).get_output().stdout.clone()).unwrap();
    assert!(told.contains("problem manifest") && told.contains("`db`"), "{told}");
}
