//! The configuration files of an app, found and read as Tauri finds and reads them.
//!
//! Source: tauri-utils `config/parse.rs`. Of `tauri.conf.json`, `tauri.conf.json5` and `Tauri.toml` the first that
//! exists counts; so it is with the overlays of each platform, whatever the base's format.

use std::path::{Path, PathBuf};

use super::drift::EXTERNAL_BIN;
use super::node::{Node, Value};
use super::platform::Platform;
use super::{json5, toml};
use crate::doc::Place;
use crate::error::{Error, Kind};
use crate::{env, fsx};

/// The formats, in the order in which Tauri looks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Comments and JSON5 pass here too: they are fine where `config-json5` is on, and Tauri says so where it is not.
    Json,
    Json5,
    Toml,
}

impl Format {
    pub(crate) const ALL: [Self; 3] = [Self::Json, Self::Json5, Self::Toml];

    /// The name of the base file, or of the overlay of a platform.
    pub(crate) fn file_name(self, platform: Option<Platform>) -> String {
        let middle = platform.map(|p| format!(".{}", p.in_file_names())).unwrap_or_default();
        match self {
            Self::Json => format!("tauri{middle}.conf.json"),
            Self::Json5 => format!("tauri{middle}.conf.json5"),
            Self::Toml => format!("Tauri{middle}.toml"),
        }
    }

    /// The names of the base, in the order in which Tauri looks for them.
    #[cfg(feature = "resolve")]
    pub(crate) fn base_names() -> [String; 3] {
        Self::ALL.map(|format| format.file_name(None))
    }

    /// By the file's ending.
    pub(crate) fn of(path: &Path) -> Self {
        match path.extension().and_then(|e| e.to_str()) {
            Some("toml") => Self::Toml,
            Some("json5") => Self::Json5,
            _ => Self::Json,
        }
    }
}

/// A configuration file that parsed.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    /// As it is on the disk, with a byte order mark where it has one.
    pub(crate) text: String,
    pub(crate) root: Node,
}

impl ConfigFile {
    /// Parses a text; the format is that of the path's ending.
    ///
    /// # Errors
    /// [`Kind::ConfigInvalid`] with the place and the parser's words.
    pub(crate) fn parse(path: &Path, text: String) -> Result<Self, Error> {
        Self::parse_or(Kind::ConfigInvalid, path, text)
    }

    /// [`parse`](Self::parse) for other files in the same formats; `invalid` is the kind of their errors.
    pub(crate) fn parse_or(invalid: Kind, path: &Path, text: String) -> Result<Self, Error> {
        Self::parse_as(Format::of(path), invalid, path, text)
    }

    /// [`parse_or`](Self::parse_or) for files whose ending does not tell the format.
    pub(crate) fn parse_as(format: Format, invalid: Kind, path: &Path, text: String) -> Result<Self, Error> {
        let parsed = match format {
            Format::Json | Format::Json5 => json5::parse(&text),
            Format::Toml => toml::parse(&text),
        };
        match parsed {
            Ok(root) => Ok(Self { path: path.to_owned(), format, text, root }),
            Err(fault) => Err(fault.into_error(invalid, path, &text)),
        }
    }

    /// Reads a file; `None` where it does not exist.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Error> {
        fsx::read_if_exists(path)?.map(|text| Self::parse(path, text)).transpose()
    }

    /// What `TAURI_CONFIG` says, which Tauri merges over the files.
    pub(crate) fn from_env() -> Result<Option<Self>, Error> {
        env::text(env::TAURI_CONFIG).map(|text| Self::parse(Path::new(env::TAURI_CONFIG), text)).transpose()
    }

    /// Refuses what is no list of strings in the place of `bundle.externalBin`: it would count as an empty one.
    pub(crate) fn check_external_bin(&self) -> Result<(), Error> {
        EXTERNAL_BIN.iter().try_for_each(|key| self.strings(&["bundle", key]).map(drop))
    }

    /// Where a value begins, for errors.
    pub(crate) fn place(&self, node: &Node) -> Place {
        Place::of(&self.path, &self.text, node.span.start)
    }

    /// The array of strings at a path of keys; `None` where it is not set or `null`.
    ///
    /// # Errors
    /// [`Kind::ConfigInvalid`] where something else stands there.
    pub(crate) fn strings(&self, path: &[&str]) -> Result<Option<Vec<&str>>, Error> {
        let Some(node) = self.root.at(path).filter(|node| !node.is_null()) else { return Ok(None) };
        let wrong = |found: &Node| self.wrong(&path.join("."), "an array of strings", found);
        let items = node.as_array().ok_or_else(|| wrong(node))?;
        items.iter().map(|item| item.as_str().ok_or_else(|| wrong(item))).collect::<Result<_, _>>().map(Some)
    }

    /// What stands in the place of something else.
    pub(crate) fn wrong(&self, name: &str, expected: &str, found: &Node) -> Error {
        let error = Error::new(Kind::ConfigInvalid, format!("`{name}` takes {expected}"))
            .fact("at", self.place(found))
            .fact("found", found.kind());
        let is_list = expected.starts_with("an array of strings");
        if is_list { error.help("write it as a list: `[\"…\", \"…\"]`") } else { error }
    }
}

