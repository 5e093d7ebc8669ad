//! What the files of other tools pin, in one shape, and the words for what cannot be right in them.

use super::digest::Digest;
use super::origin::{Note, Origin};
use super::platform::{self, Triples};
use crate::config::{ConfigFile, Node, Value};
use crate::doc::Place;
use crate::error::{Error, Kind, nearest, some_of};

/// A tool that a file pins.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) at: Place,
    /// The name of the file.
    pub(super) file: String,
    pub(super) builds: Vec<Build>,
    /// Why a platform of it is left out, in the words of the file.
    pub(super) left_out: Vec<Note>,
}

/// One build of a tool.
#[derive(Debug, Clone)]
pub(super) struct Build {
    /// The platform in the file's words.
    pub(super) platform: String,
    pub(super) triples: Triples,
    pub(super) origin: Origin,
    pub(super) digest: Digest,
    /// Where the digest stands.
    pub(super) at: Place,
    pub(super) size: Option<u64>,
    /// Path of the program in the archive.
    pub(super) member: Option<String>,
}

/// A file that parsed, with errors that point into it.
#[derive(Debug)]
pub(super) struct Reader<'f> {
    pub(super) file: &'f ConfigFile,
    /// Its name, for messages.
    pub(super) name: &'f str,
}

impl Reader<'_> {
    pub(super) fn place(&self, node: &Node) -> Place {
        self.file.place(node)
    }

    /// The place of a key, as tables of TOML have none of their own.
    pub(super) fn place_of_key(&self, at: usize) -> Place {
        Place::of(&self.file.path, &self.file.text, at)
    }

    pub(super) fn error(&self, node: &Node, headline: impl Into<String>) -> Error {
        Error::new(Kind::ImportInvalid, headline).fact("at", self.place(node))
    }

    /// The entries of an object.
    pub(super) fn entries<'n>(
        &self,
        node: &'n Node,
        what: &str,
    ) -> Result<Vec<(&'n str, usize, &'n Node)>, Error> {
        match &node.value {
            Value::Object(entries) => Ok(entries
                .iter()
                .map(|entry| (entry.key.as_str(), entry.key_span.start, &entry.node))
                .collect()),
            _ => Err(self.wrong(node, what, "an object")),
        }
    }

    pub(super) fn array<'n>(&self, node: &'n Node, key: &str) -> Result<&'n [Node], Error> {
        let found = self.need(node, key)?;
        found.as_array().ok_or_else(|| self.wrong(found, key, "an array"))
    }

    pub(super) fn need<'n>(&self, node: &'n Node, key: &str) -> Result<&'n Node, Error> {
        node.get(key).ok_or_else(|| self.error(node, format!("`{key}` is missing in `{}`", self.name)))
    }

    pub(super) fn string<'n>(&self, node: &'n Node, key: &str) -> Result<&'n str, Error> {
        let found = self.need(node, key)?;
        found.as_str().ok_or_else(|| self.wrong(found, key, "a string"))
    }

    pub(super) fn optional<'n>(&self, node: &'n Node, key: &str) -> Result<Option<&'n str>, Error> {
        node.get(key).map(|_| self.string(node, key)).transpose()
    }

    /// A whole number, where it is set.
    pub(super) fn size(&self, node: &Node, key: &str) -> Result<Option<u64>, Error> {
        let Some(found) = node.get(key) else { return Ok(None) };
        match &found.value {
            Value::Number(digits) => digits.parse().ok(),
            _ => None,
        }
        .map(Some)
        .ok_or_else(|| self.wrong(found, key, "a whole number"))
    }

    /// A digest; `node` is where it stands.
    pub(super) fn digest(&self, node: &Node, algorithm: &str, digits: &str) -> Result<Digest, Error> {
        Digest::parse(algorithm, digits).ok_or_else(|| {
            let error = if Digest::ALGORITHMS.contains(&algorithm) {
                self.error(node, format!("`{digits}` is no {algorithm} digest"))
            } else {
                self.error(node, format!("digests of the kind `{algorithm}` are not known"))
            };
            error.fact("known", Digest::ALGORITHMS.join(", "))
        })
    }

    /// The triples of a platform. One that no target tells apart is noted.
    pub(super) fn triples(
        at: Place,
        platform: &str,
        left_out: &mut Vec<Note>,
    ) -> Result<Option<Triples>, Error> {
        const KNOWN: [&str; 6] = [
            "linux-x86_64",
            "linux-aarch64",
            "macos-x86_64",
            "macos-aarch64",
            "windows-x86_64",
            "windows-aarch64",
        ];
        match platform::triples(platform) {
            Some(Ok(triples)) => Ok(Some(triples)),
            Some(Err(note)) => {
                left_out.push(note);
                Ok(None)
            }
            None => {
                let error =
                    Error::new(Kind::ImportInvalid, format!("`{platform}` is no platform that is known"))
                        .fact("at", at)
                        .fact("known", some_of(KNOWN));
                Err(match nearest(platform, KNOWN) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                })
            }
        }
    }

    fn wrong(&self, node: &Node, what: &str, expected: &str) -> Error {
        self.error(node, format!("`{what}` takes {expected}")).fact("found", node.kind())
    }
}
