//! TOML to [`Node`]s.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::files::Fault;
use super::node::{Entry, Node, Value};

/// Parses a document. A byte order mark in front of it is passed over.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    match DeTable::parse(&text[mark..]) {
        Ok(table) => {
            let span = table.span();
            Ok(Node { span: span.start + mark..span.end + mark, value: object(table.into_inner(), mark) })
        }
        Err(error) => Err(Fault {
            at: error.span().map_or(0, |span| span.start) + mark,
            words: error.message().lines().collect::<Vec<_>>().join("; "),
        }),
    }
}

fn object(table: DeTable<'_>, mark: usize) -> Value {
    let entry = |(key, value): (Spanned<_>, Spanned<DeValue<'_>>)| {
        let span = key.span();
        let key: std::borrow::Cow<'_, str> = key.into_inner();
        Entry { key: key.into_owned(), key_span: span.start + mark..span.end + mark, node: node(value, mark) }
    };
    let mut entries: Vec<Entry> = table.into_iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    Value::Object(entries)
}

fn node(value: Spanned<DeValue<'_>>, mark: usize) -> Node {
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(number) => Value::Number(integer(&number)),
        DeValue::Float(number) => Value::Number(number.as_str().replace('_', "")),
        DeValue::Boolean(value) => Value::Bool(value),
        // Tauri's configuration has no dates; serde would give a string.
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => Value::Array(items.into_iter().map(|item| node(item, mark)).collect()),
        DeValue::Table(table) => object(table, mark),
    };
    Node { span: span.start + mark..span.end + mark, value }
}

fn integer(number: &::toml::de::DeInteger<'_>) -> String {
    let digits = number.as_str().replace('_', "");
    i64::from_str_radix(&digits, number.radix()).map_or(digits, |n| n.to_string())
}
