//! Reads versions out of tags, as publishers write them.

use semver::{BuildMetadata, Prerelease, Version};

/// A tag cut into the part before the version (`cli/`, `bun-`; without the `v`) and the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    /// What stands before the version and its `v`.
    pub(crate) prefix: &'a str,
    /// The version, read leniently.
    pub(crate) version: Version,
}

/// Cuts a tag at the first place where a version begins: at the start, behind a character that is neither letter nor
/// digit (`k3s-v1.2`), or, where there is no such place, behind letters (`b6900`).
pub(crate) fn parse(tag: &str) -> Option<Tag<'_>> {
    let behind_border = |at: usize| {
        let head = tag[..at].strip_suffix(['v', 'V']).unwrap_or(&tag[..at]);
        (head.is_empty() || head.ends_with(|c: char| !c.is_alphanumeric())).then_some(head)
    };
    let digits = || tag.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at);
    let cut = digits().find_map(|at| Some(Tag { prefix: behind_border(at)?, version: version(&tag[at..])? }));
    cut.or_else(|| {
        let at = digits().next()?;
        Some(Tag { prefix: &tag[..at], version: version(&tag[at..])? })
    })
}

/// The version of a tag that begins with `prefix` exactly, give or take a `v`.
pub(crate) fn with_prefix(tag: &str, prefix: &str) -> Option<Version> {
    let rest = tag.strip_prefix(prefix)?;
    version(rest.strip_prefix(['v', 'V']).unwrap_or(rest))
}

/// Reads a version leniently. Missing parts are 0 and leading zeros are dropped (`33.1`, `2025.08.11`); a fourth number
/// or a numeric suffix (`1.2.3.4`, `16.4.0-1`) counts the packagings of one version and is kept as build metadata,
/// which orders but does not make a pre-release; `1.0rc1` is `1.0.0-rc1`.
fn version(text: &str) -> Option<Version> {
    let (text, build) = text.split_once('+').unwrap_or((text, ""));
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (numbers, suffix) = text.split_at(end);
    let (numbers, dotted) = numbers.strip_suffix('.').map_or((numbers, false), |numbers| (numbers, true));
    let numbers: Vec<u64> = numbers.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let suffix = suffix.strip_prefix(['-', '_', '.', '~']).unwrap_or(suffix);
    if dotted && suffix.is_empty() {
        return None;
    }
    let part = |at: usize| numbers.get(at).copied().unwrap_or(0);
    let mut out = Version::new(part(0), part(1), part(2));
    let mut builds: Vec<String> = numbers.iter().skip(3).map(u64::to_string).collect();
    let suffix = suffix.replace('_', "-");
    if suffix.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-') {
        builds.extend(suffix.split(['.', '-']).filter(|part| !part.is_empty()).map(str::to_owned));
    } else {
        let identifiers: Vec<&str> = suffix.split('.').map(without_zeros).collect();
        out.pre = Prerelease::new(&identifiers.join(".")).ok()?;
    }
    builds.extend((!build.is_empty()).then(|| build.to_owned()));
    out.build = BuildMetadata::new(&builds.join(".")).ok()?;
    Some(out)
}

/// Semver refuses numeric identifiers with leading zeros.
fn without_zeros(identifier: &str) -> &str {
    let stripped = identifier.trim_start_matches('0');
    match identifier.bytes().all(|b| b.is_ascii_digit()) {
        true if stripped.is_empty() && !identifier.is_empty() => "0",
        true => stripped,
        false => identifier,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(tag: &str) -> Option<(&str, String)> {
        parse(tag).map(|tag| (tag.prefix, tag.version.to_string()))
    }

    #[test]
    fn tags_of_the_field() {
        for (tag, prefix, version) in [
            ("v1.2.3", "", "1.2.3"),
            ("1.2.3-rc.1", "", "1.2.3-rc.1"),
            ("v33.1", "", "33.1.0"),
            ("b6900", "b", "6900.0.0"),
            ("2025.08.11", "", "2025.8.11"),
            ("cli/v1.2", "cli/", "1.2.0"),
            ("apps_v1.69.0", "apps_", "1.69.0"),
            ("bun-v1.2.10", "bun-", "1.2.10"),
            ("jq-1.6", "jq-", "1.6.0"),
            ("k3s-v1.2", "k3s-", "1.2.0"),
            ("v1.36.3+k3s1", "", "1.36.3+k3s1"),
            ("@scope/tool@1.0.0", "@scope/tool@", "1.0.0"),
            ("16.4.0-1", "", "16.4.0+1"),
            ("v1.2.3.4", "", "1.2.3+4"),
            ("1.0rc1", "", "1.0.0-rc1"),
            ("v1.0.0-beta_02", "", "1.0.0-beta-02"),
            ("v1.0.0-rc.01", "", "1.0.0-rc.1"),
        ] {
            assert_eq!(read(tag), Some((prefix, version.to_owned())), "{tag}");
        }
        for tag in ["nightly", "stable", "", "v", "99999999999999999999"] {
            assert_eq!(read(tag), None, "{tag}");
        }
    }

    #[test]
    fn a_prefix_is_taken_literally() {
        assert_eq!(with_prefix("cli/v1.2", "cli/"), Some(Version::new(1, 2, 0)));
        assert_eq!(with_prefix("log4j2-v1.2", "log4j2-v"), Some(Version::new(1, 2, 0)));
        assert_eq!(with_prefix("client/v1.2", "cli/"), None);
        assert_eq!(with_prefix("cli/nightly", "cli/"), None);
    }

    #[test]
    fn a_packaging_is_newer_than_the_one_before_and_no_pre_release() {
        let version = |tag| parse(tag).unwrap().version;
        assert!(version("16.4.0-10") > version("16.4.0-9") && version("16.4.0-1") > version("16.4.0"));
        assert!(version("16.4.0-1").pre.is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read(tag in "\\PC{0,40}") {
            let _ = parse(&tag);
        }

        #[test]
        fn semver_is_read_as_it_is(major in 0..99_u64, minor in 0..99_u64, patch in 0..9_999_u64, prefix in "(v|tool-v|cli/|)") {
            let tag = format!("{prefix}{major}.{minor}.{patch}");
            prop_assert_eq!(parse(&tag).map(|tag| tag.version), Some(Version::new(major, minor, patch)));
        }
    }
}
