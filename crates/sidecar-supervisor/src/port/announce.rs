//! Finds the port in what a sidecar writes: pure, from text to a port or the reason why it is none.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use regex::{Captures, Regex};
use serde_json::Value;
use sidecar_spec::{Announcement, AnnouncementPiece, Expose, Host, JsonPointer, Port, PortPlace};

use crate::error::{Error, Kind, Result};

/// So much of a refused text is shown, in characters: a port has five.
const SHOWN: usize = 40;

/// So many places of one line are tried. A line of 16 KiB that repeats `PORT:0` must cost no more than a look at it.
const TRIED: usize = 64;

/// After so many other ports nobody looks any longer: each is an event, and the sidecar writes them at any rate.
const TOLD_AGAIN: u8 = 8;

/// A port that a sidecar announced, and where it said that it listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// 1 to 65535.
    pub(crate) port: u16,
    /// A loopback address; none where it named none, or `localhost`, which says as little.
    pub(crate) host: Option<IpAddr>,
}

impl Found {
    /// What to connect to, where `expected` is the address that the spec names.
    pub(crate) fn address(self, expected: Host) -> SocketAddr {
        SocketAddr::new(self.host.unwrap_or(expected.address()), self.port)
    }
}

/// What a line said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The port: it counts from now on.
    First(Found),
    /// Another port than before: it does not count.
    Again(Found),
    /// It looks like an announcement, and is none. A later line may be right.
    Refused(Refusal),
}

/// Why something that looks like an announcement is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No number from 1 to 65535, written as such.
    NoPort(String),
    /// The expression took a part of a longer number.
    Part {
        /// What it took.
        taken: String,
        /// What stands there.
        whole: String,
    },
    /// An address that other machines reach; with the port where it stands for all addresses, loopback included.
    NotLoopback(String, Option<u16>),
    /// The host is no address; names are not looked up.
    NoAddress(String),
    /// The file is no JSON.
    NoJson(String),
    /// The file is so large that it is not read, in bytes.
    TooLarge(u64),
}

impl Refusal {
    /// The kind of the error that this becomes when nothing better is announced.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::NotLoopback(..) => Kind::NotLoopback,
            _ => Kind::AnnouncementInvalid,
        }
    }

    /// Whether it is an address that stands for all, loopback included.
    pub(crate) fn is_everywhere(&self) -> bool {
        matches!(self, Self::NotLoopback(_, Some(_)))
    }

    /// What it is for a sidecar that other machines may reach: one that listens on all addresses is reached on loopback.
    pub(crate) fn unless(self, expose: Expose) -> std::result::Result<Found, Self> {
        match self {
            Self::NotLoopback(_, Some(port)) if expose == Expose::All => Ok(Found { port, host: None }),
            other => Err(other),
        }
    }

    fn no_port(text: &str) -> Self {
        Self::NoPort(shortened(text))
    }

    /// Of several in one line, the one that is told: a look-alike of an address is the least.
    fn weight(&self) -> u8 {
        match self {
            Self::NotLoopback(..) => 2,
            Self::NoAddress(_) => 0,
            _ => 1,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPort(text) if text.is_empty() => f.write_str("nothing stands where the port should"),
            Self::NoPort(text) => write!(f, "announced `{text}`, which is no port"),
            Self::Part { taken, whole } => write!(f, "the group `port` took `{taken}` out of `{whole}`"),
            Self::NotLoopback(host, _) => write!(f, "announced `{host}`, which other machines reach"),
            Self::NoAddress(host) => write!(f, "announced the host `{host}`, which is no address"),
            Self::NoJson(reason) => write!(f, "the file is no JSON: {reason}"),
            Self::TooLarge(limit) => write!(f, "the file has more than {limit} bytes"),
        }
    }
}

/// Finds the port in lines of output.
#[derive(Debug, Clone)]
pub(crate) struct Finder {
    way: Way,
    expose: Expose,
    first: Option<Found>,
    last: Option<Found>,
    again: u8,
}

#[derive(Debug, Clone)]
enum Way {
    Pattern(Pattern),
    Json(JsonPointer),
}

impl Finder {
    /// None where the port is not announced in the output.
    ///
    /// # Errors
    /// `spec-invalid` where the announcement is so long that it cannot be looked for.
    pub(crate) fn new(port: &Port, expose: Expose) -> Result<Option<Self>> {
        let way = match port {
            Port::Announce(announcement) => Way::Pattern(Pattern::of_announcement(announcement)?),
            Port::Regex(pattern) => Way::Pattern(Pattern::of_regex(pattern)?),
            Port::Json(pointer) => Way::Json(pointer.clone()),
            _ => return Ok(None),
        };
        Ok(Some(Self { way, expose, first: None, last: None, again: 0 }))
    }

