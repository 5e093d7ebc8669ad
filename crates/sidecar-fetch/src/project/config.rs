//! `config`: what `tauri build --config` takes, so that another choice of features reaches build script and bundler.

use super::{Features, Project};
use crate::config::{Configs, Drift, Format, Node, Owned, Platform, Wanted, external_bin};
use crate::error::{Error, Kind};
use crate::target::Target;

impl Project<'_> {
    /// The part of Tauri's configuration that lists the sidecars of a target with these features, the user's entries
    /// included: one line of JSON for `tauri build --config`.
    ///
    /// # Errors
    /// [`Kind::Usage`] where the app has no configuration of Tauri; [`Kind::ConfigInvalid`] where it does not parse.
    pub fn config(&self, target: &str, features: &Features) -> Result<String, Error> {
        let manifest = self.manifest()?;
        let target = Target::parse(target)?;
        let features = features.resolve(&self.package.features)?;
        let platform = Platform::of(&target);
        let Some(configs) = Configs::read(self.app(), &[platform])? else {
            return Err(Error::new(Kind::Usage, "the app has no configuration of Tauri")
                .fact("looked for", Format::base_names().join(", "))
                .fact("in", self.app().display())
                .help("name the app's package: `-p PACKAGE`"));
        };
        let lock = super::lock_as_is(&manifest)?;
        let owned = Owned::of(&manifest, &lock);
        let wanted = Wanted::for_target(&manifest, &target, &features);
        let effective = configs.effective(platform, None);
        let drift = Drift::of(&effective, &wanted, &owned);
        let list = Node::strings(drift.external_bin.applied_to(&external_bin(&effective)));
        Ok(drift.patch(&effective, list).to_json())
    }
}
