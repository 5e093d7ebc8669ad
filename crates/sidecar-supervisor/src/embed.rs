//! The spec that a build script wrote, inside the app's program.

/// The text of the `sidecar-spec.json` that the calling crate's build script wrote, as a `&'static str`: for
/// [`Supervisor::from_json`](crate::Supervisor::from_json).
///
/// The whole road, from a release to a program that runs:
///
/// ```ignore
/// // sidecar.toml, beside the app's Cargo.toml; `cargo sidecar sync` checks it, and writes sidecar.lock to be committed:
/// //     [sidecar.pocketbase]
/// //     github = "pocketbase/pocketbase"
/// //     [sidecar.pocketbase.run]
/// //     args = ["serve", "--http", "127.0.0.1:{port}"]
/// // build.rs:
/// fn main() { sidecar_fetch::build() } // and then `tauri_build::build()`
/// // src/main.rs:
/// sidecar_supervisor::init(); // first
/// let supervisor = Supervisor::from_json(sidecar_supervisor::spec_json!(), data_dir)?.build()?;
/// supervisor.sidecar("pocketbase")?.start().wait()?;
/// ```
///
/// The spec has the sidecars that the build's target and Cargo features select: on a mobile target, none.
///
/// # Compile errors
/// Where the calling crate has no build script, or one that does not call `sidecar_fetch::build()`.
#[macro_export]
macro_rules! spec_json {
    () => {
        ::core::include_str!(::core::env!(
            "SIDECAR_SPEC",
            "the package has no build script that calls `sidecar_fetch::build()`: run `cargo sidecar init`"
        ))
    };
}
