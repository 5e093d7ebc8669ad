//! A window that shows its sidecars, and lets you break them.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tauri::{AppHandle, Manager};
use tauri_plugin_sidecar::SidecarExt;

fn main() {
    tauri_plugin_sidecar::init_keeper(); // the first line
    tauri::Builder::default()
        // Started by hand: the files that they work on have to be there first.
        .plugin(tauri_plugin_sidecar::builder!().start_by_hand().build())
        .invoke_handler(tauri::generate_handler![source, save, crash])
        .setup(|app| {
            let site = site(app.handle())?;
            fs::create_dir_all(&site)?;
            for name in ["index.html", "style.css", "app.ts"] {
                let file = site.join(name);
                if name != "app.ts" || !file.exists() {
                    fs::copy(app.path().resource_dir()?.join("site").join(name), file)?;
                }
            }
            // The window shows what becomes of it.
            drop(app.sidecars().start_all());
            Ok(())
        })
        .run(tauri::generate_context!())
        .expect("the app runs");
}

/// Where `preview` serves from: what is edited there is the user's, so it lies with their data.
fn site(app: &AppHandle) -> tauri::Result<PathBuf> {
    Ok(app.path().app_local_data_dir()?.join("site"))
}

/// The program that the preview shows.
#[tauri::command]
async fn source(app: AppHandle) -> Result<String, String> {
    let file = site(&app).map_err(|e| e.to_string())?.join("app.ts");
    fs::read_to_string(file).map_err(|e| e.to_string())
}

/// Saves it; both sidecars see that and build it again.
#[tauri::command]
async fn save(app: AppHandle, text: String) -> Result<(), String> {
    let file = site(&app).map_err(|e| e.to_string())?.join("app.ts");
    fs::write(file, text).map_err(|e| e.to_string())
}

/// Kills a sidecar's first process the hard way. No app needs this: it is here to see what happens then.
#[tauri::command]
async fn crash(app: AppHandle, name: String) -> Result<(), String> {
    let sidecar = app.sidecar(&name).map_err(|e| e.to_string())?;
    let pid = sidecar.status().pid.ok_or("it does not run")?.to_string();
    let mut kill = if cfg!(windows) {
        let mut kill = Command::new("taskkill");
        kill.args(["/F", "/PID", &pid]);
        kill
    } else {
        let mut kill = Command::new("kill");
        kill.args(["-KILL", &pid]);
        kill
    };
    let done = kill.status().map_err(|e| e.to_string())?;
    done.success().then_some(()).ok_or_else(|| format!("process {pid} cannot be killed"))
}
