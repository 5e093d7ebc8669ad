//! How a sidecar gets its port.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU16;
use std::str::FromStr;

use serde::de::MapAccess;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::program::one_key;
use crate::read::{At, Refused, Take, deserialize, error_at, table, text, words};
use crate::{Invalid, JsonPointer, Pattern, Template};

/// How a sidecar gets its port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Port {
    /// A free port is chosen and kept free until the sidecar has it: `"lease"`, the default.
    #[default]
    Lease,
    /// It listens on none: `"none"`.
    None,
    /// Always this one. Where somebody else has it, the start fails and names them.
    Fixed(NonZeroU16),
    /// It chooses one and writes this in a line of its output: `{ announce = "BACKEND_PORT:{port}" }`.
    Announce(Announcement),
    /// It chooses one, and this finds it in a line of its output, as the group `port` (and `host`, where there is one).
    Regex(Pattern),
    /// It chooses one and writes JSON lines, one of which holds the port there.
    Json(JsonPointer),
    /// It chooses one and writes it into a file.
    File(PortFile),
    /// It inherits a socket that listens already, as file descriptor 3 with `LISTEN_FDS`: `{ listen-fd = true }`. Unix only.
    ListenFd,
}

deserialize!(Port);

/// A file that a sidecar writes its port into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortFile {
    /// The file. A relative path starts at the sidecar's working directory.
    pub path: Template,
    /// Where in the file the port stands.
    pub place: PortPlace,
}

/// Where in a file the port stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortPlace {
    /// As the only text of a line, counted from 1.
    Line(NonZeroU16),
    /// In a JSON document.
    Json(JsonPointer),
    /// Where the expression's group `port` matches.
    Regex(Pattern),
}

#[derive(Debug, Default)]
struct PortTable {
    announce: Option<Announcement>,
    regex: Option<Pattern>,
    json: Option<JsonPointer>,
    file: Option<Template>,
    line: Option<Number>,
    listen_fd: Option<bool>,
}

table!(PortTable {
    "announce" => announce,
    "regex" => regex,
    "json" => json,
    "file" => file,
    "line" => line,
    "listen-fd" => listen_fd,
});

#[derive(Debug)]
struct Number(NonZeroU16);

impl Take for Number {
    fn takes() -> String {
        "the number of a line, from 1".to_owned()
    }

    fn integer(number: i128) -> Result<Self, Refused> {
        u16::try_from(number).ok().and_then(NonZeroU16::new).map(Self).ok_or(Refused::Type)
    }
}

impl Take for Port {
    fn takes() -> String {
        "`\"lease\"`, `\"none\"`, a number from 1 to 65535, or a table of `announce`, `regex`, `json`, `file` or `listen-fd`"
            .to_owned()
    }

    fn text(text: &str) -> Result<Self, Refused> {
        match text {
            "lease" => Ok(Self::Lease),
            "none" => Ok(Self::None),
            number if number.parse::<u16>().is_ok() => {
                Err(Refused::Value("write the number without quotes".into()))
            }
            _ => Err(Refused::Type),
        }
    }

    fn integer(number: i128) -> Result<Self, Refused> {
        if number == 0 {
            let reason =
                "to let the sidecar choose, write `{ announce = \"…{port}\" }`; for a free port, `\"lease\"`";
            return Err(Refused::Value(reason.to_owned()));
        }
        u16::try_from(number).ok().and_then(NonZeroU16::new).map(Self::Fixed).ok_or(Refused::Type)
    }

    fn table<'de, A: MapAccess<'de>>(at: &At<'_>, map: A) -> Result<Self, A::Error> {
        Self::of_table(PortTable::table(at, map)?).map_err(|reason| error_at(at, reason))
    }
}

impl Port {
    /// Whether the sidecar listens at all.
    pub fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Whether the port is known before the sidecar starts, so that its arguments and environment can name it.
    pub fn is_known_before_start(&self) -> bool {
        matches!(self, Self::Lease | Self::Fixed(_) | Self::ListenFd)
    }

    fn of_table(table: PortTable) -> Result<Self, &'static str> {
        const GROUP: &str = "takes an expression with a group `port`, such as `port (?<port>[0-9]+)`";
        let is_place = table.file.is_some();
        if table.line.is_some() && !is_place {
            return Err("takes `line` only with `file`");
        }
        if table.regex.as_ref().is_some_and(|regex| !regex.has_group("port")) {
            return Err(GROUP);
        }
        match table {
            PortTable { file: Some(path), announce: None, listen_fd: None, line, json, regex } => {
                let place = match (line, json, regex) {
                    (None, None, None) => PortPlace::Line(NonZeroU16::MIN),
                    (Some(Number(line)), None, None) => PortPlace::Line(line),
                    (None, Some(json), None) => PortPlace::Json(json),
                    (None, None, Some(regex)) => PortPlace::Regex(regex),
                    _ => return Err("takes one of `line`, `json` and `regex` with `file`"),
                };
                Ok(Self::File(PortFile { path, place }))
            }
            PortTable {
                announce: Some(line), regex: None, json: None, file: None, listen_fd: None, ..
            } => Ok(Self::Announce(line)),
            PortTable { regex: Some(regex), announce: None, json: None, listen_fd: None, .. } => {
                Ok(Self::Regex(regex))
            }
            PortTable { json: Some(json), announce: None, regex: None, listen_fd: None, .. } => {
                Ok(Self::Json(json))
            }
            PortTable {
                listen_fd: Some(true), announce: None, regex: None, json: None, file: None, ..
            } => Ok(Self::ListenFd),
            PortTable { listen_fd: Some(false), .. } => Err("takes `listen-fd = true`, or another key"),
            _ => Err("takes exactly one of `announce`, `regex`, `json`, `file` and `listen-fd`"),
        }
    }
}

