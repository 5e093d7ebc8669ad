use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::files::ConfigFile;
use super::super::samples;
use super::*;

#[track_caller]
fn reads(text: &str, json: &str) {
    assert_eq!(parse(text).map(|node| node.to_json()), Ok(json.to_owned()), "{text:?}");
}

#[track_caller]
fn fails(text: &str, at: usize, words: &str) {
    assert_eq!(parse(text), Err(Fault { at, words: words.to_owned() }), "{text:?}");
}

#[test]
fn every_spelling_of_the_specification_is_read() {
    reads(
        "{unquoted: 'and you can \"quote\" me', sign: +1, half: .5, whole: 5., hex: 0xdecaf, trailing: [1,],}",
        r#"{"unquoted":"and you can \"quote\" me","sign":1,"half":0.5,"whole":5.0,"hex":912559,"trailing":[1]}"#,
    );
    reads(
        "\u{feff}\u{a0}\u{2028}/* a **/ [ // b\u{2029} null, true /**/, false,\u{b}\u{c}\u{3000}] // c",
        "[null,true,false]",
    );
    reads(
        r"'\x41\u00e9\uD83D\ude00\v\0\'\a\/\
\b'",
        "\"A\u{e9}\u{1f600}\\u000b\\u0000'a/\\u0008\"",
    );
    reads("'\u{2028}\u{2029}\t'", "\"\u{2028}\u{2029}\\t\"");
    reads("'a\\\r\nb\\\u{2028}c'", r#""abc""#);
    reads(
        "{$_a1: 1, \u{e9}t\u{e9}\u{301}: 2, \\u0061b\\u0031: 3, null: 4, a\u{200d}: 5}",
        "{\"$_a1\":1,\"\u{e9}t\u{e9}\u{301}\":2,\"ab1\":3,\"null\":4,\"a\u{200d}\":5}",
    );
    reads(
        "[Infinity, -Infinity, +NaN, -0x10, 5.e3, -.5E-2, 0, -0]",
        "[null,null,null,-16,5.0e3,-0.5E-2,0,-0]",
    );
    reads("{}", "{}");
    reads("{'': []}", r#"{"":[]}"#);
}

#[test]
fn what_is_wrong_is_said_in_words_at_its_place() {
    fails("", 0, "expected a value, found the end of the file");
    fails("{\"a\": 1,, }", 8, "expected a key or `}`, found `,`");
    fails("[1, , 2]", 4, "expected a value or `]`, found `,`");
    fails("[1 2]", 3, "expected `,` or `]`, found `2`");
    fails("{a: 1", 5, "expected `,` or `}`, found the end of the file");
    fails("{a 1}", 3, "expected `:`, found `1`");
    fails("{a:\u{0}}", 3, "expected a value, found the character U+0000");
    fails("{a: yes}", 4, "`yes` is no value; a string stands in quotes");
    fails("{1a: 1}", 1, "expected a key or `}`, found `1`");
    fails("{} {}", 3, "expected the end of the file, found `{`");
    fails("[/* ]", 1, "this comment has no end");
    fails("[/ ]", 1, "expected a value or `]`, found `/`");
    fails("['a\nb']", 1, "this string has no end");
    fails("['a", 1, "this string has no end");
    fails("['a\\", 1, "this string has no end");
    fails(r"'\1'", 1, "no such escape");
    fails(r"{\x61: 1}", 1, "no such escape in a key");
    fails(r"{\u0031: 1}", 1, "no such escape in a key");
    fails("\u{85}1", 0, "expected a value, found the character U+0085");
    for number in
        ["01", "1e", "+-1", "0x", "0x+1", "0xg", "1_000", "--1", ".", "1.2.3", "0b1", "0x1ffffffffffffffff"]
    {
        fails(number, 0, &format!("`{number}` is not a number"));
    }
    for (text, at) in [(r"'\u+123'", 3), (r"'\u12'", 3), (r"'\u12", 3), ("'\\u00\u{e9}'", 3)] {
        fails(text, at, "expected 4 hexadecimal digits");
    }
    fails(r"'\x+1'", 3, "expected 2 hexadecimal digits");
    for half in
        [r"'\ud800'", r"'\udc00'", r"'\ud800\u0041'", r"'\ud800\ud800'", r"'\ud800x'", r"'\udfff\ud800'"]
    {
        fails(half, 1, "half of a surrogate pair is no character");
    }
}

#[test]
fn the_place_counts_lines_and_characters() {
    let place = |text: &str| {
        let error = ConfigFile::parse(Path::new("x.json"), text.to_owned()).unwrap_err();
        error.facts().next().unwrap().1.to_owned()
    };
    assert_eq!(place("\u{feff}?"), "x.json:1:1");
    assert_eq!(place("{\r\n\t\"\u{e9}\": ?\r\n}"), "x.json:2:7");
    assert_eq!(place("{\n\n"), "x.json:3:1");
    assert_eq!(place("[\n  'a"), "x.json:2:3");
}

#[test]
fn nesting_has_an_end() {
    let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
    assert!(parse(&nested(128)).is_ok());
    fails(&nested(10_000), 128, "nested more than 128 levels deep");
    fails(&"{a:".repeat(10_000), 384, "nested more than 128 levels deep");
}

#[test]
fn of_equal_keys_the_last_counts() {
    let node = parse("{a: 1, b: 2, a: {c: 1, c: 3}}").unwrap();
    assert_eq!(node.at(&["a", "c"]).unwrap().value, Value::Number("3".into()));
}

#[test]
fn each_value_knows_where_it_stands() {
    let text = " { 'a' : [ -1 , \"x\" ] } ";
    let node = parse(text).unwrap();
    let Value::Object(entries) = &node.value else { panic!("an object") };
    let spans = [&node.span, &entries[0].key_span, &entries[0].node.span].map(|span| &text[span.clone()]);
    assert_eq!(spans, ["{ 'a' : [ -1 , \"x\" ] }", "'a'", "[ -1 , \"x\" ]"]);
    let items = entries[0].node.as_array().unwrap();
    assert_eq!([0, 1].map(|i| &text[items[i].span.clone()]), ["-1", "\"x\""]);
}

#[test]
fn a_text_cut_anywhere_is_an_error_or_a_value() {
    for text in [samples::JSON, samples::JSON5] {
        for (at, _) in text.char_indices() {
            if let Err(fault) = parse(&text[..at]) {
                assert!(fault.at <= at, "{:?}", &text[..at]);
            }
        }
    }
}

/// Texts made of JSON5's tokens, right and wrong.
fn tokens() -> impl Strategy<Value = String> {
    let tokens = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "'a'",
        "\"b\"",
        "c",
        "\\u0064",
        "1",
        "-.5",
        "0x1F",
        "null",
        "true",
        " ",
        "\n",
        "// x\n",
        "/* y */",
        "'",
        "\"",
        "\\",
        "\u{e9}",
        "\u{2028}",
        "Infinity",
        "'\\ud83d\\ude00'",
        "'\\\n'",
        "\u{feff}",
    ];
    vec(select(tokens.to_vec()), 0..24).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*", soup in tokens()) {
        for text in [text, soup] {
            if let Err(fault) = parse(&text) {
                prop_assert!(text.is_char_boundary(fault.at), "{text:?} {fault:?}");
            }
        }
    }

    #[test]
    fn no_damage_makes_it_panic((path, text) in samples::damaged()) {
        let _ = ConfigFile::parse(Path::new(path), text);
    }
}

