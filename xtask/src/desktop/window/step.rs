//! A step of the story: what is promised, and how long it may take.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// No step takes longer.
const LIMIT: Duration = Duration::from_secs(60);

/// From one look to the next.
const PAUSE: Duration = Duration::from_millis(40);

/// The end of a step, which all that it waits for shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Looks until `look` finds something, and gives that. The error says what was waited for, and what was seen last.
    pub(super) fn until<T>(self, what: &str, mut look: impl FnMut() -> Result<Seen<T>>) -> Result<T> {
        loop {
            match look()? {
                Seen::There(found) => return Ok(found),
                Seen::NotYet(instead) if self.left().is_zero() => {
                    let limit = LIMIT.as_secs();
                    return Err(Error::new(format!("waited {limit} s for: {what}\n  last seen: {instead}")));
                }
                Seen::NotYet(_) => std::thread::sleep(PAUSE),
            }
        }
    }
}

/// What a look found.
#[derive(Debug)]
pub(super) enum Seen<T> {
    There(T),
    /// What is there instead, for the error.
    NotYet(String),
}

impl Seen<()> {
    pub(super) fn when(holds: bool, instead: impl Into<String>) -> Self {
        if holds { Self::There(()) } else { Self::NotYet(instead.into()) }
    }
}

/// Does a step, and says in one line what it showed and how long it took.
pub(super) fn step<T>(name: &str, action: impl FnOnce(Deadline) -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let done = action(Deadline(start + LIMIT)).map_err(Error::because(format!("window: {name}")))?;
    println!("   ok  {name}  ({:.1} s)", start.elapsed().as_secs_f32());
    Ok(done)
}

/// That something holds; else this is the error.
pub(super) fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::new(otherwise())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_come_is_told_with_what_was_there() {
        let over = Deadline(Instant::now());
        let error = over.until("a sunrise", || Ok(Seen::when(false, "night"))).unwrap_err().to_string();
        assert!(error.contains("a sunrise") && error.ends_with("last seen: night"), "{error}");
        let mut looks = 0;
        let soon = Deadline(Instant::now() + LIMIT);
        let found = soon.until("the third look", || {
            looks += 1;
            Ok(if looks == 3 { Seen::There(looks) } else { Seen::NotYet(String::new()) })
        });
        assert_eq!(found.unwrap(), 3);
    }

    #[test]
    fn an_error_names_its_step() {
        let error = step("the sun rises", |_| check(false, || "it is night".to_owned())).unwrap_err();
        assert_eq!(error.to_string(), "window: the sun rises: it is night");
    }
}
