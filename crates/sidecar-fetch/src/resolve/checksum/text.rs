//! Reads checksum files.

use std::collections::BTreeSet;

use super::{Scope, json};
use crate::hash::Sha256;

/// What a file says once: a hash, and the file that it is of, where it names one.
type Entry<'a> = (Sha256, Option<&'a str>);

/// The forms of a line, tried in this order. Another form is another function.
const FORMS: [for<'a> fn(&'a str) -> Option<Entry<'a>>; 6] = [gnu, bare, bsd, name_first, labelled, nameless];

/// The SHA-256 hashes that a file gives for `asset`: none where it does not list it, several where it contradicts
/// itself. Names must be equal as a whole, but for the directories in front of them and, where none is equal, for case; a
/// hash without a name counts in files of [`Scope::Asset`] only. A signature says nothing, whatever it is called.
pub(crate) fn parse(file: &[u8], asset: &str, scope: Scope) -> BTreeSet<Sha256> {
    let text = decode(file);
    let listed = listed(&text);
    if is_signature(listed) {
        return BTreeSet::new();
    }
    let json = json::entries(listed);
    let entries: Vec<Entry<'_>> = match &json {
        Some(json) => json.iter().map(|(hash, name)| (*hash, name.as_deref())).collect(),
        None => entries(listed),
    };
    let of = |is_meant: &dyn Fn(&str) -> bool| -> BTreeSet<Sha256> {
        let meant = |name: Option<&str>| match name {
            Some(name) => is_meant(base(name)) || sized(name).is_some_and(|name| is_meant(base(name))),
            None => scope == Scope::Asset,
        };
        entries.iter().filter(|(_, name)| meant(*name)).map(|(sha256, _)| *sha256).collect()
    };
    let exact = of(&|name| name == asset);
    if exact.is_empty() { of(&|name| name.eq_ignore_ascii_case(asset)) } else { exact }
}

/// The one hash of a file that has no other, whatever it names.
pub(super) fn lone(file: &[u8]) -> Option<Sha256> {
    let text = decode(file);
    let listed = listed(&text);
    if is_signature(listed) || json::entries(listed).is_some() {
        return None;
    }
    match entries(listed).as_slice() {
        [(hash, _)] => Some(*hash),
        _ => None,
    }
}

/// The signed text of a clear-signed list, without its armour; of any other file, all.
fn listed(text: &str) -> &str {
    let Some(at) = text.find("-----BEGIN PGP SIGNED MESSAGE-----") else { return text };
    let signed = &text[at..];
    let signed = signed.split("-----BEGIN PGP SIGNATURE-----").next().unwrap_or(signed);
    // The header ends with an empty line; it names the digest of the signature, not of the files.
    let (unix, windows) = (signed.find("\n\n").map(|at| at + 2), signed.find("\r\n\r\n").map(|at| at + 4));
    match unix.into_iter().chain(windows).min() {
        Some(at) => &signed[at..],
        None => "",
    }
}

/// Whether a text is a signature or a key, by its first line: armour, minisign's comment.
fn is_signature(text: &str) -> bool {
    let first = text.trim_start().lines().next().unwrap_or_default();
    first.starts_with("-----BEGIN ") || first.starts_with("untrusted comment:")
}

/// A name behind a size, as Debian and Squirrel write it: `1234 tool.zip`.
fn sized(name: &str) -> Option<&str> {
    let (size, name) = name.split_once(char::is_whitespace)?;
    size.bytes().all(|byte| byte.is_ascii_digit()).then_some(name.trim_start())
}

/// The last part of a path, as `dist/tool.zip`, `./tool.zip` and `C:\dist\tool.zip` are written.
fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Everything that a text says: a line each, but for the listings of PowerShell and `CertUtil`.
fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut out = Vec::new();
    // What stands in front of a hash that has no name of its own.
    let (mut of, mut hash): (Option<&str>, Option<Sha256>) = (None, None);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match field(line) {
            Some(("Algorithm", _)) => hash = None,
            Some(("Hash", value)) => hash = value.parse().ok(),
            Some(("Path", path)) => out.extend(hash.take().map(|hash| (hash, Some(path)))),
            _ => {
                // Old CertUtil puts spaces between the bytes.
                let spaced = || of.and_then(|name| Some((line.replace(' ', "").parse().ok()?, Some(name))));
                let found = FORMS.iter().find_map(|form| form(line)).or_else(spaced);
                out.extend(found.map(|(hash, name)| (hash, name.or(of))));
                of = certutil(line);
            }
        }
    }
    out
}

/// A line of PowerShell's `Get-FileHash | Format-List`: `Hash      : E107…`.
fn field(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(" :")?;
    Some((key.trim_end(), value.trim()))
}

