//! The configuration files of an app, found and read as Tauri finds and reads them.
//!
//! Source: tauri-utils `config/parse.rs`. Of `tauri.conf.json`, `tauri.conf.json5` and `Tauri.toml` the first that
//! exists counts; so it is with the overlays of each platform, whatever the base's format.

use std::path::{Path, PathBuf};

use super::node::{Node, Value};
use super::platform::Platform;
use super::{json5, toml};
use crate::doc::Place;
use crate::error::{Error, Kind};
use crate::fsx;

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
        let format = Format::of(path);
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
        let wrong = |found: &Node| {
            Error::new(Kind::ConfigInvalid, format!("`{}` takes an array of strings", path.join(".")))
                .fact("at", self.place(found))
                .fact("found", found.kind())
        };
        let items = node.as_array().ok_or_else(|| wrong(node))?;
        items.iter().map(|item| item.as_str().ok_or_else(|| wrong(item))).collect::<Result<_, _>>().map(Some)
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
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let place = Place::of(path, text, self.at);
        Error::new(kind, format!("`{name}` cannot be parsed"))
            .fact("at", place)
            .fact("cause", self.words)
            .fact("line", line_around(text, self.at))
    }
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
        assert_eq!(error, "`a.e` takes an array of strings\n  at     x.json:1:29\n  found  a number");
        let error = file.strings(&["a", "f"]).unwrap_err().to_string();
        assert_eq!(error, "`a.f` takes an array of strings\n  at     x.json:1:36\n  found  a string");
    }

    #[test]
    fn names_tell_the_format() {
        let formats = ["a/tauri.conf.json", "tauri.linux.conf.json5", "Tauri.toml", "x"]
            .map(|p| Format::of(Path::new(p)));
        assert_eq!(formats, [Format::Json, Format::Json5, Format::Toml, Format::Json]);
    }
}
