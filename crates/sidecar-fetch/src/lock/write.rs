//! From [`Lock`] to text: sorted, one key a line, LF, so that merges and diffs stay small.

use std::fmt::Write as _;

use super::{Lock, Locked, Pin, VERSION};
use crate::target::Target;

impl Lock {
    /// The file's text. The same lock always gives the same bytes.
    pub(crate) fn to_text(&self) -> String {
        let mut out =
            format!("# Written by `cargo sidecar lock`. Commit it; do not edit it.\nversion = {VERSION}\n");
        if !self.configured.is_empty() {
            out.push_str("configured = [\n");
            for entry in &self.configured {
                let _ = writeln!(out, "    {},", quoted(entry));
            }
            out.push_str("]\n");
        }
        for (name, locked) in &self.sidecars {
            sidecar(&mut out, name, locked);
            for (target, pin) in &locked.assets {
                asset(&mut out, name, target, pin.as_ref());
            }
        }
        out
    }
}

fn sidecar(out: &mut String, name: &str, locked: &Locked) {
    out.push_str("\n[[sidecar]]\n");
    pair(out, "name", name);
    for (key, value) in &locked.request {
        pair(out, &format!("request.{}", bare_or_quoted(key)), value);
    }
    pair(out, "tag", &locked.tag);
    optional(out, "version", locked.version.as_deref());
    optional(out, "published", locked.published.as_deref());
}

fn asset(out: &mut String, name: &str, target: &Target, pin: Option<&Pin>) {
    out.push_str("\n[[asset]]\n");
    pair(out, "sidecar", name);
    pair(out, "target", target.as_str());
    let Some(pin) = pin else {
        out.push_str("missing = true\n");
        return;
    };
    pair(out, "name", &pin.asset);
    pair(out, "url", &pin.url);
    optional(out, "api-url", pin.api_url.as_deref());
    let _ = writeln!(out, "size = {}", pin.size);
    pair(out, "sha256", &pin.sha256.to_string());
    pair(out, "provenance", &pin.provenance);
    if pin.emulated {
        out.push_str("emulated = true\n");
    }
    let Some(inside) = &pin.inside else { return };
    let root = inside.tree.as_ref().map(|tree| tree.root.as_str());
    optional(out, "root", root.filter(|root| !root.is_empty()));
    optional(out, "member", inside.member.as_deref());
    let _ = writeln!(out, "binary-size = {}", inside.binary.size);
    pair(out, "binary-sha256", &inside.binary.sha256.to_string());
    optional(out, "glibc", inside.glibc.as_deref());
    let Some(tree) = &inside.tree else { return };
    out.push_str("\n[asset.companions]\n");
    for (path, companion) in &tree.companions {
        pair(out, &quoted(path), &companion.to_text());
    }
}

fn optional(out: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        pair(out, key, value);
    }
}

fn pair(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {}", quoted(value));
}

fn bare_or_quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if bare { key.to_owned() } else { quoted(key) }
}

