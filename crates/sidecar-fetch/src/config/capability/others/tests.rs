use std::time::{Duration, SystemTime};

use super::*;

/// An app's directory with these files.
struct App(tempfile::TempDir);

impl App {
    fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let app = Self(tempfile::tempdir().unwrap());
        app.write("tauri.conf.json", "{}");
        for (name, text) in files {
            app.write(name, text);
        }
        app
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fsx::create_dir_all(path.parent().unwrap()).unwrap();
        fsx::write(&path, text).unwrap();
    }

    fn check(&self) -> Result<(), Error> {
        let ours = Capability::granting_nothing(["sidecars", "sidecars-linux"]);
        let configs = Configs::read(self.0.path(), &Platform::ALL).unwrap().unwrap();
        check(self.0.path(), Some(&ours), &configs)
    }

    /// The error's kind, and its text with paths below the app.
    fn fails(&self) -> (Kind, String) {
        let error = self.check().unwrap_err();
        let root = self.0.path().join("").display().to_string();
        let text = error.to_string().replace(&root, "");
        (error.kind(), if cfg!(windows) { text.replace('\\', "/") } else { text })
    }
}

const DEFAULT: &str = r#"{
  "identifier": "default",
  "windows": ["main"],
  "permissions": ["core:default", { "identifier": "shell:allow-open", "allow": [] }]
}"#;

