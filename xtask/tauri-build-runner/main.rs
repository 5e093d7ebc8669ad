//! Does what the build script of an app does, in the environment and directory of whoever starts it.

fn main() {
    if let Err(error) = tauri_build::try_build(tauri_build::Attributes::new()) {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}
