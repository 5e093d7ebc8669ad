//! Tells tauri-build what the build script of tauri tells it: whether this is development, and the core permissions.

use std::path::PathBuf;

const CORE: &str = r#"
[default]
description = "Default core plugins set; the stub has none."
permissions = []
"#;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let dev = std::env::var_os("CARGO_FEATURE_CUSTOM_PROTOCOL").is_none();
    println!("cargo:dev={dev}");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("core.toml"), CORE).expect("OUT_DIR is writable");
    let list = out.join("core-permission-files");
    // Relative entries are relative to the list.
    std::fs::write(&list, r#"["core.toml"]"#).expect("OUT_DIR is writable");
    println!("cargo:core__CORE_PLUGIN___PERMISSION_FILES_PATH={}", list.display());
}
