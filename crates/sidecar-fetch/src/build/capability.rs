//! The capability file in a build: without it JavaScript cannot reach the sidecars, and a build script does not write it.

use super::script::{Lines, Script, Stage};
use super::tauri::{SYNC, Tauri};
use crate::config::capability::{self, FILE, LISTED, Plugins};
use crate::config::{ConfigFile, Platform};
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
    let platform = Platform::of(&script.target);
    let unlisted = wanted.as_ref().map(|wanted| wanted.unlisted(tauri.effective(), platform));
    let path = script.app.join(FILE);
    let found = fsx::read_if_exists(&path)?;
    let (headline, at, fact) = if !capability::agrees(wanted.as_ref(), found.as_deref()) {
        let fact = match (&wanted, &found) {
            (_, None) => "it does not exist",
            (None, _) => "it grants what the manifest does not ask for",
            _ => "it says something else",
        };
        (format!("`{FILE}` does not agree with the manifest"), path.display().to_string(), fact.to_owned())
    } else if let Some(unlisted) = unlisted.filter(|unlisted| !unlisted.is_empty()) {
        let names = some_of(unlisted.iter().map(|name| format!("`{name}`")));
        (
            "`app.security.capabilities` does not list the capability of the sidecars".to_owned(),
            listed_at(tauri, platform),
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

/// Where the list of capabilities stands.
fn listed_at(tauri: &Tauri, platform: Platform) -> String {
    let place = |file: &ConfigFile| Some(file.place(file.root.at(&LISTED)?).to_string());
    let configs = tauri.configs();
    let files = tauri.given().into_iter().chain(configs.overlay(platform)).chain([&configs.base]);
    files.into_iter().find_map(place).unwrap_or_default()
}
