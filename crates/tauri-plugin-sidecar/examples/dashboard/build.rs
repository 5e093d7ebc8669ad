fn main() {
    sidecar_fetch::build();
    tauri_build::build();
}
