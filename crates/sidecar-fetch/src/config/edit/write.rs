//! Values as text, in the hand of the file that they are added to.

use super::super::node::{Entry, Node, Value, write_json_string};
use super::style::Hand;

/// A line is not filled beyond this many columns where it can be parted.
pub(super) const COLUMNS: usize = 100;

impl Hand<'_> {
    /// A string with its quotes.
    pub(super) fn string(&self, text: &str) -> String {
        self.quoted(text, self.quote)
    }

    fn quoted(&self, text: &str, quote: char) -> String {
        if quote == '\'' && self.toml {
            if !text.contains(|c: char| c == '\'' || c.is_control()) {
                return format!("'{text}'");
            }
        } else if quote == '\'' {
            let mut out = String::new();
            write_json_string(&mut out, text);
            let inside = out[1..out.len() - 1].replace("\\\"", "\"").replace('\'', "\\'");
            return format!("'{inside}'");
        }
        let mut out = String::new();
        write_json_string(&mut out, text);
        out
    }

    /// A key as the file writes its keys.
    pub(super) fn key(&self, key: &str) -> String {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || (self.toml && c == '-');
        let is_bare = !key.is_empty() && key.chars().all(word);
        let is_bare = is_bare && (self.toml || !key.starts_with(|c: char| c.is_ascii_digit()));
        match self.key_quote {
            None if is_bare => key.to_owned(),
            None => self.quoted(key, self.quote),
            Some(quote) => self.quoted(key, quote),
        }
    }

    /// Keys with points between them, for TOML.
    pub(super) fn dotted<S: AsRef<str>>(&self, path: &[S]) -> String {
        path.iter().map(|key| self.key(key.as_ref())).collect::<Vec<_>>().join(".")
    }

    /// A key and its value in a line that is indented like this.
    pub(super) fn entry(&self, key: &str, node: &Node, indent: &str) -> String {
        let start = format!("{key}{}", self.colon);
        let column = indent.chars().count() + start.chars().count();
        start + &self.value(node, indent, column)
    }

    /// A value that begins at this column of a line that is indented like this.
    pub(super) fn value(&self, node: &Node, indent: &str, column: usize) -> String {
        match &node.value {
            Value::String(text) => self.string(text),
            Value::Array(items) => self.array(items, indent, column),
            Value::Object(entries) => self.object(entries, indent),
            _ => node.to_json(),
        }
    }

    fn array(&self, items: &[Node], indent: &str, column: usize) -> String {
        let inner = format!("{indent}{}", self.style.indent);
        let texts: Vec<String> = items.iter().map(|item| self.value(item, &inner, inner.len())).collect();
        let line = format!("[{}]", texts.join(self.comma()));
        let fits = column + line.chars().count() < COLUMNS && !line.contains('\n');
        if texts.is_empty() || fits || !self.lines { line } else { self.block(['[', ']'], &texts, indent) }
    }

    fn object(&self, entries: &[Entry], indent: &str) -> String {
        let inner = format!("{indent}{}", self.style.indent);
        let entry = |entry: &Entry| self.entry(&self.key(&entry.key), &entry.node, &inner);
        let texts: Vec<String> = entries.iter().map(entry).collect();
        match texts.is_empty() {
            true => "{}".to_owned(),
            false if self.lines && !self.toml => self.block(['{', '}'], &texts, indent),
            false if self.comma() == "," => format!("{{{}}}", texts.join(",")),
            false => format!("{{ {} }}", texts.join(", ")),
        }
    }

    /// A line for each item.
    fn block(&self, brackets: [char; 2], items: &[String], indent: &str) -> String {
        let newline = self.style.newline;
        let inner = format!("{newline}{indent}{}", self.style.indent);
        format!("{}{inner}{}{newline}{indent}{}", brackets[0], items.join(&format!(",{inner}")), brackets[1])
    }

    /// What stands behind the commas of a line.
    pub(super) fn gap(&self) -> &'static str {
        self.comma().trim_start_matches(',')
    }

    /// What parts the items of a line.
    fn comma(&self) -> &'static str {
        if self.colon == ":" { "," } else { ", " }
    }
}
