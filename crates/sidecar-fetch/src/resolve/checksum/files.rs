//! Which files of a release may hold the checksum of an asset, by their names.
//!
//! A name is split at its borders. What is left of it without the words for checksums is the asset that it belongs to
//! (`tool-linux.tar.gz.sha256`, `tool-checksum-linux.sha256`, `bw-Linux-sha256-1.9.1.txt`), or the release, or a part of
//! it (`tool-linux-checksums.txt`).

use std::collections::{BTreeSet, HashMap};

/// What a checksum file speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// The one asset that it is named after; the hash may stand there alone.
    Asset,
    /// Every asset that it lists by name.
    Release,
}

/// A file that may hold the checksum of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate<'a> {
    /// The name of the file.
    pub(crate) name: &'a str,
    pub(crate) scope: Scope,
}

/// Words for a checksum file that name SHA-256.
const NAMED: [&str; 9] = [
    "sha256",
    "sha256sum",
    "sha256sums",
    "256sum",
    "256sums",
    "shasum256",
    "shasums256",
    "shasum256s",
    "sums256",
];

/// Words for a checksum file that do not.
const UNNAMED: [&str; 15] = [
    "checksum",
    "checksums",
    "shasum",
    "shasums",
    "sha",
    "shas",
    "sum",
    "sums",
    "hash",
    "hashes",
    "digest",
    "digests",
    "dgst",
    "bsd",
    "cksum",
];

/// Words that say nothing of the contents.
const FORMS: [&str; 5] = ["txt", "json", "file", "signed", "asc"];

/// What a file says somewhere that holds no SHA-256.
const OTHER_ALGORITHMS: [&str; 13] = [
    "sha512", "sha384", "sha224", "sha1", "sha3", "md5", "blake", "b3sum", "b2sum", "rmd160", "crc32",
    "512sum", // yq's `checksums_hashes_order` tells the columns of another file.
    "order",
];

/// Last parts of names that a checksum file has, besides its own words; a name without a dot has none.
const ENDINGS: [&str; 5] = ["txt", "json", "asc", "list", "sum"];

/// Endings of assets that are no part of what an asset is called.
const PACKED: [&str; 15] =
    ["tar", "gz", "tgz", "xz", "txz", "zst", "zstd", "tzst", "bz2", "tbz2", "tbz", "zip", "7z", "exe", "bin"];

/// The files among `names` that may hold the SHA-256 of `asset`, the likeliest first.
pub(crate) fn candidates<'a>(asset: &str, names: &[&'a str]) -> Vec<Candidate<'a>> {
    let own = Named::of(asset);
    // How many assets are called so: a hash without a name in a file of that stem is of one of them.
    let mut stems: HashMap<Vec<String>, usize> = HashMap::new();
    let mut wholes: BTreeSet<Vec<String>> = BTreeSet::new();
    for name in names.iter().filter(|name| !is_of_checksums(name)) {
        let other = Named::of(name);
        *stems.entry(other.stem).or_default() += 1;
        wholes.insert(other.whole);
    }
    let mut found: Vec<((Scope, usize, usize), &str)> = Vec::new();
    for name in names.iter().filter(|name| !name.eq_ignore_ascii_case(asset)) {
        let Some(said) = subject(name) else { continue };
        let (whole, stem) = (said.is(&own.whole), said.is(&own.stem));
        let alone =
            stem && !wholes.contains(&said.words) && stems.get(&own.stem).is_none_or(|count| *count < 2);
        // What begins the asset's name may be the release: `tool-1.2.sha256` beside the sources `tool-1.2.tar.gz`.
        let of_others = wholes.contains(&said.words) || stems.contains_key(&said.words);
        if of_others && !whole && !own.whole.starts_with(&said.words) {
            continue;
        }
        let scope = if whole || alone { Scope::Asset } else { Scope::Release };
        // Where a release has one for each system, the one that shares more words goes first.
        let shared = said.words.iter().filter(|word| own.whole.contains(word)).count();
        let rank = match scope {
            Scope::Asset => usize::from(!whole) * 8 + said.rank,
            Scope::Release => said.rank,
        };
        found.push(((scope, rank, usize::MAX - shared), name));
    }
    found.sort_unstable();
    found.into_iter().map(|((scope, ..), name)| Candidate { name, scope }).collect()
}

