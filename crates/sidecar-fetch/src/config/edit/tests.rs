//! The edits of each format, case by case.

use std::path::Path;

use super::*;

fn json(text: &str) -> ConfigFile {
    ConfigFile::parse(Path::new("app/tauri.conf.json"), text.to_owned()).unwrap()
}

fn json5(text: &str) -> ConfigFile {
    ConfigFile::parse(Path::new("app/tauri.conf.json5"), text.to_owned()).unwrap()
}

fn toml(text: &str) -> ConfigFile {
    ConfigFile::parse(Path::new("app/Tauri.toml"), text.to_owned()).unwrap()
}

const BIN: [&str; 2] = ["bundle", "externalBin"];

fn add(file: ConfigFile, items: &[&str]) -> String {
    let items: Vec<String> = items.iter().map(|&item| item.to_owned()).collect();
    file.with_items(&BIN, |_| true, &items).unwrap().text
}

fn remove(file: ConfigFile, items: &[&str]) -> String {
    file.with_items(&BIN, |item| !items.contains(&item), &[]).unwrap().text
}

#[track_caller]
fn check(cases: &[(&str, &str)], edit: impl Fn(&str) -> String) {
    for (before, after) in cases {
        assert_eq!(edit(before), *after, "\nbefore: {before:?}");
    }
}

