//! A thread that runs before `main`, as that of a library which starts one when it is loaded: the allocator of WebKitGTK
//! does, so that every Tauri app on Linux has one.
#![expect(unsafe_code, reason = "a constructor is a section of the program")]

use std::time::Duration;

use crate::cases::{Setup, zygote_of};
use crate::field::{Field, figures};

/// The role of an app that has such a library.
pub(crate) const ROLE: &str = "app-with-a-library";

/// Runs before `main`, and as those of libraries before the program's own: by its number, between std's and the keeper's.
#[used]
#[unsafe(link_section = ".init_array.00100")]
static LIBRARY: extern "C" fn() = {
    extern "C" fn load() {
        if std::env::args().nth(1).as_deref() == Some(ROLE) {
            // It works now and then, and allocates.
            std::thread::spawn(|| {
                loop {
                    std::hint::black_box(vec![0_u8; 100_000]);
                    std::thread::park_timeout(Duration::from_micros(50));
                }
            });
        }
    }
    load
};

/// The zygote is forked all the same.
pub(crate) fn thread_before_main(setup: &Setup) {
    let mut series = Vec::new();
    for _ in 0..setup.rounds(20) {
        let mut field = Field::up_as(ROLE, &[], &["--daemonize=2"]);
        assert!(field.seen.contains(&"scope WholeTree".to_owned()), "{:?}", field.seen);
        // One that was executed has the app's argument.
        let environment =
            std::fs::read_to_string(format!("/proc/{}/environ", zygote_of(&field))).unwrap_or_default();
        assert!(!environment.contains("SIDECAR_KEEPER_ZYGOTE"), "it is a fork");
        series.push(field.kill_app());
    }
    println!("  gone {}", figures(&mut series));
}
