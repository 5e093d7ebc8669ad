//! The threads that run before `main`: those that libraries start when they are loaded.
//!
//! The allocator of WebKitGTK starts one, so that in every Tauri app on Linux the first line of `main` is not alone. Such a
//! thread runs none of the app's code.
#![expect(unsafe_code, reason = "a constructor is a section of the program")]

use std::sync::OnceLock;

/// Their numbers, that of the main thread among them; empty where constructors are not known to run.
static THREADS: OnceLock<Vec<u32>> = OnceLock::new();

/// Called by the C library after the constructors of all libraries, and before those of the program that have no number or
/// a higher one (std's own has 99): a thread that Rust code of the program starts before `main` is not counted.
///
/// In a library that is loaded later it sees the threads that its program has by then; they run no code of this library,
/// nor of its std, unless both share one (`-C prefer-dynamic`, which no app is shipped with).
#[cfg(target_env = "gnu")]
#[used]
// SAFETY: the section holds pointers to functions of C that take arguments which this one ignores.
#[unsafe(link_section = ".init_array.00101")]
static CONSTRUCTOR: extern "C" fn() = {
    extern "C" fn note() {
        let _ = THREADS.set(super::proc::thread_numbers());
    }
    note
};

/// Whether a thread ran before `main` did.
pub(super) fn ran(thread: u32) -> bool {
    THREADS.get().is_some_and(|threads| threads.contains(&thread))
}