/// An asset's name as words.
struct Named {
    whole: Vec<String>,
    /// Without the endings for how it is packed.
    stem: Vec<String>,
}

impl Named {
    fn of(name: &str) -> Self {
        let whole = words(name);
        let packed = whole.iter().rev().take_while(|word| PACKED.contains(&word.as_str())).count();
        let stem = whole[..whole.len() - packed].to_vec();
        Self { whole, stem }
    }
}

/// What a checksum file is of, and how likely it is the one.
struct Subject {
    words: Vec<String>,
    /// The better first: one that names SHA-256, one that does not, a clear-signed copy, JSON.
    rank: usize,
}

impl Subject {
    fn is(&self, asset: &[String]) -> bool {
        !asset.is_empty() && self.words == asset
    }
}

/// What the file of that name holds the checksums of; `None` where it is no file of SHA-256 checksums.
fn subject(name: &str) -> Option<Subject> {
    let mut words = words(name);
    let last = name.rsplit_once('.').map(|(_, last)| last.to_ascii_lowercase());
    let is_word = |word: &str| NAMED.contains(&word) || UNNAMED.contains(&word);
    let ends =
        last.is_none_or(|last| is_word(&last) || ENDINGS.contains(&last.as_str()) || is_version(&last));
    let other = |word: &String| OTHER_ALGORITHMS.iter().any(|other| word.contains(other));
    if !ends || !words.iter().any(|word| is_word(word)) || words.iter().any(other) {
        return None;
    }
    let form = words.last().map(String::as_str);
    let rank = usize::from(!words.iter().any(|word| NAMED.contains(&word.as_str())))
        + usize::from(form == Some("json")) * 2
        + usize::from(form == Some("asc")) * 4;
    words.retain(|word| !is_word(word) && !FORMS.contains(&word.as_str()));
    Some(Subject { words, rank })
}

/// Whether the name is that of a file with checksums or of a signature of one, in whatever algorithm.
fn is_of_checksums(name: &str) -> bool {
    let is_word = |word: &String| {
        NAMED.contains(&word.as_str())
            || UNNAMED.contains(&word.as_str())
            || OTHER_ALGORITHMS.iter().any(|other| word.contains(other))
    };
    words(name).iter().any(is_word)
}

