//! Where TOML takes a new key: below its `[header]`, beside its dotted siblings, or below a header that is added.

use std::ops::Range;

use super::super::files::ConfigFile;
use super::super::node::{Entry, Node, Value};
use super::style::{Hand, indent_at, line_end, line_start, top};

/// A place of the text, and what comes to stand there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// `{ … }`
    Inline,
    /// `[header]` or the beginning of the file.
    Header,
    /// By keys with points in another table.
    Dotted,
    /// By headers of tables in it.
    Implied,
}

/// How the table at a path is written.
pub(super) fn written(file: &ConfigFile, path: &[&str]) -> Written {
    let Some(entry) = entry_at(&file.root, path) else { return Written::Header };
    match file.text.as_bytes().get(entry.node.span.start) {
        Some(b'{') => Written::Inline,
        Some(b'[') => Written::Header,
        _ if Layout::of(file).headers.iter().any(|h| h.contains(&entry.key_span.start)) => Written::Implied,
        _ => Written::Dotted,
    }
}

/// The headers of a file, and where the values of its sections end, both in the order of the text.
#[derive(Debug, Default)]
struct Layout {
    headers: Vec<Range<usize>>,
    leaves: Vec<Range<usize>>,
}

impl Layout {
    fn of(file: &ConfigFile) -> Self {
        let mut out = Self::default();
        if let Value::Object(entries) = &file.root.value {
            for entry in entries {
                out.entry(&file.text, entry);
            }
        }
        out.headers.sort_by_key(|h| h.start);
        out.leaves.sort_by_key(|l| l.start);
        out
    }

    fn entry(&mut self, text: &str, entry: &Entry) {
        let starts = |node: &Node, c: u8| text.as_bytes().get(node.span.start) == Some(&c);
        match &entry.node.value {
            Value::Object(entries) if !starts(&entry.node, b'{') => {
                if starts(&entry.node, b'[') {
                    self.headers.push(entry.node.span.clone());
                }
                for entry in entries {
                    self.entry(text, entry);
                }
            }
            Value::Array(items) if items.iter().any(|item| is_table(item) && starts(item, b'[')) => {
                for item in items {
                    self.headers.push(item.span.clone());
                    let Value::Object(entries) = &item.value else { continue };
                    for entry in entries {
                        self.entry(text, entry);
                    }
                }
            }
            _ => self.leaves.push(entry.key_span.start..entry.node.span.end),
        }
    }

    /// From behind a header to the next one.
    fn region(&self, header: &Range<usize>, end: usize) -> Range<usize> {
        let next = self.headers.iter().map(|h| h.start).find(|start| *start >= header.end);
        header.end..next.unwrap_or(end)
    }

    /// The last value of a region.
    fn last(&self, region: &Range<usize>) -> Option<&Range<usize>> {
        self.leaves.iter().rev().find(|leaf| region.contains(&leaf.start))
    }
}

fn is_table(node: &Node) -> bool {
    matches!(node.value, Value::Object(_))
}

/// Whether an array is written as `[[header]]`s.
pub(super) fn is_array_of_tables(file: &ConfigFile, array: &[Node]) -> bool {
    array.iter().any(|item| is_table(item) && file.text.as_bytes().get(item.span.start) == Some(&b'['))
}

/// Puts a value at `path`, of which the first `depth` keys lead to a table that is not inline. `base` of them lead to
/// the table whose section holds it: less than `depth` where it is written by dotted keys or implied.
pub(super) fn insert(file: &ConfigFile, path: &[&str], [base, depth]: [usize; 2], value: &Node) -> Splice {
    let layout = Layout::of(file);
    let table = file.root.at(&path[..depth]).unwrap_or(&file.root);
    let section = file.root.at(&path[..base]).unwrap_or(&file.root);
    let hand = Hand::of(file, table);
    let top = top(&file.text);
    let header = if base == 0 { top..top } else { section.span.clone() };
    let region = layout.region(&header, file.text.len());
    if base < depth && written(file, &path[..depth]) == Written::Dotted {
        let last = last_of(table, &region).unwrap_or(region.start);
        let indent = indent_at(&file.text, last);
        return lines_behind(file, Some(last), indent, &key_lines(&hand, &path[base..], value, indent));
    }
    let last = layout.last(&region).map(|leaf| leaf.end).or((base > 0).then_some(header.start));
    if base == depth && depth + 1 == path.len() && !is_table(value) {
        let indent = last.map_or("", |last| indent_at(&file.text, last));
        return lines_behind(file, last, indent, &key_lines(&hand, &path[depth..], value, indent));
    }
    let is_section = base == depth && base > 0;
    let last = last.filter(|_| is_section).unwrap_or(file.text.trim_end().len());
    let indent = if is_section { indent_at(&file.text, header.start) } else { "" };
    let mut lines = vec![String::new()];
    section_lines(&hand, path, value, indent, &mut lines);
    if last <= top {
        lines_behind(file, None, "", &lines[1..])
    } else {
        lines_behind(file, Some(last), indent, &lines)
    }
}

