//! From the start of the app to its end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use sidecar_supervisor::{Missing, Scope, Supervisor, containment_scope};
use tauri::Runtime;
use tauri::path::PathResolver;

use crate::builder::{Builder, Config, Source};
use crate::journal;
use crate::streams::Streams;

/// What the app holds.
#[derive(Debug)]
pub(crate) struct Sidecars {
    pub(crate) supervisor: Supervisor,
    pub(crate) streams: Streams,
    pub(crate) calls: Calls,
}

/// The last calls that must not be carried out twice.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<VecDeque<String>>);

impl Calls {
    /// Whether it was made before; from now on it was.
    pub(crate) fn is_known(&self, call: &str) -> bool {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.iter().any(|known| known == call) {
            return true;
        }
        if calls.len() == 256 {
            calls.pop_front();
        }
        // A page makes up short ones.
        calls.push_back(call.chars().take(64).collect());
        false
    }
}

/// Ends the sidecars when Tauri lets go of what it keeps for plugins: `AppHandle::restart` on the main thread does that
/// without an event.
#[derive(Debug)]
pub(crate) struct AtExit(Supervisor);

impl tauri::Resource for AtExit {
    /// A page may close resources of the app by their number (`core:resources`), and must not end sidecars by that: then only
    /// the event tells of the end.
    fn close(self: Arc<Self>) {
        std::mem::forget(self);
    }
}

impl Drop for AtExit {
    fn drop(&mut self) {
        stop(&self.0);
    }
}

/// Makes the supervisor, and starts what is to be started with the app.
pub(crate) fn begin<R: Runtime>(
    builder: Builder,
    config: &Config,
    paths: &PathResolver<R>,
) -> Result<Sidecars, Box<dyn std::error::Error>> {
    let data_dir = match builder.data_dir {
        Some(dir) => dir,
        None => paths.app_local_data_dir()?,
    };
    let mut made = match builder.source {
        Source::Json(text) => Supervisor::from_json(&text, data_dir)?,
        Source::Spec(spec) => Supervisor::builder(*spec, data_dir),
    };
    // A development build on some systems has none.
    if let Ok(dir) = paths.resource_dir() {
        made = made.resource_dir(dir);
    }
    if let Some(dir) = builder.source_dir {
        made = made.source_dir(dir);
    }
    if let Some(dir) = builder.log_dir {
        made = made.log_dir(dir);
    }
    if let Some(mode) = builder.mode.or_else(|| config.mode.clone()) {
        made = made.mode(mode);
    }
    for (sidecar, secret) in builder.tokens {
        made = made.token(sidecar, secret);
    }
    let supervisor = made.build()?;
    warn_of_scope(&supervisor);
    if builder.autostart.or(config.autostart).unwrap_or(true) {
        // Who fails, and why, is an event, and a state.
        drop(supervisor.start_all());
    }
    Ok(Sidecars { supervisor, streams: Streams::default(), calls: Calls::default() })
}

/// Where not everything ends with the app, its developer should know.
fn warn_of_scope(supervisor: &Supervisor) {
    if supervisor.sidecars().next().is_none() {
        return;
    }
    let (Scope::Leader(why) | Scope::Nothing(why)) = containment_scope() else { return };
    let what = match why {
        Missing::Init => "call `tauri_plugin_sidecar::init_keeper()` in the first line of `main`".to_owned(),
        why => why.to_string(),
    };
    journal::tell(log::Level::Warn, &format!("what sidecars start can outlive this app: {what}"));
}

/// Stops everything, and waits for it: after this the process ends.
pub(crate) fn end(sidecars: &Sidecars) {
    sidecars.streams.close_all();
    stop(&sidecars.supervisor);
}

/// Stops everything, and keeps it from being started again.
fn stop(supervisor: &Supervisor) {
    // Its reply would also wait until files can be replaced, which nobody is about to do.
    drop(supervisor.prepare_for_update());
    if let Err(error) = supervisor.stop_all().wait() {
        journal::tell(log::Level::Error, &error.to_string());
    }
}

impl Sidecars {
    /// What ends them where no event tells of the end.
    pub(crate) fn at_exit(&self) -> AtExit {
        AtExit(self.supervisor.clone())
    }
}
