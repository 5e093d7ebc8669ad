//! Where a sidecar's releases come from: the one source key of its table, and what goes with it.

use std::collections::BTreeMap;
use std::fmt;

use super::Wanted;
use crate::doc::{Located, Table, Value};
use crate::error::{Error, Kind};
use crate::target::{Target, TargetPattern};
use crate::template::Template;

/// The keys that name a source, in the order in which messages list them.
pub(crate) const KEYS: [&str; 6] = ["github", "gitlab", "forgejo", "npm", "url", "path"];

/// A source of releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// `OWNER/REPO`, or a repository's URL on an Enterprise host.
    GitHub(String),
    /// A project's path, or its URL on another host than gitlab.com.
    GitLab(String),
    /// `OWNER/REPO` on Codeberg, or a repository's URL on any host of Forgejo or Gitea.
    Forgejo(String),
    /// Names of npm packages, one for each platform; `{os}` and `{arch}` as Node spells them.
    Npm(PerTarget),
    /// Addresses of files, and the address of a list of their hashes.
    Url { addresses: PerTarget, checksums: Option<Template> },
    /// Files, or directories of release files, relative to the app's directory.
    Path(PerTarget),
}

/// One template for every target, or one for each of several patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PerTarget {
    All(Template),
    /// Exact triples first.
    Each(Vec<(TargetPattern, Template)>),
}

impl PerTarget {
    /// The template for a target, if there is one.
    pub(crate) fn of(&self, target: &Target) -> Option<&Template> {
        match self {
            Self::All(template) => Some(template),
            Self::Each(each) => each.iter().find(|(pattern, _)| pattern.matches(target)).map(|(_, t)| t),
        }
    }

    fn templates(&self) -> Vec<&Template> {
        match self {
            Self::All(template) => vec![template],
            Self::Each(each) => each.iter().map(|(_, template)| template).collect(),
        }
    }

    /// Whether a template needs to know the version.
    pub(crate) fn names_version(&self) -> bool {
        let names = |t: &&Template| t.source().contains("{version}") || t.source().contains("{tag}");
        self.templates().iter().any(names)
    }

    fn request(&self, key: &str, out: &mut BTreeMap<String, String>) {
        match self {
            Self::All(template) => drop(out.insert(key.to_owned(), template.source().to_owned())),
            Self::Each(each) => {
                for (pattern, template) in each {
                    out.insert(format!("{key}.{pattern}"), template.source().to_owned());
                }
            }
        }
    }
}

