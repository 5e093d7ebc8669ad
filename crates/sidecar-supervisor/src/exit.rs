//! How a process ended: from the system's number to a word.

mod names;
pub(crate) mod oom;

use std::fmt;
use std::process::ExitStatus;

use serde::{Serialize, Serializer};
use sidecar_spec::Run;

/// How a sidecar ended, in one word. New ones may be added in any release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ExitReason {
    /// With a code that means success, or as it was asked to.
    Clean,
    /// With another code.
    Abnormal,
    /// Somebody ended it: a signal, Ctrl-C.
    Killed,
    /// It broke: memory that is not its own, an instruction that is none, an abort.
    Crashed,
    /// The system ended it because memory ran out, or gave it none.
    Oom,
    /// The system could not start it, or not load what it needs.
    LaunchFailed,
    /// Its program is not the one that the spec asks for, so it was not started.
    IntegrityFailure,
}

/// How a sidecar ended.
///
/// `Display` continues a sentence: `exited with code 3`, `was killed by SIGKILL`,
/// `crashed: SIGSEGV (segmentation fault)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Exit {
    /// In one word.
    pub reason: ExitReason,
    /// The exit code, where there is one: 0 to 255 on Unix; on Windows 32 bits with their sign.
    pub code: Option<i32>,
    /// The signal that ended it, on Unix: the system's number, which differs between systems. Serialised it is the name,
    /// such as `SIGKILL`.
    #[serde(serialize_with = "as_name")]
    #[cfg_attr(feature = "typescript", ts(type = "string | null"))]
    pub signal: Option<i32>,
}

impl Exit {
    /// How a process ended that nobody asked to. `run` says which codes mean success.
    pub(crate) fn new(status: ExitStatus, run: &Run) -> Self {
        let success = |code: i32| run.success_codes.iter().any(|known| known.get() == code);
        Self::judge(status.code(), signal(status), success)
    }

    /// Of what could not be started.
    pub(crate) fn not_started(reason: ExitReason) -> Self {
        Self { reason, code: None, signal: None }
    }

    fn judge(code: Option<i32>, signal: Option<i32>, success: impl Fn(i32) -> bool) -> Self {
        let reason = match (code, signal) {
            (Some(code), _) if success(code) => ExitReason::Clean,
            (Some(code), _) => names::status(code).map_or(ExitReason::Abnormal, |(reason, _)| reason),
            (_, Some(signal)) if names::is_fault(signal) => ExitReason::Crashed,
            _ => ExitReason::Killed,
        };
        Self { reason, code, signal }
    }

    /// The same of a sidecar that was asked to end: who then ends by the signal that asks, kills and Ctrl-C included, or
    /// with the code that shells give that signal, ends cleanly. A crash stays one.
    #[must_use]
    pub(crate) fn when_asked(mut self) -> Self {
        let by_shell = self.code.and_then(|code| code.checked_sub(128)).is_some_and(names::is_request);
        if self.reason == ExitReason::Killed || (self.reason == ExitReason::Abnormal && by_shell) {
            self.reason = ExitReason::Clean;
        }
        self
    }

    /// The same where the system killed for memory meanwhile: a SIGKILL that nobody of us sent was its.
    #[must_use]
    pub(crate) fn for_memory(mut self, system_killed: bool) -> Self {
        if system_killed && self.reason == ExitReason::Killed && self.signal.is_some_and(names::is_kill) {
            self.reason = ExitReason::Oom;
        }
        self
    }

    /// The same where the system could start it, but not load all that it needs.
    #[must_use]
    pub(crate) fn not_loaded(mut self) -> Self {
        self.reason = ExitReason::LaunchFailed;
        self
    }

