//! What the plugin is made of.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::Deserialize;
use sidecar_supervisor::Spec;
use tauri::plugin::TauriPlugin;
use tauri::webview::PageLoadEvent;
use tauri::{Manager, RunEvent, Runtime, WindowEvent};

use crate::run::{self, Sidecars};
use crate::{commands, journal};

/// `plugins.sidecar` in Tauri's configuration.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// `false`: sidecars are started when somebody starts them, and not with the app.
    pub autostart: Option<bool>,
    /// The value of `{mode}`. By default `development` in builds with debug assertions, else `production`.
    pub mode: Option<String>,
}

/// Where the sidecars are described.
#[derive(Debug)]
pub(crate) enum Source {
    Json(Cow<'static, str>),
    Spec(Box<Spec>),
}

/// Makes the plugin.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    pub(crate) source: Source,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) log_dir: Option<PathBuf>,
    pub(crate) source_dir: Option<PathBuf>,
    pub(crate) mode: Option<String>,
    pub(crate) autostart: Option<bool>,
    pub(crate) tokens: Vec<(String, String)>,
}

impl Builder {
    /// With the sidecars that this JSON describes, as `build()` writes it to `sidecar-spec.json`.
    pub fn from_json(spec: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Source::Json(spec.into()))
    }

    /// With these sidecars.
    pub fn new(spec: Spec) -> Self {
        Self::of(Source::Spec(Box::new(spec)))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            data_dir: None,
            log_dir: None,
            source_dir: None,
            mode: None,
            autostart: None,
            tokens: Vec::new(),
        }
    }

    /// Where sidecars keep what they need again: `{data_dir}`. By default the app's directory for local data.
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(dir.into());
        self
    }

    /// Where log files are written. By default `logs` in the data directory.
    pub fn log_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.log_dir = Some(dir.into());
        self
    }

    /// The app's sources: in builds with debug assertions, programs that were not copied beside the app yet are found there.
    pub fn source_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.source_dir = Some(dir.into());
        self
    }

    /// The value of `{mode}`; it goes before the configuration's.
    pub fn mode(mut self, mode: impl Into<String>) -> Self {
        self.mode = Some(mode.into());
        self
    }

    /// The secret of a sidecar, instead of a new one for each launch; of 8 visible ASCII characters at least.
    pub fn token(mut self, sidecar: impl Into<String>, secret: impl Into<String>) -> Self {
        self.tokens.push((sidecar.into(), secret.into()));
        self
    }

    /// Nothing is started with the app; it goes before the configuration's `autostart`.
    pub fn start_by_hand(mut self) -> Self {
        self.autostart = Some(false);
        self
    }

    /// The plugin.
    ///
    /// It is ready when the app's `setup` runs: sidecars are being started then, and can be waited for. When the event loop
    /// ends they are stopped, which the end of the app waits for.
    ///
    /// # Errors
    /// When the app is built, Tauri reports what [`Supervisor`](crate::supervisor::Supervisor) refuses: a spec that does
    /// not fit together, a data directory that cannot be made.
    pub fn build<R: Runtime>(self) -> TauriPlugin<R, Option<Config>> {
        tauri::plugin::Builder::<R, Option<Config>>::new("sidecar")
            .invoke_handler(commands::handler())
            .setup(move |app, api| {
                let config = api.config().clone().unwrap_or_default();
                let sidecars = run::begin(self, &config, app.path())?;
                journal::keep(&sidecars.supervisor)?;
                app.resources_table().add(sidecars.at_exit());
                app.manage(sidecars);
                Ok(())
            })
            .on_page_load(|webview, load| {
                // What the page that is left had open is nobody's any more.
                if load.event() == PageLoadEvent::Started {
                    webview.state::<Sidecars>().streams.close_page(webview.label());
                }
            })
            .on_event(|app, event| match event {
                RunEvent::WindowEvent { label, event: WindowEvent::Destroyed, .. } => {
                    app.state::<Sidecars>().streams.close_window(label);
                }
                RunEvent::Exit => run::end(&app.state::<Sidecars>()),
                _ => {}
            })
            .build()
    }
}
