use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::install::Content;
use crate::lock::{Lock, Locked, Pin, parse};

const MAC: &str = "aarch64-apple-darwin";

fn read_lock(text: &str) -> Result<Lock, Error> {
    parse::lock(Path::new("app/sidecar.lock"), text.to_owned())
}

/// The lock of a tree of these companions.
fn lock_of(root: &str, companions: BTreeMap<String, Companion>) -> Lock {
    let sha256 = Sha256::of(b"binary");
    let tree = Tree { root: root.to_owned(), companions };
    let pin = Pin {
        asset: "tool.tar.gz".into(),
        url: "https://example.com/tool.tar.gz".into(),
        api_url: None,
        size: 9,
        sha256: Sha256::of(b"asset"),
        provenance: "download".into(),
        emulated: false,
        inside: Some(Inside {
            member: Some(tree.member("bin/tool")),
            binary: Content { sha256, size: 6 },
            glibc: None,
            tree: Some(tree),
        }),
        line: 0,
    };
    let request = BTreeMap::from([("layout".to_owned(), "tree".to_owned())]);
    let assets = BTreeMap::from([(MAC.parse().unwrap(), Some(pin))]);
    let locked = Locked { request, tag: "1".into(), assets, ..Locked::default() };
    Lock { sidecars: BTreeMap::from([("tool".into(), locked)]), ..Lock::default() }
}

fn file(bytes: &[u8]) -> Companion {
    Companion { sha256: Sha256::of(bytes), size: bytes.len() as u64, executable: false, link: false }
}

proptest! {
    #[test]
    fn a_lock_with_trees_reads_back(root in "([a-z .]{1,5}/?){0,2}[a-z]", paths in prop::collection::btree_map("[a-zäß \"'.-]{1,4}(/[a-z0-9.=+ ]{1,5}){0,2}", any::<(u32, bool, bool)>(), 1..5)) {
        let mut companions = BTreeMap::new();
        for (path, (size, executable, link)) in paths {
            if check(&path).is_ok() && path != "bin/tool" {
                let sha256 = if link { Sha256::of(b"binary") } else { Sha256::of(path.as_bytes()) };
                companions.insert(path, Companion { sha256, size: size.into(), executable, link });
            }
        }
        prop_assume!(!companions.is_empty() && check(&root).is_ok());
        for root in ["", &root] {
            let lock = lock_of(root, companions.clone());
            let read = read_lock(&lock.to_text()).unwrap();
            prop_assert_eq!(&read.sidecars["tool"].clone().without_lines(), &lock.sidecars["tool"]);
            prop_assert_eq!(read.to_text(), lock.to_text());
        }
    }
}

#[test]
fn a_tree_stands_in_the_lock_a_companion_a_line() {
    let link = Companion { executable: true, link: true, ..file(b"a") };
    let companions = BTreeMap::from([("lib/b".to_owned(), file(b"a")), ("lib/a \"x\".so".to_owned(), link)]);
    let text = lock_of("tool-1.0", companions).to_text();
    let hash = Sha256::of(b"a");
    let expected = format!(
        "root = \"tool-1.0\"\nmember = \"tool-1.0/bin/tool\"\nbinary-size = 6\nbinary-sha256 = \"{}\"\n\n[asset.companions]\n\
         \"lib/a \\\"x\\\".so\" = \"{hash} 1 executable link\"\n\"lib/b\" = \"{hash} 1\"\n",
        Sha256::of(b"binary")
    );
    assert!(text.ends_with(&expected), "{text}\n{expected}");
}

#[test]
fn a_pin_tells_where_each_of_its_files_comes_from() {
    let link = Companion { link: true, ..file(b"a") };
    let companions = BTreeMap::from([("lib/a.so".to_owned(), link), ("lib/a.so.1".to_owned(), file(b"a"))]);
    let lock = lock_of("d", companions);
    let pin = lock.sidecars["tool"].assets.values().flatten().next().unwrap();
    assert_eq!(pin.binary_path(), Some("bin/tool"));
    let inside = pin.inside.as_ref().unwrap();
    let files: Vec<(&str, Option<String>)> = inside.files().into_iter().map(|f| (f.path, f.member)).collect();
    assert_eq!(
        files,
        [
            ("lib/a.so", None),
            ("lib/a.so.1", Some("d/lib/a.so.1".to_owned())),
            ("bin/tool", Some("d/bin/tool".to_owned())),
        ]
    );
    assert_eq!(inside.installed_size(), 6 + 1 + 1);
}