    /// The name of the signal that ended it, such as `SIGKILL`.
    pub fn signal_name(&self) -> Option<&'static str> {
        names::signal(self.signal?).map(|(name, _)| name)
    }

    #[cfg(test)]
    pub(crate) fn of(reason: ExitReason, code: i32) -> Self {
        Self { reason, code: Some(code), signal: None }
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match self.reason {
            ExitReason::Clean if self.signal.is_some() => "ended as it was asked, by ",
            ExitReason::Clean | ExitReason::Abnormal => "exited with ",
            ExitReason::Killed => "was killed by ",
            ExitReason::Crashed => "crashed: ",
            ExitReason::Oom => "was ended because memory ran out: ",
            ExitReason::LaunchFailed if self.code.or(self.signal).is_none() => {
                return f.write_str("could not be started");
            }
            ExitReason::LaunchFailed => "could not be loaded: ",
            ExitReason::IntegrityFailure => {
                return f.write_str("was not started, its program is not the expected one");
            }
        };
        f.write_str(said)?;
        match (self.signal, self.code) {
            (Some(signal), _) => match names::signal(signal) {
                Some((name, words)) if self.reason == ExitReason::Crashed => write!(f, "{name} ({words})"),
                Some((name, _)) => f.write_str(name),
                None => write!(f, "signal {signal}"),
            },
            (None, Some(code)) => match names::status(code) {
                Some((_, "")) => write!(f, "{code:#010X}"),
                Some((_, words)) => write!(f, "{code:#010X} ({words})"),
                None => write!(f, "code {code}"),
            },
            (None, None) => f.write_str("an unknown cause"),
        }
    }
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde gives a reference to the field"
)]
fn as_name<S: Serializer>(signal: &Option<i32>, serializer: S) -> Result<S::Ok, S::Error> {
    match signal {
        None => serializer.serialize_none(),
        Some(number) => match names::signal(*number) {
            Some((name, _)) => serializer.serialize_some(name),
            None => serializer.serialize_some(&format!("signal {number}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(code: u32) -> Exit {
        Exit::judge(Some(code.cast_signed()), None, |code| code == 0 || code == 7)
    }

    #[cfg(unix)]
    fn by(signal: i32) -> Exit {
        Exit::judge(None, Some(signal), |code| code == 0)
    }

    #[test]
    fn codes_are_what_the_spec_says() {
        assert_eq!(
            [code(0), code(7), code(3)].map(|exit| exit.reason),
            [ExitReason::Clean, ExitReason::Clean, ExitReason::Abnormal]
        );
        assert_eq!(code(3).to_string(), "exited with code 3");
        assert_eq!(code(7).to_string(), "exited with code 7");
    }

    #[test]
    fn windows_puts_its_exceptions_into_the_code() {
        let said = |exit: Exit| (exit.reason, exit.to_string());
        assert_eq!(
            said(code(0xC000_0005)),
            (ExitReason::Crashed, "crashed: 0xC0000005 (access violation)".into())
        );
        assert_eq!(
            said(code(0xC000_0135)),
            (ExitReason::LaunchFailed, "could not be loaded: 0xC0000135 (a DLL is missing)".into())
        );
        assert_eq!(code(0xC000_0017).reason, ExitReason::Oom);
        assert_eq!(said(code(0xC000_013A)), (ExitReason::Killed, "was killed by 0xC000013A (Ctrl-C)".into()));
        assert_eq!(said(code(0xC0FF_EE00)), (ExitReason::Crashed, "crashed: 0xC0FFEE00".into()));
        // -1 is a code that programs give.
        assert_eq!(said(code(u32::MAX)), (ExitReason::Abnormal, "exited with code -1".into()));
    }

    #[cfg(unix)]
    #[test]
    fn signals_have_names() {
        let crash = by(11);
        assert_eq!(
            (crash.reason, crash.to_string()),
            (ExitReason::Crashed, "crashed: SIGSEGV (segmentation fault)".into())
        );
        let kill = by(9);
        assert_eq!((kill.reason, kill.to_string()), (ExitReason::Killed, "was killed by SIGKILL".into()));
        assert_eq!(by(64).to_string(), "was killed by signal 64");
        let json = serde_json::to_string(&kill).unwrap();
        assert_eq!(json, r#"{"reason":"killed","code":null,"signal":"SIGKILL"}"#);
    }

    #[cfg(unix)]
    #[test]
    fn what_wwhen_asked_for_is_clean_and_a_crash_stays_one() {
        assert_eq!(
            [by(15), by(9), by(11)].map(|exit| exit.when_asked().reason),
            [ExitReason::Clean, ExitReason::Clean, ExitReason::Crashed]
        );
        assert_eq!(
            [143, 130, 139, 1].map(|number| code(number).when_asked().reason),
            [ExitReason::Clean, ExitReason::Clean, ExitReason::Abnormal, ExitReason::Abnormal]
        );
        assert_eq!(by(15).when_asked().to_string(), "ended as it was asked, by SIGTERM");
    }

    #[cfg(unix)]
    #[test]
    fn only_a_kill_that_nobody_sent_is_for_memory() {
        assert_eq!(by(9).for_memory(true).to_string(), "was ended because memory ran out: SIGKILL");
        assert_eq!(by(9).for_memory(false).reason, ExitReason::Killed);
        assert_eq!(by(15).for_memory(true).reason, ExitReason::Killed);
        assert_eq!(by(9).when_asked().for_memory(true).reason, ExitReason::Clean);
    }

    #[cfg(unix)]
    #[test]
    fn a_real_process_is_told_as_it_ended() {
        let ended = |script: &str| {
            let status = std::process::Command::new("sh").args(["-c", script]).status().unwrap();
            Exit::new(status, &sidecar_spec::Run::default())
        };
        assert_eq!(ended("exit 0").reason, ExitReason::Clean);
        assert_eq!(ended("exit 3").to_string(), "exited with code 3");
        assert_eq!(ended("kill -ABRT $$").to_string(), "crashed: SIGABRT (abort)");
        assert_eq!(ended("kill -USR1 $$").to_string(), "was killed by SIGUSR1");
    }
}
