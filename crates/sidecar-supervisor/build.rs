//! Tells the crate which target it is built for: development builds find `<name>-<triple>` in the app's sources.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo sets it for build scripts, and nothing else is read"
    )]
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=SIDECAR_SUPERVISOR_TARGET={target}");
}
