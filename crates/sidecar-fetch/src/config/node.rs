//! Values of a configuration file, each with its place in the text, whatever the file's format.

use std::fmt::Write as _;
use std::ops::Range;

/// A value and the bytes of the text that spell it. An implicit table (TOML) has an empty span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As JSON spells it.
    Number(String),
    String(String),
    Array(Vec<Node>),
    /// In the order of the text. Of equal keys the last counts, as for serde.
    Object(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

impl Node {
    /// A value that stands in no text.
    pub(crate) fn new(value: Value) -> Self {
        Self { span: 0..0, value }
    }

    /// An array of strings that stands in no text.
    pub(crate) fn strings<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::new(Value::Array(items.into_iter().map(|item| Self::new(Value::String(item.into()))).collect()))
    }

    /// An object that stands in no text.
    pub(crate) fn object<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entry = |(key, node): (K, Self)| Entry { key: key.into(), key_span: 0..0, node };
        Self::new(Value::Object(entries.into_iter().map(entry).collect()))
    }

    /// The value of a key, where this is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Value::Object(entries) = &self.value else { return None };
        entries.iter().rev().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The value at a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// What the value is, for messages: `a string`, `an array`.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    /// Merges `patch` into this value as Tauri merges an overlay: objects key by key, `null` deletes, all else
    /// replaces (RFC 7396). Of equal keys of the patch the last counts.
    pub(crate) fn merge(&mut self, patch: &Self) {
        let Value::Object(changes) = &patch.value else {
            *self = patch.clone();
            return;
        };
        if !matches!(self.value, Value::Object(_)) {
            *self = Self::new(Value::Object(Vec::new()));
        }
        let Value::Object(entries) = &mut self.value else { return };
        for change in changes {
            let last = changes.iter().rev().find(|other| other.key == change.key);
            if !last.is_some_and(|last| std::ptr::eq(last, change)) {
                continue;
            }
            if change.node.is_null() {
                entries.retain(|entry| entry.key != change.key);
            } else if let Some(entry) = entries.iter_mut().rev().find(|entry| entry.key == change.key) {
                entry.node.merge(&change.node);
            } else {
                let mut node = Self::new(Value::Null);
                node.merge(&change.node);
                entries.push(Entry { node, ..change.clone() });
            }
        }
    }

    /// Merges a later patch into this one: as [`merge`](Self::merge), but a `null` stays, for it still has to delete.
    pub(crate) fn merge_patch(&mut self, later: &Self) {
        let (Value::Object(entries), Value::Object(changes)) = (&mut self.value, &later.value) else {
            *self = later.clone();
            return;
        };
        for change in changes {
            match entries.iter_mut().rev().find(|entry| entry.key == change.key) {
                Some(entry) => entry.node.merge_patch(&change.node),
                None => entries.push(change.clone()),
            }
        }
    }

    /// Compact JSON, in the order of the entries.
    pub(crate) fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Number(number) => out.push_str(number),
            Value::String(text) => write_json_string(out, text),
            Value::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    item.write_json(out);
                }
                out.push(']');
            }
            Value::Object(entries) => {
                out.push('{');
                for (i, entry) in entries.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    write_json_string(out, &entry.key);
                    out.push(':');
                    entry.node.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

/// A JSON string with its quotes.
pub(crate) fn write_json_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
