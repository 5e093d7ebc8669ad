//! What comparing Tauri's configuration costs a build script that takes the normal road.

use super::Bench;
use super::corpus;
use super::figure::{Figure, MILLISECONDS, Samples};
use super::scene::Scene;
use super::script::Script;
use crate::error::Result;
use crate::fsx;
use crate::registry;

const ROUNDS: usize = 15;

const SIDECARS: usize = 50;

/// Milliseconds.
const AIM: f64 = 3.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let targets = [registry::host()];
    let scene = |name| Scene::new(bench, name, corpus::small(SIDECARS, &targets), &targets);
    let (bare, configured) = (scene("drift-bare")?, scene("drift")?);
    configured.configure(SIDECARS)?;
    let [mut bare_script, mut script] = [Script::new(bench, &bare)?, Script::new(bench, &configured)?];
    bare_script.run()?;
    script.run()?;
    let manifest = fsx::text_of(&configured.app().join("sidecar.toml")).unwrap_or_default();
    let with_shell =
        manifest.replace("tag = ", "shell = { spawn = true, args = [\"--port\", \"1\"] }\ntag = ");
    let [mut without, mut lists, mut scopes] = [(); 3].map(|()| Samples::default());
    for _ in 0..ROUNDS {
        without.push(bare_script.run_first_look()?.as_secs_f64() * 1e3);
        configured.write("sidecar.toml", &manifest)?;
        lists.push(script.run_first_look()?.as_secs_f64() * 1e3);
        configured.write("sidecar.toml", &with_shell)?;
        scopes.push(script.run_first_look()?.as_secs_f64() * 1e3);
    }
    let check = lists.median() - without.median();
    Ok(vec![
        Figure::told("build() of 50 sidecars, first look, no configuration", without.show(MILLISECONDS)),
        Figure::told("the same with 6 config files", lists.show(MILLISECONDS)),
        Figure::told("the same with a shell scope for each sidecar", scopes.show(MILLISECONDS)),
        Figure::at_most("drift check, 50 sidecars, 6 config files, medians", check, AIM, MILLISECONDS),
    ])
}
