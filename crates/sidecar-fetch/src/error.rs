//! The one error shape of the project: headline, facts, help.
//!
//! An [`Error`] is a value that is printed the same way everywhere: by `cargo sidecar` on a terminal, by
//! [`build`](crate::build) as `cargo::error=` lines, and as JSON. Its [`Kind`] has a stable kebab-case code and belongs
//! to one of eight exit codes.

use std::borrow::Cow;
use std::fmt;

/// Why something failed, with the facts and the next step.
///
/// `Display` (and `Debug`, which prints the same) gives the headline, then aligned `key  value` facts, then one
/// `help:` line where a next step is known. Neither credentials nor query strings of URLs appear in it.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    headline: String,
    facts: Vec<(Cow<'static, str>, String)>,
    help: Option<String>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $exit:literal;)*) => {
        /// What went wrong, as a value to match on. New kinds may be added in any release.
        #[non_exhaustive]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind, in the order of the road: manifest, lock, resolve, fetch, verify, install.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable kebab-case code, such as `checksum-mismatch`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The exit code of `cargo sidecar` for this kind: 1 a check found something, 2 usage, 3 manifest,
            /// 4 lock, 5 resolution, 6 network, 7 integrity, 8 local files.
            pub const fn exit_code(self) -> u8 {
                match self { $(Self::$name => $exit,)* }
            }
        }
    };
}

