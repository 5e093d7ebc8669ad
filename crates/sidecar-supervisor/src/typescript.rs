//! The types that cross to JavaScript, as TypeScript.

use ts_rs::{Config, TS};

use crate::error::{ErrorData, Kind};
use crate::event::{Blocker, Event, Happened, Told};
use crate::exit::{Exit, ExitReason};
use crate::machine::State;
use crate::output::{Entry, Line, Stream};
use crate::sidecar::{Status, Usage};

/// A TypeScript module that declares what this crate serialises, with its documentation: [`Status`], [`Event`], [`Line`]
/// and what they hold. [`Error`](crate::Error) is `ErrorData`, and its codes are `SupervisorCode`.
///
/// Numbers are `number`: none of them grows beyond 2^53.
pub fn typescript() -> String {
    let config = Config::new().with_large_int("number");
    let types = [
        declaration::<Status>(&config),
        declaration::<State>(&config),
        declaration::<Usage>(&config),
        declaration::<Event>(&config),
        declaration::<Happened>(&config),
        declaration::<Told>(&config),
        declaration::<Exit>(&config),
        declaration::<ExitReason>(&config),
        declaration::<Blocker>(&config),
        declaration::<Line>(&config),
        declaration::<Stream>(&config),
        declaration::<Entry>(&config),
        declaration::<ErrorData<'static>>(&config),
        declaration::<Kind>(&config),
    ];
    types.join("\n")
}

fn declaration<T: TS>(config: &Config) -> String {
    let docs = T::docs().unwrap_or_default();
    format!("{}export {}\n", plain(&docs), plain(&T::decl(config)))
}

/// The text without Rust's links: ``[`x`](path)`` and ``[`x`]`` are `` `x` ``.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, linked)) = rest.split_once("[`") {
        let Some((word, after)) = linked.split_once("`]") else { break };
        out.extend([before, "`", word, "`"]);
        rest = match after.strip_prefix('(').and_then(|path| path.split_once(')')) {
            Some((_, after)) => after,
            None => after,
        };
    }
    // As JavaScript has it.
    (out + rest).replace("`None`", "`null`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_become_words() {
        assert_eq!(plain("see [`a::B`](crate::a::B), [`c`] and [d]"), "see `a::B`, `c` and [d]");
        assert_eq!(plain("number[]"), "number[]");
    }

    #[test]
    fn every_type_that_is_named_is_declared() {
        let text = typescript();
        for name in [
            "Status",
            "SidecarEvent",
            "OutputStream",
            "Told",
            "Entry",
            "ErrorData",
            "SupervisorCode",
            "Exit",
            "Usage",
        ] {
            assert!(text.contains(&format!("export type {name} =")), "{name}");
        }
        assert!(!text.contains("bigint") && !text.contains("crate::"), "{text}");
    }
}