/// Why a text does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Bytes from the beginning of the text.
    pub(crate) at: usize,
    /// The parser's words.
    pub(crate) words: String,
}

impl Fault {
    pub(crate) fn into_error(self, kind: Kind, path: &Path, text: &str) -> Error {
        let name = fsx::name_of(path);
        let place = Place::of(path, text, self.at);
        Error::new(kind, format!("`{name}` cannot be parsed"))
            .fact("at", place)
            .fact("cause", self.words)
            .fact("line", line_around(text, self.at))
    }
}

/// Why a text is no plain JSON, where it is none.
#[cfg(feature = "resolve")]
pub(crate) fn json_fault(text: &str) -> Option<Fault> {
    let cause = serde_json::from_str::<serde_json::Value>(text).err()?;
    let above = text.split_inclusive('\n').take(cause.line().saturating_sub(1));
    let at = above.map(str::len).sum::<usize>() + cause.column().saturating_sub(1);
    let words = cause.to_string();
    let words = words.split(" at line").next().unwrap_or_default().to_owned();
    // A column may lie inside of a character.
    let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    Some(Fault { at, words })
}

/// The line of a byte, or of a long one as much as a terminal shows.
fn line_around(text: &str, at: usize) -> String {
    const SHOWN: usize = 50;
    let before =
        text[..at].rsplit('\n').next().unwrap_or_default().trim_start_matches('\u{feff}').trim_start();
    let behind = text[at..].lines().next().unwrap_or_default().trim_end();
    let skipped = before.chars().count().saturating_sub(SHOWN);
    let before = before.chars().skip(skipped);
    let mut line: String = before.chain(behind.chars().take(SHOWN)).collect();
    if skipped > 0 {
        line.insert(0, '\u{2026}');
    }
    if behind.chars().count() > SHOWN {
        line.push('\u{2026}');
    }
    line
}

/// The configuration files of an app.
#[derive(Debug, Clone)]
pub(crate) struct Configs {
    pub(crate) base: ConfigFile,
    pub(crate) overlays: Vec<(Platform, ConfigFile)>,
}

impl Configs {
    /// Reads the base and the overlays of `platforms`; `None` where the directory holds no base.
    pub(crate) fn read(app: &Path, platforms: &[Platform]) -> Result<Option<Self>, Error> {
        let Some(base) = first(app, None)? else { return Ok(None) };
        let mut overlays = Vec::new();
        for platform in platforms {
            overlays.extend(first(app, Some(*platform))?.map(|file| (*platform, file)));
        }
        Ok(Some(Self { base, overlays }))
    }

    /// The base, then the overlays.
    pub(crate) fn files(&self) -> impl Iterator<Item = &ConfigFile> {
        std::iter::once(&self.base).chain(self.overlays.iter().map(|(_, file)| file))
    }

    pub(crate) fn overlay(&self, platform: Platform) -> Option<&ConfigFile> {
        self.overlays.iter().find(|(p, _)| *p == platform).map(|(_, file)| file)
    }

    /// Puts a file in the place of a platform's overlay, or adds it where there is none.
    #[cfg(feature = "resolve")]
    pub(crate) fn set_overlay(&mut self, platform: Platform, file: ConfigFile) {
        match self.overlays.iter_mut().find(|(p, _)| *p == platform) {
            Some((_, found)) => *found = file,
            None => self.overlays.push((platform, file)),
        }
    }

    /// Takes the overlay of a platform away.
    pub(crate) fn take_overlay(&mut self, platform: Platform) -> Option<ConfigFile> {
        let at = self.overlays.iter().position(|(p, _)| *p == platform)?;
        Some(self.overlays.remove(at).1)
    }

    /// What decides on a value of `bundle` for a platform, the base where nothing does: `given` (`TAURI_CONFIG`), the
    /// overlay or the base. `keys` are the spellings of the value's key.
    pub(crate) fn deciding<'c>(
        &'c self,
        platform: Platform,
        given: Option<&'c ConfigFile>,
        keys: &[&str],
    ) -> Deciding<'c> {
        let node = |file: &'c ConfigFile| keys.iter().find_map(|key| file.root.at(&["bundle", key]));
        let files = given.into_iter().chain(self.overlay(platform));
        let file = files.into_iter().find(|file| node(file).is_some()).unwrap_or(&self.base);
        Deciding { file, node: node(file).or_else(|| file.root.get("bundle")).unwrap_or(&file.root) }
    }

    /// What Tauri sees for a platform: base, overlay, then `TAURI_CONFIG` where one is given. Only the places of
    /// values that came from the base are meaningful.
    pub(crate) fn effective(&self, platform: Platform, tauri_config: Option<&Node>) -> Node {
        let mut out = self.base.root.clone();
        for patch in self.overlay(platform).map(|file| &file.root).into_iter().chain(tauri_config) {
            out.merge(patch);
        }
        if matches!(out.value, Value::Object(_)) { out } else { Node::object::<String>([]) }
    }
}

