//! Tauri's hooks: `sync` before a build, `verify` before the bundle is made.

use super::InitStep;
use crate::change::FileChange;
use crate::config::{ConfigFile, Configs, Node, Value};
use crate::error::Error;
use crate::project::locate_cargo_toml;

/// A hook of Tauri and what it is to run.
struct Hook {
    /// Both spellings that Tauri knows.
    keys: [&'static str; 2],
    command: &'static str,
    when: &'static str,
    /// What a command holds that does the same.
    mark: &'static str,
}

const HOOKS: [Hook; 2] = [
    Hook {
        keys: ["beforeBuildCommand", "before-build-command"],
        command: "cargo sidecar sync --locked",
        when: "before a build",
        mark: "sidecar sync",
    },
    Hook {
        keys: ["beforeBundleCommand", "before-bundle-command"],
        command: "cargo sidecar verify",
        when: "before the bundle",
        mark: "sidecar verify",
    },
];

/// What `init` has to say about the hooks: a change for each file, and what a person has to do.
pub(super) fn steps(configs: &Configs, wanted: bool) -> Result<Vec<InitStep>, Error> {
    let files: Vec<&ConfigFile> = configs.files().collect();
    let mut out = Vec::new();
    for (i, before) in files.iter().enumerate() {
        let (mut file, mut set) = ((*before).clone(), Vec::new());
        for hook in &HOOKS {
            // One spelling in all files: Tauri takes two spellings for the same key twice.
            let has = |file: &ConfigFile, key: &&str| file.root.at(&["build", key]).is_some();
            let key = hook.keys.into_iter().find(|key| files.iter().any(|file| has(file, key)));
            let key = key.unwrap_or(hook.keys[0]);
            // An overlay replaces what the base says, so that one that says nothing needs nothing.
            if i > 0 && !has(&file, &key) {
                continue;
            }
            match with_hook(&file, key, hook)? {
                Hooked::HasIt => {}
                Hooked::ByHand(what) => out.push(InitStep::ByHand { what }),
                Hooked::Changed(changed) => {
                    file = changed;
                    set.push(format!("`{}` {}", hook.command, hook.when));
                }
            }
        }
        let change = FileChange::to(before.path.clone(), Some(before.text.clone()), Some(file.text));
        out.push(match change {
            Some(change) => InitStep::Change { what: set.join(", "), change, wanted },
            None => InitStep::Done { path: before.path.clone(), what: "the hooks".to_owned() },
        });
    }
    Ok(out)
}

enum Hooked {
    HasIt,
    Changed(ConfigFile),
    ByHand(String),
}

/// The file with the hook behind the command that is there.
fn with_hook(file: &ConfigFile, key: &str, hook: &Hook) -> Result<Hooked, Error> {
    let Some(found) = file.root.at(&["build", key]).filter(|node| !node.is_null()) else {
        return file.clone().with_string(&["build", key], hook.command).map(Hooked::Changed);
    };
    let (script, path) = match &found.value {
        Value::String(script) => (script.as_str(), vec!["build", key]),
        Value::Object(_) => match found.get("script").and_then(Node::as_str) {
            Some(script) => (script, vec!["build", key, "script"]),
            None => return Err(wrong(file, key, found)),
        },
        _ => return Err(wrong(file, key, found)),
    };
    if script.contains(hook.mark) {
        return Ok(Hooked::HasIt);
    }
    // Where the hook runs, our command must find the app.
    if let (Some(cwd), Some(app)) = (found.get("cwd").and_then(Node::as_str), file.path.parent())
        && locate_cargo_toml(&app.join(cwd)).is_err()
    {
        let command = hook.command;
        return Ok(Hooked::ByHand(format!(
            "build.{key} runs in `{cwd}`, where the app is not found: let it run `{command} --manifest-path PATH` too"
        )));
    }
    let joined = match script.trim() {
        "" => hook.command.to_owned(),
        _ => format!("{script} && {}", hook.command),
    };
    file.clone().with_string(&path, &joined).map(Hooked::Changed)
}

fn wrong(file: &ConfigFile, key: &str, found: &Node) -> Error {
    file.wrong(&format!("build.{key}"), "a command, or an object with a `script`", found)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Platform;
    use crate::error::Kind;

    fn configs(base: (&str, &str), overlay: Option<(&str, &str)>) -> Configs {
        let file = |(name, text): (&str, &str)| ConfigFile::parse(Path::new(name), text.to_owned()).unwrap();
        let overlays = overlay.map(|overlay| (Platform::Linux, file(overlay))).into_iter().collect();
        Configs { base: file(base), overlays }
    }

    fn after(configs: &Configs) -> Vec<String> {
        let changed = |step: InitStep| match step {
            InitStep::Change { change, .. } => change.after.unwrap(),
            InitStep::Done { what, .. } | InitStep::ByHand { what } => what,
        };
        steps(configs, true).unwrap().into_iter().map(changed).collect()
    }

    #[test]
    fn ours_comes_behind_what_is_there() {
        let text = "{\n  \"build\": {\n    // the frontend\n    \"beforeBuildCommand\": \"pnpm build\",\n    \"before-bundle-command\": \" \"\n  }\n}\n";
        let expected = text
            .replace("pnpm build", "pnpm build && cargo sidecar sync --locked")
            .replace("\" \"", "\"cargo sidecar verify\"");
        assert_eq!(after(&configs(("tauri.conf.json", text), None)), [expected.as_str()]);
        assert_eq!(after(&configs(("tauri.conf.json", &expected), None)), ["the hooks"]);
    }

    #[test]
    fn toml_and_objects() {
        let text = "identifier = \"x\"\n\n[build]\nbeforeBuildCommand = { script = \"make\", wait = true }\n";
        let expected = "identifier = \"x\"\n\n[build]\nbeforeBuildCommand = { script = \"make && cargo sidecar sync --locked\", wait = true }\nbeforeBundleCommand = \"cargo sidecar verify\"\n";
        assert_eq!(after(&configs(("Tauri.toml", text), None)), [expected]);
    }

    #[test]
    fn an_overlay_with_a_hook_of_its_own_gets_ours_too_in_the_one_spelling() {
        let both = configs(
            ("tauri.conf.json", "{}"),
            Some(("tauri.linux.conf.json", "{\"build\":{\"before-build-command\":null}}")),
        );
        let files = after(&both);
        assert!(
            files[0].contains("\"before-build-command\"") && files[0].contains("\"beforeBundleCommand\""),
            "{files:?}"
        );
        assert_eq!(files[1], "{\"build\":{\"before-build-command\":\"cargo sidecar sync --locked\"}}");
        let quiet = configs(("tauri.conf.json", &files[0]), Some(("tauri.linux.conf.json", "{}")));
        assert_eq!(after(&quiet), ["the hooks", "the hooks"]);
    }

    #[test]
    fn a_hook_that_runs_elsewhere_is_for_a_person() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tauri.conf.json");
        let text = r#"{"build":{"beforeBuildCommand":{"script":"x","cwd":"/nowhere/at/all"},"beforeBundleCommand":"cargo sidecar verify"}}"#;
        let said = after(&configs((path.to_str().unwrap(), text), None));
        assert!(said[0].contains("/nowhere/at/all") && said[0].contains("--manifest-path"), "{said:?}");
        assert_eq!(said[1..], ["the hooks"]);
    }

