//! Generated documents in all sorts of hands: an edit gives exactly the value that was asked for, and leaves the rest.

use std::path::Path;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::super::samples;
use super::*;

const PATH: [&str; 2] = ["bundle", "externalBin"];
const NAMES: [&str; 6] = ["a", "b/c", "it's", "],", "\u{e9}", "#//"];

/// White space and comments of JSON5.
fn blank() -> impl Strategy<Value = String> {
    let pieces =
        ["", " ", "\n  ", "\r\n\t", "/* c, ] */", " // c \" [\n", "// \u{e9}\r\n", "\n\n    ", "\u{a0}"];
    vec(select(pieces.to_vec()), 0..3).prop_map(|pieces| pieces.concat())
}

fn string() -> impl Strategy<Value = String> {
    let spellings = [
        r#""a""#,
        r#"'a'"#,
        r#""b\/c""#,
        r#"'it\'s'"#,
        r#""],""#,
        r#""\u00e9""#,
        r#""other \"x\"""#,
        r#"'#//'"#,
    ];
    select(spellings.to_vec()).prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        string(),
        select(vec!["1", "-2.5e3", "true", "null", "[]", "{}", "[1, {x: 'y'}]"]).prop_map(str::to_owned)
    ]
}

/// Items with blanks around them, in brackets, with or without a comma behind the last.
fn listed(
    open: char,
    close: char,
    items: impl Strategy<Value = Vec<String>>,
) -> impl Strategy<Value = String> {
    (items, vec(blank(), 20), any::<bool>()).prop_map(move |(items, blanks, trailing)| {
        let mut blanks = blanks.into_iter().cycle();
        let mut blank = move || blanks.next().unwrap();
        let mut out = open.to_string();
        for (i, item) in items.iter().enumerate() {
            let comma = if i + 1 < items.len() || trailing { "," } else { "" };
            out += &[&blank(), item, &blank(), comma].concat();
        }
        out + &blank() + &close.to_string()
    })
}

fn array() -> impl Strategy<Value = String> {
    let item = prop_oneof![4 => string(), 1 => Just("{identifier: 'x', windows: [\"main\"]}".to_owned())];
    listed('[', ']', vec(item, 0..5))
}

fn entry(
    keys: &'static [&'static str],
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    (select(keys.to_vec()), select(vec![":", ": ", " : ", ":\n"]), value)
        .prop_map(|(k, colon, v)| format!("{k}{colon}{v}"))
}

/// Entries in any order, of which one may be that of the path.
fn object(fixed: impl Strategy<Value = Option<String>>) -> impl Strategy<Value = String> {
    let other = entry(&["x", "\"y\"", "'z'", "$schema", "\"bundled\""], scalar());
    let entries = (vec(other, 0..3), fixed, any::<bool>()).prop_map(|(mut entries, fixed, first)| {
        let at = if first { 0 } else { entries.len() };
        entries.splice(at..at, fixed);
        entries
    });
    listed('{', '}', entries)
}

fn json5_document() -> impl Strategy<Value = String> {
    let bin = entry(
        &["externalBin", "\"externalBin\"", "'externalBin'"],
        prop_oneof![6 => array(), 1 => Just("null".to_owned())],
    );
    let bundle = prop_oneof![8 => object(option::weighted(0.85, bin)), 1 => Just("null".to_owned())];
    let bundle = entry(&["bundle", "\"bundle\"", "'b\\u0075ndle'"], bundle);
    let root = object(option::weighted(0.9, bundle));
    (select(vec!["", "\u{feff}"]), blank(), root, blank())
        .prop_map(|(mark, a, root, b)| format!("{mark}{a}{root}{b}"))
}

fn toml_array() -> impl Strategy<Value = String> {
    let item = select(vec![
        "\"a\"",
        "'a'",
        "\"b/c\"",
        "\"it's\"",
        "'],'",
        "\"\\u00e9\"",
        "\"\"\"x\"y\"\"\"",
        "'#//'",
        "{ x = ['a'], y = 1 }",
    ]);
    let blank = || {
        vec(select(vec!["", " ", "\n  ", "\r\n\t", " # c, ] \"\n"]), 0..3).prop_map(|pieces| pieces.concat())
    };
    (vec((blank(), item, blank()), 0..5), any::<bool>(), blank()).prop_map(|(items, trailing, end)| {
        let count = items.len();
        let text = items.into_iter().enumerate().map(|(i, (before, item, after))| {
            format!("{before}{item}{after}{}", if i + 1 < count || trailing { "," } else { "" })
        });
        format!("[{}{end}]", text.collect::<String>())
    })
}