/// The file that decides on a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deciding<'c> {
    pub(crate) file: &'c ConfigFile,
    /// The value, or the closest that there is around its place.
    node: &'c Node,
}

impl Deciding<'_> {
    /// The name of the file.
    pub(crate) fn name(&self) -> String {
        fsx::name_of(&self.file.path)
    }

    /// Where the value is, or would be.
    pub(crate) fn place(&self) -> String {
        self.file.place(self.node).to_string()
    }
}

/// The first of the formats that exists.
fn first(app: &Path, platform: Option<Platform>) -> Result<Option<ConfigFile>, Error> {
    for format in Format::ALL {
        if let Some(file) = ConfigFile::read(&app.join(format.file_name(platform)))? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(name: &str, text: &str) -> String {
        ConfigFile::parse(Path::new(name), text.to_owned()).unwrap_err().to_string()
    }

    #[test]
    fn a_text_that_does_not_parse_is_shown_with_its_line() {
        let expected = "`tauri.conf.json` cannot be parsed\n  at     tauri.conf.json:2:8\n  cause  expected a value, found \
                        `?`\n  line   \"a\": ?, // c";
        assert_eq!(fails("tauri.conf.json", "{\r\n  \"a\": ?, // c\r\n}"), expected);
        let error = fails("Tauri.toml", "\u{feff}a = 1\na = 2 \n");
        assert!(
            error.starts_with("`Tauri.toml` cannot be parsed\n  at     Tauri.toml:2:1\n  cause  "),
            "{error}"
        );
        assert!(error.ends_with("\n  line   a = 2"), "{error}");
    }

    #[cfg(feature = "resolve")]
    #[test]
    fn what_is_no_plain_json_is_pointed_at_also_between_wide_characters() {
        assert_eq!(json_fault("{\n  \"a\": [1]\n}\n"), None);
        let fault = json_fault("{\n  // c\n}").unwrap();
        assert_eq!((fault.at, fault.words.as_str()), (4, "key must be a string"));
        for text in
            ["[\"\\ud8\u{e9}\u{e9}\u{e9}\"]", "[\u{1f600}]", "\u{feff}{}", "[1,\u{e9}", "\"\\\u{e9}\""]
        {
            let fault = json_fault(text).unwrap();
            let error = fault.into_error(Kind::CapabilityInvalid, Path::new("x.json"), text);
            assert!(error.to_string().contains("x.json:1:"), "{text}");
        }
    }

    #[test]
    fn of_a_long_line_only_a_part_is_shown() {
        let text = format!("\u{feff}[{}?{}]", "1,".repeat(9000), ",\u{e9}".repeat(9000));
        let error = fails("x.json", &text);
        let shown = format!("\u{2026}{}?{}\u{2026}", "1,".repeat(25), ",\u{e9}".repeat(25));
        let shown = shown.strip_suffix("\u{e9}\u{2026}").unwrap().to_owned() + "\u{2026}";
        assert!(error.contains("x.json:1:18002\n"), "{error}");
        assert!(error.ends_with(&format!("\n  line   {shown}")), "{error}");
        assert!(fails("x.json", "\u{feff}").ends_with("found the end of the file"));
    }

    #[test]
    fn strings_are_asked_for_by_path() {
        let file =
            ConfigFile::parse(Path::new("x.json"), "{a: {b: ['c'], d: null, e: [1], f: 'g'}}".to_owned())
                .unwrap();
        assert_eq!(file.strings(&["a", "b"]).unwrap(), Some(vec!["c"]));
        assert_eq!([file.strings(&["a", "d"]).unwrap(), file.strings(&["x", "b"]).unwrap()], [None, None]);
        let error = file.strings(&["a", "e"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "`a.e` takes an array of strings\n  at     x.json:1:29\n  found  a number\nhelp: write it as a list: `[\"…\", \"…\"]`"
        );
        let error = file.strings(&["a", "f"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "`a.f` takes an array of strings\n  at     x.json:1:36\n  found  a string\nhelp: write it as a list: `[\"…\", \"…\"]`"
        );
    }

    #[test]
    fn names_tell_the_format() {
        let formats = ["a/tauri.conf.json", "tauri.linux.conf.json5", "Tauri.toml", "x"]
            .map(|p| Format::of(Path::new(p)));
        assert_eq!(formats, [Format::Json, Format::Json5, Format::Toml, Format::Json]);
    }
}
