//! Tells tauri-build which permissions tauri-plugin-shell has, as its build script does.

use std::path::PathBuf;

const DEFAULT: &str = r#"
[default]
description = "Allows to open links, as the real plugin does by default."
permissions = ["allow-open"]
"#;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut permissions = DEFAULT.to_owned();
    for command in ["execute", "kill", "open", "spawn", "stdin_write"] {
        let name = command.replace('_', "-");
        for verb in ["allow", "deny"] {
            permissions.push_str(&format!(
                "\n[[permission]]\nidentifier = \"{verb}-{name}\"\n\
                 description = \"The {command} command: {verb}.\"\ncommands.{verb} = [\"{command}\"]\n"
            ));
        }
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("shell.toml"), permissions).expect("OUT_DIR is writable");
    let list = out.join("permission-files");
    // Relative entries are relative to the list.
    std::fs::write(&list, r#"["shell.toml"]"#).expect("OUT_DIR is writable");
    println!("cargo:PERMISSION_FILES_PATH={}", list.display());
}
