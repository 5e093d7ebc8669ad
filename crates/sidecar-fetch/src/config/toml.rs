//! TOML to [`Node`]s.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::files::Fault;
use super::node::{Entry, Node, Value};

/// Parses a document. A byte order mark in front of it is passed over.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let document = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mark = text.len() - document.len();
    match DeTable::parse(document) {
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

/// A value of a document as data that leaves TOML for good.
///
/// # Errors
/// Where something stands that JSON has no form for, and what that is.
pub(crate) fn as_json(value: &Spanned<DeValue<'_>>) -> Result<Node, (Range<usize>, &'static str)> {
    match formless(value) {
        Some(found) => Err(found),
        None => Ok(node(value.clone(), 0)),
    }
}

/// The first of all values in this one that JSON has no form for.
fn formless(value: &Spanned<DeValue<'_>>) -> Option<(Range<usize>, &'static str)> {
    let what = match value.get_ref() {
        DeValue::Datetime(_) => "a date or time",
        DeValue::Float(number) if float(number.as_str()) == Value::Null => "a number that is not finite",
        // Those who read JSON make a fraction of more.
        DeValue::Integer(number) if i64::from_str_radix(&digits(number), number.radix()).is_err() => {
            "a whole number of more than 64 bits"
        }
        DeValue::Array(items) => return items.iter().find_map(formless),
        DeValue::Table(table) => {
            let found = table.values().filter_map(formless);
            return found.min_by_key(|(span, _)| span.start);
        }
        _ => return None,
    };
    Some((value.span(), what))
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
        DeValue::Integer(number) => integer(&number),
        DeValue::Float(number) => float(number.as_str()),
        DeValue::Boolean(value) => Value::Bool(value),
        // Tauri's configuration has no dates; serde would give a string.
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => Value::Array(items.into_iter().map(|item| node(item, mark)).collect()),
        DeValue::Table(table) => object(table, mark),
    };
    Node { span: span.start + mark..span.end + mark, value }
}

/// A number that has no bits enough is none, as one that is not finite: serde reads that as null.
fn integer(number: &::toml::de::DeInteger<'_>) -> Value {
    let value = i128::from_str_radix(&digits(number), number.radix());
    value.map_or(Value::Null, |number| Value::Number(number.to_string()))
}

fn digits(number: &::toml::de::DeInteger<'_>) -> String {
    number.as_str().replace('_', "")
}

fn float(number: &str) -> Value {
    let digits = number.trim_start_matches('+').replace('_', "");
    if digits.ends_with("inf") || digits.ends_with("nan") { Value::Null } else { Value::Number(digits) }
}

#[cfg(test)]
mod tests;
