//! TOML documents whose every value knows its line, for errors that point.
//!
//! Tables are taken apart key by key; what is left at the end is an unknown key, reported with the nearest known one.
//! This gives better messages than deserialising, and keeps serde out of the build-script path.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::{Node, as_json};
use crate::error::{Error, Kind, nearest};
use crate::fsx;

/// A TOML file held in memory.
#[derive(Debug)]
pub(crate) struct Document {
    path: Arc<Path>,
    text: String,
    /// Where each line begins, in bytes. A lock has thousands of values, and each of them is told its place.
    lines: Vec<usize>,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) at: Place,
}

/// A place in a file. Displayed as `path:line:column`, as editors and terminals open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    path: Arc<Path>,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

impl Place {
    /// The place of a byte offset in a text; a byte order mark in front of the text is no column.
    pub(crate) fn of(path: &Path, text: &str, at: usize) -> Self {
        let before = text.get(..at.min(text.len())).unwrap_or(text);
        let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before[begin..].trim_start_matches('\u{feff}').chars().count() + 1;
        Self { path: path.into(), line: before.matches('\n').count() + 1, column }
    }
}

impl Document {
    pub(crate) fn new(path: &Path, text: String) -> Self {
        // A byte order mark is legal in front of TOML for editors, not for the parser.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path: path.into(), text, lines }
    }

    /// Parses the document; `invalid` is the kind of error for a file that is not TOML.
    pub(crate) fn parse(&self, invalid: Kind) -> Result<Table<'_>, Error> {
        match DeTable::parse(&self.text) {
            Ok(table) => Ok(Table {
                doc: self,
                name: String::new(),
                at: 0..0,
                entries: table.into_inner(),
                asked: Vec::new(),
            }),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                Err(Error::new(invalid, format!("`{}` is not valid TOML", self.file_name()))
                    .fact("at", self.place(&span))
                    .fact("cause", error.message().lines().collect::<Vec<_>>().join("; "))
                    .fact("line", self.line_text(&span)))
            }
        }
    }

    /// Where a span begins.
    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        let line = self.lines.partition_point(|begin| *begin <= span.start);
        let begin = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(begin..span.start.min(self.text.len())).unwrap_or_default();
        Place { path: Arc::clone(&self.path), line, column: before.chars().count() + 1 }
    }

    /// The file's name, for headlines.
    pub(crate) fn file_name(&self) -> String {
        fsx::name_of(&self.path)
    }

    fn line_text(&self, span: &Range<usize>) -> String {
        self.text.lines().nth(self.place(span).line - 1).unwrap_or_default().trim().to_owned()
    }

    fn located<T>(&self, span: &Range<usize>, value: T) -> Located<T> {
        Located { value, at: self.place(span) }
    }
}

/// A table that is being taken apart.
#[derive(Debug)]
pub(crate) struct Table<'d> {
    doc: &'d Document,
    name: String,
    at: Range<usize>,
    entries: DeTable<'d>,
    asked: Vec<&'static str>,
}

/// An array element or a key's value, still to be given a type.
#[derive(Debug)]
pub(crate) struct Value<'d> {
    doc: &'d Document,
    /// Dotted path of the key, for messages.
    key: String,
    item: Spanned<DeValue<'d>>,
}

impl<'d> Table<'d> {
    /// Where the table begins.
    pub(crate) fn place(&self) -> Place {
        self.doc.place(&self.at)
    }