/// A basic string: quotes, backslashes and control characters escaped, on one line whatever it holds.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::error::Kind;
    use crate::hash::Sha256;
    use crate::install::Content;
    use crate::lock::Inside;
    use crate::lock::parse;
    use crate::manifest::Manifest;
    use crate::target::DESKTOP;

    fn read(text: &str) -> Result<Lock, crate::Error> {
        parse::lock(Path::new("app/sidecar.lock"), text.to_owned())
    }

    fn without_lines(mut lock: Lock) -> Lock {
        lock.sidecars = lock.sidecars.into_iter().map(|(name, l)| (name, l.without_lines())).collect();
        lock
    }

    prop_compose! {
        fn inside()(member: Option<String>, glibc: Option<String>, size: u32, seed: [u8; 8]) -> Inside {
            Inside { member, binary: Content { sha256: Sha256::of(&seed), size: size.into() }, glibc, tree: None }
        }
    }
    prop_compose! {
        fn pin()(emulated: bool, inside in prop::option::of(inside()), asset in "\\PC{1,20}", url in "\\PC{1,40}", api_url: Option<String>, size: u32, seed: [u8; 8],
                 provenance in "[a-z-]{1,9}") -> Pin {
            let (sha256, size) = (Sha256::of(&seed), size.into());
            let is_binary = |inside: &Inside| inside.member.is_none();
            let itself = |inside| if is_binary(&inside) { Inside { binary: Content { sha256, size }, ..inside } } else { inside };
            let inside = inside.map(itself);
            Pin { asset, url, api_url, size, sha256, provenance, emulated, inside, line: 0 }
        }
    }
    prop_compose! {
        fn locked()(request in prop::collection::btree_map("\\PC{1,9}", any::<String>(), 0..4), tag: String, version: Option<String>,
                    published: Option<String>, assets in prop::collection::btree_map(prop::sample::select(&DESKTOP[..]), prop::option::of(pin()), 0..4))
                    -> Locked {
            let read = |(name, pin): (&str, Option<Pin>)| {
                let target: Target = name.parse().unwrap();
                let emulated = |pin: &Pin| pin.emulated && target.translated().is_some();
                let pin = pin.map(|pin| Pin { emulated: emulated(&pin), ..pin });
                (target, pin)
            };
            let assets = assets.into_iter().map(read).collect();
            Locked { request, tag, version, published, assets }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(sidecars in prop::collection::btree_map("[a-z][a-z0-9-]{0,9}", locked(), 0..4),
                                      configured in prop::collection::btree_set("\\PC{1,20}", 0..4)) {
            let lock = Lock { configured, sidecars };
            let text = lock.to_text();
            prop_assert_eq!(without_lines(read(&text).unwrap()), lock.clone());
            prop_assert_eq!(without_lines(read(&text.replace('\n', "\r\n")).unwrap()), lock.clone());
            prop_assert_eq!(text.clone(), lock.to_text());
            prop_assert!(!text.contains('\r'));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "(\\PC|\n){0,200}") {
            let _ = read(&text);
        }
    }

    #[test]
    fn what_is_configured_stands_one_a_line_and_is_no_staleness() {
        let lock = Lock { configured: ["binaries/b".into(), "binaries/a".into()].into(), ..Lock::default() };
        let text = lock.to_text();
        assert!(
            text.ends_with("version = 1\nconfigured = [\n    \"binaries/a\",\n    \"binaries/b\",\n]\n"),
            "{text}"
        );
        assert!(!Lock::default().to_text().contains("configured"));
        let manifest = Manifest::parse(Path::new("app/sidecar.toml"), String::new()).unwrap();
        assert_eq!(read(&text).unwrap().drift(&manifest), []);
    }

    /// A lock of one asset that has all keys, and yet cannot be.
    fn raw() -> String {
        let hash = Sha256::of(b"x");
        format!(
            "version = 1\n[[sidecar]]\nname = 'a'\ntag = '1'\n[[asset]]\nsidecar = 'a'\ntarget = 'x86_64-apple-darwin'\nname = 'n'\n\
             url = 'u'\nsize = 1\nsha256 = '{hash}'\nprovenance = 'p'\nbinary-size = 2\nbinary-sha256 = '{hash}'\n"
        )
    }

    fn fails(text: &str, kind: Kind, part: &str) {
        let error = read(text).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }

    #[test]
    fn a_lock_that_cannot_be_read_says_why() {
        for (text, kind, part) in [
            ("version = 2\nfuture = true\n", Kind::LockTooNew, "version 2"),
            ("version = 1\n<<<<<<< HEAD\n", Kind::LockConflict, "sidecar.lock:2"),
            ("", Kind::LockInvalid, "does not say `version = 1`"),
            (
                "version = 1\n[[sidecar]]\nname = 'a'\n",
                Kind::LockInvalid,
                "`sidecar.lock` cannot be read: `tag` is missing",
            ),
            (
                "version = 1\n[[sidecar]]\nname = 'a'\ntag = '1'\nsize = 3\n",
                Kind::LockInvalid,
                "unknown key `size`",
            ),
            (
                "version = 1\n[[asset]]\nsidecar = 'a'\ntarget = 'x86_64-apple-darwin'\nmissing = true\n",
                Kind::LockInvalid,
                "not in it",
            ),
            (&raw(), Kind::LockInvalid, "another hash or size"),
            ("version = 1\nconfigured = 'x'\n", Kind::LockInvalid, "`configured` takes an array of strings"),
            ("version = 1\n[[", Kind::LockInvalid, "not valid TOML"),
        ] {
            fails(text, kind, part);
        }
    }

    #[test]
    fn what_was_seen_in_an_asset_is_said_as_a_whole_or_not_at_all() {
        let without = |key: &str| {
            let raw = raw();
            let lines = raw.lines().filter(|line| !line.starts_with(key));
            lines.fold(String::new(), |text, line| text + line + "\n")
        };
        let nothing = read(&without("binary-")).unwrap().sidecars.remove("a").unwrap();
        assert!(nothing.assets.values().flatten().all(|pin| pin.inside.is_none()));
        let half = |text: &str, part: &str| fails(text, Kind::LockInvalid, part);
        half(&without("binary-size"), "`binary-sha256` without `binary-size`");
        half(&without("binary-sha256"), "`binary-size` without `binary-sha256`");
        for (key, value) in [("member", "'m'"), ("glibc", "'2.31'")] {
            half(
                &format!("{}{key} = {value}\n", without("binary-")),
                &format!("`{key}` without `binary-sha256`"),
            );
        }
        let tree = without("binary-").replace("tag = '1'", "tag = '1'\nrequest.layout = 'tree'");
        half(&tree, "another layout");
    }

    #[test]
    fn only_what_can_be_translated_is_emulated() {
        let raw = raw().replace("binary-size = 2", "member = 'm'\nbinary-size = 2");
        let text = raw.replace("\nsize = 1", "\nemulated = true\nsize = 1");
        assert!(read(&text.replace("x86_64-apple", "aarch64-apple")).is_ok());
        let told = "the system of `x86_64-apple-darwin` translates nothing";
        fails(&text, Kind::LockInvalid, told);
        fails(
            &text.replace("apple-darwin", "unknown-linux-gnu").replace("x86_64", "aarch64"),
            Kind::LockInvalid,
            "translates nothing",
        );
    }

    #[test]
    fn the_line_of_the_hash_is_known() {
        let sha = Sha256::of(b"x");
        let pin = Pin {
            asset: "a".into(),
            url: "u".into(),
            api_url: None,
            size: 1,
            sha256: sha,
            provenance: "download".into(),
            emulated: false,
            inside: None,
            line: 0,
        };
        let target: Target = "x86_64-apple-darwin".parse().unwrap();
        let locked = Locked {
            tag: "1".into(),
            assets: BTreeMap::from([(target.clone(), Some(pin))]),
            ..Locked::default()
        };
        let text = Lock { sidecars: BTreeMap::from([("a".into(), locked)]), ..Lock::default() }.to_text();
        let line = text.lines().position(|l| l.starts_with("sha256")).unwrap() + 1;
        assert_eq!(read(&text).unwrap().sidecars["a"].assets[&target].as_ref().unwrap().line, line);
    }
}
