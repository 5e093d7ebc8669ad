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
    optional(out, "root", pin.tree.as_ref().map(|tree| tree.root.as_str()).filter(|root| !root.is_empty()));
    optional(out, "member", pin.member.as_deref());
    let _ = writeln!(out, "binary-size = {}", pin.binary_size);
    pair(out, "binary-sha256", &pin.binary_sha256.to_string());
    optional(out, "glibc", pin.glibc.as_deref());
    let Some(tree) = &pin.tree else { return };
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
        fn pin()(emulated: bool, asset in "\\PC{1,20}", url in "\\PC{1,40}", api_url: Option<String>, size: u32, seed: [u8; 8],
                 provenance in "[a-z-]{1,9}", member: Option<String>, glibc: Option<String>) -> Pin {
            let sha256 = Sha256::of(&seed);
            Pin { asset, url, api_url, size: size.into(), sha256, provenance, emulated, member, binary_size: size.into(),
                  binary_sha256: sha256, glibc, tree: None, line: 0 }
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

    #[test]
    fn a_lock_that_cannot_be_read_says_why() {
        let hash = Sha256::of(b"x");
        let raw = format!(
            "version = 1\n[[sidecar]]\nname = 'a'\ntag = '1'\n[[asset]]\nsidecar = 'a'\ntarget = 'x86_64-apple-darwin'\nname = 'n'\n\
             url = 'u'\nsize = 1\nsha256 = '{hash}'\nprovenance = 'p'\nbinary-size = 2\nbinary-sha256 = '{hash}'\n"
        );
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
            (&raw, Kind::LockInvalid, "another hash or size"),
            (
                &raw.replace("size = 1", "emulated = true\nsize = 1")
                    .replace("x86_64-apple", "aarch64-unknown-linux-gnu' #"),
                Kind::LockInvalid,
                "the system of `aarch64-unknown-linux-gnu` translates nothing",
            ),
            ("version = 1\nconfigured = 'x'\n", Kind::LockInvalid, "`configured` takes an array of strings"),
            ("version = 1\n[[", Kind::LockInvalid, "not valid TOML"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(part), "{error}");
        }
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
            member: None,
            binary_size: 1,
            binary_sha256: sha,
            glibc: None,
            tree: None,
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