fn toml_document() -> impl Strategy<Value = String> {
    let bundle = (0..9, toml_array(), 0..3_usize).prop_map(|(form, array, more)| {
        let more = ["", "copyright = 'c' # [x]\n", "linux.deb.depends = [\n  'x',\n]\n"][more];
        match form {
            0 => String::new(),
            1 => format!("[bundle]\n{more}externalBin = {array} # c\n"),
            2 => format!("[bundle]\nexternalBin={array}\n{more}"),
            3 => format!("[bundle]\n{more}\n# about linux\n[bundle.windows]\nx = 1\n"),
            4 => "[bundle.windows]\nx = 1\n[[bundle.more]]\ny = 1\n".to_owned(),
            5 => format!("[ bundle ]\n\t{more}\n[bundle.windows]\nx = 1\n"),
            6 => format!("[bundle.windows]\nx = 1\n[bundle]\nexternalBin = {array}"),
            7 => "[bundle]".to_owned(),
            _ => "[bundle] # c\n\n\n".to_owned(),
        }
    });
    let root = (0..7, toml_array()).prop_map(|(form, array)| match form {
        0 => format!("bundle.externalBin = {array}\n"),
        1 => "bundle.active = true\nlast = 1\n".to_owned(),
        2 => format!("bundle = {{ externalBin = {array} , x = 1 }} # c\n"),
        3 => "bundle = { a.b = 1, 'c,d' . 'e' = \"f\" }\n".to_owned(),
        4 => "bundle = {}\n".to_owned(),
        _ => String::new(),
    });
    let end = select(vec!["", "\n", "[x]\ny = 1", "[[z]]\n[[z]]\n# end\n", "\n\n"]);
    let eol = select(vec!["\n", "\r\n"]);
    (select(vec!["", "# top\n\n", "identifier = 'a.b'\n"]), root, bundle, end, eol).prop_map(
        |(top, root, bundle, end, eol)| {
            let bundle = if root.is_empty() { bundle } else { String::new() };
            let bundle = if bundle.ends_with('\n') || bundle.is_empty() { bundle } else { bundle + "\n" };
            format!("{top}{root}{bundle}{end}").replace("\r\n", "\n").replace('\n', eol)
        },
    )
}

/// Strings as nobody wants them.
fn string_value() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-z]{1,3}", 1 => "\\PC{0,4}", 1 => ".{0,3}"]
}

/// A file, the names that go, and those that come.
fn case(
    path: &'static str,
    text: impl Strategy<Value = String>,
) -> impl Strategy<Value = (ConfigFile, Vec<String>, Vec<String>)> {
    let names =
        || subsequence(NAMES.to_vec(), 0..4).prop_map(|names| names.into_iter().map(str::to_owned).collect());
    let file = text.prop_map(move |text| ConfigFile::parse(Path::new(path), text).unwrap());
    (file, names(), names())
}

fn any_case() -> impl Strategy<Value = (ConfigFile, Vec<String>, Vec<String>)> {
    prop_oneof![case("tauri.conf.json5", json5_document()), case("Tauri.toml", toml_document())]
}

/// The value without places and in one order, to compare.
fn plain(node: &Node) -> serde_json::Value {
    serde_json::from_str(&node.to_json()).unwrap()
}

fn expected(file: &ConfigFile, keep: impl Fn(&str) -> bool, add: &[String]) -> serde_json::Value {
    let mut root = plain(&file.root);
    let found =
        root.get("bundle").and_then(|bundle| bundle.get("externalBin")).filter(|found| !found.is_null());
    if found.is_none() && add.is_empty() {
        return root;
    }
    let mut items = found.and_then(|found| found.as_array()).cloned().unwrap_or_default();
    items.retain(|item| item.as_str().is_none_or(&keep));
    items.extend(add.iter().cloned().map(Into::into));
    root["bundle"]["externalBin"] = items.into();
    root
}

