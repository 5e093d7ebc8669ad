//! The capability file in a build: without it JavaScript cannot reach the sidecars, and a build script does not write it.

use super::script::{Lines, Script, Stage};
use super::tauri::{SYNC, Tauri};
use crate::config::capability::{self, Capability, FILE, Plugins};
use crate::config::{ConfigFile, Node, Platform};
use crate::error::{Error, Kind, some_of};
use crate::manifest::Manifest;
use crate::{env, fsx};

/// The plugins that the package depends on, as cargo tells its build script through their `links`.
fn plugins() -> Plugins {
    Plugins { shell: env::path(env::DEP_SHELL).is_some(), http: env::path(env::DEP_HTTP).is_some() }
}

/// Whether the capability file matters: then the overlays of all desktops have to be read, since names in it are spelled
/// as there.
pub(super) fn is_asked_for(manifest: &Manifest) -> bool {
    manifest.sidecars.values().any(|sidecar| sidecar.shell.is_some() || sidecar.http)
}

/// Compares the capability file, and what the configuration lists of it, with what the manifest asks for.
///
/// # Errors
/// [`Kind::ConfigDrift`] where nothing may be forgiven; in development a warning goes to `lines`.
pub(super) fn judge(
    script: &Script,
    manifest: &Manifest,
    tauri: &Tauri,
    lines: &mut Lines,
) -> Result<(), Error> {
    if script.docs_rs || !Platform::of(&script.target).is_desktop() {
        return Ok(());
    }
    let spelled = |entry: &str| capability::spellings(tauri.configs(), entry);
    let wanted = capability::wanted(manifest, plugins(), &spelled);
    let path = script.app.join(FILE);
    let found = fsx::read_if_exists(&path)?;
    let (headline, at, fact) = if !capability::agrees(wanted.as_ref(), found.as_deref()) {
        let fact = match (&wanted, &found) {
            (_, None) => "it does not exist",
            (None, _) => "it grants what the manifest does not ask for",
            _ => "it says something else",
        };
        (format!("`{FILE}` does not agree with the manifest"), path.display().to_string(), fact.to_owned())
    } else if let Some((unlisted, at)) =
        wanted.as_ref().and_then(|wanted| unlisted(wanted, tauri, Platform::of(&script.target)))
    {
        let names = some_of(unlisted.iter().map(|name| format!("`{name}`")));
        (
            "`app.security.capabilities` does not list the capability of the sidecars".to_owned(),
            at,
            format!("it lacks {names}"),
        )
    } else {
        return Ok(());
    };
    let reason = match script.stage {
        Stage::Development => {
            lines.warning(&format!(
                "{headline} ({fact}): JavaScript cannot call all of them before `cargo sidecar sync`"
            ));
            return Ok(());
        }
        Stage::Ships => "JavaScript could not call all sidecars in what ships".to_owned(),
        Stage::Checked(variable) => {
            format!("`{variable}` is set; else this build would go on with a warning")
        }
    };
    Err(Error::new(Kind::ConfigDrift, headline)
        .fact("at", at)
        .fact("found", fact)
        .fact("reason", reason)
        .help(SYNC))
}

/// Identifiers of ours that a list of capabilities lacks, and where it stands. An empty list lets every file apply.
fn unlisted<'c>(wanted: &'c Capability, tauri: &Tauri, platform: Platform) -> Option<(Vec<&'c str>, String)> {
    const LIST: [&str; 3] = ["app", "security", "capabilities"];
    let listed = tauri.effective().at(&LIST).and_then(Node::as_array).filter(|list| !list.is_empty())?;
    let is_listed = |name: &str| listed.iter().any(|item| item.as_str() == Some(name));
    let here = wanted.identifiers.iter().filter(|(_, on)| on.is_empty() || on.contains(&platform));
    let unlisted: Vec<&str> = here.map(|(name, _)| name.as_str()).filter(|name| !is_listed(name)).collect();
    let place = |file: &ConfigFile| Some(file.place(file.root.at(&LIST)?).to_string());
    let configs = tauri.configs();
    let at = configs.overlay(platform).and_then(place).or_else(|| place(&configs.base));
    (!unlisted.is_empty()).then(|| (unlisted, at.unwrap_or_else(|| env::TAURI_CONFIG.to_owned())))
}