    /// Takes a key's value, where it is set.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Value<'d>> {
        self.asked.push(key);
        let (_, value) = self.entries.remove_entry(key)?;
        Some(Value { doc: self.doc, key: self.dotted(key), item: value })
    }

    pub(crate) fn string(&mut self, key: &'static str) -> Result<Option<Located<String>>, Error> {
        self.take(key).map(Value::string).transpose()
    }

    pub(crate) fn boolean(&mut self, key: &'static str) -> Result<Option<bool>, Error> {
        self.take(key).map(Value::boolean).transpose()
    }

    pub(crate) fn integer(&mut self, key: &'static str) -> Result<Option<u64>, Error> {
        self.take(key).map(Value::integer).transpose()
    }

    pub(crate) fn strings(&mut self, key: &'static str) -> Result<Option<Vec<Located<String>>>, Error> {
        self.take(key)
            .map(|v| v.array("an array of strings")?.into_iter().map(Value::string).collect())
            .transpose()
    }

    pub(crate) fn table(&mut self, key: &'static str) -> Result<Option<Self>, Error> {
        self.take(key).map(Value::table).transpose()
    }

    /// The tables of an array of tables; none where the key is not set.
    pub(crate) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, Error> {
        let Some(value) = self.take(key) else { return Ok(Vec::new()) };
        value.array("an array of tables")?.into_iter().map(Value::table).collect()
    }

    /// Takes every remaining entry, for tables whose keys are free.
    pub(crate) fn into_entries(self) -> impl Iterator<Item = (Located<String>, Value<'d>)> {
        let (doc, name) = (self.doc, self.name);
        self.entries.into_iter().map(move |(key, value)| {
            let located = doc.located(&key.span(), key.get_ref().to_string());
            let key = dotted(&name, &located.value);
            (located, Value { doc, key, item: value })
        })
    }

    /// Ends the table: a key that nobody took is an error that names the nearest known one.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let Some((key, _)) = self.entries.iter().next() else { return Ok(()) };
        let word = key.get_ref().to_string();
        let place = if self.name.is_empty() { String::new() } else { format!(" in `[{}]`", self.name) };
        let error = Error::new(Kind::UnknownKey, format!("unknown key `{word}`{place}"))
            .fact("at", self.doc.place(&key.span()))
            .fact("known", self.asked.join(", "));
        Err(match nearest(&word, self.asked.iter().copied()) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error,
        })
    }

    /// An error that points at this table.
    pub(crate) fn error(&self, kind: Kind, headline: impl Into<String>) -> Error {
        Error::new(kind, headline).fact("at", self.place())
    }

    fn dotted(&self, key: &str) -> String {
        dotted(&self.name, key)
    }
}

impl<'d> Value<'d> {
    pub(crate) fn string(self) -> Result<Located<String>, Error> {
        self.string_or("a string")
    }

    /// The string, for keys that take more than strings; `expected` names all that they take.
    pub(crate) fn string_or(self, expected: &str) -> Result<Located<String>, Error> {
        match self.item.get_ref() {
            DeValue::String(text) => Ok(self.doc.located(&self.item.span(), text.to_string())),
            _ => Err(self.wrong_type(expected)),
        }
    }

    pub(crate) fn boolean(self) -> Result<bool, Error> {
        self.boolean_or("true or false")
    }

    /// The boolean, for keys that take more than booleans; `expected` names all that they take.
    pub(crate) fn boolean_or(self, expected: &str) -> Result<bool, Error> {
        self.item.get_ref().as_bool().ok_or_else(|| self.wrong_type(expected))
    }

    pub(crate) fn integer(self) -> Result<u64, Error> {
        let number = self.item.get_ref().as_integer();
        let number = number.and_then(|n| u64::from_str_radix(&n.as_str().replace('_', ""), n.radix()).ok());
        number.ok_or_else(|| self.wrong_type("a whole number"))
    }

