//! Chooses the release that answers a request.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use semver::{Version, VersionReq};

use super::release::Release;
use super::tag;
use crate::error::{Error, Kind, nearest, some_of};

/// Which release is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// This tag, also where it is a pre-release.
    Exact(String),
    /// The highest version that answers; with the prefix of its tags, where one repository releases several programs.
    Requirement(VersionReq, Option<String>),
    /// The highest version.
    Latest(Option<String>),
}

/// How old a release must be (`minimum-age`): malicious releases are mostly found within days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MinimumAge {
    /// The least age that is allowed.
    pub(crate) age: Duration,
    /// The time from which ages are counted.
    pub(crate) now: Timestamp,
}

impl MinimumAge {
    /// How long ago a release was published, where that is known. A date in the future is now.
    pub(crate) fn age_of(self, release: &Release) -> Option<Duration> {
        let published: Timestamp = release.published.as_deref()?.parse().ok()?;
        Some(Duration::try_from(self.now.duration_since(published)).unwrap_or_default())
    }

    /// Whether a release may be taken.
    pub(crate) fn allows(self, release: &Release) -> bool {
        self.age_of(release).is_some_and(|since| since >= self.age)
    }
}

impl Request {
    fn prefix(&self) -> Option<&str> {
        match self {
            Self::Exact(_) => None,
            Self::Requirement(_, prefix) | Self::Latest(prefix) => prefix.as_deref(),
        }
    }

    /// The request with the prefix that these releases give it, where it has none: nothing, if any tag has it so; else
    /// the one prefix that there is. Between several only the manifest can decide ([`Kind::ReleaseNotFound`]).
    pub(crate) fn settled(&self, releases: &[Release]) -> Result<Self, Error> {
        if self.prefix().is_some() || matches!(self, Self::Exact(_)) {
            return Ok(self.clone());
        }
        let published = releases.iter().filter(|release| !release.draft);
        let prefixes: BTreeSet<&str> =
            published.filter_map(|release| tag::parse(&release.tag)).map(|tag| tag.prefix).collect();
        let mut rest = prefixes.iter();
        let prefix = match (rest.next(), rest.next()) {
            (None, _) => return Ok(self.clone()),
            (Some(&first), Some(_)) if !first.is_empty() => {
                return Err(several_programs(&prefixes, first, releases));
            }
            // the empty one is sorted first
            (Some(&first), _) => Some(first.to_owned()),
        };
        Ok(match self {
            Self::Requirement(req, _) => Self::Requirement(req.clone(), prefix),
            Self::Exact(_) | Self::Latest(_) => Self::Latest(prefix),
        })
    }

    /// Whether a pre-release may answer: only a requirement that names one itself.
    fn wants_prerelease(&self) -> bool {
        match self {
            Self::Exact(_) => true,
            Self::Requirement(req, _) => req.comparators.iter().any(|comparator| !comparator.pre.is_empty()),
            Self::Latest(_) => false,
        }
    }

    fn answers(&self, version: &Version) -> bool {
        match self {
            Self::Requirement(req, _) => req.matches(version),
            Self::Exact(_) | Self::Latest(_) => version.pre.is_empty(),
        }
    }
}

/// The version that a tag spells, whatever stands before it.
pub(crate) fn of_tag(tag: &str) -> Option<Version> {
    tag::parse(tag).map(|tag| tag.version)
}

/// Picks the release that answers: the highest version, not the latest publication (which may be a patch of an older
/// line). Drafts never answer, pre-releases only where they are asked for.
///
/// Fails with [`Kind::ReleaseNotFound`], which lists the nearest tags, or with [`Kind::ReleaseTooYoung`].
pub(crate) fn pick<'a>(
    releases: &'a [Release],
    request: &Request,
    minimum: Option<MinimumAge>,
) -> Result<&'a Release, Error> {
    if let Request::Exact(tag) = request {
        let found = releases.iter().find(|release| release.tag == *tag && !release.draft);
        let release = found.ok_or_else(|| no_tag(tag, releases))?;
        return match minimum.and_then(|minimum| too_young(release, minimum)) {
            None => Ok(release),
            Some(error) => Err(error),
        };
    }
    let known = versions(releases, request)?;
    let old = |release: &Release| minimum.is_none_or(|minimum| too_young(release, minimum).is_none());
    let answers = |(version, release): &&(Version, &Release)| {
        request.answers(version) && (!release.prerelease || request.wants_prerelease())
    };
    if let Some((_, release)) = known.iter().filter(answers).find(|(_, release)| old(release)) {
        return Ok(release);
    }
    let newest = known.iter().find(answers).zip(minimum);
    match newest.and_then(|((_, release), minimum)| too_young(release, minimum)) {
        Some(error) => {
            let older =
                known.iter().find(|(v, release)| v.pre.is_empty() && !release.prerelease && old(release));
            Err(error.fact("old enough", older.map_or("none", |(_, release)| &release.tag)))
        }
        None => Err(no_answer(request, releases, &known)),
    }
}