/// What Tauri's parsers accept is read as they read it.
#[cfg(feature = "resolve")]
mod as_tauri_reads {
    use super::*;

    type Json = serde_json::Value;

    /// Numbers are compared as numbers: `5.0` and `5` are the same.
    fn same(a: &Json, b: &Json) -> bool {
        match (a, b) {
            (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
            (Json::Array(a), Json::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Json::Object(a), Json::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
            }
            (a, b) => a == b,
        }
    }

    fn check(text: &str, theirs: &Json) -> Result<(), TestCaseError> {
        let ours = parse(text);
        prop_assert!(ours.is_ok(), "{text:?}: {ours:?}");
        let ours: Json = serde_json::from_str(&ours.unwrap().to_json()).unwrap();
        prop_assert!(same(&ours, theirs), "{text:?}\n{ours}\n{theirs}");
        Ok(())
    }

    /// Documents of JSON5 in all its spellings; `strict`: of JSON.
    fn document(strict: bool) -> impl Strategy<Value = String> {
        let common = [
            "null",
            "true",
            "-12.5e+3",
            "0",
            "1E2",
            "\"a\\u00e9\\ud83d\\ude00\\/\"",
            "\"\u{e9}\u{7f}\"",
            "\"\"",
        ];
        let more =
            ["+.5", "5.", "0xFf", "NaN", "-Infinity", "'it\\'s'", "'\\x41\\\r\n\\q\\v\\0'", "'\"'", "-0"];
        let leaves = if strict { common.to_vec() } else { [&common[..], &more].concat() };
        let keys: &[&str] = if strict {
            &["\"a\"", "\"\\u0061\"", "\"b c\""]
        } else {
            &["a", "'a'", "\\u0061", "$\u{e9}_1", "\"b c\"", "null"]
        };
        let blanks: &[&str] = if strict {
            &["", " ", "\n\t", "\r\n"]
        } else {
            &["", " ", "// ]\n", "/* \" */", "\u{a0}\u{feff}", "\u{2029}"]
        };
        let (keys, blanks) = (keys.to_vec(), blanks.to_vec());
        select(leaves).prop_map(str::to_owned).prop_recursive(4, 24, 5, move |inner| {
            let item = (select(blanks.clone()), inner.clone(), select(blanks.clone()))
                .prop_map(|(a, item, b)| format!("{a}{item}{b}"));
            let entry = (select(keys.clone()), select(blanks.clone()), item.clone())
                .prop_map(|(key, blank, item)| format!("{key}{blank}:{item}"));
            let close = move |items: Vec<String>, trailing: bool| {
                let comma = if trailing && !strict && !items.is_empty() { "," } else { "" };
                items.join(",") + comma
            };
            prop_oneof![
                (vec(item, 0..4), any::<bool>()).prop_map(move |(items, t)| format!("[{}]", close(items, t))),
                (vec(entry, 0..4), any::<bool>())
                    .prop_map(move |(items, t)| format!("{{{}}}", close(items, t))),
            ]
        })
    }

    /// What RFC 7396 says, on values without places.
    fn merge(target: &mut Json, patch: &Json) {
        let Json::Object(changes) = patch else {
            *target = patch.clone();
            return;
        };
        if !target.is_object() {
            *target = Json::Object(serde_json::Map::new());
        }
        let entries = target.as_object_mut().unwrap();
        for (key, change) in changes {
            if change.is_null() {
                entries.remove(key);
            } else {
                merge(entries.entry(key.clone()).or_insert(Json::Null), change);
            }
        }
    }

    proptest! {
        #[test]
        fn documents_of_json5(text in document(false)) {
            let theirs: Json = ::json5::from_str(&text).unwrap();
            check(&text, &theirs)?;
        }

        #[test]
        fn documents_of_json(text in document(true)) {
            let theirs: Json = serde_json::from_str(&text).unwrap();
            check(&text, &theirs)?;
        }

        #[test]
        fn overlays_are_merged(base in document(true), patch in document(true)) {
            let [mut expected, change] = [&base, &patch].map(|text| serde_json::from_str::<Json>(text).unwrap());
            merge(&mut expected, &change);
            let mut ours = parse(&base).unwrap();
            ours.merge(&parse(&patch).unwrap());
            let ours: Json = serde_json::from_str(&ours.to_json()).unwrap();
            prop_assert!(same(&ours, &expected), "{base}\n{patch}\n{ours}\n{expected}");
        }

        #[test]
        fn rows_of_tokens(text in tokens()) {
            if let Ok(theirs) = ::json5::from_str::<Json>(&text) {
                check(&text, &theirs)?;
            }
        }

        #[test]
        fn damaged_samples((path, text) in samples::damaged()) {
            let theirs = if path.ends_with("json") { serde_json::from_str::<Json>(&text).ok() } else { ::json5::from_str(&text).ok() };
            if let Some(theirs) = theirs.filter(|_| !path.ends_with("toml")) {
                check(&text, &theirs)?;
            }
        }
    }
}
