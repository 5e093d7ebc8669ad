//! Changing a configuration file where it must change, and nowhere else: text in, text out, whatever the format.

mod list;
mod sections;
mod style;
mod write;

use std::ops::Range;
use std::path::Path;

use self::list::{Comments, List};
use self::sections::{Splice, Written};
pub(crate) use self::style::Style;
use self::style::{Hand, indent_at, line_end, line_start};
use super::files::{ConfigFile, Format};
use super::node::{Entry, Node, Value};
use crate::error::Error;
use crate::fsx;

impl ConfigFile {
    /// Indentation unit and line ending of this file.
    pub(crate) fn style(&self) -> Style {
        Style::of(self)
    }

    /// A new file of the path's format that holds `root`.
    ///
    /// # Errors
    /// [`Kind::ConfigInvalid`](crate::Kind::ConfigInvalid) where the format cannot hold it: TOML has no `null`.
    pub(crate) fn created(path: &Path, root: &Node, style: Style) -> Result<Self, Error> {
        let format = Format::of(path);
        let hand = Hand::new(format, style);
        let text = if format == Format::Toml {
            let mut lines = Vec::new();
            sections::section_lines::<&str>(&hand, &[], root, "", &mut lines);
            lines.push(String::new());
            lines.join(style.newline)
        } else {
            hand.value(root, "", 0) + style.newline
        };
        Self::parse(path, text)
    }

    /// The file with the array of strings at `path` holding what it held, without the items for which `keep` says no,
    /// and with `add` at its end. Items that are no strings stay and are not shown to `keep`. Where something is added,
    /// missing objects and the array come into being, also in place of `null`.
    ///
    /// # Errors
    /// [`Kind::ConfigInvalid`](crate::Kind::ConfigInvalid) where something else stands on the path.
    pub(crate) fn with_items(
        self,
        path: &[&str],
        keep: impl Fn(&str) -> bool,
        add: &[String],
    ) -> Result<Self, Error> {
        let Some(node) = self.present(path)? else {
            return if add.is_empty() { Ok(self) } else { self.with(path, &Node::strings(add)) };
        };
        let items = node.as_array().ok_or_else(|| self.wrong_at(path, "an array of strings", node))?;
        let goes = |item: &Node| item.as_str().is_some_and(|text| !keep(text));
        let new = Node::strings(add);
        let after = items.iter().filter(|item| !goes(item)).chain(new.as_array().into_iter().flatten());
        if items.iter().map(|item| &item.value).eq(after.map(|item| &item.value)) {
            return Ok(self);
        }
        if sections::is_array_of_tables(&self, items) {
            return Err(self.wrong_at(path, "an array of strings in brackets", node));
        }
        let removed: Vec<usize> = (0..items.len()).filter(|i| goes(&items[*i])).collect();
        let hand = Hand::of(&self, node);
        let add: Vec<String> = add.iter().map(|text| hand.string(text)).collect();
        let splice = self.list_changed(node, &removed, &add);
        self.spliced(splice)
    }

    /// The same for an object whose values are strings, by its keys. A key that is added and there takes its new value
    /// where it stands.
    ///
    /// # Errors
    /// [`Kind::ConfigInvalid`](crate::Kind::ConfigInvalid) where something else stands on the path.
    pub(crate) fn with_entries(
        self,
        path: &[&str],
        keep: impl Fn(&str) -> bool,
        add: &[(String, String)],
    ) -> Result<Self, Error> {
        let string = |text: &String| Node::new(Value::String(text.clone()));
        let Some(node) = self.present(path)? else {
            let entries = add.iter().map(|(key, value)| (key.clone(), string(value)));
            return if add.is_empty() { Ok(self) } else { self.with(path, &Node::object(entries)) };
        };
        if !matches!(node.value, Value::Object(_)) {
            return Err(self.wrong_at(path, "an object", node));
        }
        // First what comes: it is written like what is there.
        let mut file = self.clone();
        for (key, value) in add {
            let path: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
            file = file.with_string(&path, value)?;
        }
        let stays = |key: &str| add.iter().any(|(added, _)| added == key) || keep(key);
        file.without_entries(path, |entry| entry.node.as_str().is_some() && !stays(&entry.key))
    }