/// The published releases of the wanted program with their versions, highest first.
fn versions<'a>(releases: &'a [Release], request: &Request) -> Result<Vec<(Version, &'a Release)>, Error> {
    let request = request.settled(releases)?;
    let prefix = request.prefix().unwrap_or_default();
    let published = releases.iter().filter(|release| !release.draft);
    let mut known: Vec<(Version, &Release)> =
        published.filter_map(|release| Some((tag::with_prefix(&release.tag, prefix)?, release))).collect();
    // `v1.0` and `1.0` are one version; the later publication is the one that was corrected.
    known.sort_by(|(a, release), (b, other)| (b, &other.published).cmp(&(a, &release.published)));
    Ok(known)
}

/// The error for tags with several prefixes.
fn several_programs(prefixes: &BTreeSet<&str>, first: &str, releases: &[Release]) -> Error {
    Error::new(Kind::ReleaseNotFound, "the repository releases several programs, told apart by their tags")
        .fact("prefixes", some_of(prefixes))
        .fact("tags", tags_of(releases))
        .help(format!("name the one that is wanted in the manifest, such as `tag-prefix = \"{first}\"`"))
}

/// The error for a release that is not old enough, or whose date cannot be read.
fn too_young(release: &Release, minimum: MinimumAge) -> Option<Error> {
    if minimum.allows(release) {
        return None;
    }
    let since = minimum.age_of(release);
    let when = release.published.as_deref().unwrap_or("at an unknown time");
    let ago = since.map(|since| format!(", {} ago", span(since))).unwrap_or_default();
    Some(
        Error::new(
            Kind::ReleaseTooYoung,
            format!("release `{}` is younger than `minimum-age` allows", release.tag),
        )
        .fact("published", format!("{when}{ago}"))
        .fact("minimum-age", span(minimum.age))
        .help("wait until it is old enough; `--minimum-age 0` allows it for one run of `lock`, `update` or `add`"),
    )
}

/// A length of time in its two largest units: `2 d 5 h`.
pub(crate) fn span(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    let join = |a, unit_a, b, unit_b| {
        if b == 0 { format!("{a} {unit_a}") } else { format!("{a} {unit_a} {b} {unit_b}") }
    };
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => join(hours, "h", minutes, "min"),
        _ => join(days, "d", hours, "h"),
    }
}

/// The error for a tag that is not there; it suggests the tag of the same version, or one of a similar spelling.
pub(crate) fn no_tag(wanted: &str, releases: &[Release]) -> Error {
    let tags = || releases.iter().filter(|release| !release.draft).map(|release| release.tag.as_str());
    let error = Error::new(Kind::ReleaseNotFound, format!("no release has the tag `{wanted}`"))
        .fact("tags", tags_of(releases));
    let same_version =
        of_tag(wanted).and_then(|version| tags().find(|tag| of_tag(tag).as_ref() == Some(&version)));
    match same_version.or_else(|| nearest(wanted, tags())) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error,
    }
}

fn no_answer(request: &Request, releases: &[Release], known: &[(Version, &Release)]) -> Error {
    let headline = match request {
        Request::Requirement(req, _) => format!("no release answers the version requirement `{req}`"),
        Request::Exact(_) | Request::Latest(_) if releases.is_empty() => {
            "the repository has no releases".to_owned()
        }
        Request::Exact(_) | Request::Latest(_) => "no release has a version".to_owned(),
    };
    let error = Error::new(Kind::ReleaseNotFound, headline);
    let prefixed = match request.prefix().filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => error.fact("tag-prefix", format!("`{prefix}`")),
        None => error,
    };
    // Where no tag is a version, all there are help more than none.
    let pre = |release: &Release| if release.prerelease { " (pre-release)" } else { "" };
    let tags = match known {
        [] => tags_of(releases),
        known => some_of(known.iter().map(|(_, release)| format!("{}{}", release.tag, pre(release)))),
    };
    prefixed.fact("tags", tags)
}

fn tags_of(releases: &[Release]) -> String {
    some_of(releases.iter().filter(|release| !release.draft).map(|release| &release.tag))
}

#[cfg(test)]
mod tests {
    use super::super::release::tests::release;
    use super::*;

    fn releases(tags: &[&str]) -> Vec<Release> {
        tags.iter().map(|tag| release(tag, &[])).collect()
    }

    fn requirement(text: &str) -> Request {
        Request::Requirement(text.parse().unwrap(), None)
    }

    fn picked(tags: &[&str], request: &Request) -> Result<String, Error> {
        pick(&releases(tags), request, None).map(|release| release.tag.clone())
    }

