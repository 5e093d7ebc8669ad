//! Writes the permissions of the commands.

const COMMANDS: &[&str] = &["list"];

fn main() {
    tauri_plugin::Builder::new(COMMANDS).build();
}
