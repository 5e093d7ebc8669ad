//! Small values that are checked when they are parsed.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::Invalid;
use crate::read::{Refused, Take, deserialize, text};

/// A regular expression in the syntax of Rust's `regex` crate. It compiles: that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(String);

text!(Pattern, "a regular expression in the syntax of Rust's `regex` crate", None);

/// A JSON pointer (RFC 6901), such as `/attr/port`. Never the whole document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonPointer(String);

text!(JsonPointer, "a JSON pointer such as `/attr/port`", Some("^/([^~]|~[01])*$"));

/// A SHA-256, as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sha256(String);

text!(Sha256, "a SHA-256 of 64 hexadecimal digits", Some("^[0-9a-fA-F]{64}$"));

/// A share of the CPU: `50%` is half of one core, `200%` are two cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuShare(u32);

text!(CpuShare, "a share such as `50%`, of one core", Some("^[1-9][0-9]*%$"));

/// An exit code: 0 to 255 on Unix; on Windows any 32 bits, written with or without sign (`0xC0000135` is -1073741515).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExitCode(i32);

deserialize!(ExitCode);

impl Pattern {
    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the expression has a group of that name.
    pub(crate) fn has_group(&self, name: &str) -> bool {
        regex::Regex::new(&self.0)
            .is_ok_and(|regex| regex.capture_names().flatten().any(|group| group == name))
    }
}

impl FromStr for Pattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match regex::Regex::new(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(regex::Error::CompiledTooBig(_)) => Err(Invalid::new("it would take too much memory")),
            // The message draws the expression over several lines; its last one is the reason.
            Err(error) => {
                let drawn = error.to_string();
                let reason = drawn.lines().last().unwrap_or_default();
                Err(Invalid::new(reason.trim_start_matches("error: ")))
            }
        }
    }
}

impl FromStr for JsonPointer {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if !text.starts_with('/') {
            return Err(Invalid::new("it begins with `/`"));
        }
        if text.split('~').skip(1).any(|after| !after.starts_with(['0', '1'])) {
            return Err(Invalid::new("`~` is written `~0`, and a `/` within a name `~1`"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl JsonPointer {
    /// The pointer as `serde_json::Value::pointer` takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sha256 {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Invalid::new("there is another character in it"));
        }
        if text.len() != 64 {
            return Err(Invalid::new(format!("it has {} digits", text.len())));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl Sha256 {
    /// 64 lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CpuShare {
    /// The share in hundredths of a core; never 0.
    pub const fn percent(self) -> u32 {
        self.0
    }
}

impl FromStr for CpuShare {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = text.strip_suffix('%').ok_or_else(|| Invalid::new("the `%` is missing"))?;
        match digits.parse() {
            Ok(0) => Err(Invalid::new("with no share it would never run")),
            Ok(percent) if digits.starts_with(|c: char| c.is_ascii_digit()) => Ok(Self(percent)),
            _ => Err(Invalid::new("write a whole number in front of the `%`")),
        }
    }
}

impl ExitCode {
    /// The code as [`std::process::ExitStatus::code`] gives it.
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl From<i32> for ExitCode {
    fn from(code: i32) -> Self {
        Self(code)
    }
}

impl Take for ExitCode {
    fn takes() -> String {
        "an exit code of at most 32 bits".to_owned()
    }

    fn integer(number: i128) -> Result<Self, Refused> {
        let signed = i32::try_from(number).or_else(|_| u32::try_from(number).map(u32::cast_signed));
        signed.map(Self).map_err(|_| Refused::Type)
    }
}

impl Serialize for ExitCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(self.0)
    }
}

impl fmt::Display for ExitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for CpuShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_right_is_refused_with_the_reason() {
        let pattern = |text: &str| text.parse::<Pattern>().unwrap_err().to_string();
        assert_eq!(pattern("(a"), "unclosed group");
        let pointer = |text: &str| text.parse::<JsonPointer>().unwrap_err().to_string();
        assert_eq!(pointer("attr.port"), "it begins with `/`");
        assert!(pointer("/a~b").contains("`~0`"));
        assert_eq!("ab".parse::<Sha256>().unwrap_err().to_string(), "it has 2 digits");
        assert!("0%".parse::<CpuShare>().is_err());
        assert!("+5%".parse::<CpuShare>().is_err());
        assert!("50".parse::<CpuShare>().is_err());
    }

    #[test]
    fn codes_of_windows_may_be_written_as_they_are_documented() {
        assert_eq!(ExitCode::integer(0xC000_0135).unwrap().get(), -1_073_741_515);
        assert_eq!(ExitCode::integer(-1).unwrap().get(), -1);
        assert!(ExitCode::integer(1 << 32).is_err());
    }

    #[test]
    fn a_group_is_found_by_name() {
        let pattern: Pattern = r"port (?<port>\d+)".parse().unwrap();
        assert!(pattern.has_group("port"));
        assert!(!pattern.has_group("host"));
    }
}