kinds! {
    /// `verify` found files that do not agree with the lock.
    VerifyFailed = "verify-failed", 1;
    /// `doctor` found something that will not work.
    DoctorFailed = "doctor-failed", 1;
    /// Tauri's configuration or the capability file does not say what the manifest asks for.
    ConfigDrift = "config-drift", 1;
    /// The command line, the builder or an environment variable asks for something that does not exist.
    Usage = "usage", 2;
    /// No recipe has the name that was to be added.
    UnknownRecipe = "unknown-recipe", 2;
    /// `cargo metadata` could not describe the workspace.
    CargoMetadata = "cargo-metadata", 2;
    /// Neither `sidecar.toml` nor `[package.metadata.sidecar]` was found.
    ManifestMissing = "manifest-missing", 3;
    /// Both `sidecar.toml` and `[package.metadata.sidecar]` exist.
    ManifestTwice = "manifest-twice", 3;
    /// The manifest is not TOML, or a table is missing or misplaced.
    ManifestInvalid = "manifest-invalid", 3;
    /// The manifest has a key that is not known.
    UnknownKey = "unknown-key", 3;
    /// A key has a value of the wrong type or form.
    BadValue = "bad-value", 3;
    /// A version is not a semver requirement.
    BadVersion = "bad-version", 3;
    /// A template has a placeholder that is not known.
    UnknownPlaceholder = "unknown-placeholder", 3;
    /// A `run` table has a key or value that is not known, or asks for what cannot work.
    RunInvalid = "run-invalid", 3;
    /// The manifest asks for something that this version of the toolkit cannot do.
    Unsupported = "unsupported", 3;
    /// A sidecar that was named is not in the manifest.
    UnknownSidecar = "unknown-sidecar", 3;
    /// A sidecar that was to be added is already in the manifest.
    SidecarExists = "sidecar-exists", 3;
    /// A validator of `shell.args` is not a regular expression.
    BadRegex = "bad-regex", 3;
    /// Two sidecars would be installed under one name.
    NameClash = "name-clash", 3;
    /// A sidecar is installed under the name of the Cargo package, which Tauri refuses.
    NameIsPackage = "name-is-package", 3;
    /// A file to import is none of the formats that are known, or says something that cannot be right.
    ImportInvalid = "import-invalid", 3;
    /// There is no `sidecar.lock`.
    LockMissing = "lock-missing", 4;
    /// The lock does not answer the manifest.
    LockStale = "lock-stale", 4;
    /// The lock was written by a newer version.
    LockTooNew = "lock-too-new", 4;
    /// The lock contains conflict markers of a merge.
    LockConflict = "lock-conflict", 4;
    /// The lock cannot be read.
    LockInvalid = "lock-invalid", 4;
    /// The lock has no asset for the target that is built.
    LockNoTarget = "lock-no-target", 4;
    /// The repository or package does not exist, or is not visible.
    RepositoryNotFound = "repository-not-found", 5;
    /// No release has the tag, or none answers the version.
    ReleaseNotFound = "release-not-found", 5;
    /// The newest matching release is younger than `minimum-age`.
    ReleaseTooYoung = "release-too-young", 5;
    /// No asset of the release fits the target.
    AssetNotFound = "asset-not-found", 5;
    /// Several assets fit equally well.
    AssetAmbiguous = "asset-ambiguous", 5;
    /// Nothing that is published vouches for an asset that is to be locked without a download.
    NoProof = "no-proof", 5;
    /// Something must be fetched, and the network is off.
    Offline = "offline", 6;
    /// The server answered with a status that is not a success.
    HttpStatus = "http-status", 6;
    /// The server refuses more requests for now.
    RateLimited = "rate-limited", 6;
    /// The server refuses the credentials, or wants some.
    Unauthorized = "unauthorized", 6;
    /// The server did not answer in time.
    Timeout = "timeout", 6;
    /// The connection could not be made, or broke.
    Connection = "connection", 6;
    /// The URL is neither https nor loopback.
    InsecureUrl = "insecure-url", 6;
    /// The server's answer is not what its API describes.
    ApiAnswer = "api-answer", 6;
    /// The bytes do not have the expected hash.
    ChecksumMismatch = "checksum-mismatch", 7;
    /// A new lock would pin without a published checksum what the lock before it pinned with one.
    ProofLost = "proof-lost", 7;
    /// Two published checksums of one asset disagree, or disagree with the downloaded bytes.
    ChecksumDisagree = "checksum-disagree", 7;
    /// The body ended before its end.
    Truncated = "truncated", 7;
    /// The body is longer than the lock or the limit allows.
    TooLong = "too-long", 7;
    /// The archive or compressed stream cannot be read.
    ArchiveCorrupt = "archive-corrupt", 7;
    /// The archive holds paths that leave it, or other things no honest archive holds.
    ArchiveUnsafe = "archive-unsafe", 7;
    /// The archive expands beyond the limits.
    ArchiveTooLarge = "archive-too-large", 7;
    /// The archive does not hold the member.
    MemberNotFound = "member-not-found", 7;
    /// Several members of the archive fit equally well.
    MemberAmbiguous = "member-ambiguous", 7;
    /// The file is not an executable for the target.
    WrongTarget = "wrong-target", 7;
    /// A local override cannot be used in this build.
    OverrideRefused = "override-refused", 7;
    /// A placeholder would stand in for a sidecar in a build that ships.
    PlaceholderRefused = "placeholder-refused", 7;
    /// A configuration file of Tauri does not parse, or has another type where a list of ours belongs.
    ConfigInvalid = "config-invalid", 8;
    /// A capability file does not parse, or says something that Tauri refuses.
    CapabilityInvalid = "capability-invalid", 8;
    /// `capabilities/sidecars.json` was not written by this toolkit.
    CapabilityForeign = "capability-foreign", 8;
    /// Another capability has an identifier of ours.
    IdentifierClash = "identifier-clash", 8;
    /// A capability names a permission that its plugin does not have.
    UnknownPermission = "unknown-permission", 8;
    /// A file was changed by somebody else while the change to it was prepared.
    FileChanged = "file-changed", 8;
    /// A file that must be changed is read-only.
    ReadOnly = "read-only", 8;
    /// A file or directory could not be read or written.
    Io = "io", 8;
    /// The cache directory cannot be used.
    Cache = "cache", 8;
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Error {
    /// An error with a headline: lower case, no full stop, understandable alone.
    pub fn new(kind: Kind, headline: impl Into<String>) -> Self {
        let headline = printable(headline.into());
        Self(Box::new(Inner { kind, headline, facts: Vec::new(), help: None }))
    }

    /// Adds a fact. Several lines in `value` are printed under each other.
    #[must_use]
    pub fn fact(mut self, key: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        let key = match key.into() {
            Cow::Borrowed(key) => Cow::Borrowed(key),
            Cow::Owned(key) => Cow::Owned(printable(key)),
        };
        self.0.facts.push((key, printable(value.to_string())));
        self
    }

    /// Takes back the facts of a key, where the caller knows that they mislead.
    #[cfg(feature = "resolve")]
    #[must_use]
    pub(crate) fn without_fact(mut self, key: &str) -> Self {
        self.0.facts.retain(|(found, _)| found != key);
        self
    }

    /// Sets the one step that can be done now; a later call replaces an earlier one.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(printable(help.into()));
        self
    }

    /// Puts the sidecar in front of the headline: ``sidecar `ffmpeg` 7.1: …``. Said once, the innermost stays.
    #[must_use]
    pub(crate) fn of_sidecar(mut self, name: &str, version: Option<&str>) -> Self {
        if !self.0.headline.starts_with("sidecar `") {
            let version = version.map(|v| format!(" {v}")).unwrap_or_default();
            self.0.headline = printable(format!("sidecar `{name}`{version}: {}", self.0.headline));
        }
        self
    }

    /// Whether the headline says that it is about this sidecar.
    #[cfg(feature = "resolve")]
    pub(crate) fn is_of_sidecar(&self, name: &str) -> bool {
        self.0.headline.starts_with(&format!("sidecar `{name}`"))
    }

    /// What went wrong, to match on.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The headline: lower case, no full stop, understandable alone.
    pub fn headline(&self) -> &str {
        &self.0.headline
    }

    /// The facts as (key, value) pairs, in the order in which they are printed.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.facts.iter().map(|(key, value)| (key.as_ref(), value.as_str()))
    }

    /// The one step that can be done now, where one is known.
    pub fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.headline)?;
        let width = self.0.facts.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
        for (key, value) in &self.0.facts {
            for (i, line) in value.lines().enumerate() {
                let key = if i == 0 { key.as_ref() } else { "" };
                let line = format!("  {key:width$}  {line}");
                write!(f, "\n{}", line.trim_end())?;
            }
        }
        match &self.0.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

