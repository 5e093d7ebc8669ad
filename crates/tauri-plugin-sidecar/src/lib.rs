#![doc = include_str!("../README.md")]

mod builder;
mod commands;
mod error;
mod journal;
mod run;
mod scope;
mod streams;

use tauri::{Manager, Runtime};

pub use builder::{Builder, Config};
pub use sidecar_supervisor as supervisor;
/// Prepares for keepers: **call it in the first line of `main`**, before threads, windows, files. Without it, what sidecars
/// started can outlive an app that crashes.
pub use sidecar_supervisor::init as init_keeper;

/// The plugin, with the sidecars that the app's build script selected: those of `sidecar.toml`.
///
/// ```ignore
/// fn main() {
///     tauri_plugin_sidecar::init_keeper(); // first
///     tauri::Builder::default()
///         .plugin(tauri_plugin_sidecar::init!())
///         .run(tauri::generate_context!())
///         .expect("the app runs");
/// }
/// ```
///
/// It is [`builder!`] with nothing changed.
///
/// # Compile errors
/// Where the calling crate has no build script, or one that does not call `sidecar_fetch::build()`.
#[macro_export]
macro_rules! init {
    () => {
        $crate::builder!().build()
    };
}

/// A [`Builder`] with the sidecars that the app's build script selected, for an app that wants something otherwise.
///
/// In builds with debug assertions it also knows the app's sources, where `cargo sidecar sync` puts programs that were not
/// copied beside the app yet.
///
/// ```ignore
/// tauri_plugin_sidecar::builder!().start_by_hand().mode("demo").build()
/// ```
///
/// # Compile errors
/// Where the calling crate has no build script, or one that does not call `sidecar_fetch::build()`.
#[macro_export]
macro_rules! builder {
    () => {{
        let builder = $crate::Builder::from_json($crate::supervisor::spec_json!());
        #[cfg(debug_assertions)]
        let builder = builder.source_dir(::core::env!("CARGO_MANIFEST_DIR"));
        builder
    }};
}

/// The sidecars, wherever the app is at hand.
pub trait SidecarExt<R: Runtime> {
    /// The supervisor of all sidecars.
    ///
    /// # Panics
    /// Where the plugin is not registered.
    fn sidecars(&self) -> supervisor::Supervisor;

    /// A sidecar by its name.
    ///
    /// # Errors
    /// `unknown-sidecar`, with the nearest name.
    ///
    /// # Panics
    /// Where the plugin is not registered.
    fn sidecar(&self, name: &str) -> supervisor::Result<supervisor::Sidecar> {
        self.sidecars().sidecar(name)
    }
}

impl<R: Runtime, T: Manager<R>> SidecarExt<R> for T {
    fn sidecars(&self) -> supervisor::Supervisor {
        self.state::<run::Sidecars>().supervisor.clone()
    }
}
