//! Reads checksum files.

use std::collections::BTreeSet;

use super::Scope;
use crate::hash::Sha256;

/// What one line says: a hash, and the file that it is of, where the line names one.
type Line<'a> = (Sha256, Option<&'a str>);

/// The forms of a line, tried in this order. Another form is another function.
const FORMS: [for<'a> fn(&'a str) -> Option<Line<'a>>; 2] = [gnu, bare];

/// The SHA-256 hashes that a file gives for `asset`: none where it does not list it, several where it contradicts
/// itself. Names must be equal as a whole, but for a leading `./`; a hash without a name counts in files of
/// [`Scope::Asset`] only.
pub(crate) fn parse(file: &[u8], asset: &str, scope: Scope) -> BTreeSet<Sha256> {
    let text = decode(file);
    let lines = text.lines().map(str::trim).filter_map(|line| FORMS.iter().find_map(|form| form(line)));
    let is_meant = |name: Option<&str>| match name {
        Some(name) => name.strip_prefix("./").unwrap_or(name) == asset,
        None => scope == Scope::Asset,
    };
    lines.filter(|(_, name)| is_meant(*name)).map(|(sha256, _)| sha256).collect()
}

/// GNU coreutils: `<hex>  <name>`, or `<hex> *<name>` for binary mode; one space, too, as some write it by hand.
fn gnu(line: &str) -> Option<Line<'_>> {
    let (hash, name) = line.split_once(char::is_whitespace)?;
    let name = name.trim_start();
    let name = name.strip_prefix('*').unwrap_or(name);
    (!name.is_empty()).then_some((hash.parse().ok()?, Some(name)))
}

/// The hash alone.
fn bare(line: &str) -> Option<Line<'_>> {
    Some((line.parse().ok()?, None))
}

/// Files that were made on Windows may be UTF-16, or begin with a byte order mark. Bytes that are no text become
/// replacement characters, which equal no name.
fn decode(file: &[u8]) -> String {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match file {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(file).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HASH: &str = "89f744a88dad0e73866d06e79afccd5476152770c70101361566b234b0722101";
    const NAME: &str = "nova_3.2.0_darwin_arm64.tar.gz";

    fn gives(file: &[u8], scope: Scope) -> bool {
        parse(file, NAME, scope) == BTreeSet::from([HASH.parse().unwrap()])
    }

    #[test]
    fn lines_of_the_field() {
        let upper = HASH.to_uppercase();
        for line in [
            format!("{HASH}  {NAME}"),
            format!("{HASH} *{NAME}"),
            format!("{HASH} {NAME}"),
            format!("{HASH}\t{NAME}  \n\n"),
            format!("{upper}  {NAME}\r\n"),
            format!("{HASH}  ./{NAME}"),
            format!("{HASH} *./{NAME}"),
            format!("\u{FEFF}{HASH}  {NAME}\r\n"),
            format!("# made by hand\n{}  other\n{HASH}  {NAME}\n", "a".repeat(64)),
        ] {
            assert!(gives(line.as_bytes(), Scope::Release), "{line:?}");
        }
    }

    #[test]
    fn utf_16_is_read() {
        let line = format!("{HASH} *{NAME}\r\n");
        let bytes = |mark: [u8; 2], to: fn(u16) -> [u8; 2]| {
            mark.into_iter().chain(line.encode_utf16().flat_map(to)).collect::<Vec<u8>>()
        };
        assert!(gives(&bytes([0xFF, 0xFE], u16::to_le_bytes), Scope::Release));
        assert!(gives(&bytes([0xFE, 0xFF], u16::to_be_bytes), Scope::Release));
    }

    #[test]
    fn only_the_whole_name_is_meant() {
        for name in [format!("{NAME}.sha256"), format!("x{NAME}"), "nova".to_owned(), format!("../{NAME}")] {
            assert!(parse(format!("{HASH}  {name}").as_bytes(), NAME, Scope::Asset).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_bare_hash_counts_in_the_assets_own_file_only() {
        assert!(gives(format!("{HASH}\n").as_bytes(), Scope::Asset));
        assert!(parse(HASH.as_bytes(), NAME, Scope::Release).is_empty());
        assert!(parse(&HASH.as_bytes()[..63], NAME, Scope::Asset).is_empty());
        assert!(parse(HASH.repeat(2).as_bytes(), NAME, Scope::Asset).is_empty());
    }

    #[test]
    fn a_contradiction_is_kept() {
        let file = format!("{HASH}  {NAME}\n{}  {NAME}\n", "b".repeat(64));
        assert_eq!(parse(file.as_bytes(), NAME, Scope::Release).len(), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(file in prop::collection::vec(any::<u8>(), 0..300), asset in "\\PC{0,10}") {
            let _ = parse(&file, &asset, Scope::Asset);
        }

        #[test]
        fn what_is_written_is_found(bytes in any::<[u8; 32]>(), name in "[a-zA-Z0-9._-]{1,30}", star in any::<bool>()) {
            let hash = Sha256::of(&bytes);
            let line = if star { format!("{hash} *{name}\n") } else { format!("{hash}  {name}\n") };
            prop_assert_eq!(parse(line.as_bytes(), &name, Scope::Release), BTreeSet::from([hash]));
        }
    }
}
