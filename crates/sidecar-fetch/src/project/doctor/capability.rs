//! The capability file of the sidecars: what JavaScript may do with them.

use super::{Check, CheckState, Scene};
use crate::config::capability::{self, Capability};
use crate::config::{Configs, Platform};
use crate::error::Error;
use crate::fsx;
use crate::manifest::Manifest;

const NAME: &str = "capability";

pub(super) fn check(scene: &Scene<'_>) -> Vec<Check> {
    let (Some(manifest), Some(configs)) = (&scene.manifest, &scene.configs) else { return Vec::new() };
    file(scene, manifest, configs).unwrap_or_else(|error| vec![Check::of(NAME, CheckState::Problem, &error)])
}

fn file(scene: &Scene<'_>, manifest: &Manifest, configs: &Configs) -> Result<Vec<Check>, Error> {
    let plugins = scene.project.plugins();
    let lacking = capability::lacking(manifest, plugins);
    let mut out: Vec<Check> = lacking.into_iter().map(|found| Check::warning(NAME, found)).collect();
    let wanted = capability::wanted(manifest, plugins, &|entry| capability::spellings(configs, entry));
    let path = scene.app().join(capability::FILE);
    let found = fsx::read_if_exists(&path)?;
    let agrees = capability::agrees(wanted.as_ref(), found.as_deref());
    // Whatever Tauri would refuse: a clash, another system's name, a permission that no plugin has, a foreign file.
    if let Err(error) = capability::check(scene.app(), wanted.as_ref(), configs) {
        out.push(Check::of(NAME, CheckState::Problem, &error));
    }
    match (&wanted, found) {
        (Some(_), Some(text)) if !capability::is_ours(&text) => {}
        (Some(_), None) => out.push(
            Check::problem(
                NAME,
                format!("there is no {}, so that JavaScript may not use sidecars", capability::FILE),
            )
            .help("run `cargo sidecar sync`"),
        ),
        (_, Some(_)) if !agrees => out.push(
            Check::problem(NAME, format!("{} says something else than the manifest", capability::FILE))
                .fact("file", path.display())
                .help("run `cargo sidecar sync`"),
        ),
        (Some(wanted), Some(_)) => out.extend(listed(manifest, configs, wanted)),
        (None, _) => {}
    }
    if out.is_empty() {
        out.push(match wanted {
            Some(_) => Check::ok(NAME, format!("{} grants what the manifest says", capability::FILE)),
            None => Check::ok(NAME, "no sidecar is for JavaScript"),
        });
    }
    Ok(out)
}

/// Whether our identifiers are named where the configuration names its capabilities: others do not apply then.
fn listed(manifest: &Manifest, configs: &Configs, ours: &Capability) -> Option<Check> {
    for platform in Platform::desktops_of(&manifest.targets()) {
        if let Some(identifier) = ours.unlisted(&configs.effective(platform, None), platform).first() {
            let found = format!(
                "`app.security.capabilities` does not name `{identifier}`, so that it does not apply"
            );
            return Some(
                Check::problem(NAME, found)
                    .fact("for", platform.in_capabilities())
                    .help("run `cargo sidecar sync`"),
            );
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::ConfigFile;

    fn found(base: &str, windows: &str) -> Option<Vec<(String, String)>> {
        let file = |name: &str, text: &str| ConfigFile::parse(Path::new(name), text.to_owned()).unwrap();
        let overlays = vec![(Platform::Windows, file("tauri.windows.conf.json", windows))];
        let configs = Configs { base: file("tauri.conf.json", base), overlays };
        let text = "[sidecar.tool]\ngithub = \"a/b\"\n".to_owned();
        let manifest = Manifest::parse(Path::new("sidecar.toml"), text).unwrap();
        let identifiers =
            vec![("sidecars".to_owned(), vec![]), ("sidecars-linux".to_owned(), vec![Platform::Linux])];
        let ours = Capability { text: String::new(), identifiers };
        listed(&manifest, &configs, &ours).map(|check| check.facts)
    }

    #[test]
    fn where_capabilities_are_named_ours_must_be() {
        let named = |list: &str| format!(r#"{{ "app": {{ "security": {{ "capabilities": {list} }} }} }}"#);
        assert_eq!(found("{}", "{}"), None);
        assert_eq!(found(&named("[]"), "{}"), None);
        assert_eq!(found(&named(r#"["sidecars", "sidecars-linux"]"#), "{}"), None);
        let platform = |base: &str, windows: &str| Some(found(base, windows)?.remove(0).1);
        assert_eq!(platform(&named(r#"["main", "sidecars"]"#), "{}").as_deref(), Some("linux"));
        assert_eq!(platform("{}", &named(r#"["main"]"#)).as_deref(), Some("windows"));
        assert_eq!(platform("{}", &named(r#"["sidecars"]"#)), None);
    }
}
