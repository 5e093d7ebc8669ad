//! A source as the command line names it: `OWNER/REPO`, the address of a repository's page, or `key:value` with a source
//! key of the manifest.

use crate::error::{Error, Kind};
use crate::manifest::edit::NewSidecar;
use crate::manifest::source::KEYS;

/// A source key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin<'a> {
    key: &'static str,
    value: &'a str,
}

/// Hosts whose pages are those of another forge than GitHub.
const HOSTS: [(&str, &str); 2] = [("https://gitlab.com/", "gitlab"), ("https://codeberg.org/", "forgejo")];

/// The source that a text names; `None` where it is the name of a recipe.
pub(super) fn of(text: &str) -> Option<Origin<'_>> {
    for key in KEYS {
        let value = text.strip_prefix(key).and_then(|rest| rest.strip_prefix(':'));
        if let Some(value) = value.filter(|value| !value.starts_with("//")) {
            return Some(Origin { key, value });
        }
    }
    for (host, key) in HOSTS {
        if let Some(path) = text.strip_prefix(host) {
            return Some(Origin { key, value: page(path) });
        }
    }
    let value = text.strip_prefix("https://github.com/").unwrap_or(text);
    text.contains('/').then_some(Origin { key: "github", value: page(value) })
}

/// The path of a repository, as its page and as git write it.
fn page(path: &str) -> &str {
    path.trim_end_matches('/').trim_end_matches(".git")
}

impl Origin<'_> {
    /// The entry of the manifest; `name` is the one that was given, where the source does not tell a good one.
    pub(super) fn entry(&self, name: Option<&str>) -> Result<NewSidecar, Error> {
        let name = name.or_else(|| self.name()).ok_or_else(|| {
            let headline = format!("`{}:{}` does not tell how the sidecar is called", self.key, self.value);
            Error::new(Kind::Usage, headline).help("say it with `--name NAME`")
        })?;
        let source = (self.key, self.value.to_owned());
        Ok(NewSidecar { name: name.to_owned(), source, ..NewSidecar::default() })
    }

    /// The name that the source suggests: a repository's, or an npm scope's (`@esbuild/{os}-{arch}`). What has
    /// placeholders in it is no name, and the name of a file is none either.
    fn name(&self) -> Option<&str> {
        let name = match (self.key, self.value.strip_prefix('@').and_then(|rest| rest.split_once('/'))) {
            ("npm", Some((scope, package))) if package.contains('{') => scope,
            ("npm", Some((_, package))) => package,
            ("url", _) => return None,
            _ => self.value.trim_end_matches('/').rsplit('/').next()?,
        };
        (!name.is_empty() && !name.contains(['{', '}'])).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_source() {
        for (text, key, value, name) in [
            ("a/b", "github", "a/b", Some("b")),
            ("https://github.com/a/b.git", "github", "a/b", Some("b")),
            ("https://ghe.example/a/b", "github", "https://ghe.example/a/b", Some("b")),
            ("https://gitlab.com/a/b/c/", "gitlab", "a/b/c", Some("c")),
            ("gitlab:https://git.example/a/b", "gitlab", "https://git.example/a/b", Some("b")),
            ("https://codeberg.org/a/b", "forgejo", "a/b", Some("b")),
            ("npm:@esbuild/{os}-{arch}", "npm", "@esbuild/{os}-{arch}", Some("esbuild")),
            ("npm:@acme/tool", "npm", "@acme/tool", Some("tool")),
            ("npm:tool-{os}", "npm", "tool-{os}", None),
            ("url:https://h/tool.zip", "url", "https://h/tool.zip", None),
            ("path:../engine/dist", "path", "../engine/dist", Some("dist")),
            ("path:../dist/{target}", "path", "../dist/{target}", None),
        ] {
            let origin = of(text).unwrap();
            assert_eq!((origin.key, origin.value, origin.name()), (key, value, name), "{text}");
        }
        assert_eq!(of("pocketbase"), None);
    }

    #[test]
    fn a_source_without_a_name_asks_for_one() {
        let origin = of("url:https://h/tool.zip").unwrap();
        assert_eq!(origin.entry(None).unwrap_err().kind(), Kind::Usage);
        assert_eq!(origin.entry(Some("tool")).unwrap().name, "tool");
    }
}