impl Source {
    /// The key that names it.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::GitHub(_) => "github",
            Self::GitLab(_) => "gitlab",
            Self::Forgejo(_) => "forgejo",
            Self::Npm(_) => "npm",
            Self::Url { .. } => "url",
            Self::Path(_) => "path",
        }
    }

    /// Whether it lists releases with several assets each, of which one is chosen.
    pub(crate) fn is_forge(&self) -> bool {
        matches!(self, Self::GitHub(_) | Self::GitLab(_) | Self::Forgejo(_))
    }

    /// Whether it says which versions there are.
    pub(crate) fn lists_releases(&self) -> bool {
        !matches!(self, Self::Url { .. } | Self::Path(_))
    }

    /// Adds what the lock must have answered.
    pub(super) fn request(&self, out: &mut BTreeMap<String, String>) {
        match self {
            Self::GitHub(text) | Self::GitLab(text) | Self::Forgejo(text) => {
                out.insert(self.key().to_owned(), text.clone());
            }
            Self::Npm(each) | Self::Path(each) => each.request(self.key(), out),
            Self::Url { addresses, checksums } => {
                addresses.request(self.key(), out);
                if let Some(checksums) = checksums {
                    out.insert("checksums".to_owned(), checksums.source().to_owned());
                }
            }
        }
    }

    /// Whether a key of the lock's request speaks of the source.
    pub(crate) fn owns(key: &str) -> bool {
        KEYS.contains(&key.split('.').next().unwrap_or(key))
    }

    /// Takes the source key of a sidecar's table, and the key that goes with it.
    pub(super) fn take(sidecar: &str, table: &mut Table<'_>) -> Result<Self, Error> {
        let mut found = KEYS.iter().filter_map(|key| Some((*key, table.take(key)?)));
        let (first, second) = (found.next(), found.next());
        drop(found);
        if let Some((key, value)) = second {
            let other = first.as_ref().map_or("", |(key, _)| key);
            return Err(value
                .error(Kind::BadValue, format!("sidecar `{sidecar}` has two sources, `{other}` and `{key}`"))
                .help("keep one of them"));
        }
        let Some((key, value)) = first else {
            return Err(table
                .error(Kind::BadValue, format!("sidecar `{sidecar}` has no source"))
                .fact("sources", KEYS.join(", "))
                .help("add `github = \"OWNER/REPO\"`"));
        };
        let checksums = checksums(key, table)?;
        Ok(match key {
            "github" => Self::GitHub(github(value.string()?)?),
            "gitlab" => Self::GitLab(repository(value.string()?, "GitLab project", "GROUP/PROJECT")?),
            "forgejo" => Self::Forgejo(repository(value.string()?, "Forgejo repository", "OWNER/REPO")?),
            "npm" => Self::Npm(per_target(value, npm_package)?),
            "url" => Self::Url { addresses: per_target(value, address)?, checksums },
            _ => Self::Path(per_target(value, local)?),
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitHub(text) | Self::GitLab(text) | Self::Forgejo(text) => f.write_str(text),
            Self::Npm(each) => write!(f, "npm:{}", shown(each)),
            Self::Url { addresses, .. } => f.write_str(&crate::error::public_url(&shown(addresses))),
            Self::Path(each) => f.write_str(&shown(each)),
        }
    }
}

/// The templates for people: the first stands for them all.
fn shown(each: &PerTarget) -> String {
    let templates = each.templates();
    let first = templates.first().map_or("", |t| t.source());
    if templates.len() > 1 { format!("{first} …") } else { first.to_owned() }
}

fn checksums(key: &str, table: &mut Table<'_>) -> Result<Option<Template>, Error> {
    let Some(text) = table.string("checksums")? else { return Ok(None) };
    if key != "url" {
        return Err(text
            .error(Kind::BadValue, format!("`checksums` goes with `url`, not with `{key}`"))
            .help("leave it out: the checksum files of a release are found by their names"));
    }
    address(&text).map(Some)
}

/// `owner/repo`, or a repository's URL.
fn github(text: Located<String>) -> Result<String, Error> {
    let path = without_scheme(&text.value);
    let parts: Vec<&str> = path.unwrap_or(&text.value).trim_end_matches('/').split('/').collect();
    let expected = if path.is_some() { 3 } else { 2 };
    if parts.len() != expected || parts.iter().any(|p| p.is_empty() || p.contains(char::is_whitespace)) {
        return Err(text
            .error(Kind::BadValue, format!("`{}` is not a GitHub repository", text.value))
            .help("write it as `OWNER/REPO`, or as the repository's URL on an Enterprise host"));
    }
    Ok(text.value)
}

/// A path of two names or more, or a URL with such a path.
fn repository(text: Located<String>, what: &str, form: &str) -> Result<String, Error> {
    let rest = without_scheme(&text.value);
    let names = rest.map_or(Some(text.value.as_str()), |rest| rest.split_once('/').map(|(_, path)| path));
    let names: Vec<&str> = names.unwrap_or_default().trim_end_matches('/').split('/').collect();
    let odd =
        |name: &&str| name.is_empty() || name.contains(|c: char| c.is_whitespace() || "?#@".contains(c));
    if names.len() < 2 || names.iter().any(odd) || (what.starts_with("Forgejo") && names.len() > 2) {
        return Err(text
            .error(Kind::BadValue, format!("`{}` is not a {what}", crate::error::public_url(&text.value)))
            .help(format!("write it as `{form}`, or as the URL of its page")));
    }
    Ok(text.value)
}

