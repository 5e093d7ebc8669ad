//! `cargo xtask desktop window`: the example app in a real window, its buttons pressed by WebDriver, and what it says compared with
//! the table of processes.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

mod app;
mod driver;
mod page;
mod processes;
mod screen;
mod step;
mod story;

use crate::error::Result;
use crate::setup;
use crate::setup::Tool;

/// What presses buttons where there is no screen, and the Debian package of each.
const TOOLS: [Tool; 4] = [
    ("/usr/bin/Xvfb", "xvfb"),
    ("/usr/bin/xvfb-run", "xvfb"),
    ("/usr/bin/dbus-run-session", "dbus"),
    (screen::DRIVER, "webkit2gtk-driver"),
];

/// What to install, in one line; `None` where nothing is missing. Builds the app for that, which tells whether its
/// sidecars can be had.
pub(crate) fn missing() -> Result<Option<String>> {
    if !cfg!(target_os = "linux") {
        return Ok(Some("only Linux has a webview that can be driven without a screen".to_owned()));
    }
    if let Some(why) = crate::desktop::missing() {
        return Ok(Some(why));
    }
    let mut packages = setup::missing(&TOOLS);
    packages.dedup();
    if !packages.is_empty() {
        return Ok(Some(format!("apt-get install {}", packages.join(" "))));
    }
    app::build()
}

/// The story, with the app as [`missing`] built it.
pub(crate) fn test() -> Result<()> {
    println!("\n== window");
    let start = std::time::Instant::now();
    story::tell()?;
    println!("== window: {:.1} s", start.elapsed().as_secs_f32());
    Ok(())
}
