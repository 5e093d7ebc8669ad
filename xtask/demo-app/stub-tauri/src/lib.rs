//! Stands in for tauri: only its build metadata.