/// The last part of `tool_SHA256SUMS_1.9`.
fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Splits at everything that is neither letter nor digit; `SHA2-256` and `SHA-256` are one word.
fn words(name: &str) -> Vec<String> {
    let lower = name.to_ascii_lowercase();
    let lower = lower.replace("sha2-256", "sha256").replace("sha-256", "sha256").replace("sha_256", "sha256");
    let parts = lower.split(|c: char| !c.is_ascii_alphanumeric());
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(asset: &str, names: &[&str]) -> Vec<(String, Scope)> {
        candidates(asset, names).into_iter().map(|c| (c.name.to_owned(), c.scope)).collect()
    }

    fn own(name: &str) -> (String, Scope) {
        (name.to_owned(), Scope::Asset)
    }

    fn all(name: &str) -> (String, Scope) {
        (name.to_owned(), Scope::Release)
    }

    #[test]
    fn the_assets_own_file_goes_before_the_releases() {
        let names = [
            "checksums.txt",
            "a.zip.sha256sum",
            "SHA256SUMS",
            "a.zip",
            "A.zip.sha256",
            "a.zip.sha512",
            "a.zip.sha256.sig",
            "SHA256SUMS.asc",
        ];
        assert_eq!(
            found("a.zip", &names),
            [
                own("A.zip.sha256"),
                own("a.zip.sha256sum"),
                all("SHA256SUMS"),
                all("checksums.txt"),
                all("SHA256SUMS.asc")
            ]
        );
    }

    #[test]
    fn names_of_the_field() {
        for name in [
            "SHA256SUMS",
            "sha256.sum",
            "sha256sum.txt",
            "sha256sums.txt",
            "tool_1.2.0_checksums.txt",
            "tool_v1.2.0_checksums.txt",
            "tool-1.2.0-checksums.txt",
            "1.2.0-checksums.txt",
            "tool_1.2.0_SHA256SUMS",
            "SHASUMS256.txt",
            "SHASUMS256.asc",
            "SHA2-256SUMS",
            "SHA256_SUM",
            "checksums.sha256",
            "checksums-sha256.txt",
            "checksums_sha256.txt",
            "checksums-bsd",
            "checksums-signed.txt",
            "checksums-darwin.txt",
            "checksums_windows.txt",
            "katana-linux-checksums.txt",
            "hashes.sha256",
            "hashes.txt",
            "cmake-4.0-SHA-256.txt",
            "shasums",
            "CHECKSUM",
            "sha256.txt",
            "release-v1.2.sha256",
            "Linux.sha",
            "sha256sum-amd64.txt",
            "jp-checksums.sha256.asc",
            "checksums.json",
            "sha256sum.txt.asc",
        ] {
            assert_eq!(found("a.zip", &["a.zip", name]), [all(name)], "{name}");
        }
        for name in [
            "SHA512SUMS",
            "SHA1SUMS",
            "md5sums.txt",
            "checksums.txt.sig",
            "checksums.txt.pem",
            "checksums.txt.minisig",
            "checksums.txt.intoto.jsonl",
            "tool.zip",
            "checksums_rmd160.txt",
            "B3SUMS",
            "SHA512-SUMS.txt",
            "sha256sums.txt.sigstore",
            "checksums_hashes_order",
            "a.zip.sig",
            "a.zip.asc",
        ] {
            assert_eq!(found("a.zip", &["a.zip", name]), [], "{name}");
        }
    }

    #[test]
    fn a_file_is_of_the_asset_that_its_other_words_name() {
        for (asset, file) in [
            ("foo-x86_64-linux.tar.gz", "foo-x86_64-linux.tar.gz.sha256"),
            ("foo-x86_64-linux.tar.gz", "foo-x86_64-linux.sha256"),
            ("badger-linux-amd64.tgz", "badger-checksum-linux-amd64.sha256"),
            ("bw-linux-1.9.1.zip", "bw-Linux-sha256-1.9.1.txt"),
            ("micro-linux64.tgz", "micro-linux64.tgz.sha"),
            ("mirrord_linux_x86_64", "mirrord_linux_x86_64.shasum256"),
            ("firecracker-x86_64.tgz", "firecracker-x86_64.tgz.sha256.txt"),
            ("Xray-linux-64.zip", "Xray-linux-64.zip.dgst"),
            ("win64.tar.gz", "win64.sha"),
        ] {
            assert_eq!(found(asset, &[asset, file]), [own(file)], "{file}");
        }
    }

    #[test]
    fn a_file_of_another_asset_is_left_alone() {
        let names =
            ["a-linux.tar.gz", "a-mac.tar.gz", "a-mac.tar.gz.sha256", "a-linux.sha256", "a-mac.sha256"];
        assert_eq!(found("a-linux.tar.gz", &names), [own("a-linux.sha256")]);
        // The hash could be of any of them, so that it must name it.
        let names = ["a-linux.tar.gz", "a-linux.zip", "a-linux.sha256"];
        assert_eq!(found("a-linux.tar.gz", &names), [all("a-linux.sha256")]);
        // The plain executable is called so as a whole.
        let names = ["a-linux.tar.gz", "a-linux", "a-linux.sha256"];
        assert_eq!(found("a-linux.tar.gz", &names), [all("a-linux.sha256")]);
        assert_eq!(found("a-linux", &names), [own("a-linux.sha256")]);
        let names = ["t-1.2-linux.zip", "t-1.2.tar.gz", "t-1.2.sha256", "t_1.2_checksums.txt"];
        assert_eq!(found("t-1.2-linux.zip", &names), [all("t-1.2.sha256"), all("t_1.2_checksums.txt")]);
    }

    #[test]
    fn of_one_file_for_each_system_the_nearest_goes_first() {
        let names = ["t-mac-checksums.txt", "t-windows-checksums.txt", "t-linux-checksums.txt"];
        assert_eq!(found("t_1.0_linux_amd64.zip", &names)[0], all("t-linux-checksums.txt"));
    }

    #[test]
    fn ten_thousand_files_are_not_compared_each_with_each() {
        let names: Vec<String> =
            (0..10_000).flat_map(|n| [format!("t-{n}.zip"), format!("t-{n}.zip.sha256")]).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(found("t-77.zip", &names), [own("t-77.zip.sha256")]);
    }
}