fn is_part(part: &str, whole: &str) -> bool {
    let mut whole = whole.bytes();
    part.bytes().all(|byte| whole.any(|found| found == byte))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_value_is_what_was_asked_for((file, gone, add) in any_case()) {
        let keep = |item: &str| !gone.iter().any(|gone| gone == item);
        let after = file.clone().with_items(&PATH, keep, &add).unwrap();
        prop_assert_eq!(plain(&after.root), expected(&file, keep, &add), "{}\n---\n{}", file.text, after.text);
    }

    #[test]
    fn twice_is_once((file, gone, add) in any_case()) {
        let keep = |item: &str| !gone.iter().chain(&add).any(|gone| gone == item);
        let once = file.with_items(&PATH, keep, &add).unwrap();
        let twice = once.clone().with_items(&PATH, keep, &add).unwrap();
        prop_assert_eq!(&once.text, &twice.text);
    }

    #[test]
    fn what_came_and_went_leaves_no_trace((file, _, add) in any_case()) {
        let new = |item: &str| !add.iter().any(|add| add == item);
        let file = file.with_items(&PATH, new, &[]).unwrap();
        let array = file.root.at(&PATH).filter(|node| node.as_array().is_some_and(|items| !items.is_empty()));
        // An array that was empty, or was not there, stays as `[]`.
        if array.is_none() {
            return Ok(());
        }
        let more = file.clone().with_items(&PATH, |_| true, &add).unwrap();
        let lines = |file: &ConfigFile| file.text[file.root.at(&PATH).unwrap().span.clone()].contains('\n');
        // A line that grew too long was parted, and stays so.
        if lines(&file) != lines(&more) {
            return Ok(());
        }
        let less = more.clone().with_items(&PATH, new, &[]).unwrap();
        prop_assert_eq!(&file.text, &less.text, "{}", more.text);
    }

    #[test]
    fn other_bytes_stay((file, gone, add) in any_case()) {
        let keep = |item: &str| !gone.iter().any(|gone| gone == item);
        let after = file.clone().with_items(&PATH, keep, &add).unwrap();
        let around = |node: &Node| [file.text[..node.span.start].to_owned(), file.text[node.span.end..].to_owned()];
        // What must change: the array or what stands in its place, else the object that gets it.
        let place = file.root.at(&PATH).or_else(|| file.root.get("bundle")).unwrap_or(&file.root);
        let is_array = file.root.at(&PATH).is_some() || place.is_null();
        if is_array || file.format != Format::Toml {
            let [before, behind] = around(place);
            let whole = after.text.starts_with(&before) && after.text.ends_with(&behind);
            prop_assert!(whole, "{}\n---\n{}", file.text, after.text);
        }
        if !is_array {
            let [kept, result] = [&file, &after].map(|file| file.text.replace(char::is_whitespace, ""));
            prop_assert!(is_part(&kept, &result), "{}\n---\n{}", file.text, after.text);
            // TOML's lines are whole as they were, but for an inline table; JSON's may get a comma.
            let gone = file.text.lines().filter(|line| after.text.lines().all(|new| new != *line)).count();
            prop_assert!(file.format != Format::Toml || gone <= 1, "{}\n---\n{}", file.text, after.text);
        }
    }

    #[test]
    fn comments_between_items_stay((file, gone, add) in case("tauri.conf.json5", json5_document())) {
        let own_line = |text: &str| text.lines().filter(|line| line.trim_start().starts_with("// c")).count();
        let keep = |item: &str| !gone.iter().any(|gone| gone == item);
        let after = file.clone().with_items(&PATH, keep, &add).unwrap();
        prop_assert!(own_line(&after.text) >= own_line(&file.text), "{}\n---\n{}", file.text, after.text);
    }

    #[test]
    fn damaged_samples_are_edited_or_refused((path, text) in samples::damaged(), add in vec(string_value(), 0..3)) {
        let Ok(file) = ConfigFile::parse(Path::new(path), text) else { return Ok(()) };
        match file.clone().with_items(&PATH, |item| item.contains("ffmpeg"), &add) {
            Ok(after) => {
                let expected = expected(&file, |item| item.contains("ffmpeg"), &add);
                prop_assert_eq!(plain(&after.root), expected, "{}\n---\n{}", file.text, after.text);
            }
            Err(error) => prop_assert!(error.headline().contains(" takes "), "{error}\n---\n{}", file.text),
        }
        match file.clone().with_string(&["build", "beforeBuildCommand"], "x") {
            Ok(after) => {
                let mut expected = plain(&file.root);
                expected["build"]["beforeBuildCommand"] = "x".into();
                prop_assert_eq!(plain(&after.root), expected, "{}\n---\n{}", file.text, after.text);
            }
            Err(error) => prop_assert!(error.headline().contains(" takes "), "{error}\n---\n{}", file.text),
        }
    }

    #[test]
    fn maps_become_what_was_asked_for((path, text) in samples::damaged(), add in vec((string_value(), string_value()), 0..3)) {
        let path_of = ["bundle", "resources"];
        let Ok(file) = ConfigFile::parse(Path::new(path), text) else { return Ok(()) };
        let keep = |key: &str| key != "a.txt";
        match file.clone().with_entries(&path_of, keep, &add) {
            Ok(after) => {
                let mut expected = plain(&file.root);
                let found = expected.pointer("/bundle/resources").is_some_and(|found| !found.is_null());
                if found || !add.is_empty() {
                    let entries = &mut expected["bundle"]["resources"];
                    if let Some(entries) = entries.as_object_mut() {
                        entries.retain(|key, value| !value.is_string() || keep(key));
                    }
                    for (key, value) in &add {
                        entries[key] = value.clone().into();
                    }
                }
                prop_assert_eq!(plain(&after.root), expected, "{}\n---\n{}", file.text, after.text);
                let twice = after.clone().with_entries(&path_of, |key| keep(key) || add.iter().any(|(k, _)| k == key), &add).unwrap();
                prop_assert_eq!(&after.text, &twice.text);
            }
            Err(error) => prop_assert!(error.headline().contains(" takes "), "{error}\n---\n{}", file.text),
        }
    }
}
