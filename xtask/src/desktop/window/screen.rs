//! A screen that nobody sees, and on it the driver, which starts apps.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use sidecar_keeper::{Event, Keeper, Launch};

use crate::error::{Error, Result};
use crate::fsx;

/// The driver that belongs to the webview.
pub(super) const DRIVER: &str = "/usr/bin/WebKitWebDriver";

/// Until everything on the screen has ended.
const END: Duration = Duration::from_secs(10);

/// The screen, with all that runs on it. When it is dropped, nothing of that is left.
#[derive(Debug)]
pub(super) struct Screen {
    keeper: Keeper,
    /// Where the driver listens, on loopback.
    pub(super) port: u16,
}

/// Whether pages are told that people like it dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Light {
    Day,
    Night,
}

impl Screen {
    /// Starts it. What apps keep goes below `data`, and what is printed into `log`.
    pub(super) fn start(data: &Path, log: &Path, light: Light) -> Result<Self> {
        let port = free_port().map_err(Error::because("no free port"))?;
        let log = fsx::append(log)?;
        let copy = log.try_clone().map_err(Error::because("no second handle of a log"))?;
        let theme = if light == Light::Night { "Adwaita:dark" } else { "Adwaita" };
        let mut launch = Launch::new("/usr/bin/xvfb-run")
            .args(["-a", "-s", "-screen 0 1400x1000x24", "/usr/bin/dbus-run-session", "--", DRIVER])
            .arg(format!("--port={port}"))
            .env("GTK_THEME", theme)
            // What tauri-driver sets: without it, the app's webview cannot be driven.
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdout(log)
            .stderr(copy);
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"] {
            launch = launch.env_remove(name);
        }
        for (name, dir) in
            [("XDG_DATA_HOME", "data"), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache")]
        {
            launch = launch.env(name, data.join(dir));
        }
        let keeper = Keeper::spawn(launch).map_err(Error::because("no screen"))?;
        Ok(Self { keeper, port })
    }
}

/// A port that is free now. The driver takes no socket, so that another program can be faster, and it fails.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let end = Instant::now() + END;
        while let Ok(Some(event)) =
            self.keeper.next_event(Some(end.saturating_duration_since(Instant::now())))
        {
            if matches!(event, Event::TreeEmpty | Event::KeeperLost(_)) {
                return;
            }
        }
    }
}
