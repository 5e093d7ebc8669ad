//! A build script as users write it, so that tests can run it without a build. Where `tauri_build::build()` would come, it
//! prints the configuration that this would see.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "tests read what it prints")]

fn main() {
    sidecar_fetch::build();
    if let Ok(json) = std::env::var("TAURI_CONFIG") {
        println!("TAURI_CONFIG={json}");
    }
}