    /// Looks at a line of output, from whichever stream. The first port that is one counts; the same again is nothing new.
    pub(crate) fn line(&mut self, line: &str) -> Option<Seen> {
        if self.again == TOLD_AGAIN {
            return None;
        }
        let answer = match &self.way {
            Way::Pattern(pattern) => pattern.find(line).map(|at| at.answer),
            Way::Json(pointer) => json_in(line).and_then(|value| of_json(&value, pointer)),
        };
        match (answer?.or_else(|refusal| refusal.unless(self.expose)), self.first) {
            (Ok(found), None) => {
                self.first = Some(found);
                self.last = Some(found);
                Some(Seen::First(found))
            }
            (Ok(found), Some(_)) if self.last != Some(found) => {
                self.last = Some(found);
                self.again += 1;
                Some(Seen::Again(found))
            }
            (Err(refusal), None) => Some(Seen::Refused(refusal)),
            _ => None,
        }
    }
}

/// Finds the port in a file.
#[derive(Debug)]
pub(crate) enum Place {
    Line(usize),
    Json(JsonPointer),
    Regex(Regex),
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The port, or why it is none.
    pub(crate) answer: std::result::Result<Found, Refusal>,
    /// Whether it is certain that this is not the beginning of something longer.
    pub(crate) complete: bool,
}

impl Place {
    /// # Errors
    /// `spec-invalid` where the expression cannot be used, or the place is of a kind that this version does not know.
    pub(crate) fn new(place: &PortPlace) -> Result<Self> {
        match place {
            PortPlace::Line(line) => Ok(Self::Line(usize::from(line.get()))),
            PortPlace::Json(pointer) => Ok(Self::Json(pointer.clone())),
            PortPlace::Regex(pattern) => Ok(Self::Regex(compiled(pattern.as_str())?)),
            _ => Err(Error::new(Kind::Unsupported, "this place of a port in a file is not known")),
        }
    }

    /// None where it is not there yet.
    pub(crate) fn read(&self, text: &str) -> Option<Reading> {
        match self {
            Self::Line(number) => {
                let line = text.split_inclusive('\n').nth(number - 1)?;
                let word = line.trim();
                (!word.is_empty()).then(|| Reading {
                    answer: number_of(word).ok_or_else(|| Refusal::no_port(word)),
                    complete: line.ends_with('\n'),
                })
            }
            Self::Json(pointer) => match serde_json::from_str::<Value>(text) {
                Ok(value) => Some(Reading { answer: of_json(&value, pointer)?, complete: true }),
                Err(error) if error.is_eof() => None,
                Err(error) => {
                    Some(Reading { answer: Err(Refusal::NoJson(error.to_string())), complete: false })
                }
            },
            Self::Regex(regex) => {
                let at = find(regex, text, Written::ByUser)?;
                Some(Reading { complete: text[at.end..].contains('\n'), answer: at.answer })
            }
        }
    }
}

/// An expression with a group `port`.
#[derive(Debug, Clone)]
struct Pattern {
    regex: Regex,
    written: Written,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// Made of an announcement: what it takes as a port ends where the number ends.
    ByUs,
    /// It may take anything.
    ByUser,
}

/// An answer, and where what was taken for the port ends.
struct At {
    answer: std::result::Result<Found, Refusal>,
    end: usize,
}

impl Pattern {
    fn of_regex(pattern: &sidecar_spec::Pattern) -> Result<Self> {
        Ok(Self { regex: compiled(pattern.as_str())?, written: Written::ByUser })
    }

    fn of_announcement(announcement: &Announcement) -> Result<Self> {
        // The sign and every digit of Unicode belong to the number, so that `-1` and `80801234567` are seen whole.
        const NUMBER: &str = r"(?<port>[+-]?\p{N}+)";
        // An announcement that begins with a text of its own and has no port behind it is told. In one with a host, or
        // one that begins with the port, this would be any line.
        const NUMBER_OR_REST: &str = r"(?<port>[+-]?\p{N}+|\s*\S*)";
        // At the beginning, a sign may as well be a hyphen.
        const BARE: &str = r"(?<port>\p{N}+)";
        // IPv6, bracketed or not, then IPv4, a name, all interfaces, and Go's empty host. Not `\S*`: in `{host}:{port}`
        // the colons of an address must not be taken for the one in front of the port.
        const HOST: &str = concat!(
            r"(?<host>\[[^\]\s]*\]|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*|",
            r"[0-9]+(?:\.[0-9]+){3}|[0-9A-Za-z_][0-9A-Za-z_.-]*|\*|)"
        );
        let pieces = announcement.pieces();
        let number = match pieces {
            [AnnouncementPiece::Port, ..] => BARE,
            [AnnouncementPiece::Text(_), ..] if !pieces.contains(&AnnouncementPiece::Host) => NUMBER_OR_REST,
            _ => NUMBER,
        };
        let source: String = pieces
            .iter()
            .map(|piece| match piece {
                AnnouncementPiece::Text(text) => regex::escape(text),
                AnnouncementPiece::Port => number.to_owned(),
                AnnouncementPiece::Host => HOST.to_owned(),
            })
            .collect();
        Ok(Self { regex: compiled(&source)?, written: Written::ByUs })
    }

