//! JSON5 to [`Node`]s: a superset of JSON and of JSON with comments. <https://spec.json5.org>
//!
//! Ours, because the same pass must serve a build script (unoptimised, no crate more to compile) and edits that keep
//! every other byte, for which each value has to know where it stands.

use super::files::Fault;
use super::node::{Entry, Node, Value};

/// How deep arrays and objects may nest; serde_json's limit.
const DEPTH: usize = 128;

/// Parses a document. A byte order mark in front of it is passed over.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.skip_blank()?;
    let root = parser.value()?;
    parser.skip_blank()?;
    match parser.peek() {
        None => Ok(root),
        Some(c) => Err(parser.fault(format!("`{c}` after the end of the value"))),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        match self.text.as_bytes().get(self.at) {
            Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
            _ => self.text.get(self.at..)?.chars().next(),
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn fault(&self, words: impl Into<String>) -> Fault {
        Fault { at: self.at, words: words.into() }
    }

    fn expected(&self, what: &str) -> Fault {
        match self.peek() {
            Some(c) => self.fault(format!("expected {what}, found `{c}`")),
            None => self.fault(format!("expected {what}, found the end of the file")),
        }
    }

    /// White space and comments.
    fn skip_blank(&mut self) -> Result<(), Fault> {
        while let Some(c) = self.peek() {
            if c.is_whitespace() || c == '\u{feff}' {
                self.at += c.len_utf8();
            } else if self.text[self.at..].starts_with("//") {
                let rest = &self.text[self.at..];
                self.at += rest.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(rest.len());
            } else if self.text[self.at..].starts_with("/*") {
                let Some(end) = self.text[self.at + 2..].find("*/") else {
                    return Err(self.fault("this comment has no end"));
                };
                self.at += end + 4;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn value(&mut self) -> Result<Node, Fault> {
        let start = self.at;
        let value = match self.peek() {
            Some('{') => self.nested(Self::object)?,
            Some('[') => self.nested(Self::array)?,
            Some('"' | '\'') => Value::String(self.string()?),
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => Value::Number(self.number()?),
            Some(c) if is_word(c) => self.word()?,
            _ => return Err(self.expected("a value")),
        };
        Ok(Node { span: start..self.at, value })
    }

    fn nested(&mut self, read: impl Fn(&mut Self) -> Result<Value, Fault>) -> Result<Value, Fault> {
        if self.depth == DEPTH {
            return Err(self.fault("nested too deeply"));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, Fault> {
        let mut entries = Vec::new();
        loop {
            self.skip_blank()?;
            if self.take('}') {
                return Ok(Value::Object(entries));
            }
            let start = self.at;
            let key = self.key()?;
            let key_span = start..self.at;
            self.skip_blank()?;
            if !self.take(':') {
                return Err(self.expected("`:`"));
            }
            self.skip_blank()?;
            let node = self.value()?;
            entries.push(Entry { key, key_span, node });
            self.skip_blank()?;
            if !self.take(',') && self.peek() != Some('}') {
                return Err(self.expected("`,` or `}`"));
            }
        }
    }

    fn key(&mut self) -> Result<String, Fault> {
        match self.peek() {
            Some('"' | '\'') => self.string(),
            Some(c) if is_word(c) && !c.is_numeric() => {
                let start = self.at;
                while self.peek().is_some_and(is_word) {
                    self.next();
                }
                Ok(self.text[start..self.at].to_owned())
            }
            _ => Err(self.expected("a key or `}`")),
        }
    }

    fn array(&mut self) -> Result<Value, Fault> {
        let mut items = Vec::new();
        loop {
            self.skip_blank()?;
            if self.take(']') {
                return Ok(Value::Array(items));
            }
            items.push(self.value()?);
            self.skip_blank()?;
            if !self.take(',') && self.peek() != Some(']') {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn word(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        while self.peek().is_some_and(is_word) {
            self.next();
        }
        match &self.text[start..self.at] {
            "null" => Ok(Value::Null),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            // No JSON number; serde reads them as null.
            "Infinity" | "NaN" => Ok(Value::Null),
            word => Err(Fault { at: start, words: format!("`{word}` is no value") }),
        }
    }

    /// A number in JSON's spelling: JSON5 also knows a sign in front, hexadecimal digits and bare points.
    fn number(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
        while self.peek().is_some_and(part) {
            self.next();
        }
        let raw = &self.text[start..self.at];
        let fault = || Fault { at: start, words: format!("`{raw}` is not a number") };
        let unsigned = raw.trim_start_matches(['+', '-']);
        let sign = if raw.starts_with('-') { "-" } else { "" };
        if raw.len() - unsigned.len() > 1 {
            return Err(fault());
        }
        if matches!(unsigned, "Infinity" | "NaN") {
            return Ok("null".to_owned());
        }
        if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
            let value = u64::from_str_radix(hex, 16).map_err(|_| fault())?;
            return Ok(format!("{sign}{value}"));
        }
        if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') || unsigned.parse::<f64>().is_err()
        {
            return Err(fault());
        }
        if unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.as_bytes()[1].is_ascii_digit() {
            return Err(fault());
        }
        let lead = if unsigned.starts_with('.') { "0" } else { "" };
        let whole = unsigned.replace(".e", ".0e").replace(".E", ".0E");
        let tail = if whole.ends_with('.') { "0" } else { "" };
        Ok(format!("{sign}{lead}{whole}{tail}"))
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let quote = self.next().unwrap_or('"');
        let mut out = String::new();
        loop {
            // The long stretches without anything special go in one piece: build scripts run unoptimised.
            let rest = &self.text[self.at..];
            let plain =
                rest.find(|c| c == quote || c == '\\' || c == '\n' || c == '\r').unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.next() {
                Some(c) if c == quote => return Ok(out),
                Some('\\') => self.escape(&mut out)?,
                _ => return Err(Fault { at: start, words: "this string has no end".to_owned() }),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Fault> {
        let start = self.at - 1;
        match self.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('v') => out.push('\u{b}'),
            Some('0') => out.push('\0'),
            // A string may go on in the next line.
            Some('\r') => {
                self.take('\n');
            }
            Some('\n' | '\u{2028}' | '\u{2029}') => {}
            Some('x') => out.push(char::from(u8::try_from(self.hex(2)?).unwrap_or_default())),
            Some('u') => out.push(self.unicode(start)?),
            Some(c) if !c.is_ascii_digit() => out.push(c),
            _ => return Err(Fault { at: start, words: "no such escape".to_owned() }),
        }
        Ok(())
    }

    /// The character of `\uXXXX`, also where it takes two of them.
    fn unicode(&mut self, start: usize) -> Result<char, Fault> {
        let first = self.hex(4)?;
        let mut code = first;
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let second = self.hex(4)?;
            code = 0x10000 + ((first - 0xd800) << 10) + second.wrapping_sub(0xdc00);
        }
        char::from_u32(code)
            .ok_or_else(|| Fault { at: start, words: "half of a surrogate pair is no character".to_owned() })
    }

    fn hex(&mut self, digits: usize) -> Result<u32, Fault> {
        let found =
            self.text.get(self.at..self.at + digits).and_then(|text| u32::from_str_radix(text, 16).ok());
        let value = found.ok_or_else(|| self.fault(format!("expected {digits} hexadecimal digits")))?;
        self.at += digits;
        Ok(value)
    }
}

/// What an identifier is made of, as far as it matters here.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}
