//! Stands in for tauri-plugin-shell: only its build metadata.