impl Serialize for Port {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Lease => serializer.serialize_str("lease"),
            Self::None => serializer.serialize_str("none"),
            Self::Fixed(port) => serializer.serialize_u16(port.get()),
            Self::Announce(line) => one_key("announce", line, serializer),
            Self::Regex(pattern) => one_key("regex", pattern, serializer),
            Self::Json(pointer) => one_key("json", pointer, serializer),
            Self::ListenFd => one_key("listen-fd", &true, serializer),
            Self::File(file) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("file", &file.path)?;
                match &file.place {
                    PortPlace::Line(line) => map.serialize_entry("line", line)?,
                    PortPlace::Json(pointer) => map.serialize_entry("json", pointer)?,
                    PortPlace::Regex(pattern) => map.serialize_entry("regex", pattern)?,
                }
                map.end()
            }
        }
    }
}

/// A part of an output line that tells the port: `BACKEND_PORT:{port}` or `http://{host}:{port}/`. What stands before
/// and behind it in the line does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    source: String,
    pieces: Vec<AnnouncementPiece>,
}

text!(
    Announcement,
    "a part of an output line with `{port}`, such as `BACKEND_PORT:{port}`",
    Some("\\{port\\}")
);

/// A part of an [`Announcement`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnnouncementPiece {
    /// This text.
    Text(String),
    /// A number from 1 to 65535.
    Port,
    /// An address.
    Host,
}

impl Announcement {
    /// Its parts, in order: `Port` once, `Host` at most once, and a text between the two.
    pub fn pieces(&self) -> &[AnnouncementPiece] {
        &self.pieces
    }
}

impl FromStr for Announcement {
    type Err = Invalid;

    fn from_str(source: &str) -> Result<Self, Invalid> {
        if source.contains(['\n', '\r', '\0']) {
            return Err(Invalid::new("it is a part of one line"));
        }
        // Output lines hold braces of their own, so only these two are special.
        let mut pieces = Vec::new();
        let mut rest = source;
        while let Some((at, word, piece)) = next_marker(rest) {
            if at > 0 {
                pieces.push(AnnouncementPiece::Text(rest[..at].to_owned()));
            } else if !pieces.is_empty() {
                return Err(Invalid::new("a text must part `{host}` and `{port}`"));
            }
            if pieces.contains(&piece) {
                return Err(Invalid::new(format!("`{word}` stands there twice")));
            }
            pieces.push(piece);
            rest = &rest[at + word.len()..];
        }
        if !rest.is_empty() {
            pieces.push(AnnouncementPiece::Text(rest.to_owned()));
        }
        if !pieces.contains(&AnnouncementPiece::Port) {
            return Err(Invalid::new("`{port}` is missing"));
        }
        if pieces == [AnnouncementPiece::Port] {
            return Err(Invalid::new("any number would do; write what stands in front of the port"));
        }
        Ok(Self { source: source.to_owned(), pieces })
    }
}

fn next_marker(text: &str) -> Option<(usize, &'static str, AnnouncementPiece)> {
    [("{port}", AnnouncementPiece::Port), ("{host}", AnnouncementPiece::Host)]
        .into_iter()
        .filter_map(|(word, piece)| text.find(word).map(|at| (at, word, piece)))
        .min_by_key(|(at, ..)| *at)
}

impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

words! {
    /// The loopback address that a sidecar listens on. Never `localhost`: some systems take that for `::1` first.
    #[derive(Default)]
    Host {
        /// IPv4: the default.
        #[default]
        V4 = "127.0.0.1",
        /// IPv6.
        V6 = "::1",
    }
}

words! {
    /// Where other machines may reach a sidecar.
    #[derive(Default)]
    Expose {
        /// Nowhere: each of its TCP sockets lies on loopback.
        #[default]
        Nothing = "nothing",
        /// At other ports than the one that the app uses: of a program that also talks with its like.
        OtherPorts = "other-ports",
        /// At every port, also the one that the app uses.
        All = "all",
    }
}

impl Host {
    /// The address.
    pub const fn address(self) -> IpAddr {
        match self {
            Self::V4 => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Self::V6 => IpAddr::V6(Ipv6Addr::LOCALHOST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_knows_its_parts() {
        use AnnouncementPiece::{Host, Port, Text};
        let pieces = |text: &str| text.parse::<Announcement>().unwrap().pieces;
        assert_eq!(pieces("BACKEND_PORT:{port}"), [Text("BACKEND_PORT:".into()), Port]);
        assert_eq!(
            pieces("{\"at\":\"{host}:{port}\"}"),
            [Text("{\"at\":\"".into()), Host, Text(":".into()), Port, Text("\"}".into())]
        );
    }

    #[test]
    fn an_announcement_that_cannot_work_says_why() {
        for (text, reason) in [
            ("ready", "`{port}` is missing"),
            ("{port}", "any number would do; write what stands in front of the port"),
            ("p={port} q={port}", "`{port}` stands there twice"),
            ("at {host}{port}", "a text must part `{host}` and `{port}`"),
            ("a\n{port}", "it is a part of one line"),
        ] {
            assert_eq!(text.parse::<Announcement>().unwrap_err().to_string(), reason);
        }
    }
}
