//! JSON as people keep it: two spaces, and short lists of strings in one line, as the usual formatters leave it.

use crate::config::node::write_json_string;
use crate::config::{Node, Value};

/// The columns that a list of strings may fill.
const WIDTH: usize = 80;

/// A value as a text file, with a line end at its end.
pub(super) fn pretty(root: &Node) -> String {
    let mut out = String::new();
    write(&mut out, root, 0);
    out.push('\n');
    out
}

fn write(out: &mut String, node: &Node, indent: usize) {
    match &node.value {
        Value::Array(items) if !items.is_empty() => {
            let start = out.rfind('\n').map_or(0, |newline| newline + 1);
            if let Some(line) = in_one_line(items)
                // One more for a comma.
                && out[start..].chars().count() + line.chars().count() < WIDTH
            {
                out.push_str(&line);
                return;
            }
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                begin(out, i, indent + 1);
                write(out, item, indent + 1);
            }
            end(out, indent);
            out.push(']');
        }
        Value::Object(entries) if !entries.is_empty() => {
            out.push('{');
            for (i, entry) in entries.iter().enumerate() {
                begin(out, i, indent + 1);
                write_json_string(out, &entry.key);
                out.push_str(": ");
                write(out, &entry.node, indent + 1);
            }
            end(out, indent);
            out.push('}');
        }
        _ => out.push_str(&node.to_json()),
    }
}

fn begin(out: &mut String, count: usize, indent: usize) {
    out.push_str(if count == 0 { "" } else { "," });
    end(out, indent);
}

fn end(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", indent));
}

/// A list of strings without line ends; `None` where it holds anything else.
fn in_one_line(items: &[Node]) -> Option<String> {
    let mut out = String::from("[");
    for (i, item) in items.iter().enumerate() {
        out.push_str(if i == 0 { "" } else { ", " });
        write_json_string(&mut out, item.as_str()?);
    }
    out.push(']');
    Some(out)
}

/// A JSON text without the white space between its values. What is no JSON (comments, a comma too many) stays.
pub(super) fn dense(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(quote) = rest.find('"') {
        push_without_blanks(&mut out, &rest[..quote]);
        let string = &rest[quote..];
        let end = end_of_string(string);
        out.push_str(&string[..end]);
        rest = &string[end..];
    }
    push_without_blanks(&mut out, rest);
    out
}

fn push_without_blanks(out: &mut String, text: &str) {
    out.extend(text.split([' ', '\t', '\r', '\n']));
}

/// The length of the string that a text begins with, its quotes included.
fn end_of_string(text: &str) -> usize {
    let mut at = 1;
    while let Some(found) = text[at..].find(['"', '\\']) {
        at += found + 1;
        if text.as_bytes()[at - 1] == b'"' {
            return at;
        }
        // Whatever is escaped is part of the string.
        at += text[at..].chars().next().map_or(0, char::len_utf8);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        crate::config::json5::parse(text).unwrap()
    }

    #[test]
    fn short_lists_of_strings_stay_in_their_line() {
        let value = node(r#"{"a":["x","y"],"b":[{"c":[]}],"d":{},"e":[1,"x"]}"#);
        assert_eq!(
            pretty(&value),
            "{\n  \"a\": [\"x\", \"y\"],\n  \"b\": [\n    {\n      \"c\": []\n    }\n  ],\n  \"d\": {},\n  \"e\": [\n    \
             1,\n    \"x\"\n  ]\n}\n"
        );
    }

    #[test]
    fn a_list_and_its_comma_end_at_column_80() {
        let with = |length: usize| pretty(&node(&format!(r#"{{"a":["{}"]}}"#, "x".repeat(length))));
        assert_eq!(with(68).lines().nth(1).map(str::len), Some(79));
        assert_eq!(with(69).lines().count(), 5);
    }

    #[test]
    fn white_space_counts_in_strings_only() {
        assert_eq!(dense("{ \"a b\" :\r\n\t[ 1, \" \\\" \\\\\" ] }\n"), r#"{"a b":[1," \" \\"]}"#);
        assert_ne!(dense("{} // x"), dense("{}"));
        assert_ne!(dense("[1,]"), dense("[1]"));
        assert_eq!(dense(r#"" \"#), r#"" \"#);
    }

    proptest::proptest! {
        #[test]
        fn a_dense_text_means_the_same(text in r#"[a "\\\n,:\[\]é]{0,40}"#) {
            let dense = dense(&text);
            proptest::prop_assert_eq!(super::dense(&dense), dense.clone());
            let value = node(&format!("[{}]", serde_json_string(&text)));
            let pretty = pretty(&value);
            proptest::prop_assert_eq!(super::dense(&pretty), value.to_json());
        }
    }

    fn serde_json_string(text: &str) -> String {
        let mut out = String::new();
        write_json_string(&mut out, text);
        out
    }
}