fn without_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))
}

fn per_target(
    value: Value<'_>,
    check: fn(&Located<String>) -> Result<Template, Error>,
) -> Result<PerTarget, Error> {
    if !value.is_table() {
        return check(&value.string_or("a string, or a table of strings by target")?).map(PerTarget::All);
    }
    let mut out = Vec::new();
    for (key, value) in value.table()?.into_entries() {
        out.push((super::parse::pattern(&key)?, check(&value.string()?)?));
    }
    out.sort_by_key(|(pattern, _): &(TargetPattern, Template)| !pattern.is_exact());
    Ok(PerTarget::Each(out))
}

/// The name of a package, with placeholders: `@scope/name` or `name`.
fn npm_package(text: &Located<String>) -> Result<Template, Error> {
    let template = super::parse::template(text)?;
    let (scope, name) = match text.value.split_once('/') {
        Some((scope, name)) => (scope.strip_prefix('@'), name),
        None => (Some("-"), text.value.as_str()),
    };
    let known = |c: char| c.is_ascii_alphanumeric() || "-_.~{}".contains(c);
    let good = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(known);
    if scope.is_some_and(good) && good(name) {
        return Ok(template);
    }
    Err(text
        .error(Kind::BadValue, format!("`{}` is not the name of an npm package", text.value))
        .help("write it as npm does, such as `@esbuild/{os}-{arch}`; the version goes into `version`"))
}

/// An address, with placeholders behind the host.
pub(super) fn address(text: &Located<String>) -> Result<Template, Error> {
    let template = super::parse::template(text)?;
    let host = without_scheme(&text.value).map(|rest| rest.split('/').next().unwrap_or(rest));
    if host.is_some_and(|host| !host.is_empty() && !host.contains(['{', '@'])) {
        return Ok(template);
    }
    Err(text
        .error(Kind::BadValue, format!("`{}` is not an address", crate::error::public_url(&text.value)))
        .help("write a whole https:// address; placeholders may stand behind the host, credentials nowhere"))
}

/// A path on this machine, spelled as on every system.
fn local(text: &Located<String>) -> Result<Template, Error> {
    let template = super::parse::template(text)?;
    let absolute = text.value.starts_with('/') || text.value.get(1..2) == Some(":");
    if text.value.is_empty() || absolute || text.value.contains(['\\', '\0']) {
        return Err(text
            .error(Kind::BadValue, format!("`{}` is not a relative path", text.value))
            .fact("reason", "the lock is shared, and another machine has other directories")
            .help("write it relative to the app's directory and with `/`, such as `../engine/dist`"));
    }
    Ok(template)
}

/// Takes `version`, `tag`, `tag-prefix` and `version-from`, as far as they go with the source.
pub(super) fn wanted(source: &Source, table: &mut Table<'_>) -> Result<Release, Error> {
    let (version, tag) = (table.string("version")?, table.string("tag")?);
    let prefix = table.string("tag-prefix")?;
    let from = table.string("version-from")?;
    if let Some(odd) = [&tag, &prefix].into_iter().flatten().next().filter(|_| !source.is_forge()) {
        let headline = format!("`tag` and `tag-prefix` go with repositories, not with `{}`", source.key());
        return Err(odd.error(Kind::BadValue, headline).help("write `version = \"…\"`"));
    }
    let wanted = match (version, tag) {
        (Some(version), Some(_)) => {
            return Err(version
                .error(Kind::BadValue, "`version` and `tag` exclude each other")
                .help("keep `version` for a range, or `tag` for one exact release"));
        }
        (None, Some(tag)) => Wanted::Tag(tag.value),
        (Some(version), None) => of_version(source, version)?,
        (None, None) => Wanted::Latest,
    };
    let from = from.map(|from| version_from(source, &wanted, &from)).transpose()?;
    if let Source::Url { addresses: each, .. } | Source::Path(each) = source
        && each.names_version()
        && wanted == Wanted::Latest
        && from.is_none()
    {
        return Err(table
            .error(Kind::BadValue, format!("`{}` names a version that nobody gives", source.key()))
            .help("add `version = \"1.2.3\"`, or `version-from` with the address of a file that holds it"));
    }
    Ok(Release { wanted, tag_prefix: prefix.map(|p| p.value), version_from: from })
}