    fn find(&self, text: &str) -> Option<At> {
        find(&self.regex, text, self.written)
    }
}

fn compiled(source: &str) -> Result<Regex> {
    Regex::new(source)
        .map_err(|e| Error::new(Kind::SpecInvalid, "the port cannot be looked for").fact("expression", e))
}

/// The first port that is one, or else the refusal that tells most.
fn find(regex: &Regex, text: &str, written: Written) -> Option<At> {
    let mut refused: Option<(u8, At)> = None;
    let mut from = 0;
    for _ in 0..TRIED {
        let Some(captures) = regex.captures_at(text, from) else { break };
        let whole = captures.get_match();
        let Some(port) = captures.name("port") else {
            from = next(text, whole.end(), whole.start());
            continue;
        };
        match judge(text, &captures, port.range(), written) {
            Ok(found) => return Some(At { answer: Ok(found), end: port.end() }),
            Err(refusal) => {
                let weight = refusal.weight();
                if refused.as_ref().is_none_or(|(before, _)| *before < weight) {
                    refused = Some((weight, At { answer: Err(refusal), end: port.end() }));
                }
            }
        }
        // An announcement may begin within what was refused: `PORT:PORT:80`.
        from = if port.start() > whole.start() { port.start() } else { next(text, port.end(), port.start()) };
    }
    refused.map(|(_, at)| at)
}

/// Where to look next: at `end`, or one character on where that would not be past `start`.
fn next(text: &str, end: usize, start: usize) -> usize {
    if end > start { end } else { start + text[start..].chars().next().map_or(1, char::len_utf8) }
}

fn judge(
    text: &str,
    captures: &Captures<'_>,
    port: Range<usize>,
    written: Written,
) -> std::result::Result<Found, Refusal> {
    let taken = &text[port.clone()];
    let inside = written == Written::ByUser || port.start == captures.get_match().start();
    let whole = whole_number(text, port.clone(), inside, port.start == captures.get_match().start());
    if whole != port && taken.chars().all(char::is_numeric) && !taken.is_empty() {
        return Err(Refusal::Part { taken: shortened(taken), whole: shortened(&text[whole]) });
    }
    let found = number_of(taken).ok_or_else(|| Refusal::no_port(taken.trim_end()))?;
    let host = captures.name("host").map(|host| loopback(host.as_str(), found.port)).transpose()?.flatten();
    Ok(Found { host, ..found })
}

/// The whole number that a part of it was taken of: to the right always, to the left and to its sign where asked.
fn whole_number(text: &str, part: Range<usize>, left: bool, sign: bool) -> Range<usize> {
    let numeric = |text: &str| text.chars().take_while(|c| c.is_numeric()).map(char::len_utf8).sum::<usize>();
    let before = &text[..part.start];
    let mut start = part.start;
    if left {
        start -= before.chars().rev().take_while(|c| c.is_numeric()).map(char::len_utf8).sum::<usize>();
    }
    let mut chars = text[..start].chars().rev();
    // In `server-80` it is a hyphen.
    if sign && matches!(chars.next(), Some('-' | '+')) && !chars.next().is_some_and(char::is_alphanumeric) {
        start -= 1;
    }
    start..part.end + numeric(&text[part.end..])
}

/// A number from 1 to 65535 without sign, leading zeros or spaces.
fn number_of(text: &str) -> Option<Found> {
    let is_plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = is_plain.then(|| text.parse().ok()).flatten()?;
    Some(Found { port, host: None })
}

/// The address, if it is one of loopback; none for `localhost`.
fn loopback(host: &str, port: u16) -> std::result::Result<Option<IpAddr>, Refusal> {
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(None);
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    // An interface behind `%` belongs to addresses that are none of loopback.
    match bare.split('%').next().unwrap_or(bare).parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(address) if address.is_loopback() => Ok(Some(address)),
        Ok(address) => Err(Refusal::NotLoopback(shortened(host), address.is_unspecified().then_some(port))),
        Err(_) if host == "*" => Err(Refusal::NotLoopback(host.to_owned(), Some(port))),
        Err(_) => Err(Refusal::NoAddress(shortened(host))),
    }
}

/// The JSON value in a line: the line, or what begins at its first brace, behind a prefix that some loggers write.
fn json_in(line: &str) -> Option<Value> {
    let first = |text: &str| serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok();
    let line = line.trim_start();
    let brace = line.find('{');
    let array = line.starts_with('[').then(|| first(line)).flatten();
    array.or_else(|| first(&line[brace?..]))
}

fn of_json(value: &Value, pointer: &JsonPointer) -> Option<std::result::Result<Found, Refusal>> {
    let text = match value.pointer(pointer.as_str())? {
        // Not known yet, says the sidecar.
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(number_of(&text).ok_or_else(|| Refusal::no_port(&text)))
}

fn shortened(text: &str) -> String {
    let mut chars = text.chars();
    let mut shown: String = chars.by_ref().take(SHOWN).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
