use super::*;
use crate::change::apply;
use crate::error::Kind;
use crate::project::Dependency;

struct App {
    dir: tempfile::TempDir,
    package: Package,
}

impl App {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("app");
        for (name, text) in files {
            fsx::write_atomic(&root.join(name), text).unwrap();
        }
        let package = Package { name: "app".into(), directory: root, ..Package::default() };
        Self { dir, package }
    }

    fn steps(&self, hooks: bool) -> Vec<InitStep> {
        steps(&self.package, hooks).unwrap()
    }

    /// Does what is wanted, and names the files.
    fn init(&self, hooks: bool) -> Vec<String> {
        let wanted = |step| match step {
            InitStep::Change { change, wanted: true, .. } => Some(change),
            _ => None,
        };
        let changes: Vec<FileChange> = self.steps(hooks).into_iter().filter_map(wanted).collect();
        apply(&changes, &self.dir.path().join("staging")).unwrap();
        let name = |change: &FileChange| {
            change.path.strip_prefix(&self.package.directory).unwrap().display().to_string()
        };
        changes.iter().map(name).collect()
    }

    fn by_hand(&self) -> Vec<String> {
        let by_hand = |step| if let InitStep::ByHand { what } = step { Some(what) } else { None };
        self.steps(false).into_iter().filter_map(by_hand).collect()
    }

    fn read(&self, name: &str) -> String {
        fsx::read_to_string(&self.package.directory.join(name)).unwrap()
    }
}

const CARGO_TOML: &str = "[package]\nname = \"app\" # mine\n\n[build-dependencies]\ntauri-build = \"2\"\n";

#[test]
fn an_app_is_prepared_once() {
    let app = App::new(&[
        ("Cargo.toml", CARGO_TOML),
        ("build.rs", "fn main() {\n    tauri_build::build()\n}\n"),
        ("tauri.conf.json", "{}"),
        (".gitignore", "/target"),
    ]);
    let all = ["sidecar.toml", "Cargo.toml", "build.rs", ".gitignore", ".taurignore"];
    assert_eq!(app.init(false), all);
    assert_eq!(app.read("Cargo.toml"), format!("{CARGO_TOML}sidecar-fetch = \"0.1\"\n"));
    assert_eq!(
        app.read("build.rs"),
        "fn main() {\n    sidecar_fetch::build();\n    tauri_build::build()\n}\n"
    );
    assert_eq!(app.read(".gitignore"), "/target\n/binaries/");
    assert_eq!(app.init(false), [""; 0]);
    assert_eq!(app.init(true), ["tauri.conf.json"]);
    assert!(app.steps(true).iter().all(|step| matches!(step, InitStep::Done { .. })));
}

#[test]
fn what_is_there_in_another_form_is_there() {
    let mut app = App::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"app\"\nbuild = \"build/main.rs\"\n[package.metadata.sidecar.settings]\nbinaries = \"bin\"\n[target.'cfg(unix)'.build-dependencies]\nsidecar-fetch = { path = \"x\" }\n",
        ),
        ("build/main.rs", "fn main() { sidecar_fetch::build() }"),
        (".gitignore", "bin/*\n"),
        (".taurignore", "/bin\n"),
    ]);
    app.package.dependencies.push(Dependency { name: OURS.into(), build: true, ..Dependency::default() });
    assert_eq!((app.init(true), app.by_hand()), (vec![], vec![]));
}

#[test]
fn a_tauri_app_without_a_build_script_gets_one_that_builds() {
    let cargo_toml = "[package]\nname = \"app\"\n";
    let app = App::new(&[("Cargo.toml", cargo_toml), ("Tauri.toml", "identifier = \"x\"\n")]);
    assert!(app.init(false).contains(&"build.rs".to_owned()));
    assert_eq!(app.read("build.rs"), build_script::new(true));
    assert_eq!(
        app.read("Cargo.toml"),
        format!(
            "{cargo_toml}\n[build-dependencies]\nsidecar-fetch = \"0.1\"\ntauri-build = {{ version = \"2\", features = [\"config-toml\"] }}\n"
        )
    );
    let app = App::new(&[("Cargo.toml", cargo_toml)]);
    app.init(false);
    assert_eq!(app.read("build.rs"), build_script::new(false));
    assert!(!app.read("Cargo.toml").contains("tauri-build"));
}

#[test]
fn dependencies_of_the_workspace_are_inherited() {
    let mut app = App::new(&[
        ("Cargo.toml", CARGO_TOML),
        (
            "../Cargo.toml",
            "[workspace]\nmembers = [\"app\"]\n[workspace.dependencies]\nsidecar-fetch = \"0.1\"\n",
        ),
    ]);
    app.package.workspace = app.dir.path().to_owned();
    app.init(false);
    assert_eq!(app.read("Cargo.toml"), format!("{CARGO_TOML}sidecar-fetch = {{ workspace = true }}\n"));
    assert_eq!(app.init(false), [""; 0]);
}

#[test]
fn what_nobody_can_do_but_a_person_is_said() {
    let app = App::new(&[("Cargo.toml", "[package]\nname = \"app\"\nbuild = false\n")]);
    assert!(app.by_hand()[0].starts_with("Cargo.toml says `build = false`"));
    let app = App::new(&[("Cargo.toml", CARGO_TOML), ("build.rs", "include!(\"x.rs\");")]);
    assert_eq!(
        app.by_hand(),
        ["build.rs: it has no `fn main`; put `sidecar_fetch::build();` in front of what calls `tauri_build`"]
    );
}

#[test]
fn files_that_do_not_parse_change_nothing() {
    for (file, text, kind) in [
        ("Cargo.toml", "[package\n", Kind::ManifestInvalid),
        ("sidecar.toml", "x = 1\n", Kind::UnknownKey),
        ("tauri.conf.json", "{", Kind::ConfigInvalid),
    ] {
        let app = App::new(&[("Cargo.toml", CARGO_TOML), (file, text)]);
        assert_eq!(steps(&app.package, false).unwrap_err().kind(), kind, "{file}");
    }
}