    #[test]
    fn another_type_is_pointed_at() {
        let config = configs(("tauri.conf.json", "{\"build\":\n {\"beforeBuildCommand\": 1}}"), None);
        let error = steps(&config, true).unwrap_err();
        assert_eq!(error.kind(), Kind::ConfigInvalid);
        assert!(error.to_string().contains("tauri.conf.json:2:25"), "{error}");
    }

    /// The configuration without hooks, as JSON.
    fn without_hooks(file: &ConfigFile) -> String {
        let mut root = file.root.clone();
        let Value::Object(entries) = &mut root.value else { return root.to_json() };
        for entry in entries.iter_mut().filter(|entry| entry.key == "build") {
            let Value::Object(build) = &mut entry.node.value else { continue };
            build.retain(|entry| HOOKS.iter().all(|hook| !hook.keys.contains(&entry.key.as_str())));
        }
        entries.retain(|entry| entry.key != "build" || entry.node.to_json() != "{}");
        root.to_json()
    }

    #[test]
    fn configurations_as_apps_have_them_take_hooks_once_and_keep_all_else() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/configs");
        let mut seen = 0;
        for case in crate::fsx::read_dir(&root).unwrap().into_iter().filter(|case| case.is_dir()) {
            let Some(before) = Configs::read(&case.join("before"), &Platform::DESKTOP).unwrap() else {
                continue;
            };
            let mut after = before.clone();
            for step in steps(&before, true).unwrap() {
                let InitStep::Change { change, .. } = step else { continue };
                let files =
                    std::iter::once(&mut after.base).chain(after.overlays.iter_mut().map(|(_, file)| file));
                let file = files.into_iter().find(|file| file.path == change.path).unwrap();
                *file = ConfigFile::parse(&change.path, change.after.unwrap()).unwrap();
                seen += 1;
            }
            assert_eq!(without_hooks(&after.base), without_hooks(&before.base), "{}", case.display());
            let build = after.base.root.get("build").unwrap();
            for hook in &HOOKS {
                let found = hook.keys.iter().find_map(|key| build.get(key)).unwrap().to_json();
                assert!(found.contains(hook.command), "{}: {found}", case.display());
            }
            let again = steps(&after, true).unwrap();
            assert!(again.iter().all(|step| matches!(step, InitStep::Done { .. })), "{}", case.display());
        }
        assert!(seen >= 40, "{seen} configurations");
    }
}
