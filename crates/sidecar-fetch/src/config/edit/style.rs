//! How a file is written: what is added to it looks like what is there.

use super::super::files::{ConfigFile, Format};
use super::super::node::{Entry, Node, Value};

/// The indentation unit and the line ending of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// One level of indentation.
    pub(crate) indent: &'static str,
    /// `\n` or `\r\n`
    pub(crate) newline: &'static str,
}

impl Default for Style {
    fn default() -> Self {
        Self { indent: "  ", newline: "\n" }
    }
}

impl Style {
    pub(super) fn of(file: &ConfigFile) -> Self {
        let text = &file.text;
        let crlf = text.matches("\r\n").count();
        let newline = if crlf * 2 > text.matches('\n').count() { "\r\n" } else { "\n" };
        Self { indent: indent_of(file).unwrap_or("  "), newline }
    }
}

/// The white space in front of the first value that begins a line and is indented.
fn indent_of(file: &ConfigFile) -> Option<&'static str> {
    const SPACES: &str = "        ";
    let starts: Vec<usize> = match &file.root.value {
        Value::Object(entries) if file.format != Format::Toml => {
            entries.iter().map(|e| e.key_span.start).collect()
        }
        _ => arrays(&file.root).iter().flat_map(|array| array.iter().map(|item| item.span.start)).collect(),
    };
    let white = starts.into_iter().map(|at| white_before(&file.text, at)).find(|white| !white.is_empty())?;
    if white.starts_with('\t') { Some("\t") } else { SPACES.get(..white.len().min(SPACES.len())) }
}

fn arrays(node: &Node) -> Vec<&[Node]> {
    match &node.value {
        Value::Object(entries) => entries.iter().flat_map(|entry| arrays(&entry.node)).collect(),
        Value::Array(items) => vec![items],
        _ => Vec::new(),
    }
}

/// The white space between the beginning of a line and `at`, where nothing else stands there.
fn white_before(text: &str, at: usize) -> &str {
    let line = line_start(text, at);
    let before = &text[line..at];
    if before.bytes().all(|b| matches!(b, b' ' | b'\t')) { before } else { "" }
}

/// Where the text begins, behind a byte order mark.
pub(super) fn top(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// Where the line of a byte begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(top(text).min(at), |newline| newline + 1)
}

/// Where the line of a byte ends, in front of its line ending.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let Some(newline) = text[at..].find('\n') else { return text.len() };
    let end = at + newline;
    if end > at && text[..end].ends_with('\r') { end - 1 } else { end }
}

/// The white space that a line begins with.
pub(super) fn indent_at(text: &str, at: usize) -> &str {
    let line = &text[line_start(text, at)..];
    &line[..line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len())]
}

/// Everything that new text needs to look like its neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hand<'t> {
    pub(super) toml: bool,
    pub(super) style: Style,
    /// Around strings.
    pub(super) quote: char,
    /// Around keys; `None`: none where the key allows it.
    pub(super) key_quote: Option<char>,
    /// Between key and value.
    pub(super) colon: &'t str,
    /// Whether the file has lines at all.
    pub(super) lines: bool,
}

impl<'t> Hand<'t> {
    /// For a new file.
    pub(super) fn new(format: Format, style: Style) -> Self {
        let toml = format == Format::Toml;
        let (key_quote, colon) = if toml { (None, " = ") } else { (Some('"'), ": ") };
        Self { toml, style, quote: '"', key_quote, colon, lines: true }
    }

    /// For what is added to `near`.
    pub(super) fn of(file: &'t ConfigFile, near: &Node) -> Self {
        let mut hand = Self::new(file.format, file.style());
        let quote_at = |at: usize| file.text[at..].chars().next().filter(|c| matches!(c, '"' | '\''));
        let string = last_string(near).or_else(|| first_string(&file.root));
        hand.quote = string.and_then(|node| quote_at(node.span.start)).unwrap_or('"');
        let entry = last_entry(near).or_else(|| last_entry(&file.root));
        if let Some(entry) = entry {
            let between = file.text.get(entry.key_span.end..entry.node.span.start).unwrap_or_default();
            let known = if hand.toml { &["=", " = "][..] } else { &[":", ": ", " : "] };
            hand.colon = if known.contains(&between) { between } else { hand.colon };
            if !hand.toml {
                hand.key_quote = quote_at(entry.key_span.start);
            }
        }
        hand.lines = hand.toml || entry.is_none() || file.text.trim_end().contains('\n');
        hand
    }
}

fn last_entry(node: &Node) -> Option<&Entry> {
    match &node.value {
        Value::Object(entries) => entries.last(),
        _ => None,
    }
}

fn last_string(node: &Node) -> Option<&Node> {
    match &node.value {
        Value::Array(items) => items.iter().rev().find(|item| item.as_str().is_some()),
        Value::Object(entries) => entries.iter().rev().map(|e| &e.node).find(|node| node.as_str().is_some()),
        _ => None,
    }
}

fn first_string(node: &Node) -> Option<&Node> {
    match &node.value {
        Value::String(_) => Some(node),
        Value::Array(items) => items.iter().find_map(first_string),
        Value::Object(entries) => entries.iter().find_map(|entry| first_string(&entry.node)),
        _ => None,
    }
}
