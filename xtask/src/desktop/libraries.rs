//! The system's libraries that a webview needs, and the Debian packages that bring them.

use std::process::Command;

use crate::setup::{self, Tool};

/// What Tauri is compiled against, as pkg-config names it.
const MODULES: [&str; 2] = ["webkit2gtk-4.1", "gtk+-3.0"];

/// To compile an app, also one with a tray icon.
const COMPILE: [Tool; 4] = [
    ("/usr/bin/pkg-config", "pkg-config"),
    ("/usr/include/webkitgtk-4.1/webkit2/webkit2.h", "libwebkit2gtk-4.1-dev"),
    (
        "/usr/include/libayatana-appindicator3-0.1/libayatana-appindicator/app-indicator.h",
        "libayatana-appindicator3-dev",
    ),
    ("/usr/include/librsvg-2.0/librsvg/rsvg.h", "librsvg2-dev"),
];

/// To run a window where there is no screen, and to press its buttons.
const WINDOW: [Tool; 5] = [
    ("/usr/bin/Xvfb", "xvfb"),
    ("/usr/bin/xauth", "xauth"),
    ("/usr/bin/WebKitWebDriver", "webkit2gtk-driver"),
    ("/usr/bin/dbus-run-session", "dbus"),
    ("/usr/bin/dbus-launch", "dbus-x11"),
];

/// What to install to compile the plugin; `None` where nothing is missing. Windows and macOS bring their webview along.
pub(super) fn missing() -> Option<String> {
    let found = !cfg!(target_os = "linux")
        || Command::new("pkg-config").arg("--exists").args(MODULES).status().is_ok_and(|s| s.success());
    (!found).then(|| {
        let missing = setup::missing(&COMPILE);
        let packages =
            if missing.is_empty() { COMPILE.map(|(_, package)| package).to_vec() } else { missing };
        format!(
            "needs {}; apt-get install {} (or cargo xtask desktop --setup)",
            MODULES.join(", "),
            packages.join(" ")
        )
    })
}

/// The packages that are missing, those for a window among them.
pub(super) fn packages() -> Vec<&'static str> {
    setup::missing(&[&COMPILE[..], &WINDOW].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsx;
    use crate::run::root;

    #[test]
    fn the_workflows_install_the_same_packages() {
        let text = fsx::text_of(&root().join(".github/workflows/ci.yml")).unwrap();
        for (_, package) in COMPILE.iter().chain(&WINDOW).filter(|(_, package)| *package != "pkg-config") {
            assert!(text.contains(package), "{package}");
        }
    }
}
