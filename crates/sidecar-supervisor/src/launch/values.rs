//! What stands in for the placeholders of run time.

use std::net::SocketAddr;
use std::path::Path;

use sidecar_spec::{Placeholder, Template};

use crate::app::{App, Shared};
use crate::error::{Error, Kind};
use crate::machine::Failure;
use crate::secret::Secret;

/// The values of one launch.
pub(crate) struct Values<'a> {
    pub(crate) app: &'a App,
    pub(crate) shared: &'a Shared,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) token: Option<&'a Secret>,
    pub(crate) nonce: Option<&'a Secret>,
}

impl Values<'_> {
    /// The text with all values, or which of them is not known, and in which key of the `run` table.
    pub(crate) fn expand(&self, key: &str, template: &Template) -> Result<String, Failure> {
        template.expand(|placeholder| self.of(placeholder)).map_err(|placeholder| {
            let name = &self.shared.name;
            if let Some(dir) = self.dir(placeholder) {
                let headline = format!("`{placeholder}` is no text: the directory's name is not UTF-8");
                return Failure::permanent(
                    Error::new(Kind::PlaceholderUnknown, headline)
                        .fact("sidecar", name)
                        .fact("key", key)
                        .fact("directory", dir.display())
                        .help("choose a directory whose name is UTF-8"),
                );
            }
            let error = Error::new(Kind::PlaceholderUnknown, format!("`{placeholder}` is not known"))
                .fact("sidecar", name)
                .fact("key", key);
            Failure::permanent(match placeholder {
                Placeholder::ResourceDir => error.help("name the directory to `Builder::resource_dir`"),
                Placeholder::PortOf(other) | Placeholder::UrlOf(other) => {
                    error.help(format!("let `{name}` depend on `{other}`, which must have a port"))
                }
                _ => error,
            })
        })
    }

    /// The directory that it stands for, where it stands for one that is known.
    fn dir(&self, placeholder: &Placeholder) -> Option<&Path> {
        match placeholder {
            Placeholder::DataDir => Some(&self.app.data_dir),
            Placeholder::InstanceDir => Some(self.app.instance.dir()),
            Placeholder::ResourceDir => self.app.resource_dir.as_deref(),
            _ => None,
        }
    }

    fn of(&self, placeholder: &Placeholder) -> Option<String> {
        let other = |name: &str| self.app.sidecars.get(name)?.view().address;
        match placeholder {
            Placeholder::Port => self.address.map(|address| address.port().to_string()),
            Placeholder::Host => Some(self.shared.spec.run.host.address().to_string()),
            Placeholder::DataDir | Placeholder::InstanceDir | Placeholder::ResourceDir => {
                self.dir(placeholder)?.to_str().map(str::to_owned)
            }
            Placeholder::Token => self.token.map(|token| token.reveal().to_owned()),
            Placeholder::Nonce => self.nonce.map(|nonce| nonce.reveal().to_owned()),
            Placeholder::Name => Some(self.shared.name.to_string()),
            Placeholder::Mode => Some(self.app.mode.clone()),
            Placeholder::PortOf(name) => other(name).map(|address| address.port().to_string()),
            Placeholder::UrlOf(name) => other(name).map(|address| format!("http://{address}")),
        }
    }
}