#[test]
fn files_of_every_shape_and_format_are_fine() {
    let list = format!("[{DEFAULT}, {}]", DEFAULT.replace("default\"", "other\""));
    let named = format!(r#"{{ "capabilities": {list} }}"#);
    App::new([
        ("capabilities/default.json", DEFAULT),
        ("capabilities/list.json", &list),
        ("capabilities/deep/er/named.json", &named),
        (
            "capabilities/five.json5",
            "// mine\n{ identifier: 'five', permissions: [], platforms: ['macOS', 'iOS'], }",
        ),
        (
            "capabilities/t.toml",
            "identifier = 't'\nplatforms = ['linux', 'windows', 'android']\npermissions = ['x:y']\n",
        ),
        ("capabilities/null.json", r#"{"identifier":"n","permissions":[],"platforms":null}"#),
        ("capabilities/schemas/schema.json", "no capability"),
        ("capabilities/README.md", "# ours"),
        ("capabilities/sidecars.json", &Capability::granting_nothing(["sidecars"]).text),
        (
            "tauri.linux.conf.json",
            r#"{"app":{"security":{"capabilities":["x",{"identifier":"in","permissions":[]}]}}}"#,
        ),
    ])
    .check()
    .unwrap();
    App::new([]).check().unwrap();
}

#[test]
fn what_tauri_would_refuse_is_pointed_at() {
    let name = "capabilities/a.json";
    for (name, text, at, part) in [
        (name, "{\n  \"identifier\": \"a\"\n  \"permissions\": []\n}", "3:3", "expected `,` or `}`"),
        (name, "{\n  // mine\n  \"identifier\": \"a\", \"permissions\": []\n}", "2:3", "no comments"),
        (name, "{ \"identifier\": \"a\", \"permissions\": [\"é\",] }", "1:42", "cause  trailing comma"),
        (name, "\u{feff}{ \"identifier\": \"a\", \"permissions\": [] }", "1:1", "byte order mark"),
        (name, "\"x\"", "1:1", "one capability or a list of them"),
        (name, r#"{ "capabilities": {} }"#, "1:19", "found  an object"),
        (name, "[\n  3\n]", "2:3", "has no `identifier`"),
        (name, r#"{ "identifier": 3 }"#, "1:17", "takes a string"),
        (name, r#"{ "identifier": "a" }"#, "1:17", "no list of `permissions`"),
        (name, r#"{ "identifier": "a", "permissions": {} }"#, "1:37", "no list of `permissions`"),
        (name, r#"{ "identifier": "a", "permissions": [3] }"#, "1:38", "found  a number"),
        (name, r#"{ "identifier": "a", "permissions": [{}] }"#, "1:38", "an object with `identifier`"),
        (name, r#"{ "identifier": "a", "platforms": "linux" }"#, "1:35", "takes an array of strings"),
        (name, r#"{ "identifier": "a", "platforms": ["linux", 1] }"#, "1:45", "takes an array of strings"),
        (name, r#"{ "identifier": "a", "platforms": ["macos"] }"#, "1:36", "did you mean `macOS`?"),
        (name, r#"{ "identifier": "a", "platforms": ["Linux"] }"#, "1:36", "did you mean `linux`?"),
        (name, r#"{ "identifier": "a", "platforms": ["windwos"] }"#, "1:36", "did you mean `windows`?"),
        (
            name,
            r#"{ "identifier": "a", "platforms": ["plan9"] }"#,
            "1:36",
            "known  linux, macOS, windows, android, iOS",
        ),
        ("capabilities/deep/er/a.json", "[{}]", "1:2", "has no `identifier`"),
        ("capabilities/a.toml", "identifier = 'a'\npermissions = [\n", "2:16", "cause  unclosed array"),
        ("capabilities/a.json5", "{ identifier: 'a', platforms: ['IOS'] }", "1:32", "did you mean `iOS`?"),
    ] {
        let (kind, message) = App::new([(name, text)]).fails();
        assert_eq!(kind, Kind::CapabilityInvalid, "{message}");
        assert!(
            message.contains(&format!("{name}:{at}\n")) || message.ends_with(&format!("{name}:{at}")),
            "{at}: {message}"
        );
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn an_identifier_of_ours_elsewhere_is_a_clash() {
    let text = DEFAULT.replace("default\",\n", "sidecars-linux\",\n");
    let (kind, message) = App::new([("capabilities/default.json", text.as_str())]).fails();
    assert_eq!(kind, Kind::IdentifierClash);
    assert_eq!(
        message,
        "the identifier `sidecars-linux` is used by another capability\n  at    capabilities/default.json:2:17\n  ours  \
         capabilities/sidecars.json\nhelp: give the other one a name of its own, also where `app.security.capabilities` \
         lists it"
    );
    let inline =
        r#"{"app":{"security":{"capabilities":["sidecars", {"identifier":"sidecars","permissions":[]}]}}}"#;
    let (kind, message) = App::new([("tauri.macos.conf.json", inline)]).fails();
    assert_eq!(kind, Kind::IdentifierClash);
    assert!(message.contains("tauri.macos.conf.json:1:63\n"), "{message}");
    App::new([("capabilities/x.json", DEFAULT.replace("default\",\n", "sidecars-macos\",\n").as_str())])
        .check()
        .unwrap();
}

#[test]
fn a_file_of_our_name_that_is_not_ours_is_not_overwritten() {
    let app = App::new([("capabilities/sidecars.json", DEFAULT)]);
    let (kind, message) = app.fails();
    assert_eq!(kind, Kind::CapabilityForeign);
    let help =
        r#"help: give it another name: `mv "capabilities/sidecars.json" "capabilities/own-sidecars.json"`"#;
    assert!(message.ends_with(help), "{message}");
    // Nothing to write: it is a capability like any other.
    let configs = Configs::read(app.0.path(), &[]).unwrap().unwrap();
    check(app.0.path(), None, &configs).unwrap();
    app.write("capabilities/sidecars.json", "{");
    assert_eq!(check(app.0.path(), None, &configs).unwrap_err().kind(), Kind::CapabilityInvalid);
}

const MANIFESTS: &str = r#"{
    "core:app": { "default_permission": null, "permissions": { "allow-version": {} }, "permission_sets": {} },
    "shell": { "permissions": { "allow-open": {}, "allow-execute": {} }, "permission_sets": { "a-set": {} } },
    "mine": { "permissions": { "allow-x": {} }, "permission_sets": {} },
    "inlined": { "permissions": {}, "permission_sets": {} },
    "__app-acl__": { "permissions": { "allow-y": {} }, "permission_sets": {} }
}"#;

const LOCK: &str = r#"
[[package]]
name = "tauri"
version = "2.12.5"
source = "registry+https://example.com/index"

[[package]]
name = "tauri-plugin-shell"
version = "2.6.0"
source = "registry+https://example.com/index"
dependencies = [
 "tauri-plugin-mine",
]

[[package]]
name = "tauri-plugin-mine"
version = "0.1.0"
dependencies = [
 "tauri",
]
"#;

/// An app that was built, and whose only capability has this permission.
fn built(permission: &str) -> App {
    let capability = format!(r#"{{ "identifier": "a", "permissions": ["core:default", "{permission}"] }}"#);
    let files = [
        ("Cargo.lock", LOCK),
        ("gen/schemas/acl-manifests.json", MANIFESTS),
        ("capabilities/a.json", capability.as_str()),
    ];
    App::new(files)
}

#[test]
fn a_permission_that_its_plugin_does_not_have_is_told() {
    let (kind, message) = built("shell:allow-exectue").fails();
    assert_eq!(kind, Kind::UnknownPermission);
    assert_eq!(
        message,
        "there is no permission `shell:allow-exectue`\n  at     capabilities/a.json:1:54\n  known  shell:default, \
         shell:allow-execute, shell:allow-open, shell:a-set\nhelp: did you mean `shell:allow-execute`?"
    );
    let (kind, message) = built("core:app:allow-everything").fails();
    assert_eq!(kind, Kind::UnknownPermission);
    assert!(!message.contains("help:"), "{message}");
}

#[test]
fn permissions_that_exist_or_may_exist_are_fine() {
    for permission in [
        "shell:allow-open",
        "shell:a-set",
        "shell:default",
        "core:app:allow-version",
        // A plugin that this build had not; of the workspace; of the build script; the app's own.
        "other:allow-x",
        "mine:allow-new",
        "inlined:allow-new",
        "allow-z",
    ] {
        built(permission).check().unwrap_or_else(|error| panic!("{permission}: {error}"));
    }
}

#[test]
fn a_build_before_the_last_change_of_the_lock_knows_nothing() {
    let app = built("shell:allow-exectue");
    let lock = app.0.path().join("Cargo.lock");
    fsx::set_modified(&lock, SystemTime::now() + Duration::from_secs(60)).unwrap();
    app.check().unwrap();
    fsx::remove_file(&lock).unwrap();
    app.check().unwrap();
    let app = built("shell:allow-exectue");
    app.write("gen/schemas/acl-manifests.json", "{ \"format\": 2 ");
    app.check().unwrap();
}

#[test]
fn permissions_count_where_the_capability_applies() {
    let listing = |list: &str| format!(r#"{{"app":{{"security":{{"capabilities":{list}}}}}}}"#);
    let app = built("shell:allow-exectue");
    app.write("tauri.conf.json", &listing(r#"["b"]"#));
    app.check().unwrap();
    app.write("tauri.linux.conf.json", &listing(r#"["a"]"#));
    assert_eq!(app.fails().0, Kind::UnknownPermission);
    app.write("tauri.linux.conf.json", &listing("[]"));
    assert_eq!(app.fails().0, Kind::UnknownPermission);
    app.write("tauri.linux.conf.json", "{}");
    app.check().unwrap();
    app.write("tauri.conf.json", &listing(r#"[{"identifier":"in","permissions":["shell:nope"]}]"#));
    let (kind, message) = app.fails();
    assert_eq!(kind, Kind::UnknownPermission);
    assert!(message.contains("tauri.conf.json:1:71"), "{message}");
}