/// What the keys of a table say about the release.
pub(super) struct Release {
    pub(super) wanted: Wanted,
    pub(super) tag_prefix: Option<String>,
    pub(super) version_from: Option<Template>,
}

fn of_version(source: &Source, version: Located<String>) -> Result<Wanted, Error> {
    if matches!(source, Source::Url { .. } | Source::Path(_)) {
        let odd = |c: char| c.is_control() || c.is_whitespace() || "<>^~=*,/\\{}".contains(c);
        if version.value.is_empty() || version.value.contains(odd) {
            let headline = format!("`{}` is not one version", version.value);
            return Err(version
                .error(Kind::BadVersion, headline)
                .fact("reason", format!("`{}` has no list of versions to choose from", source.key()))
                .help("write the version as it stands in the address, such as `version = \"1.4.2\"`"));
        }
        return Ok(Wanted::Version(version.value));
    }
    match version.value.parse() {
        Ok(requirement) => Ok(Wanted::Requirement(requirement)),
        Err(cause) => Err(version
            .error(Kind::BadVersion, format!("`{}` is not a version requirement", version.value))
            .fact("cause", cause)
            .help("write it as in Cargo.toml, such as `version = \"1.4\"`; for a tag that is no version use `tag = \"…\"`")),
    }
}

/// Where the version is read: an asset of a release whose tag moves, or an address; with a JSON pointer behind `#`
/// (RFC 6901, section 6) in a JSON document.
fn version_from(source: &Source, wanted: &Wanted, from: &Located<String>) -> Result<Template, Error> {
    match (source, wanted) {
        (Source::Npm(_), _) => Err(from
            .error(Kind::BadValue, "`version-from` does not go with `npm`")
            .help("leave it out: the registry lists the versions")),
        (Source::Url { .. }, Wanted::Latest) => address(from),
        (Source::Path(_), Wanted::Latest) => local(from),
        (Source::Url { .. } | Source::Path(_), _) => Err(from
            .error(Kind::BadValue, "`version` and `version-from` exclude each other")
            .help("keep `version` to stay with one, or `version-from` to follow what a file says")),
        (_, Wanted::Tag(_)) => super::parse::template(from),
        _ => Err(from
            .error(Kind::BadValue, "`version-from` goes with `tag`")
            .fact(
                "reason",
                "it is for tags that move, such as `nightly`: the version stands in an asset there",
            )
            .help("name the tag: `tag = \"nightly\"`")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Manifest, Sidecar};
    use super::*;

    fn parse(keys: &str) -> Result<Sidecar, Error> {
        let text = format!("[sidecar.a]\n{keys}\n");
        Manifest::parse(Path::new("sidecar.toml"), text).map(|manifest| manifest.sidecars["a"].clone())
    }

    fn request(keys: &str) -> Vec<String> {
        parse(keys).unwrap().request().into_iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn every_source_has_its_keys() {
        assert_eq!(request("gitlab = 'group/sub/tool'"), ["gitlab=group/sub/tool", "version=*"]);
        assert_eq!(
            request("forgejo = 'https://codeberg.org/o/r'\nversion = '1'"),
            ["forgejo=https://codeberg.org/o/r", "version=^1"]
        );
        assert_eq!(
            request("npm = '@esbuild/{os}-{arch}'\nversion = '0.25'"),
            ["npm=@esbuild/{os}-{arch}", "version=^0.25"]
        );
        assert_eq!(
            request(
                "url = { 'cfg(unix)' = 'https://h/{version}/a', x86_64-pc-windows-msvc = 'https://h/b' }\nversion = '1.2b'\nchecksums = 'https://h/S'"
            ),
            [
                "checksums=https://h/S",
                "url.cfg(unix)=https://h/{version}/a",
                "url.x86_64-pc-windows-msvc=https://h/b",
                "version=1.2b"
            ]
        );
        assert_eq!(
            request("url = 'https://h/{version}'\nversion-from = 'https://h/i.json#/0/v'"),
            ["url=https://h/{version}", "version=*", "version-from=https://h/i.json#/0/v"]
        );
        assert_eq!(request("path = '../dist/{target}'"), ["path=../dist/{target}", "version=*"]);
        assert_eq!(
            request("github = 'o/r'\ntag = 'nightly'\nversion-from = 'version.txt'"),
            ["github=o/r", "tag=nightly", "version-from=version.txt"]
        );
    }

    #[test]
    fn the_template_of_a_target_is_the_most_special() {
        let sidecar = parse("path = { 'cfg(unix)' = 'a', x86_64-apple-darwin = 'b' }").unwrap();
        let Source::Path(each) = &sidecar.source else { panic!() };
        let of = |target: &str| each.of(&target.parse().unwrap()).map(Template::source);
        assert_eq!(of("x86_64-apple-darwin"), Some("b"));
        assert_eq!(of("aarch64-apple-darwin"), Some("a"));
        assert_eq!(of("x86_64-pc-windows-msvc"), None);
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (keys, kind, part) in [
            ("version = '1'", Kind::BadValue, "has no source"),
            ("github = 'o/r'\nnpm = 'x'", Kind::BadValue, "two sources, `github` and `npm`"),
            ("gitlab = 'tool'", Kind::BadValue, "is not a GitLab project"),
            ("gitlab = 'https://h.example/tool?x'", Kind::BadValue, "is not a GitLab project"),
            ("forgejo = 'a/b/c'", Kind::BadValue, "is not a Forgejo repository"),
            ("npm = 'a/b'", Kind::BadValue, "is not the name of an npm package"),
            ("npm = '@a/b/c'", Kind::BadValue, "is not the name of an npm package"),
            ("npm = 'a@1'", Kind::BadValue, "is not the name of an npm package"),
            ("npm = 'x'\ntag = 'latest'", Kind::BadValue, "`tag` and `tag-prefix` go with repositories"),
            ("npm = 'x'\nversion-from = 'y'", Kind::BadValue, "does not go with `npm`"),
            ("npm = 'x'\nchecksums = 'https://h/x'", Kind::BadValue, "`checksums` goes with `url`"),
            ("url = 'tool.zip'", Kind::BadValue, "is not an address"),
            ("url = 'https://{os}/x'", Kind::BadValue, "is not an address"),
            ("url = 'https://u:p@h/x'", Kind::BadValue, "is not an address"),
            ("url = 'https://h/{version}'", Kind::BadValue, "names a version that nobody gives"),
            ("url = 'https://h/{version}'\nversion = '^1'", Kind::BadVersion, "is not one version"),
            (
                "url = 'https://h/x'\nversion = '1'\nversion-from = 'https://h/v'",
                Kind::BadValue,
                "exclude each other",
            ),
            ("url = 'https://h/{verison}'", Kind::UnknownPlaceholder, "{verison}"),
            ("path = '/abs'", Kind::BadValue, "is not a relative path"),
            ("path = 'C:/abs'", Kind::BadValue, "is not a relative path"),
            ("github = 'o/r'\nversion-from = 'version.txt'", Kind::BadValue, "goes with `tag`"),
            ("npm = 'x'\nasset = { 'cfg(unix)' = 'y' }", Kind::BadValue, "`asset` chooses among"),
            ("npm = 3", Kind::BadValue, "a string, or a table of strings by target"),
        ] {
            let error = parse(keys).unwrap_err();
            assert_eq!(error.kind(), kind, "{keys}: {error}");
            assert!(error.to_string().contains(part), "{keys}: {error}");
            assert!(error.to_string().contains("sidecar.toml:"), "{keys}: {error}");
        }
    }

    #[test]
    fn credentials_are_not_repeated() {
        let error = parse("url = 'https://user:secret@h/x?token=secret'").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
