//! How it ends, if it does.

use std::io::Write;
use std::time::Duration;

use crate::flags::Flags;
use crate::sys;

pub(crate) fn end(flags: &Flags) -> ! {
    let code = flags.number("--exit").and_then(|code| i32::try_from(code).ok());
    if flags.has("--echo-stdin") {
        let mut out = std::io::stdout();
        std::io::copy(&mut std::io::stdin(), &mut out).unwrap();
        out.flush().unwrap();
        std::process::exit(code.unwrap_or(0));
    }
    if let Some(after) = flags.number("--exit-after") {
        std::thread::sleep(Duration::from_millis(after));
        std::process::exit(code.unwrap_or(0));
    }
    if let Some(code) = code {
        std::process::exit(code);
    }
    if flags.has("--abort") {
        std::process::abort();
    }
    if flags.has("--segv") {
        sys::segv();
    }
    if flags.has("--stop-self") {
        sys::stop();
    }
    sys::sleep_for_ever()
}

/// More than a pipe holds: whoever does not drain it blocks these words.
pub(crate) fn last_words(path: &str) -> ! {
    let mut out = std::io::stdout();
    let said = out.write_all(&vec![b'.'; 1 << 20]).and_then(|()| out.flush());
    if said.is_ok() {
        std::fs::File::create(path).unwrap();
    }
    std::process::exit(0);
}
