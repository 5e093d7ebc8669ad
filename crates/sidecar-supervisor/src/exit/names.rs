//! What the system's numbers mean.

use super::ExitReason;

/// Signals by name, with words for those that say what broke; whether it is the program's own fault; numbers on Linux and on
/// macOS (0: not there).
const SIGNALS: [(&str, &str, bool, i32, i32); 31] = [
    ("SIGHUP", "its terminal is gone", false, 1, 1),
    ("SIGINT", "interrupt", false, 2, 2),
    ("SIGQUIT", "quit", false, 3, 3),
    ("SIGILL", "illegal instruction", true, 4, 4),
    ("SIGTRAP", "trap", true, 5, 5),
    ("SIGABRT", "abort", true, 6, 6),
    ("SIGEMT", "emulator trap", true, 0, 7),
    ("SIGBUS", "bus error", true, 7, 10),
    ("SIGFPE", "arithmetic error", true, 8, 8),
    ("SIGKILL", "kill", false, 9, 9),
    ("SIGUSR1", "user signal", false, 10, 30),
    ("SIGSEGV", "segmentation fault", true, 11, 11),
    ("SIGUSR2", "user signal", false, 12, 31),
    ("SIGPIPE", "nobody reads its output", false, 13, 13),
    ("SIGALRM", "alarm", false, 14, 14),
    ("SIGTERM", "terminate", false, 15, 15),
    ("SIGSTKFLT", "stack fault", true, 16, 0),
    ("SIGCHLD", "a child ended", false, 17, 20),
    ("SIGCONT", "continue", false, 18, 19),
    ("SIGSTOP", "stop", false, 19, 17),
    ("SIGTSTP", "stop", false, 20, 18),
    ("SIGTTIN", "terminal input", false, 21, 21),
    ("SIGTTOU", "terminal output", false, 22, 22),
    ("SIGURG", "urgent data", false, 23, 16),
    ("SIGXCPU", "its time on the processor is used up", false, 24, 24),
    ("SIGXFSZ", "its file is too big", false, 25, 25),
    ("SIGVTALRM", "timer", false, 26, 26),
    ("SIGPROF", "timer", false, 27, 27),
    ("SIGIO", "input", false, 29, 23),
    ("SIGPWR", "power fails", false, 30, 0),
    ("SIGSYS", "system call that is not allowed", true, 31, 12),
];

/// Codes of Windows, from the list of NTSTATUS values, and exceptions of languages.
const STATUS: [(u32, ExitReason, &str); 22] = [
    (0x4001_0004, ExitReason::Killed, "its debugger ended it"),
    (0x8000_0003, ExitReason::Crashed, "breakpoint"),
    (0xC000_0005, ExitReason::Crashed, "access violation"),
    (0xC000_0006, ExitReason::Crashed, "its file cannot be read"),
    (0xC000_0017, ExitReason::Oom, "no memory"),
    (0xC000_001D, ExitReason::Crashed, "illegal instruction"),
    (0xC000_007B, ExitReason::LaunchFailed, "a DLL is for another processor"),
    (0xC000_0094, ExitReason::Crashed, "division by zero"),
    (0xC000_0096, ExitReason::Crashed, "privileged instruction"),
    (0xC000_009A, ExitReason::Oom, "the system has no resources left"),
    (0xC000_00FD, ExitReason::Crashed, "stack overflow"),
    (0xC000_012D, ExitReason::Oom, "the paging file is full"),
    (0xC000_0135, ExitReason::LaunchFailed, "a DLL is missing"),
    (0xC000_0138, ExitReason::LaunchFailed, "a DLL is another version"),
    (0xC000_0139, ExitReason::LaunchFailed, "a DLL is another version"),
    (0xC000_013A, ExitReason::Killed, "Ctrl-C"),
    (0xC000_0142, ExitReason::LaunchFailed, "a DLL could not be initialised"),
    (0xC000_0374, ExitReason::Crashed, "heap corruption"),
    (0xC000_0409, ExitReason::Crashed, "abort"),
    (0xE000_0008, ExitReason::Oom, "no memory"),
    (0xE043_4352, ExitReason::Crashed, ".NET exception"),
    (0xE06D_7363, ExitReason::Crashed, "C++ exception"),
];

/// The lowest number of an NTSTATUS that is an error; above the highest, programs give small negative codes.
const ERRORS: std::ops::Range<u32> = 0xC000_0000..0xD000_0000;

/// The name of a signal, and in words.
pub(super) fn signal(number: i32) -> Option<(&'static str, &'static str)> {
    row(number).map(|(name, words, ..)| (*name, *words))
}

/// Whether a program gets that signal for what it does itself.
pub(super) fn is_fault(number: i32) -> bool {
    row(number).is_some_and(|(_, _, fault, ..)| *fault)
}

/// Whether a signal is one that asks a program to end.
pub(super) fn is_request(number: i32) -> bool {
    matches!(signal(number), Some(("SIGHUP" | "SIGINT" | "SIGTERM" | "SIGKILL", _)))
}

pub(super) fn is_kill(number: i32) -> bool {
    matches!(signal(number), Some(("SIGKILL", _)))
}

/// What a code of Windows means: no program gives one by itself, and on Unix there are none.
pub(super) fn status(code: i32) -> Option<(ExitReason, &'static str)> {
    let code = code.cast_unsigned();
    let known =
        STATUS.iter().find(|(number, ..)| *number == code).map(|(_, reason, words)| (*reason, *words));
    known.or_else(|| ERRORS.contains(&code).then_some((ExitReason::Crashed, "")))
}

fn row(number: i32) -> Option<&'static (&'static str, &'static str, bool, i32, i32)> {
    let apple = cfg!(target_vendor = "apple");
    SIGNALS.iter().find(|(.., linux, mac)| number > 0 && number == if apple { *mac } else { *linux })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_there_once() {
        for column in [|row: &(_, _, _, i32, i32)| row.3, |row: &(_, _, _, i32, i32)| row.4] {
            let mut numbers: Vec<i32> = SIGNALS
                .iter()
                .map(|(a, b, c, d, e)| column(&(*a, *b, *c, *d, *e)))
                .filter(|number| *number > 0)
                .collect();
            let all = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), all);
        }
        assert!(STATUS.is_sorted_by_key(|(code, ..)| code));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_names_are_those_of_this_system() {
        for number in 1..=31 {
            let told =
                std::process::Command::new("sh").args(["-c", &format!("kill -l {number}")]).output().unwrap();
            let told = String::from_utf8(told.stdout).unwrap();
            let name = signal(number).map_or("none", |(name, _)| &name[3..]);
            // Some shells know no name for 16 and print the number; 28 ends nothing and is not in the table.
            let known = [name, &number.to_string()].contains(&told.trim());
            assert!(known || number == 28, "{number}: {told}");
        }
    }
}
