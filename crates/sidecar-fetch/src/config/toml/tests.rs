use std::path::Path;

use proptest::prelude::*;

use super::super::files::ConfigFile;
use super::super::samples;
use super::*;

#[test]
fn values_are_those_of_json() {
    let text = "\u{feff}a = 1_000\nb = [0x1F, +2, -3, 0o7, 0b1]\nc = 1_0.5e+3\nd = +1.5\ne = [inf, -nan, +inf]\n\
                f = 1979-05-27\ng.h = 'x'\ni = 0xffff_ffff_ffff_ffff\n[g.j]\nk = true\n[[l]]\n[[l]]\nm = \"\\u00e9\"\n";
    let json = "{\"a\":1000,\"b\":[31,2,-3,7,1],\"c\":10.5e+3,\"d\":1.5,\"e\":[null,null,null],\"f\":\"1979-05-27\",\
                \"g\":{\"h\":\"x\",\"j\":{\"k\":true}},\"i\":18446744073709551615,\"l\":[{},{\"m\":\"\u{e9}\"}]}";
    assert_eq!(parse(text).unwrap().to_json(), json);
}

#[test]
fn what_json_has_no_form_for_is_found_where_it_stands() {
    let table = |text: &'static str| {
        Spanned::new(0..text.len(), DeValue::Table(DeTable::parse(text).unwrap().into_inner()))
    };
    for (text, found) in [
        ("z = 1979-05-27\na = nan\n", "1979-05-27"),
        ("a = [1, [2, { b = 07:32:00 }]]\n", "07:32:00"),
        ("[t.u]\na = 1\n[[l]]\nb = 1e9\nc = -inf\n", "-inf"),
        ("a = 9_223_372_036_854_775_807\nb = 9_223_372_036_854_775_808\n", "9_223_372_036_854_775_808"),
    ] {
        let (span, _) = as_json(&table(text)).unwrap_err();
        assert_eq!(&text[span], found);
    }
    let text = "a = [1, { b = '\u{e9}' }]\nc.d = +1.5e3\ne = 0x7F\n";
    assert_eq!(as_json(&table(text)).unwrap().to_json(), parse(text).unwrap().to_json());
}

#[test]
fn each_value_knows_where_it_stands() {
    let text = "\u{feff}[a]\r\n'b' = [ 'x' ] # c\r\nd.e = {}\r\n";
    let root = parse(text).unwrap();
    let span = |path: &[&str]| &text[root.at(path).unwrap().span.clone()];
    assert_eq!([span(&["a"]), span(&["a", "b"]), span(&["a", "d", "e"])], ["[a]", "[ 'x' ]", "{}"]);
    let Value::Object(entries) = &root.get("a").unwrap().value else { panic!("a table") };
    assert_eq!(&text[entries[0].key_span.clone()], "'b'");
}

#[test]
fn errors_have_the_right_place() {
    let place = |text: &str| {
        let error = ConfigFile::parse(Path::new("Tauri.toml"), text.to_owned()).unwrap_err();
        error.facts().next().unwrap().1.to_owned()
    };
    assert_eq!(place("\u{feff}a = ?\n"), "Tauri.toml:1:5");
    assert_eq!(place("a = 1\r\n\r\n\u{e9} = 1\r\n"), "Tauri.toml:3:1");
    assert_eq!(place("[a]\n\tb = 1\n\tb = 2\n"), "Tauri.toml:3:2");
    assert!(place(&format!("a = {}", "[".repeat(10_000))).starts_with("Tauri.toml:1:"));
}

#[test]
fn a_text_cut_anywhere_is_an_error_or_a_value() {
    for (at, _) in samples::TOML.char_indices() {
        if let Err(fault) = parse(&samples::TOML[..at]) {
            assert!(fault.at <= at, "{:?}", &samples::TOML[..at]);
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        if let Err(fault) = parse(&text) {
            prop_assert!(text.is_char_boundary(fault.at), "{text:?} {fault:?}");
        }
    }
}

/// What Tauri's parser accepts is read as it reads it.
#[cfg(feature = "resolve")]
mod as_tauri_reads {
    use super::*;

    proptest! {
        #[test]
        fn damaged_samples((path, text) in samples::damaged()) {
            let theirs = ::toml::from_str::<serde_json::Value>(&text).ok();
            if let Some(theirs) = theirs.filter(|_| path.ends_with("toml")) {
                let ours = parse(&text).unwrap().to_json();
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&ours).unwrap(), theirs, "{}", text);
            }
        }
    }
}
