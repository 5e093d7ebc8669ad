//! JSON5 to [`Node`]s: a superset of JSON and of JSON with comments. <https://spec.json5.org>
//!
//! Ours, because the same pass must serve a build script (unoptimised, no crate more to compile) and edits that keep
//! every other byte, for which each value has to know where it stands.

use super::files::Fault;
use super::node::{Entry, Node, Value};

/// How deep arrays and objects may nest, as for `serde_json`.
const DEPTH: usize = 128;

/// Parses a document. A byte order mark in front of it is passed over.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.skip_blank()?;
    let root = parser.value("a value")?;
    parser.skip_blank()?;
    match parser.peek() {
        None => Ok(root),
        Some(_) => Err(parser.expected("the end of the file")),
    }
}

// The loops over bytes are spelled out: a build script runs unoptimised, and there each adapter is a call.
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

    fn take(&mut self, byte: u8) -> bool {
        let bytes = self.text.as_bytes();
        let found = self.at < bytes.len() && bytes[self.at] == byte;
        if found {
            self.at += 1;
        }
        found
    }

    fn fault(&self, words: impl Into<String>) -> Fault {
        Fault { at: self.at, words: words.into() }
    }

    fn expected(&self, what: &str) -> Fault {
        match self.peek() {
            Some('\n' | '\r') => self.fault(format!("expected {what}, found the end of the line")),
            Some(c) if c.is_control() || c.is_whitespace() => {
                self.fault(format!("expected {what}, found the character U+{:04X}", u32::from(c)))
            }
            Some(c) => self.fault(format!("expected {what}, found `{c}`")),
            None => self.fault(format!("expected {what}, found the end of the file")),
        }
    }

    /// White space and comments.
    fn skip_blank(&mut self) -> Result<(), Fault> {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() {
            match bytes[self.at] {
                b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c => self.at += 1,
                b'/' if self.text[self.at..].starts_with("//") => {
                    let mut line = &self.text[self.at..];
                    for end in ['\n', '\r', '\u{2028}', '\u{2029}'] {
                        line = &line[..line.find(end).unwrap_or(line.len())];
                    }
                    self.at += line.len();
                }
                b'/' if self.text[self.at..].starts_with("/*") => {
                    let Some(end) = self.text[self.at + 2..].find("*/") else {
                        return Err(self.fault("this comment has no end"));
                    };
                    self.at += end + 4;
                }
                byte if byte.is_ascii() => break,
                _ => match self.peek() {
                    Some(c) if is_wide_blank(c) => self.at += c.len_utf8(),
                    _ => break,
                },
            }
        }
        Ok(())
    }

    fn value(&mut self, what: &str) -> Result<Node, Fault> {
        let start = self.at;
        let value = match self.peek() {
            Some('{') => self.nested(Self::object)?,
            Some('[') => self.nested(Self::array)?,
            Some('"' | '\'') => Value::String(self.string()?),
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number()?,
            Some(c) if is_word(c) => self.word()?,
            _ => return Err(self.expected(what)),
        };
        Ok(Node { span: start..self.at, value })
    }

    fn nested(&mut self, read: impl Fn(&mut Self) -> Result<Value, Fault>) -> Result<Value, Fault> {
        if self.depth == DEPTH {
            return Err(self.fault(format!("nested more than {DEPTH} levels deep")));
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
            if self.take(b'}') {
                return Ok(Value::Object(entries));
            }
            let start = self.at;
            let key = self.key()?;
            let key_span = start..self.at;
            self.skip_blank()?;
            if !self.take(b':') {
                return Err(self.expected("`:`"));
            }
            self.skip_blank()?;
            let node = self.value("a value")?;
            entries.push(Entry { key, key_span, node });
            self.skip_blank()?;
            if !self.take(b',') && self.peek() != Some('}') {
                return Err(self.expected("`,` or `}`"));
            }
        }
    }

    fn array(&mut self) -> Result<Value, Fault> {
        let mut items = Vec::new();
        loop {
            self.skip_blank()?;
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            items.push(self.value("a value or `]`")?);
            self.skip_blank()?;
            if !self.take(b',') && self.peek() != Some(']') {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn key(&mut self) -> Result<String, Fault> {
        match self.peek() {
            Some('"' | '\'') => self.string(),
            Some(c) if c == '\\' || is_word(c) && !c.is_numeric() => self.identifier(),
            _ => Err(self.expected("a key or `}`")),
        }
    }

    /// A key without quotes.
    fn identifier(&mut self) -> Result<String, Fault> {
        let mut out = String::new();
        loop {
            let start = self.at;
            match self.peek() {
                Some('\\') => {
                    self.at += 1;
                    let letter = if self.take(b'u') { self.unicode(start)? } else { '\\' };
                    if !is_word(letter) || (out.is_empty() && letter.is_numeric()) {
                        return Err(Fault { at: start, words: "no such escape in a key".to_owned() });
                    }
                    out.push(letter);
                }
                Some(c) if is_word(c) => {
                    self.at += c.len_utf8();
                    out.push(c);
                }
                _ => return Ok(out),
            }
        }
    }

    fn word(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        while self.peek().is_some_and(is_word) {
            self.next();
        }
        match &self.text[start..self.at] {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            // The latter two are no JSON numbers; serde reads them as null.
            "null" | "Infinity" | "NaN" => Ok(Value::Null),
            word => {
                Err(Fault { at: start, words: format!("`{word}` is no value; a string stands in quotes") })
            }
        }
    }

    /// A number in JSON's spelling: JSON5 also knows a sign in front, hexadecimal digits and bare points.
    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        while self.peek().is_some_and(|c| is_word(c) || matches!(c, '-' | '+' | '.')) {
            self.next();
        }
        let raw = &self.text[start..self.at];
        match number(raw) {
            Some(value) => Ok(value),
            None => Err(Fault { at: start, words: format!("`{raw}` is not a number") }),
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let quote = bytes[start];
        self.at += 1;
        let mut out = String::new();
        loop {
            let from = self.at;
            let mut at = from;
            while at < bytes.len() && !(bytes[at] == quote || matches!(bytes[at], b'\\' | b'\n' | b'\r')) {
                at += 1;
            }
            out.push_str(&self.text[from..at]);
            self.at = at + 1;
            match bytes.get(at) {
                Some(b'\\') if self.at < bytes.len() => self.escape(&mut out)?,
                Some(byte) if *byte == quote => return Ok(out),
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
                self.take(b'\n');
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
        let mut code = self.hex(4)?;
        if (0xd800..0xdc00).contains(&code) && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let low = self.hex(4)?;
            if (0xdc00..0xe000).contains(&low) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            }
        }
        char::from_u32(code)
            .ok_or_else(|| Fault { at: start, words: "half of a surrogate pair is no character".to_owned() })
    }

    fn hex(&mut self, digits: usize) -> Result<u32, Fault> {
        let found = self.text.get(self.at..self.at + digits).filter(|text| is_hex(text));
        let value = found.and_then(|text| u32::from_str_radix(text, 16).ok());
        let value = value.ok_or_else(|| self.fault(format!("expected {digits} hexadecimal digits")))?;
        self.at += digits;
        Ok(value)
    }
}

fn number(raw: &str) -> Option<Value> {
    let (sign, unsigned) = match raw.as_bytes()[0] {
        b'-' => ("-", &raw[1..]),
        b'+' => ("", &raw[1..]),
        _ => ("", raw),
    };
    if matches!(unsigned, "Infinity" | "NaN") {
        return Some(Value::Null);
    }
    if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        let value = Some(hex).filter(|hex| is_hex(hex)).and_then(|hex| u64::from_str_radix(hex, 16).ok())?;
        return Some(Value::Number(format!("{sign}{value}")));
    }
    let starts = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let has_zeros =
        unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.as_bytes()[1].is_ascii_digit();
    if !starts || has_zeros || unsigned.parse::<f64>().is_err() {
        return None;
    }
    let lead = if unsigned.starts_with('.') { "0" } else { "" };
    let whole = unsigned.replace(".e", ".0e").replace(".E", ".0E");
    let tail = if whole.ends_with('.') { "0" } else { "" };
    Some(Value::Number(format!("{sign}{lead}{whole}{tail}")))
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What an identifier is made of. Beyond ASCII more than the specification lists, which no valid text shows.
fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    }
    !is_wide_blank(c) && !c.is_control()
}

/// White space beyond ASCII.
fn is_wide_blank(c: char) -> bool {
    c == '\u{feff}' || (c != '\u{85}' && !c.is_ascii() && c.is_whitespace())
}

#[cfg(test)]
mod tests;