/// Text that a terminal shows as it is: names come from servers and archives, and a control character in them could
/// move the cursor or change what stands above. Line ends and tabs stay.
pub(crate) fn printable(text: String) -> String {
    let bad = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(bad) {
        return text;
    }
    text.chars().map(|c| if bad(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A URL without credentials, query and fragment, which may hold secrets, cut as text: also what is no URL is shown
/// without them.
pub(crate) fn public_url(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = text.split_once("//") else { return text.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}//{host}{path}")
}

/// Up to five of `items`, comma separated, then how many more there are: what a failed lookup lists.
pub(crate) fn some_of<I: IntoIterator<Item: AsRef<str>>>(items: I) -> String {
    let items: Vec<_> = items.into_iter().collect();
    if items.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<&str> = items.iter().take(5).map(AsRef::as_ref).collect();
    let more = items.len() - shown.len();
    let tail = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{}{tail}", shown.join(", "))
}

/// The item of `known` that a mistyped `word` most likely meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |a: &str, b: &str| -> usize {
        let b: Vec<char> = b.chars().collect();
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, ca) in a.chars().enumerate() {
            let mut diagonal = std::mem::replace(&mut row[0], i + 1);
            for (j, cb) in b.iter().enumerate() {
                let substituted = diagonal + usize::from(ca != *cb);
                diagonal = row[j + 1];
                row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
            }
        }
        row[b.len()]
    };
    let limit = (word.chars().count() / 3).max(2);
    known.into_iter().map(|k| (distance(word, k), k)).filter(|(d, _)| *d <= limit).min().map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_headline_aligned_facts_and_help() {
        let error = Error::new(Kind::ChecksumMismatch, "the downloaded file does not match the lock")
            .fact("url", "https://example.com/x")
            .fact("expected", "sha256 aa")
            .help("run `cargo sidecar update ffmpeg`")
            .of_sidecar("ffmpeg", Some("7.1"))
            .of_sidecar("other", None);
        let expected = "sidecar `ffmpeg` 7.1: the downloaded file does not match the lock\n  url       \
                        https://example.com/x\n  expected  sha256 aa\nhelp: run `cargo sidecar update ffmpeg`";
        assert_eq!(error.to_string(), expected);
        assert_eq!(format!("{error:?}"), expected);
    }

    #[test]
    fn no_part_holds_control_characters() {
        let error = Error::new(Kind::Io, "a\x1b[2Kb")
            .fact("tags\x07".to_owned(), "v1\u{9b}31m\nv2\tx")
            .help("take \r`c`")
            .of_sidecar("d", Some("\x1b]0;e\x07"));
        let text = error.to_string();
        assert!(text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'), "{text:?}");
        assert!(text.contains("v2\tx") && text.contains("a\u{fffd}[2Kb"), "{text:?}");
    }

    #[test]
    fn a_url_is_cut_where_secrets_begin() {
        assert_eq!(public_url("https://user:secret@example.com/a?sig=secret#x"), "https://example.com/a");
        assert_eq!(public_url("no url?secret"), "no url");
    }

    #[test]
    fn codes_are_kebab_case_and_unique() {
        let mut codes: Vec<_> = Kind::ALL.iter().map(|k| k.code()).collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
        assert!(codes.iter().all(|c| c.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        assert!(Kind::ALL.iter().all(|k| (1..=8).contains(&k.exit_code())));
    }

    #[test]
    fn nearest_key_forgives_typos_only() {
        assert_eq!(nearest("verison", ["version", "tag"]), Some("version"));
        assert_eq!(nearest("colour", ["version", "tag"]), None);
    }

    #[test]
    fn a_long_list_is_cut_after_five() {
        assert_eq!(some_of(["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e, and 2 more");
        assert_eq!(some_of(Vec::<&str>::new()), "none");
    }
}