    #[test]
    fn the_highest_version_wins_whatever_the_order() {
        let tags = ["v1.9.3", "v1.10.0", "v0.30.1", "v2.0.0-rc.1"];
        assert_eq!(picked(&tags, &Request::Latest(None)).unwrap(), "v1.10.0");
        assert_eq!(picked(&tags, &requirement("0.30")).unwrap(), "v0.30.1");
        assert_eq!(picked(&tags, &requirement("~1.9")).unwrap(), "v1.9.3");
        assert_eq!(picked(&["b6899", "b6900"], &Request::Latest(None)).unwrap(), "b6900");
    }

    #[test]
    fn pre_releases_and_drafts_answer_only_where_asked() {
        let mut all = releases(&["v3.0.0", "v2.0.0-rc.1", "v2.1.0", "v1.0.0"]);
        all[0].draft = true;
        all[2].prerelease = true;
        let tag = |request: &Request| pick(&all, request, None).map(|release| release.tag.as_str());
        assert_eq!(tag(&Request::Latest(None)).unwrap(), "v1.0.0");
        assert_eq!(tag(&requirement("=2.0.0-rc.1")).unwrap(), "v2.0.0-rc.1");
        assert_eq!(tag(&Request::Exact("v2.1.0".into())).unwrap(), "v2.1.0");
        assert_eq!(tag(&requirement("2.1")).unwrap_err().kind(), Kind::ReleaseNotFound);
        assert_eq!(tag(&Request::Exact("v3.0.0".into())).unwrap_err().kind(), Kind::ReleaseNotFound);
    }

    #[test]
    fn a_monorepo_needs_its_prefix() {
        let tags = ["cli/v1.2", "server/v3.0", "cli/v1.1"];
        let with = |prefix: &str| Request::Latest(Some(prefix.to_owned()));
        assert_eq!(picked(&tags, &with("cli/")).unwrap(), "cli/v1.2");
        assert_eq!(picked(&tags, &with("server/v")).unwrap(), "server/v3.0");
        let error = picked(&tags, &Request::Latest(None)).unwrap_err().to_string();
        assert_eq!(
            error,
            "the repository releases several programs, told apart by their tags\n  prefixes  cli/, server/\n  \
             tags      cli/v1.2, server/v3.0, cli/v1.1\nhelp: name the one that is wanted in the manifest, such as \
             `tag-prefix = \"cli/\"`"
        );
        assert_eq!(picked(&["cli/v1.2", "v0.9"], &Request::Latest(None)).unwrap(), "v0.9");
        assert_eq!(picked(&["bun-v1.2.10", "bun-v1.2.9"], &requirement("1.2")).unwrap(), "bun-v1.2.10");
    }

    #[test]
    fn a_failed_look_up_lists_what_there_is() {
        let error = picked(&["v1.2.0", "v1.1.0"], &requirement("2")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no release answers the version requirement `^2`\n  tags  v1.2.0, v1.1.0"
        );
        let error = picked(&["v1.2.0", "v1.1.0"], &Request::Exact("1.1.0".into())).unwrap_err();
        assert_eq!(error.help_text(), Some("did you mean `v1.1.0`?"));
        let error = picked(&["nightly"], &Request::Latest(Some("cli/".into()))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no release has a version\n  tag-prefix  `cli/`\n  tags        nightly"
        );
    }

    #[test]
    fn a_release_that_is_too_young_is_skipped_or_named() {
        let mut all = releases(&["v1.2.0", "v1.1.0", "v1.0.0"]);
        all[0].published = Some("2026-11-19T06:30:00Z".to_owned());
        all[1].published = None;
        let minimum = Some(MinimumAge {
            age: Duration::from_secs(3 * 86_400),
            now: "2026-11-20T12:00:00Z".parse().unwrap(),
        });
        assert_eq!(pick(&all, &requirement("1"), minimum).unwrap().tag, "v1.0.0");
        assert_eq!(pick(&all, &requirement("1"), None).unwrap().tag, "v1.2.0");
        let error = pick(&all, &requirement("1.2"), minimum).unwrap_err();
        assert_eq!(error.kind(), Kind::ReleaseTooYoung);
        assert_eq!(
            error.to_string(),
            "release `v1.2.0` is younger than `minimum-age` allows\n  published    2026-11-19T06:30:00Z, 1 d 5 h ago\n  \
             minimum-age  3 d\n  old enough   v1.0.0\n\
             help: wait until it is old enough; `--minimum-age 0` allows it for one run of `lock`, `update` or `add`"
        );
        let error = pick(&all, &Request::Exact("v1.1.0".into()), minimum).unwrap_err().to_string();
        assert!(error.contains("at an unknown time\n"), "{error}");
    }

    #[test]
    fn spans_have_two_units_at_most() {
        let of = |minutes: u64| span(Duration::from_secs(minutes * 60));
        assert_eq!(
            (of(5), of(60), of(125), of(2_880)),
            ("5 min".into(), "1 h".into(), "2 h 5 min".into(), "2 d".into())
        );
    }
}