#[test]
fn a_list_of_one_line_stays_one() {
    let cases = [
        (r#"{"bundle": {"externalBin": ["a"]}}"#, r#"{"bundle": {"externalBin": ["a", "b"]}}"#),
        (r#"{"bundle": {"externalBin": []}}"#, r#"{"bundle": {"externalBin": ["b"]}}"#),
        (r#"{"bundle":{"externalBin":["a","c"]}}"#, r#"{"bundle":{"externalBin":["a","c","b"]}}"#),
        (
            r#"{"bundle": {"externalBin": [ "a" /* x */ ]}}"#,
            r#"{"bundle": {"externalBin": [ "a" /* x */, "b" ]}}"#,
        ),
        (r#"{"bundle": {"externalBin": ["a",]}}"#, r#"{"bundle": {"externalBin": ["a", "b",]}}"#),
    ];
    check(&cases, |text| add(json(text), &["b"]));
}

#[test]
fn new_keys_look_like_their_neighbours() {
    let cases = [
        ("{}", "{\n  \"bundle\": {\n    \"externalBin\": [\"b\"]\n  }\n}"),
        (
            "{\n    \"a\": 1\n}\n",
            "{\n    \"a\": 1,\n    \"bundle\": {\n        \"externalBin\": [\"b\"]\n    }\n}\n",
        ),
        ("{\r\n\t\"bundle\": {}\r\n}", "{\r\n\t\"bundle\": {\r\n\t\t\"externalBin\": [\"b\"]\r\n\t}\r\n}"),
        ("{\"bundle\":{\"active\":true}}", "{\"bundle\":{\"active\":true,\"externalBin\":[\"b\"]}}"),
        (
            "{\n  bundle: { active: true }, // c\n}",
            "{\n  bundle: { active: true, externalBin: [\"b\"] }, // c\n}",
        ),
        ("{\n  bundle: null,\n}", "{\n  bundle: {\n    externalBin: [\"b\"]\n  },\n}"),
        ("{\n  x: 'a', bundle: { externalBin: null }\n}", "{\n  x: 'a', bundle: { externalBin: ['b'] }\n}"),
    ];
    check(&cases, |text| add(json5(text), &["b"]));
}

#[test]
fn toml_takes_keys_where_they_belong() {
    let cases = [
        ("", "[bundle]\nexternalBin = [\"b\"]\n"),
        ("a = 1\n", "a = 1\n\n[bundle]\nexternalBin = [\"b\"]\n"),
        ("a = 'x'", "a = 'x'\n\n[bundle]\nexternalBin = ['b']"),
        ("[bundle]\r\n\r\n[x]\r\n", "[bundle]\r\nexternalBin = [\"b\"]\r\n\r\n[x]\r\n"),
        (
            "[bundle]\na = 1 # c\n\n# of x\n[x]\n",
            "[bundle]\na = 1 # c\nexternalBin = [\"b\"]\n\n# of x\n[x]\n",
        ),
        ("bundle.active = true\n[x]\n", "bundle.active = true\nbundle.externalBin = [\"b\"]\n[x]\n"),
        ("[bundle.linux]\na = 1\n", "[bundle.linux]\na = 1\n\n[bundle]\nexternalBin = [\"b\"]\n"),
        ("bundle = { active = true }\n", "bundle = { active = true, externalBin = [\"b\"] }\n"),
        ("bundle = {}\n", "bundle = { externalBin = [\"b\"] }\n"),
        ("[bundle]\nexternalBin = [\n\t'a', # c\n]\n", "[bundle]\nexternalBin = [\n\t'a', # c\n\t'b',\n]\n"),
    ];
    check(&cases, |text| add(toml(text), &["b"]));
}

#[test]
fn what_goes_takes_its_line_along() {
    let list = |inside: &str| format!("{{\n  bundle: {{\n    externalBin: [{inside}]\n  }}\n}}");
    let cases = [
        ("\n \"a\", // of a\n \"b\"\n", "\n \"b\"\n"),
        ("\n // own\n \"b\",\n \"a\" // of a\n", "\n // own\n \"b\"\n"),
        ("\n \"b\", // of b\n \"a\",\n", "\n \"b\", // of b\n"),
        ("\"a\", \"b\"", "\"b\""),
        (" \"b\", \"a\" ", " \"b\" "),
        ("\n  \"a\"\n", ""),
        ("\n  \"b\"\n  , \"a\"\n", "\n  \"b\"\n"),
        ("\n  \"a\"\n  , \"b\"\n", "\n   \"b\"\n"),
        ("\n // own\n \"a\"\n", "\n // own\n"),
    ];
    for (before, after) in cases {
        assert_eq!(remove(json5(&list(before)), &["a"]), list(after));
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_map_takes_and_loses_entries() {
    let path = ["bundle", "resources"];
    let edit = |file: ConfigFile| {
        let text = file.with_entries(&path, |key| key != "old", &pairs(&[("new", "n"), ("x", "y")])).unwrap();
        let again = text
            .clone()
            .with_entries(&path, |key| key != "old", &pairs(&[("new", "n"), ("x", "y")]))
            .unwrap();
        assert_eq!(text.text, again.text);
        text.text
    };
    let cases = [
        (
            r#"{"bundle":{"resources":{"old":"1","x":"2"}}}"#,
            r#"{"bundle":{"resources":{"x":"y","new":"n"}}}"#,
        ),
        (
            "{\n  bundle: { resources: {\n    old: 'a', // c\n    n: 1,\n  } }\n}",
            "{\n  bundle: { resources: {\n    n: 1,\n    new: 'n',\n    x: 'y',\n  } }\n}",
        ),
        (
            "{\n  \"bundle\": {\n    \"resources\": {}\n  }\n}",
            "{\n  \"bundle\": {\n    \"resources\": {\n      \"new\": \"n\",\n      \"x\": \"y\"\n    }\n  }\n}",
        ),
        (
            "{}",
            "{\n  \"bundle\": {\n    \"resources\": {\n      \"new\": \"n\",\n      \"x\": \"y\"\n    }\n  }\n}",
        ),
    ];
    check(&cases, |text| edit(json(text)));
    let cases = [
        (
            "[bundle.resources]\n\"old\" = 'a' # c\nx = 'z' # d\n\n[y]\n",
            "[bundle.resources]\nx = 'y' # d\nnew = 'n'\n\n[y]\n",
        ),
        ("[bundle.resources]\nx = 'y'\nold = 'b'", "[bundle.resources]\nx = 'y'\nnew = 'n'"),
        (
            "[bundle.resources]\r\nold = 'b'\r\nold2 = 'y'",
            "[bundle.resources]\r\nold2 = 'y'\r\nnew = 'n'\r\nx = 'y'",
        ),
        ("[bundle]\na = 1\n", "[bundle]\na = 1\n\n[bundle.resources]\nnew = \"n\"\nx = \"y\"\n"),
        ("[bundle]\nresources = { old = '', x = '' }\n", "[bundle]\nresources = { x = 'y', new = 'n' }\n"),
        (
            "[bundle]\nresources.old = ''\nresources.x = ''\n",
            "[bundle]\nresources.x = 'y'\nresources.new = 'n'\n",
        ),
        ("bundle.x = 1\n", "bundle.x = 1\nbundle.resources.new = \"n\"\nbundle.resources.x = \"y\"\n"),
        ("bundle = { x = 1 }\n", "bundle = { x = 1, resources = { new = \"n\", x = \"y\" } }\n"),
    ];
    check(&cases, |text| edit(toml(text)));
}

#[test]
fn all_entries_can_go() {
    let edit = |file: ConfigFile| file.with_entries(&["r"], |_| false, &[]).unwrap().text;
    check(&[("{r: {\n  a: '',\n  b: ''\n}}", "{r: {}}"), ("{r: {a: 1, b: ''}}", "{r: {a: 1}}")], |text| {
        edit(json(text))
    });
    check(
        &[
            ("[r]\na = ''\nb = ''", "[r]"),
            ("r.a = ''\nr.b = ''\n", ""),
            ("[r]\na = 1\nb = ''\n[s]", "[r]\na = 1\n[s]"),
        ],
        |text| edit(toml(text)),
    );
}

#[test]
fn a_string_is_set_or_replaced_in_its_quotes() {
    let edit = |file: ConfigFile| file.with_string(&["build", "run"], "it's \"x\"").unwrap().text;
    let cases = [
        ("{build: {run: 'y'}}", r#"{build: {run: 'it\'s "x"'}}"#),
        (r#"{"build": {"run": "y"}}"#, r#"{"build": {"run": "it's \"x\""}}"#),
        (r#"{"build": {"a": 1}}"#, r#"{"build": {"a": 1, "run": "it's \"x\""}}"#),
        (r#"{"build": null}"#, r#"{"build": { "run": "it's \"x\"" }}"#),
    ];
    check(&cases, |text| edit(json(text)));
    let cases = [
        ("[build]\nrun = 'y' # c\n", "[build]\nrun = \"it's \\\"x\\\"\" # c\n"),
        ("[build]\nrun = \"\"\"\ny\"\"\"\n", "[build]\nrun = \"it's \\\"x\\\"\"\n"),
        ("\u{feff}a = 1\n", "\u{feff}a = 1\n\n[build]\nrun = \"it's \\\"x\\\"\"\n"),
    ];
    check(&cases, |text| edit(toml(text)));
}

#[test]
fn new_files_are_written_in_the_style_asked_for() {
    let long: Vec<String> = (0..9).map(|i| format!("binaries/a-long-name-{i}")).collect();
    let root = Node::object([
        ("$schema", Node::new(Value::String("x".into()))),
        ("bundle", Node::object([("externalBin", Node::strings(["a"])), ("resources", Node::strings(long))])),
    ]);
    let style = Style { indent: "\t", newline: "\r\n" };
    let made = ConfigFile::created(Path::new("tauri.linux.conf.json"), &root, style).unwrap();
    let start = "{\r\n\t\"$schema\": \"x\",\r\n\t\"bundle\": {\r\n\t\t\"externalBin\": [\"a\"],\r\n\t\t\"resources\": [\r\n\t\t\t\"binaries/a-long-name-0\",\r\n";
    assert!(
        made.text.starts_with(start) && made.text.ends_with("\"\r\n\t\t]\r\n\t}\r\n}\r\n"),
        "{}",
        made.text
    );
    assert_eq!(made.style(), style);
    let made = ConfigFile::created(Path::new("Tauri.linux.toml"), &root, Style::default()).unwrap();
    let start = "\"$schema\" = \"x\"\n\n[bundle]\nexternalBin = [\"a\"]\nresources = [\n  \"binaries/a-long-name-0\",\n";
    assert!(made.text.starts_with(start) && made.text.ends_with("-8\"\n]\n"), "{}", made.text);
    let null = Node::object([("a", Node::new(Value::Null))]);
    assert_eq!(
        ConfigFile::created(Path::new("x.json"), &null, Style::default()).unwrap().text,
        "{\n  \"a\": null\n}\n"
    );
    let error = ConfigFile::created(Path::new("x.toml"), &null, Style::default()).unwrap_err();
    assert!(error.to_string().starts_with("`x.toml` cannot be parsed\n"), "{error}");
}

#[test]
fn the_style_is_that_of_the_file() {
    let style = |file: ConfigFile| (file.style().indent, file.style().newline);
    assert_eq!(style(json("{\n   \"a\": 1\n}")), ("   ", "\n"));
    assert_eq!(style(json("{\r\n\t\"a\": 1\n}\r\n")), ("\t", "\r\n"));
    assert_eq!(style(json("{\"a\": 1}")), ("  ", "\n"));
    assert_eq!(style(json("{ /*\n */\n    a: 1 }")), ("    ", "\n"));
    assert_eq!(style(toml("a = [\n    1\n]\n")), ("    ", "\n"));
    assert_eq!(style(toml("a = 1\r\n")), ("  ", "\r\n"));
}

#[test]
fn a_line_that_grows_too_long_is_parted() {
    let name = |i: usize| format!("\"binaries/a-long-name-{i}\"");
    let line = |n: usize, comma: &str| (0..n).map(name).collect::<Vec<_>>().join(comma);
    let before = format!("{{\n  \"bundle\": {{\n    \"externalBin\": [{}] // c\n  }}\n}}\n", line(3, ", "));
    let after = format!(
        "{{\n  \"bundle\": {{\n    \"externalBin\": [\n      {},\n      \"b\"\n    ] // c\n  }}\n}}\n",
        line(3, ",\n      ")
    );
    assert_eq!(add(json(&before), &["b"]), after);
    assert_eq!(add(json(&after), &["b"]).matches('\n').count(), after.matches('\n').count() + 1);
    // A file of one line has no lines to part.
    let before = format!("{{\"bundle\": {{\"externalBin\": [{}]}}}}", line(9, ", "));
    assert!(!add(json(&before), &["b"]).contains('\n'));
}

#[test]
fn other_types_on_the_path_are_pointed_at() {
    let fails =
        |file: ConfigFile| file.with_items(&BIN, |_| true, &["b".to_owned()]).unwrap_err().to_string();
    assert_eq!(
        fails(json("{\n  \"bundle\": 3\n}")),
        "`bundle` takes an object\n  at     app/tauri.conf.json:2:13\n  found  a number"
    );
    assert_eq!(
        fails(json("\u{feff}[]")),
        "`tauri.conf.json` takes an object\n  at     app/tauri.conf.json:1:1\n  found  an array"
    );
    assert_eq!(
        fails(toml("[bundle]\r\nexternalBin = 'x'\r\n")),
        "`bundle.externalBin` takes an array of strings\n  at     app/Tauri.toml:2:15\n  found  a string\nhelp: write it as a list: `[\"…\", \"…\"]`"
    );
    assert_eq!(
        fails(toml("[[bundle.externalBin]]\na = 1\n")),
        "`bundle.externalBin` takes an array of strings in brackets\n  at     app/Tauri.toml:1:1\n  found  an array\nhelp: write it as a list: `[\"…\", \"…\"]`"
    );
    let error = json("{build: {run: {script: ''}}}").with_string(&["build", "run"], "x").unwrap_err();
    assert_eq!(error.headline(), "`build.run` takes a string");
    let error = json("{r: []}").with_entries(&["r"], |_| true, &[]).unwrap_err();
    assert_eq!(error.headline(), "`r` takes an object");
}

#[test]
fn what_takes_the_place_of_all_items_stands_as_they_stood() {
    let edit = |file: ConfigFile| {
        file.with_items(&["a"], |_| false, &["n".to_owned(), "m".to_owned()]).unwrap().text
    };
    let cases = [
        ("{a: [ 'x' ]}", "{a: [ 'n', 'm' ]}"),
        ("{a: ['x','y',]}", "{a: ['n','m',]}"),
        ("{a: [\n\t'x', // x\n\t// own\n]}", "{a: [\n\t// own\n\t'n',\n\t'm',\n]}"),
        ("{a: [\n'x']}", "{a: ['n', 'm']}"),
    ];
    check(&cases, |text| edit(json(text)));
}

#[test]
fn of_equal_keys_the_last_counts() {
    let text =
        r#"{"bundle": {"externalBin": ["x"]}, "bundle": {"externalBin": ["a"], "externalBin": ["c"]}}"#;
    let after =
        r#"{"bundle": {"externalBin": ["x"]}, "bundle": {"externalBin": ["a"], "externalBin": ["c", "b"]}}"#;
    assert_eq!(add(json(text), &["b"]), after);
}

#[test]
fn inline_objects_in_a_list_stay_and_are_not_asked_about() {
    let text = "{\n  a: ['main', { identifier: 'x' }, 'old']\n}";
    let edit = |item: &str| {
        assert!(["main", "old"].contains(&item));
        item != "old"
    };
    let after = json(text).with_items(&["a"], edit, &["new".to_owned()]).unwrap().text;
    assert_eq!(after, "{\n  a: ['main', { identifier: 'x' }, 'new']\n}");
}

#[test]
fn nothing_to_change_gives_the_text_back() {
    for file in
        [json("{}"), json("{ // c\n}"), json("null"), json("{bundle: null}"), toml("\r\n"), toml("[bundle]")]
    {
        let before = file.text.clone();
        assert_eq!(remove(file.clone(), &["a"]), before);
        assert_eq!(file.with_entries(&BIN, |_| false, &[]).unwrap().text, before);
    }
}

#[test]
fn toml_takes_whole_tables_where_they_belong() {
    let section = "[app.security]\ncapabilities = [\"n\"]\n";
    let cases = [
        ("", section.to_owned()),
        ("\u{feff}", format!("\u{feff}{section}")),
        ("# only\n", format!("# only\n\n{section}")),
        ("[app]\nx = 1\n\n# of y\n[y]\n", format!("[app]\nx = 1\n\n{section}\n# of y\n[y]\n")),
        (
            "\t[app]\n\t\tx = 1\n",
            "\t[app]\n\t\tx = 1\n\n\t[app.security]\n\tcapabilities = [\"n\"]\n".to_owned(),
        ),
        (
            "[app]\nx = [\n  1\n] # c\n[[app.windows]]\n",
            format!("[app]\nx = [\n  1\n] # c\n\n{section}[[app.windows]]\n"),
        ),
        ("[[app.windows]]\nx = 1\n", format!("[[app.windows]]\nx = 1\n\n{section}")),
        ("[app.security.x]\na = 1", format!("[app.security.x]\na = 1\n\n{}", section.trim_end())),
        (
            "[app]\nsecurity.csp = 1\n[app.security.x]\ny = 1\n",
            "[app]\nsecurity.csp = 1\nsecurity.capabilities = [\"n\"]\n[app.security.x]\ny = 1\n".to_owned(),
        ),
        ("'app'.x = 1\nz = 1\n", "'app'.x = 1\napp.security.capabilities = [\"n\"]\nz = 1\n".to_owned()),
        (
            "app = { security.csp = '' } # c\n",
            "app = { security.csp = '', security.capabilities = ['n'] } # c\n".to_owned(),
        ),
        (
            "app = { security = { csp='' } }\n",
            "app = { security = { csp='', capabilities=['n'] } }\n".to_owned(),
        ),
        ("app = {\n  x = 1\n}\n", "app = {\n  x = 1,\n  security.capabilities = [\"n\"]\n}\n".to_owned()),
        ("[app]\nsecurity = {}\n", "[app]\nsecurity = { capabilities = [\"n\"] }\n".to_owned()),
    ];
    for (before, after) in cases {
        let path = ["app", "security", "capabilities"];
        let edited = toml(before).with_items(&path, |_| true, &["n".to_owned()]).unwrap();
        assert_eq!(edited.text, after, "\nbefore: {before:?}");
    }
}

#[test]
fn a_key_of_the_root_stands_above_the_first_header() {
    let cases = [
        ("\u{feff}[a]\n", "\u{feff}run = \"x\"\n[a]\n"),
        ("b = 1 # c\n\n[a]\n", "b = 1 # c\nrun = \"x\"\n\n[a]\n"),
        ("\r\n", "run = \"x\"\r\n\r\n"),
    ];
    check(&cases, |text| toml(text).with_string(&["run"], "x").unwrap().text);
}

#[test]
fn a_long_list_of_an_indented_section_is_indented() {
    let items: Vec<String> = (0..6).map(|i| format!("binaries/a-long-name-{i}")).collect();
    let text = toml("[bundle]\n  a = 1\n").with_items(&BIN, |_| true, &items).unwrap().text;
    assert!(
        text.starts_with("[bundle]\n  a = 1\n  externalBin = [\n    \"binaries/a-long-name-0\",\n"),
        "{text}"
    );
    assert!(text.ends_with("5\"\n  ]\n"), "{text}");
}