#[test]
fn a_lock_that_was_edited_is_not_believed() {
    let good = lock_of("d", BTreeMap::from([("lib/a".to_owned(), file(b"a"))])).to_text();
    assert!(read_lock(&good).is_ok());
    let companion = format!("{} 1", Sha256::of(b"a"));
    for (from, to, part) in [
        ("\"lib/a\"", "\"../a\"", "leaves the directory"),
        ("\"lib/a\"", "\"/etc/a\"", "absolute"),
        ("\"lib/a\"", "\"C:a\"", "drive letter"),
        ("\"lib/a\"", "\"a\\\\b\"", "backslash"),
        ("\"lib/a\"", "\"bin/tool\"", "no place for its binary"),
        ("root = \"d\"", "root = \"e\"", "no place for its binary"),
        ("member = \"d/bin/tool\"\n", "", "no place for its binary"),
        ("member = \"d/bin/tool\"", "member = \"d/../../tool\"", "no place for its binary"),
        (companion.as_str(), "abc 1", "not written as hash"),
        (companion.as_str(), &format!("{companion} link"), "a link to no other file"),
        (&format!("\"lib/a\" = \"{companion}\""), "", "1 to 10000 companions"),
        ("request.layout = \"tree\"\n", "", "another layout"),
        ("\n[asset.companions]", "", "without companions"),
    ] {
        assert!(good.contains(from), "{from}\n{good}");
        let error = read_lock(&good.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.kind(), Kind::LockInvalid, "{from}: {error}");
        assert!(error.to_string().contains(part), "{from} -> {to}: {error}");
    }
}

#[test]
fn a_lock_of_ten_thousand_companions_is_read_and_one_more_is_not() {
    let mut companions: BTreeMap<String, Companion> =
        (0..COMPANIONS).map(|n| (format!("lib/{n}"), file(b"a"))).collect();
    assert!(read_lock(&lock_of("", companions.clone()).to_text()).is_ok());
    companions.insert("lib/one-more".into(), file(b"a"));
    assert!(read_lock(&lock_of("", companions).to_text()).is_err());
}

#[test]
fn paths_stay_below_their_directory_everywhere() {
    for path in ["a", "a/b.so.1", "a b/c", "..a/b..", "ä/x", ".hidden"] {
        assert_eq!(check(path), Ok(()), "{path}");
    }
    for path in ["", "/a", "a//b", "a/", "./a", "a/../b", "..", "a\\b", "C:x", "a\nb", "a\0b"] {
        assert!(check(path).is_err(), "{path:?}");
    }
}

#[test]
fn names_that_windows_cannot_have_are_known() {
    for path in [
        "nul",
        "a/CON.txt",
        "com1",
        "lpt9.dll",
        "COM¹",
        "lpt³.txt",
        "conin$",
        "CONOUT$.log",
        "nul.tar.gz",
        "a:b",
        "a::$DATA",
        "x?",
        "a/b.",
        "a/b...",
        "dir /x",
        "aux .txt",
    ] {
        assert!(check_windows(path).is_err(), "{path:?}");
    }
    for path in ["console", "a/nullable.dll", "com10", "com⁴", "conin", "lib.so.1", "company/x", ".nul"] {
        assert_eq!(check_windows(path), Ok(()), "{path}");
    }
}

#[test]
fn two_files_in_one_place_are_found() {
    let found = |paths: &[&'static str], target: &str| {
        clash(paths.iter().copied(), spelling(&target.parse().unwrap()))
    };
    let (linux, mac) = ("x86_64-unknown-linux-gnu", "aarch64-apple-darwin");
    assert_eq!(found(&["a", "b", "a/c"], linux), Some(("a", "a/c")));
    assert_eq!(found(&["a.b", "a/c/d", "a/c"], linux), Some(("a/c", "a/c/d")));
    assert_eq!(found(&["a", "b", "a"], linux), Some(("a", "a")));
    assert_eq!(found(&["Lib/a", "lib/A"], linux), None);
    assert_eq!(found(&["Lib/a", "lib/A"], mac), Some(("Lib/a", "lib/A")));
    assert_eq!(found(&["LIB", "lib/a"], "x86_64-pc-windows-msvc"), Some(("LIB", "lib/a")));
    assert_eq!(found(&["a", "ab/c", "a.b/c"], mac), None);
    assert_eq!(found(&["is", "iſ"], mac), Some(("is", "iſ")));
    assert_eq!(found(&["Straße", "strasse"], mac), Some(("Straße", "strasse")));
    assert_eq!(found(&["ΟΔΟΣ", "οδοσ"], mac), Some(("ΟΔΟΣ", "οδοσ")));
}

#[test]
fn the_tree_begins_where_its_paths_part() {
    for (paths, expected) in [
        (&["d/bin/x", "d/lib/y"][..], "d"),
        (&["d/x", "d/lib/y"], "d"),
        (&["x", "lib/y"], ""),
        (&["d/lib/x", "d/lib/y"], "d/lib"),
        (&["d/lib/x", "d/lib64/y"], "d"),
        (&["a/x", "ab/y"], ""),
        (&["a/x"], "a"),
        (&[], ""),
    ] {
        assert_eq!(common_directory(paths.iter().copied()), expected, "{paths:?}");
    }
}

#[test]
fn a_companion_reads_back() {
    for (executable, link) in [(false, false), (true, false), (false, true), (true, true)] {
        let companion = Companion { sha256: Sha256::of(b"x"), size: 7, executable, link };
        assert_eq!(Companion::parse(&companion.to_text()), Some(companion));
    }
    let hash = Sha256::of(b"x");
    for text in ["", "abc 1", &format!("{hash}"), &format!("{hash} x"), &format!("{hash} 1 setuid")] {
        assert_eq!(Companion::parse(text), None, "{text}");
    }
}
