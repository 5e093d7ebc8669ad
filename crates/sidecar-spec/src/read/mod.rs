//! Reading values so that a message names the key, what was found, and what the key takes.
//!
//! serde's derived messages say neither the key nor, where a key takes two types, anything useful. Here every type says
//! in words what it takes, and the path to the value is known while it is read.

mod macros;
mod values;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::nearest::nearest;
pub(crate) use macros::{deserialize, fields, table, text, words};

/// Where a value stands: `health.ready`, `args[1]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'p> {
    parent: Option<&'p Self>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Root,
    Key(&'p str),
    Item(usize),
}

impl<'p> At<'p> {
    pub(crate) const ROOT: At<'static> = At { parent: None, step: Step::Root };

    pub(crate) fn key(&'p self, key: &'p str) -> Self {
        Self { parent: Some(self), step: Step::Key(key) }
    }

    fn item(&'p self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Item(index) }
    }

    fn is_root(&self) -> bool {
        matches!(self.step, Step::Root)
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            fmt::Display::fmt(parent, f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Key(key) if self.parent.is_none_or(At::is_root) => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Item(index) => write!(f, "[{index}]"),
        }
    }
}

/// Why a value is refused.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A type that the key does not take.
    Type,
    /// The right type, but not such a value, for a reason that the description of the key does not give.
    Value(String),
}

/// What can be read from JSON and TOML. Each type implements the forms that it takes.
pub(crate) trait Take: Sized {
    /// What it takes, in words: "a list of texts".
    fn takes() -> String;

    fn text(_text: &str) -> Result<Self, Refused> {
        Err(Refused::Type)
    }

    fn integer(_number: i128) -> Result<Self, Refused> {
        Err(Refused::Type)
    }

    fn boolean(_value: bool) -> Result<Self, Refused> {
        Err(Refused::Type)
    }

    /// JSON's `null`, which TOML does not have.
    fn null() -> Result<Self, Refused> {
        Err(Refused::Type)
    }

    fn table<'de, A: MapAccess<'de>>(at: &At<'_>, mut map: A) -> Result<Self, A::Error> {
        // `toml` gives a date as a table with one key of its own.
        let date = map.next_key::<String>()?.is_some_and(|key| key.starts_with("$__toml"));
        Err(wrong::<Self, _>(at, if date { "a date" } else { "a table" }, Refused::Type))
    }

    fn list<'de, A: SeqAccess<'de>>(at: &At<'_>, _list: A) -> Result<Self, A::Error> {
        Err(wrong::<Self, _>(at, "a list", Refused::Type))
    }
}

fn wrong<T: Take, E: Error>(at: &At<'_>, found: &str, why: Refused) -> E {
    let (takes, what) = (T::takes(), if at.is_root() { "this".to_owned() } else { format!("`{at}`") });
    match why {
        Refused::Type => E::custom(format_args!("{what} takes {takes}; found {found}")),
        Refused::Value(reason) => E::custom(format_args!("{what} takes {takes}; found {found}: {reason}")),
    }
}

/// An error about the table at a place; the place is named in front.
pub(crate) fn error_at<E: Error>(at: &At<'_>, message: impl fmt::Display) -> E {
    if at.is_root() { E::custom(message) } else { E::custom(format_args!("`{at}` {message}")) }
}

/// Reads a `T` at a place.
struct Seed<'p, T>(&'p At<'p>, PhantomData<T>);

impl<'de, T: Take> DeserializeSeed<'de> for Seed<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        // Both formats describe themselves, so the value says of which type it is.
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Take> Visitor<'de> for Seed<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&T::takes())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::text(text).map_err(|why| wrong::<T, E>(self.0, &shown(text), why))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        T::boolean(value).map_err(|why| wrong::<T, E>(self.0, &format!("`{value}`"), why))
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<T, E> {
        T::integer(number).map_err(|why| wrong::<T, E>(self.0, &format!("`{number}`"), why))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.visit_i128(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        self.visit_i128(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        Err(wrong::<T, E>(self.0, &format!("`{number:?}`"), Refused::Type))
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        T::null().map_err(|why| wrong::<T, E>(self.0, "`null`", why))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::table(self.0, map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::list(self.0, list)
    }
}

/// A text in quotes, shortened so that a message stays readable.
fn shown(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Reads a value that stands nowhere in particular.
pub(crate) fn root<'de, T: Take, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Seed(&At::ROOT, PhantomData).deserialize(deserializer)
}

/// Reads the value of the key that was read last.
pub(crate) fn value<'de, T: Take, A: MapAccess<'de>>(at: &At<'_>, map: &mut A) -> Result<T, A::Error> {
    map.next_value_seed(Seed(at, PhantomData))
}

/// The keys of one table while it is read.
#[derive(Debug)]
pub(crate) struct Keys<'p> {
    at: &'p At<'p>,
    known: &'static [&'static str],
    seen: Vec<&'static str>,
}

impl<'p> Keys<'p> {
    pub(crate) fn new(at: &'p At<'p>, known: &'static [&'static str]) -> Self {
        Self { at, known, seen: Vec::new() }
    }

    /// The next key: one of the known ones, and none twice.
    pub(crate) fn next<'de, A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
    ) -> Result<Option<&'static str>, A::Error> {
        // The error arises while the key is read, so that both formats point at the key.
        map.next_key_seed(self)
    }

    /// An error where a key is missing.
    pub(crate) fn need<E: Error>(&self, key: &str) -> Result<(), E> {
        if self.seen.contains(&key) {
            return Ok(());
        }
        Err(E::custom(format_args!("the key `{}` is missing", self.at.key(key))))
    }
}

impl<'de> DeserializeSeed<'de> for &mut Keys<'_> {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for &mut Keys<'_> {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, found: &str) -> Result<&'static str, E> {
        let Some(key) = self.known.iter().copied().find(|known| *known == found) else {
            if found.starts_with("$__toml") {
                return Err(error_at(self.at, "cannot be a date"));
            }
            let hint = match nearest(found, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", list(self.known)),
            };
            return Err(E::custom(format_args!("unknown key `{}`; {hint}", self.at.key(found))));
        };
        if self.seen.contains(&key) {
            return Err(E::custom(format_args!("the key `{}` stands there twice", self.at.key(key))));
        }
        self.seen.push(key);
        Ok(key)
    }
}

/// Words in a sentence: "`a`, `b` and `c`".
pub(crate) fn list(words: &[&str]) -> String {
    joined(words, "and")
}

/// Words to choose from: `"a"`, `"b"` or `"c"`.
pub(crate) fn choice(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    joined(&quoted, "or")
}

fn joined<S: AsRef<str>>(words: &[S], last: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match words.split_last() {
        Some((end, [])) => end.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
        None => String::new(),
    }
}

/// Skips the value of the key that was read last.
pub(crate) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(drop)
}
