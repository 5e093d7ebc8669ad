//! Checks the capabilities, as in every app.

fn main() {
    tauri_build::build();
}