    /// The file with a string at `path`.
    ///
    /// # Errors
    /// [`Kind::ConfigInvalid`](crate::Kind::ConfigInvalid) where something else stands on the path.
    pub(crate) fn with_string(self, path: &[&str], value: &str) -> Result<Self, Error> {
        let Some(node) = self.present(path)? else {
            return self.with(path, &Node::new(Value::String(value.to_owned())));
        };
        match node.as_str() {
            Some(found) if found == value => Ok(self),
            Some(_) => {
                let text = Hand { quote: self.quote_of(node), ..Hand::of(&self, node) }.string(value);
                let splice = Splice { range: node.span.clone(), text };
                self.spliced(splice)
            }
            None => Err(self.wrong_at(path, "a string", node)),
        }
    }

    fn quote_of(&self, string: &Node) -> char {
        if self.text[string.span.start..].starts_with('\'') { '\'' } else { '"' }
    }

    /// The value at a path; `None` where it, or what leads to it, is not set or `null`.
    fn present(&self, path: &[&str]) -> Result<Option<&Node>, Error> {
        let (depth, node) = self.reach(path)?;
        Ok((depth == path.len() && !node.is_null()).then_some(node))
    }

    /// How many keys of a path lead to something, and what that is: an object, `null` or the value itself.
    fn reach(&self, path: &[&str]) -> Result<(usize, &Node), Error> {
        let mut node = &self.root;
        for (depth, key) in path.iter().enumerate() {
            match &node.value {
                Value::Object(_) => match node.get(key) {
                    Some(found) => node = found,
                    None => return Ok((depth, node)),
                },
                Value::Null => return Ok((depth, node)),
                _ => return Err(self.wrong_at(&path[..depth], "an object", node)),
            }
        }
        Ok((path.len(), node))
    }

    fn wrong_at(&self, path: &[&str], expected: &str, found: &Node) -> Error {
        let name = if path.is_empty() { fsx::name_of(&self.path) } else { path.join(".") };
        self.wrong(&name, expected, found)
    }

    /// The file with a value at a path where nothing or `null` stands.
    fn with(self, path: &[&str], value: &Node) -> Result<Self, Error> {
        let (depth, found) = self.reach(path)?;
        let splice = if found.is_null() {
            let hand = Hand::of(&self, found);
            let column = found.span.start - line_start(&self.text, found.span.start);
            let text =
                hand.value(&wrapped(&path[depth..], value), indent_at(&self.text, found.span.start), column);
            Splice { range: found.span.clone(), text }
        } else if self.format == Format::Toml {
            self.toml_added(path, depth, value)
        } else {
            let value = wrapped(&path[depth + 1..], value);
            self.entry_added(found, |hand| hand.key(path[depth]), &value)
        };
        self.spliced(splice)
    }

    fn toml_added(&self, path: &[&str], depth: usize, value: &Node) -> Splice {
        let (mut base, mut inline) = (0, None);
        for length in 1..=depth {
            match sections::written(self, &path[..length]) {
                Written::Inline => inline = Some(length),
                Written::Header => base = length,
                Written::Dotted | Written::Implied => {}
            }
        }
        match inline.and_then(|length| Some((self.root.at(&path[..length])?, &path[length..]))) {
            Some((table, rest)) => self.entry_added(table, |hand| hand.dotted(rest), value),
            None => sections::insert(self, path, [base, depth], value),
        }
    }

    /// An entry at the end of an object in braces.
    fn entry_added(&self, object: &Node, key: impl Fn(&Hand) -> String, value: &Node) -> Splice {
        let mut hand = Hand::of(self, object);
        let outer = indent_at(&self.text, object.span.start);
        let list = self.list(object);
        let has_lines = list.has_lines();
        if !self.is_toml() && list.is_blank() {
            // An empty object takes the form of a new one.
            let text = object_text(&hand, &key(&hand), value, outer);
            return Splice { range: object.span.clone(), text };
        }
        hand.lines &= has_lines || self.is_toml();
        let inner = format!("{outer}{}", hand.style.indent);
        let indent = if has_lines { list.indent().unwrap_or(&inner) } else { outer };
        let text = hand.entry(&key(&hand), value, indent);
        let text = if list.is_blank() { format!(" {text} ") } else { text };
        self.list_changed(object, &[], &[text])
    }