/// The line with which Windows' `CertUtil` announces a hash: `SHA256 hash of tool.zip:`.
fn certutil(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("SHA256 hash of ")?.strip_suffix(':')?;
    Some(rest.strip_prefix("file ").unwrap_or(rest))
}

/// GNU coreutils: `<hex>  <name>`, or `<hex> *<name>` for binary mode; one space, too, as some write it by hand.
fn gnu(line: &str) -> Option<Entry<'_>> {
    // A backslash in front says that there are escapes in the name.
    let (hash, name) = line.trim_start_matches('\\').split_once(char::is_whitespace)?;
    let name = name.trim_start();
    let name = name.strip_prefix('*').unwrap_or(name);
    (!name.is_empty()).then_some((hash.parse().ok()?, Some(name)))
}

/// The hash alone.
fn bare(line: &str) -> Option<Entry<'_>> {
    Some((line.parse().ok()?, None))
}

/// BSD and OpenSSL: `SHA256 (name) = <hex>`, `SHA2-256(name)= <hex>`.
fn bsd(line: &str) -> Option<Entry<'_>> {
    let rest = sha256(line)?.trim_start().strip_prefix('(')?;
    let (name, hash) = rest.rsplit_once('=')?;
    let name = name.trim_end().strip_suffix(')')?;
    Some((hash.trim().parse().ok()?, Some(name)))
}

/// The name in front: `<name> <hex>`.
fn name_first(line: &str) -> Option<Entry<'_>> {
    let (name, hash) = line.rsplit_once(char::is_whitespace)?;
    let name = name.trim_end().trim_end_matches(':');
    (!name.is_empty() && sha256(name).is_none_or(|rest| !is_end(rest)))
        .then_some((hash.parse().ok()?, Some(name)))
}

/// The algorithm in front: `SHA256 <hex> <name>`.
fn labelled(line: &str) -> Option<Entry<'_>> {
    gnu(sha256(line)?.strip_prefix(|c: char| c.is_whitespace() || c == ':')?.trim_start())
}

/// The algorithm and the hash: `SHA2-256= <hex>`, `sha256: <hex>`.
fn nameless(line: &str) -> Option<Entry<'_>> {
    bare(sha256(line)?.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '=' | ':')))
}

/// What stands behind the algorithm's name at the beginning of a line. `SHA256` and `SHA2-256` only: another algorithm
/// of 64 digits is another hash.
fn sha256(line: &str) -> Option<&str> {
    ["SHA256", "SHA2-256", "SHA-256"].iter().find_map(|word| {
        let (head, rest) = (line.get(..word.len())?, line.get(word.len()..)?);
        head.eq_ignore_ascii_case(word).then_some(rest)
    })
}

