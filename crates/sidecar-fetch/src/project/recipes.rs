//! Recipes against what their repositories show.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Project;
use crate::error::Error;
use crate::manifest::recipe::Recipe;
use crate::manifest::{FILE, Manifest, Settings};

impl Project<'_> {
    /// The tag of the newest release that a recipe leads to, and the names of its assets.
    ///
    /// # Errors
    /// Whatever keeps the release from being asked for.
    pub fn newest_of(&self, recipe: &Recipe) -> Result<(String, Vec<String>), Error> {
        self.need_network(&format!("asking for the newest `{}`", recipe.name))?;
        let manifest =
            Manifest { path: PathBuf::from(FILE), settings: Settings::default(), sidecars: BTreeMap::new() };
        let release = self.release_of_age(&manifest, recipe.sidecar(), None, None)?;
        let names = release.names().into_iter().map(str::to_owned).collect();
        Ok((release.tag, names))
    }
}