    pub(crate) fn table(self) -> Result<Table<'d>, Error> {
        if !self.item.get_ref().is_table() {
            return Err(self.wrong_type("a table"));
        }
        let (doc, at) = (self.doc, self.item.span());
        let DeValue::Table(entries) = self.item.into_inner() else { unreachable!("looked at above") };
        Ok(Table { doc, name: self.key, at, entries, asked: Vec::new() })
    }

    /// The value as JSON has it, or where something stands that JSON has no form for, and what that is.
    pub(crate) fn to_json(&self) -> Result<Node, (Place, &'static str)> {
        as_json(&self.item).map_err(|(span, what)| (self.doc.place(&span), what))
    }

    /// The value as a type of serde's, or where it does not fit, and what its type says about that.
    #[cfg(feature = "resolve")]
    pub(crate) fn deserialize<T: serde::de::DeserializeOwned>(&self) -> Result<T, (Place, String)> {
        T::deserialize(toml::de::ValueDeserializer::from(self.item.clone())).map_err(|error| {
            let at = error.span().unwrap_or(self.item.span());
            (self.doc.place(&at), error.message().to_owned())
        })
    }

    /// Where the value begins.
    #[cfg(feature = "resolve")]
    pub(crate) fn place(&self) -> Place {
        self.doc.place(&self.item.span())
    }

    /// Whether the value is a table, for keys that take two types.
    pub(crate) fn is_table(&self) -> bool {
        self.item.get_ref().is_table()
    }

    /// Whether the value is an array, for keys that take two types.
    pub(crate) fn is_array(&self) -> bool {
        self.item.get_ref().is_array()
    }

    pub(crate) fn array(self, expected: &str) -> Result<Vec<Self>, Error> {
        if !self.item.get_ref().is_array() {
            return Err(self.wrong_type(expected));
        }
        let (doc, key) = (self.doc, self.key);
        let DeValue::Array(items) = self.item.into_inner() else { unreachable!("looked at above") };
        Ok(items.into_iter().map(|item| Self { doc, key: key.clone(), item }).collect())
    }

    /// An error that points at this value.
    pub(crate) fn error(&self, kind: Kind, headline: impl Into<String>) -> Error {
        Error::new(kind, headline).fact("at", self.doc.place(&self.item.span()))
    }

    pub(crate) fn wrong_type(&self, expected: &str) -> Error {
        self.error(Kind::BadValue, format!("`{}` takes {expected}", self.key))
            .fact("found", format!("a value of type {}", self.item.get_ref().type_str()))
    }
}

impl<T> Located<T> {
    /// An error that points at this value.
    pub(crate) fn error(&self, kind: Kind, headline: impl Into<String>) -> Error {
        Error::new(kind, headline).fact("at", &self.at)
    }
}

fn dotted(parent: &str, key: &str) -> String {
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::new(Path::new("app/sidecar.toml"), text.to_owned())
    }

    #[test]
    fn unknown_keys_are_pointed_at_with_the_nearest_known() {
        let doc = document("[settings]\n\n  binarys = 'x'\n");
        let mut root = doc.parse(Kind::ManifestInvalid).unwrap();
        let mut settings = root.table("settings").unwrap().unwrap();
        settings.string("binaries").unwrap();
        let error = settings.finish().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown key `binarys` in `[settings]`\n  at     app/sidecar.toml:3:3\n  known  binaries\nhelp: did you mean \
             `binaries`?"
        );
    }

    #[test]
    fn a_syntax_error_shows_the_line() {
        let error = document("a = 1\nb = [1,\n").parse(Kind::ManifestInvalid).unwrap_err();
        assert_eq!(error.kind(), Kind::ManifestInvalid);
        assert!(error.to_string().contains("app/sidecar.toml:2:"), "{error}");
    }

    #[test]
    fn wrong_types_say_what_was_expected() {
        let doc = document("\u{feff}tag = 3\n");
        let error = doc.parse(Kind::ManifestInvalid).unwrap().string("tag").unwrap_err().to_string();
        assert_eq!(
            error,
            "`tag` takes a string\n  at     app/sidecar.toml:1:7\n  found  a value of type integer"
        );
    }

    #[test]
    fn places_count_lines_and_characters() {
        let text = "a = 1\r\n\n\u{e9} = 'x'\n";
        let doc = document(text);
        let place = |at| doc.place(&(at..at)).to_string();
        let at = |word: &str| text.find(word).unwrap();
        assert_eq!([place(0), place(at("1"))], ["app/sidecar.toml:1:1", "app/sidecar.toml:1:5"]);
        assert_eq!(place(at("'x'")), "app/sidecar.toml:3:5");
        assert_eq!([place(text.len()), place(text.len() + 9)], ["app/sidecar.toml:4:1"; 2]);
    }

    #[test]
    fn numbers_beyond_64_bits_are_refused() {
        let doc = document("size = -1\nlarge = 1_000\n");
        let mut root = doc.parse(Kind::LockInvalid).unwrap();
        assert!(root.integer("size").is_err());
        assert_eq!(root.integer("large").unwrap(), Some(1000));
    }
}