/// Whether nothing but punctuation is left.
fn is_end(rest: &str) -> bool {
    rest.trim_matches([' ', '=', ':']).is_empty()
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
        // Without a mark, every other byte of digits and letters is zero.
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => wide(file, u16::from_le_bytes),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => wide(file, u16::from_be_bytes),
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
        for name in [format!("{NAME}.sha256"), format!("x{NAME}"), "nova".to_owned(), format!("{NAME}/x")] {
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
    fn every_form_of_the_field() {
        for line in [
            format!("SHA256 ({NAME}) = {HASH}"),
            format!("SHA256({NAME})= {HASH}"),
            format!("SHA2-256({NAME})= {HASH}"),
            format!("SHA256 (dist/{NAME}) = {HASH}"),
            format!("MD5   ({NAME}) = {}\nSHA256 ({NAME}) = {HASH}", &HASH[..32]),
            format!("{NAME} {HASH}"),
            format!("{NAME}: {HASH}"),
            format!("SHA256 {HASH} {NAME}"),
            format!("{HASH}  /home/runner/{NAME}"),
            format!("{HASH} *bin/{NAME}"),
            format!(
                "Algorithm : SHA256\r\nHash      : {}\r\nPath      : C:\\a\\{NAME}\r\n",
                HASH.to_uppercase()
            ),
            format!(
                "SHA256 hash of {NAME}:\r\n{HASH}\r\nCertUtil: -hashfile command completed successfully.\r\n"
            ),
            format!(
                "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{HASH}  {NAME}\n-----BEGIN PGP SIGNATURE-----\n"
            ),
        ] {
            assert!(gives(line.as_bytes(), Scope::Release), "{line}");
        }
        for line in
            [format!("SHA2-256= {HASH}"), format!("sha256: {HASH}"), format!("MD5= 1\nSHA2-256= {HASH}")]
        {
            assert!(gives(line.as_bytes(), Scope::Asset), "{line}");
            assert!(parse(line.as_bytes(), NAME, Scope::Release).is_empty(), "{line}");
        }
    }

    #[test]
    fn what_is_no_sha256_of_the_asset_says_nothing() {
        for line in [
            format!("SHA3-256 ({NAME}) = {HASH}"),
            format!("BLAKE2s256({NAME})= {HASH}"),
            format!("SHA256 ({NAME}.sig) = {HASH}"),
            format!("Hash: {HASH}"),
            format!("SHA256 hash of other.zip:\n{HASH}"),
        ] {
            assert!(parse(line.as_bytes(), NAME, Scope::Release).is_empty(), "{line}");
        }
    }

    #[test]
    fn windows_makes_other_files() {
        let table = format!(
            "\r\nAlgorithm       Hash                 Path\r\n---------       ----                 ----\r\n\
             SHA256          {}       C:\\a\\{NAME}\r\n\r\n",
            HASH.to_uppercase()
        );
        assert!(gives(table.as_bytes(), Scope::Release));
        let pairs: Vec<String> =
            HASH.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
        let old = format!(
            "SHA256 hash of file {NAME}:\r\n{}\r\nCertUtil: -hashfile command completed successfully.\r\n",
            pairs.join(" ")
        );
        assert!(gives(old.as_bytes(), Scope::Release));
        let unmarked: Vec<u8> =
            format!("{HASH} *{NAME}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(gives(&unmarked, Scope::Release));
    }

    #[test]
    fn a_name_in_other_case_is_meant_where_none_is_exact() {
        assert!(gives(format!("{HASH}  {}", NAME.to_uppercase()).as_bytes(), Scope::Release));
        let both = format!("{HASH}  {NAME}\n{}  {}", "b".repeat(64), NAME.to_uppercase());
        assert!(gives(both.as_bytes(), Scope::Release));
    }

    #[test]
    fn a_size_may_stand_before_the_name() {
        assert!(gives(format!(" {HASH} 141298996 {NAME}").as_bytes(), Scope::Release));
        assert!(gives(format!("\\{HASH}  {NAME}").as_bytes(), Scope::Release));
    }

    #[test]
    fn json_of_the_field() {
        for body in [
            format!(r#"{{"{NAME}": "{HASH}"}}"#),
            format!(r#"{{"./dist/{NAME}": "sha256:{HASH}", "other.zip": "{}"}}"#, "a".repeat(64)),
            format!(r#"{{"{NAME}": {{"sha256": "{HASH}", "sha512": "00"}}}}"#),
            format!(r#"{{"sha256": {{"{NAME}": "{HASH}"}}}}"#),
            format!(r#"[{{"filename": "{NAME}", "sha256": "{HASH}"}}]"#),
            format!(r#"{{"files": [{{"name": "{NAME}", "hashes": {{"sha256": "{HASH}"}}}}]}}"#),
            format!(
                r#"{{"assets": {{"linux": {{"url": "https://x.org/v1/{NAME}", "digest": "sha256:{HASH}"}}}}}}"#
            ),
        ] {
            assert!(gives(body.as_bytes(), Scope::Release), "{body}");
        }
        let alone = format!(r#"{{"sha256": "{HASH}"}}"#);
        assert!(gives(alone.as_bytes(), Scope::Asset));
        assert!(parse(alone.as_bytes(), NAME, Scope::Release).is_empty());
        assert!(parse(b"[[[[", NAME, Scope::Asset).is_empty());
    }

    #[test]
    fn a_signature_is_no_list_whatever_it_is_called() {
        for body in [
            format!("-----BEGIN PGP SIGNATURE-----\n\n{HASH}  {NAME}\n-----END PGP SIGNATURE-----\n"),
            format!("-----BEGIN CERTIFICATE-----\n{HASH}\n-----END CERTIFICATE-----\n"),
            format!("untrusted comment: signature from minisign secret key\n{HASH}\n"),
            format!(
                r#"{{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "digest": "{HASH}"}}"#
            ),
            format!(r#"{{"payloadType": "application/vnd.in-toto+json", "{NAME}": "{HASH}"}}"#),
            format!(
                r#"{{"_type": "https://in-toto.io/Statement/v1", "subject": [{{"name": "{NAME}", "digest": {{"sha256": "{HASH}"}}}}]}}"#
            ),
            "MEUCIQDx8o2l+RSxxL0bGzF8x0Q5l3yWl2B0t0oYqTqz1Q0xGgIgV0h3m0J0c2l0b3A=".to_owned(),
        ] {
            for scope in [Scope::Asset, Scope::Release] {
                assert!(parse(body.as_bytes(), NAME, scope).is_empty(), "{body}");
            }
        }
    }

    #[test]
    fn of_a_clear_signed_list_only_the_signed_text_counts() {
        let signed = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n{HASH}  {NAME}\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\n{}  {NAME}\r\n",
            "b".repeat(64)
        );
        assert!(gives(signed.as_bytes(), Scope::Release));
        let header = format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n{HASH}  {NAME}\n");
        assert!(parse(header.as_bytes(), NAME, Scope::Release).is_empty());
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