    fn is_toml(&self) -> bool {
        self.format == Format::Toml
    }

    fn list(&self, node: &Node) -> List<'_> {
        let comments = if self.is_toml() { Comments::Hash } else { Comments::Slash };
        List::scan(&self.text, &node.span, &values(node), comments)
    }

    /// A list in brackets without the items of these numbers, and with others at its end.
    fn list_changed(&self, node: &Node, removed: &[usize], add: &[String]) -> Splice {
        let hand = Hand::of(self, node);
        let (text, span) = (&self.text, node.span.clone());
        let outer = indent_at(text, span.start);
        let inner = format!("{outer}{}", hand.style.indent);
        let change = |spread: bool| {
            let mut list = self.list(node);
            let has_lines = list.has_lines();
            list.remove(removed);
            list.add(add.iter().cloned(), [&inner, hand.style.newline, hand.gap()]);
            if spread && !has_lines {
                list.spread(&inner, outer, hand.style.newline);
            }
            list.into_text()
        };
        let line = change(false);
        let width = |text: &str| text.chars().count();
        let around = width(&text[line_start(text, span.start)..span.start])
            + width(&text[span.end..line_end(text, span.end)]);
        let is_long = !line.contains('\n') && around + width(&line) > write::COLUMNS;
        let may_spread = hand.lines && !add.is_empty() && matches!(node.value, Value::Array(_));
        let text = if is_long && may_spread { change(true) } else { line };
        Splice { range: span, text }
    }

    fn without_entries(self, path: &[&str], goes: impl Fn(&Entry) -> bool) -> Result<Self, Error> {
        let Some(node) = self.root.at(path) else { return Ok(self) };
        let Value::Object(entries) = &node.value else { return Ok(self) };
        let removed: Vec<&Entry> = entries.iter().filter(|entry| goes(entry)).collect();
        if removed.is_empty() {
            return Ok(self);
        }
        if self.is_toml() && !self.text[node.span.start..].starts_with('{') {
            let mut text = self.text.clone();
            for entry in removed.iter().rev() {
                let splice = sections::without_lines(&text, entry);
                text.replace_range(splice.range, &splice.text);
            }
            return Self::parse(&self.path, text);
        }
        let values = values(node);
        let number = |entry: &&Entry| values.iter().position(|span| *span == entry.node.span);
        let numbers: Vec<usize> = removed.iter().filter_map(number).collect();
        let splice = self.list_changed(node, &numbers, &[]);
        self.spliced(splice)
    }

    /// The file with other text in one place.
    fn spliced(mut self, splice: Splice) -> Result<Self, Error> {
        self.text.replace_range(splice.range, &splice.text);
        Self::parse(&self.path, self.text)
    }
}

/// Where the values of a list in brackets stand; those of dotted keys each on their own.
fn values(node: &Node) -> Vec<Range<usize>> {
    let of_entry = |entry: &Entry| {
        let is_dotted = matches!(entry.node.value, Value::Object(_)) && entry.node.span == entry.key_span;
        if is_dotted { values(&entry.node) } else { vec![entry.node.span.clone()] }
    };
    let mut spans: Vec<_> = match &node.value {
        Value::Array(items) => items.iter().map(|item| item.span.clone()).collect(),
        Value::Object(entries) => entries.iter().flat_map(of_entry).collect(),
        _ => Vec::new(),
    };
    spans.sort_by_key(|span| span.start);
    spans
}

/// An object with this one entry.
fn object_text(hand: &Hand, key: &str, value: &Node, indent: &str) -> String {
    let (newline, unit) = (hand.style.newline, hand.style.indent);
    if hand.lines {
        let inner = format!("{indent}{unit}");
        format!("{{{newline}{inner}{}{newline}{indent}}}", hand.entry(key, value, &inner))
    } else if hand.colon == ":" {
        format!("{{{}}}", hand.entry(key, value, indent))
    } else {
        format!("{{ {} }}", hand.entry(key, value, indent))
    }
}

/// A value in the objects that a path asks for.
fn wrapped(path: &[&str], value: &Node) -> Node {
    path.iter().rev().fold(value.clone(), |node, key| Node::object([(*key, node)]))
}

#[cfg(test)]
mod props;
#[cfg(test)]
mod tests;
