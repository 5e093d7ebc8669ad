//! The environment, read at one place.
#![expect(clippy::disallowed_methods, reason = "this is the one place that may call them")]

/// The value of a variable; one that is empty or not Unicode counts as not set.
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
