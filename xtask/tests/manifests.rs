//! `cargo xtask manifests` as a maintainer runs it: on recipes with mistakes, and against a server that has moved on.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on panics")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sidecar_tests::{ReleaseServer, ReleaseSpec};
use tempfile::TempDir;

const LINUX: &str = "x86_64-unknown-linux-gnu";

/// A directory of recipes and one of fixtures.
struct Scene(TempDir);

impl Scene {
    fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        for directory in [scene.recipes(), scene.fixtures()] {
            fs::create_dir_all(directory).unwrap();
        }
        scene
    }

    /// One recipe with a fixture in which a build for Linux is right.
    fn with_tool() -> Self {
        let scene = Self::new();
        scene.recipe("tool", "[sidecar.tool]\ngithub = 'acme/tool'\n");
        let expected = |target: &str| if target == LINUX { "\"tool-linux-x64\"" } else { "null" };
        let expected = sidecar_fetch::Recipe::TARGETS.map(|t| format!("\"{t}\": {}", expected(t))).join(", ");
        let release =
            format!(r#"{{"tag": "v1.0.0", "assets": ["tool-linux-x64"], "expected": {{{expected}}}}}"#);
        scene.fixture("tool", &format!(r#"{{"repository": "acme/tool", "releases": [{release}]}}"#));
        scene
    }

    fn recipes(&self) -> PathBuf {
        self.0.path().join("recipes")
    }

    fn fixtures(&self) -> PathBuf {
        self.0.path().join("fixtures")
    }

    fn recipe(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.recipes().join(format!("{name}.toml")), text).unwrap();
    }

    fn fixture(&self, name: &str, text: &str) {
        fs::write(self.fixtures().join(format!("{name}.json")), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("manifests").arg("--recipes").arg(self.recipes());
        command.arg("--fixtures").arg(self.fixtures()).args(args);
        command
    }

    fn online(&self, server: &ReleaseServer, args: &[&str]) -> (bool, String) {
        let mut command = self.command(&["--online"]);
        for name in ["GITHUB_TOKEN", "GH_TOKEN", "SIDECAR_OFFLINE", "CARGO_NET_OFFLINE"] {
            command.env_remove(name);
        }
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name);
        }
        said(command.args(args).env("SIDECAR_GITHUB_API", server.api_url()))
    }
}

/// Whether it succeeded, and all that it said.
fn said(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn every_recipe_of_the_repository_picks_what_was_recorded() {
    let (good, text) = said(Command::new(env!("CARGO_BIN_EXE_xtask")).arg("manifests"));
    assert!(good, "{text}");
    let last = text.trim_end().lines().last().unwrap();
    assert!(last.starts_with("recipes ") && last.ends_with("WRONG 0; 0 wrong in all, 0 warnings"), "{last}");
}

#[test]
fn every_mistake_in_a_recipe_is_told_with_its_line() {
    let scene = Scene::with_tool();
    let table = |name: &str| format!("# About it\n[sidecar.{name}]\ngithub = 'o/r'\n");
    scene.recipe("key", format!("{}bni = 'x'\n", table("key")));
    scene.recipe("template", format!("{}bin = '{{verison}}'\n", table("template")));
    scene.recipe("version", format!("{}version = '1'\n", table("version")));
    scene.recipe("broken", "[sidecar.broken\ngithub = 'o/r'\n");
    scene.recipe("name", table("other"));
    scene.recipe("bytes", [b'#', 0xff, 0xfe]);
    fs::write(scene.recipes().join("notes.txt"), "x").unwrap();
    let (good, text) = said(&mut scene.command(&[]));
    assert!(!good, "{text}");
    for expected in [
        "unknown key `bni` in `[sidecar.key]`\n    at     ",
        "recipes/key.toml:4:1\n",
        "help: did you mean `bin`?",
        "unknown placeholder `{verison}`",
        "recipes/template.toml:4:7",
        "a recipe does not say `version`",
        "recipes/version.toml:4:1",
        "`broken.toml` is not valid TOML",
        "recipes/broken.toml:1:",
        "the recipe of `other` has another name",
        "recipes/name.toml:2:",
        "recipes/bytes.toml is not UTF-8 text",
        "recipes/notes.txt is no recipe",
        "tool    acme/tool   ok",
        "error: 7 things are wrong with the recipes",
    ] {
        assert!(text.contains(expected), "no `{expected}` in:\n{text}");
    }
}

#[test]
fn recipes_and_fixtures_belong_together() {
    let scene = Scene::with_tool();
    scene.recipe("alone", "[sidecar.alone]\ngithub = 'o/r'\n");
    fs::rename(scene.fixtures().join("tool.json"), scene.fixtures().join("other.json")).unwrap();
    let (good, text) = said(&mut scene.command(&[]));
    assert!(!good, "{text}");
    for name in ["the recipe `alone` has no fixture", "the recipe `tool` has no fixture"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(text.contains("the fixture `other` has no recipe"), "{text}");
    let (good, text) =
        said(Command::new(env!("CARGO_BIN_EXE_xtask")).args(["manifests", "--recipes", "gone"]));
    assert!(!good && text.contains("there is no recipe in `gone`"), "{text}");
}

#[test]
fn online_the_newest_release_is_asked_for() {
    let (scene, server) = (Scene::with_tool(), ReleaseServer::start());
    scene.recipe("unasked", "[sidecar.unasked]\ngithub = 'acme/unasked'\n");
    server.release("acme/tool", ReleaseSpec::new("v1.0.0").asset("tool-linux-x64", "old"));
    server.release("acme/tool", ReleaseSpec::new("v2.0.0").asset("tool-2-linux-amd64.tar.gz", "new"));
    let (good, text) = scene.online(&server, &["tool"]);
    assert!(good && text.contains("tool    acme/tool   v2.0.0  ok"), "{text}");
    assert!(text.contains("recipes 1: ok 1, none 5, WRONG 0; 0 wrong in all, 0 warnings"), "{text}");

    let windows = ReleaseSpec::new("v3.0.0").asset("tool-windows-x64.zip", "new");
    server.release("acme/tool", windows);
    let (good, text) = scene.online(&server, &["tool"]);
    assert!(!good, "{text}");
    assert!(text.contains(&format!("wrong: tool v3.0.0 for {LINUX}: nothing fits any more")), "{text}");
    assert!(
        text.contains("warning: tool v3.0.0 for x86_64-pc-windows-msvc: now there is `tool-windows-x64.zip`")
    );
}

#[test]
fn online_a_repository_that_is_gone_does_not_end_the_run() {
    let (scene, server) = (Scene::with_tool(), ReleaseServer::start());
    scene.recipe("gone", "[sidecar.gone]\ngithub = 'acme/gone'\n");
    server.release("acme/tool", ReleaseSpec::new("v1.0.0").asset("tool-linux-x64", "x"));
    let (good, text) = scene.online(&server, &[]);
    assert!(!good, "{text}");
    assert!(text.contains("wrong: gone: ") && text.contains("tool    acme/tool   v1.0.0  ok"), "{text}");
    let (good, text) = scene.online(&server, &["tol"]);
    assert!(!good && text.contains("there is no recipe `tol`"), "{text}");
}
