//! Where a pinned file comes from.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::error::public_url;
use crate::fetch::address;
use crate::resolve::url::file_name;

/// Why something cannot be imported, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note(pub(super) String);

/// The source of a pinned file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// An asset of a release on github.com.
    GitHub {
        /// `owner/name`.
        repository: String,
        tag: String,
        asset: String,
        url: String,
    },
    /// A file at another address.
    File { asset: String, url: String },
    /// Anything else, with the reason why it is not importable.
    Elsewhere(Note),
}

impl Origin {
    /// The origin that a URL names. Sources are told apart here, and nowhere else.
    pub(super) fn of_url(text: &str) -> Self {
        if let Some(found) = github(text) {
            return found;
        }
        let usable = address::parse(text).is_ok_and(|url| url.username().is_empty() && url.query().is_none());
        match file_name(text).filter(|_| usable && !text.contains(['{', '}'])) {
            Some(asset) => Self::File { asset, url: text.to_owned() },
            None => Self::Elsewhere(Note(format!(
                "{} is neither a release on github.com nor the plain https address of a file",
                public_url(text)
            ))),
        }
    }

    /// The origin of an asset that is named by its parts: a repository as `owner/name` or URL, a tag and a name.
    pub(super) fn of_release(repository: &str, tag: &str, asset: &str) -> Self {
        let short = repository.trim_end_matches('/').trim_end_matches(".git");
        let short = short.strip_prefix("https://github.com/").unwrap_or(short);
        let encoded = |text: &str| {
            Url::parse("https://github.com/").ok().and_then(|mut url| {
                url.path_segments_mut().ok()?.push(text);
                Some(url.path().trim_start_matches('/').to_owned())
            })
        };
        match (encoded(tag), encoded(asset)) {
            (Some(tag), Some(asset)) => {
                Self::of_url(&format!("https://github.com/{short}/releases/download/{tag}/{asset}"))
            }
            _ => Self::of_url(repository),
        }
    }
}

/// `https://github.com/OWNER/REPO/releases/download/TAG/ASSET`. A tag may hold slashes.
fn github(text: &str) -> Option<Origin> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    if url.scheme() != "https" || !matches!(url.host_str()?, "github.com" | "www.github.com") || !is_plain {
        return None;
    }
    let segments: Vec<Cow<'_, str>> = url.path_segments()?.map(decoded).collect::<Option<_>>()?;
    let [owner, name, releases, download, tag @ .., asset] = segments.as_slice() else { return None };
    if releases != "releases" || download != "download" || tag.is_empty() || asset.is_empty() {
        return None;
    }
    let is_name = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    if !is_name(owner) || !is_name(name) {
        return None;
    }
    Some(Origin::GitHub {
        repository: format!("{owner}/{name}"),
        tag: tag.join("/"),
        asset: asset.to_string(),
        url: text.to_owned(),
    })
}

/// Text without percent signs that stand for bytes; `None` where the bytes are no text.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(origin: Origin) -> Option<[String; 3]> {
        match origin {
            Origin::GitHub { repository, tag, asset, .. } => Some([repository, tag, asset]),
            Origin::File { .. } | Origin::Elsewhere(_) => None,
        }
    }

    #[test]
    fn other_addresses_are_files_where_a_build_could_fetch_them() {
        let of = |text: &str| match Origin::of_url(text) {
            Origin::File { asset, .. } => Some(asset),
            _ => None,
        };
        assert_eq!(of("https://dl.example/1.0/tool%20x.zip").as_deref(), Some("tool x.zip"));
        assert_eq!(of("http://127.0.0.1:80/tool").as_deref(), Some("tool"));
        for text in [
            "http://dl.example/tool",
            "https://u:p@dl.example/tool",
            "https://dl.example/",
            "ftp://h/x",
            "https://h/{os}",
            "https://h/x?token=y",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn assets_of_releases_are_taken_apart() {
        let of = |text: &str| parts(Origin::of_url(text)).map(|parts| parts.join(" "));
        for (url, expected) in [
            ("https://github.com/a/b/releases/download/v1/x.zip", "a/b v1 x.zip"),
            ("https://github.com/a/b.c/releases/download/cli%2Fv1/x%2By.zip", "a/b.c cli/v1 x+y.zip"),
            ("https://github.com/a/b/releases/download/cli/v1/x.zip", "a/b cli/v1 x.zip"),
            ("https://github.com/a/b/releases/download/v1%/x%+1.zip", "a/b v1% x%+1.zip"),
            ("https://www.github.com/a/b/releases/download/v1/x.zip", "a/b v1 x.zip"),
        ] {
            assert_eq!(of(url).as_deref(), Some(expected), "{url}");
        }
        for url in [
            "https://github.com/a/b/releases/latest/download/x.zip",
            "https://github.com/a/b/archive/v1.tar.gz",
            "https://github.com/a/b/releases/download/v1/",
            "https://github.com/a/b/releases/download/x.zip",
            "https://github.com/a/b%20c/releases/download/v1/x.zip",
            "http://github.com/a/b/releases/download/v1/x.zip",
            "https://user:secret@github.com/a/b/releases/download/v1/x.zip",
            "https://codeberg.org/a/b/releases/download/v1/x.zip",
            "https://github.com/a/b/releases/download/v1/%ff",
            "nothing",
            "",
        ] {
            assert_eq!(of(url), None, "{url}");
        }
    }

    #[test]
    fn the_parts_of_a_release_make_the_same_origin() {
        let expected = parts(Origin::of_url("https://github.com/a/b/releases/download/cli%2Fv1/x.zip"));
        for repository in ["a/b", "https://github.com/a/b", "https://github.com/a/b.git"] {
            assert_eq!(parts(Origin::of_release(repository, "cli/v1", "x.zip")), expected);
        }
        assert_eq!(parts(Origin::of_release("https://example.com/a/b", "v1", "x.zip")), None);
    }

    #[test]
    fn no_secret_is_told() {
        let Origin::Elsewhere(Note(note)) = Origin::of_url("https://u:secret@example.com/x?token=secret")
        else {
            panic!()
        };
        assert!(note.starts_with("https://example.com/x is neither"), "{note}");
    }
}