/// The lines of a header and its keys.
pub(super) fn section_lines<S: AsRef<str>>(
    hand: &Hand,
    path: &[S],
    value: &Node,
    indent: &str,
    lines: &mut Vec<String>,
) {
    let Value::Object(entries) = &value.value else {
        let Some((key, table)) = path.split_last() else { return };
        if !table.is_empty() {
            lines.push(format!("[{}]", hand.dotted(table)));
        }
        lines.push(hand.entry(&hand.key(key.as_ref()), value, indent));
        return;
    };
    let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    let own = || entries.iter().filter(|entry| !is_table(&entry.node));
    let tables = || entries.iter().filter(|entry| is_table(&entry.node));
    if !path.is_empty() && (own().next().is_some() || entries.is_empty()) {
        lines.push(format!("[{}]", hand.dotted(&path)));
    }
    lines.extend(own().map(|entry| hand.entry(&hand.key(&entry.key), &entry.node, indent)));
    for entry in tables() {
        if lines.last().is_some_and(|line| !line.is_empty()) {
            lines.push(String::new());
        }
        section_lines(hand, &[&path[..], &[&entry.key]].concat(), &entry.node, indent, lines);
    }
}

/// `a.b = value`, or such a line for each value of an object.
fn key_lines(hand: &Hand, path: &[&str], value: &Node, indent: &str) -> Vec<String> {
    match &value.value {
        Value::Object(entries) if !entries.is_empty() => {
            let line = |entry: &Entry| key_lines(hand, &[path, &[&entry.key]].concat(), &entry.node, indent);
            entries.iter().flat_map(line).collect()
        }
        _ => vec![hand.entry(&hand.dotted(path), value, indent)],
    }
}

/// Lines below the one of `behind`; at the top of the file where there is none.
fn lines_behind(file: &ConfigFile, behind: Option<usize>, indent: &str, lines: &[String]) -> Splice {
    let newline = file.style().newline;
    let Some(behind) = behind else {
        let top = top(&file.text);
        return Splice { range: top..top, text: lines.join(newline) + newline };
    };
    let at = line_end(&file.text, behind);
    let line = |line: &String| format!("{newline}{}{line}", if line.is_empty() { "" } else { indent });
    Splice { range: at..at, text: lines.iter().map(line).collect() }
}

/// The end of the last value of a table that stands in a region.
fn last_of(table: &Node, region: &Range<usize>) -> Option<usize> {
    let Value::Object(entries) = &table.value else { return None };
    let end = |entry: &Entry| match &entry.node.value {
        Value::Object(_) if entry.node.span == entry.key_span || region.end <= entry.node.span.start => {
            last_of(&entry.node, region)
        }
        _ => region.contains(&entry.key_span.start).then_some(entry.node.span.end),
    };
    entries.iter().filter_map(end).max()
}

fn entry_at<'n>(root: &'n Node, path: &[&str]) -> Option<&'n Entry> {
    let (key, parents) = path.split_last()?;
    let Value::Object(entries) = &root.at(parents)?.value else { return None };
    entries.iter().rev().find(|entry| entry.key == *key)
}

/// Takes the lines of an entry out, with the comment behind it.
pub(super) fn without_lines(text: &str, entry: &Entry) -> Splice {
    let start = line_start(text, entry.key_span.start);
    let end = line_end(text, entry.node.span.end);
    let newline = text[end..].find('\n').map_or(0, |at| at + 1);
    let above =
        text[..start].strip_suffix('\n').map_or(0, |above| above.strip_suffix('\r').unwrap_or(above).len());
    // The last line takes the line ending above it along.
    let start = if newline == 0 { above.max(top(text)) } else { start };
    Splice { range: start..end + newline, text: String::new() }
}
