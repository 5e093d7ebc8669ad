//! Picks the asset of a release for a target: what the manifest names, else what the release says itself, else what the
//! names of its assets say.

use super::choose::{Choice, Pick, Query, choose};
use super::dist_manifest::{self, DistManifest};
use super::release::Release;
use crate::error::{Error, Kind, nearest, some_of};

/// The asset that was picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picked {
    /// Its index in [`Release::assets`].
    pub(crate) asset: usize,
    /// A pattern for the executable's path in the archive, where the release tells it.
    pub(crate) member: Option<String>,
    /// Why this one, for `explain`.
    pub(crate) reason: String,
    /// Whether it is said to be for x86-64, which the target's system translates. The binary has the last word.
    pub(crate) emulated: bool,
}

/// Picks an asset. `overridden` is the name that the manifest gives for the target, with its placeholders filled in.
///
/// Fails with [`Kind::AssetNotFound`] where nothing fits, and with [`Kind::AssetAmbiguous`] where several fit equally
/// well; both list what there is, and say how to name the right one.
pub(crate) fn pick(
    release: &Release,
    dist: Option<&DistManifest>,
    query: &Query<'_>,
    overridden: Option<&str>,
) -> Result<Picked, Error> {
    if let Some(name) = overridden {
        let asset = release.position(name).ok_or_else(|| not_there(release, name))?;
        let emulated = matches!(choose(&[name], query), Choice::Chosen(pick) if pick.emulated);
        return Ok(Picked { asset, member: None, reason: "named by the manifest".to_owned(), emulated });
    }
    let names = release.names();
    let native = Query { emulation: false, ..*query };
    if let Some(picked) = dist.and_then(|dist| of_dist(release, dist, &native)) {
        return Ok(picked);
    }
    let mut choice = choose(&names, &native);
    // Only where neither the map nor a name has a native build, one for x86-64 will do.
    if query.emulation && matches!(choice, Choice::None { .. }) {
        if let Some(picked) = dist.and_then(|dist| of_dist(release, dist, query)) {
            return Ok(picked);
        }
        choice = choose(&names, query);
    }
    match choice {
        Choice::Chosen(Pick { index, reason, emulated }) => {
            Ok(Picked { asset: index, member: None, reason, emulated })
        }
        Choice::Ambiguous { indices, reason } => Err(ambiguous(
            release,
            query,
            &indices.iter().map(|index| names[*index]).collect::<Vec<_>>(),
            reason,
        )),
        Choice::None { nearest } => {
            Err(not_found(release, query, &nearest.iter().map(|index| names[*index]).collect::<Vec<_>>()))
        }
    }
}

/// What the release's own map says. An archive that it names and does not have is left to the names.
fn of_dist(release: &Release, dist: &DistManifest, query: &Query<'_>) -> Option<Picked> {
    let translated = query.target.translated().filter(|_| query.emulation);
    let native = dist.find(query.tool, query.target);
    let emulated = native.is_none();
    let found = native.or_else(|| dist.find(query.tool, translated.as_ref()?))?;
    let asset = release.position(found.asset)?;
    let mut reason = format!("{} names it", dist_manifest::FILE);
    if emulated {
        reason = format!("{reason}, built for `{}`, which the system translates", found.triple);
    } else if found.triple != query.target.as_str() {
        reason = format!("{reason}, built for `{}`, which runs on the target", found.triple);
    }
    Some(Picked { asset, member: Some(found.member), reason, emulated })
}

fn not_there(release: &Release, name: &str) -> Error {
    let names = release.names();
    let error = Error::new(Kind::AssetNotFound, format!("the release has no asset named `{name}`"))
        .fact("release", &release.html_url);
    match nearest(name, names.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.fact("assets", some_of(&names)),
    }
}

fn not_found(release: &Release, query: &Query<'_>, near: &[&str]) -> Error {
    let target = query.target;
    let error = Error::new(Kind::AssetNotFound, format!("no release asset fits target `{target}`"))
        .fact("release", &release.html_url);
    if release.assets.is_empty() {
        return error.fact("assets", "none");
    }
    let error = match near {
        [] => error.fact("assets", some_of(release.names())),
        near => error.fact("nearest", some_of(near)),
    };
    error.help(format!("name it in the manifest: `asset = {{ \"{target}\" = \"<NAME>\" }}`"))
}

fn ambiguous(release: &Release, query: &Query<'_>, tied: &[&str], reason: String) -> Error {
    let target = query.target;
    let error = Error::new(
        Kind::AssetAmbiguous,
        format!("{} release assets fit target `{target}` equally well", tied.len()),
    )
    .fact("release", &release.html_url)
    .fact("assets", tied.join("\n"))
    .fact("why", reason);
    let name = tied.first().copied().unwrap_or("<NAME>");
    error.help(format!("name the right one in the manifest: `asset = {{ \"{target}\" = \"{name}\" }}`"))
}

#[cfg(test)]
mod tests {
    use super::super::release::tests::release;
    use super::*;

    const LINUX: &str = "x86_64-unknown-linux-gnu";

    fn picked(
        names: &[&str],
        dist: Option<&str>,
        target: &str,
        overridden: Option<&str>,
    ) -> Result<(String, Option<String>, String), Error> {
        let release = release("v7.1", names);
        let dist = dist.map(|body| DistManifest::parse(body.as_bytes()).unwrap());
        let target = target.parse().unwrap();
        let query = Query { target: &target, tool: "tool", repo: "acme/tool", tag: "v7.1", emulation: false };
        let picked = pick(&release, dist.as_ref(), &query, overridden)?;
        Ok((names[picked.asset].to_owned(), picked.member, picked.reason))
    }

    fn dist(asset: &str, triple: &str) -> String {
        format!(
            r#"{{"artifacts": {{"{asset}": {{"kind": "executable-zip", "target_triples": ["{triple}"],
                "assets": [{{"name": "tool", "path": "tool", "kind": "executable"}}]}}}}}}"#
        )
    }

    #[test]
    fn the_manifest_beats_the_release_which_beats_the_names() {
        let names = ["tool-linux-x64.zip", "tool-full.tar.gz", "tool-mine"];
        let map = dist("tool-full.tar.gz", LINUX);
        let (name, member, reason) = picked(&names, Some(&map), LINUX, Some("tool-mine")).unwrap();
        assert_eq!((name.as_str(), member, reason.as_str()), ("tool-mine", None, "named by the manifest"));
        let (name, member, reason) = picked(&names, Some(&map), LINUX, None).unwrap();
        assert_eq!((name.as_str(), member.as_deref()), ("tool-full.tar.gz", Some("**/tool")));
        assert_eq!(reason, "dist-manifest.json names it");
        let (name, member, _) = picked(&names, None, LINUX, None).unwrap();
        assert_eq!((name.as_str(), member), ("tool-linux-x64.zip", None));
    }

    #[test]
    fn a_map_that_does_not_help_is_left_to_the_names() {
        let names = ["tool-linux-x64.zip", "tool-musl.tar.gz"];
        for map in [dist("gone.tar.gz", LINUX), dist("tool-musl.tar.gz", "aarch64-apple-darwin")] {
            assert_eq!(picked(&names, Some(&map), LINUX, None).unwrap().0, "tool-linux-x64.zip");
        }
        let map = dist("tool-musl.tar.gz", "x86_64-unknown-linux-musl");
        let (name, _, reason) = picked(&names, Some(&map), LINUX, None).unwrap();
        assert_eq!(name, "tool-musl.tar.gz");
        assert_eq!(
            reason,
            "dist-manifest.json names it, built for `x86_64-unknown-linux-musl`, which runs on the target"
        );
    }

    #[test]
    fn what_must_be_translated_is_taken_last_from_map_and_names() {
        let target = "aarch64-pc-windows-msvc".parse().unwrap();
        let map = dist("tool-full.zip", "x86_64-pc-windows-msvc");
        let dist = DistManifest::parse(map.as_bytes()).unwrap();
        let picked = |names: &[&str], dist: Option<&DistManifest>, emulation, overridden: Option<&str>| {
            let release = release("v7.1", names);
            let query = Query { target: &target, tool: "tool", repo: "acme/tool", tag: "v7.1", emulation };
            pick(&release, dist, &query, overridden)
                .map(|p| (names[p.asset].to_owned(), p.emulated, p.reason))
        };
        let names = ["tool-full.zip", "tool-windows-x64.zip", "tool-windows-arm64.zip"];
        let native = picked(&names, Some(&dist), true, None).unwrap();
        assert_eq!((native.0.as_str(), native.1), (names[2], false), "a native name beats a map");
        let (name, emulated, reason) = picked(&names[..2], Some(&dist), true, None).unwrap();
        assert_eq!((name.as_str(), emulated), (names[0], true), "the map beats names");
        assert_eq!(
            reason,
            "dist-manifest.json names it, built for `x86_64-pc-windows-msvc`, which the system translates"
        );
        let by_name = picked(&names[..2], None, true, None).unwrap();
        assert_eq!((by_name.0.as_str(), by_name.1), (names[1], true));
        let error = picked(&names[..2], Some(&dist), false, None).unwrap_err();
        assert_eq!(error.kind(), Kind::AssetNotFound);
        for (name, emulated) in [(names[1], true), (names[2], false), (names[0], false)] {
            let by_hand = picked(&names, None, true, Some(name)).unwrap();
            assert_eq!((by_hand.0.as_str(), by_hand.1), (name, emulated));
        }
        assert!(!picked(&names, None, false, Some(names[1])).unwrap().1);
    }

    #[test]
    fn nothing_that_fits_lists_the_nearest() {
        let names = [
            "tool-x64-linux-gnu.zip",
            "tool-arm64-linux-gnu.zip",
            "tool.deb",
            "tool-mac.zip",
            "a-win.exe",
            "b-win.exe",
            "c-win.exe",
        ];
        let error = picked(&names, None, "aarch64-unknown-linux-musl", None).unwrap_err();
        assert_eq!(error.kind(), Kind::AssetNotFound);
        assert_eq!(
            error.to_string(),
            "no release asset fits target `aarch64-unknown-linux-musl`\n  release  \
             https://github.com/acme/tool/releases/tag/v7.1\n  nearest  tool-arm64-linux-gnu.zip, tool-x64-linux-gnu.zip, \
             tool-mac.zip, a-win.exe, b-win.exe, and 1 more\nhelp: name it in the manifest: \
             `asset = { \"aarch64-unknown-linux-musl\" = \"<NAME>\" }`"
        );
        let error = picked(&["tool.deb"], None, LINUX, None).unwrap_err().to_string();
        assert!(error.contains("assets   tool.deb\nhelp"), "{error}");
        let error = picked(&[], None, LINUX, None).unwrap_err();
        assert!(error.to_string().ends_with("assets   none"), "{error}");
    }

    #[test]
    fn a_tie_shows_what_to_paste() {
        let error = picked(&["tool-cuda-linux.zip", "tool-vulkan-linux.zip"], None, LINUX, None).unwrap_err();
        assert_eq!(error.kind(), Kind::AssetAmbiguous);
        assert_eq!(
            error.to_string(),
            "2 release assets fit target `x86_64-unknown-linux-gnu` equally well\n  release  \
             https://github.com/acme/tool/releases/tag/v7.1\n  assets   tool-cuda-linux.zip\n           \
             tool-vulkan-linux.zip\n  why      these differ in more than the platform: cuda, vulkan\nhelp: name the right \
             one in the manifest: `asset = { \"x86_64-unknown-linux-gnu\" = \"tool-cuda-linux.zip\" }`"
        );
    }

    #[test]
    fn a_mistyped_override_gets_the_nearest_name() {
        let names = ["tool-linux-x64.zip"];
        assert_eq!(picked(&names, None, LINUX, Some("TOOL-linux-x64.zip")).unwrap().0, names[0]);
        let error = picked(&names, None, LINUX, Some("tool-linux-x46.zip")).unwrap_err();
        assert_eq!(error.help_text(), Some("did you mean `tool-linux-x64.zip`?"));
        let error = picked(&names, None, LINUX, Some("something else")).unwrap_err().to_string();
        assert!(error.ends_with("assets   tool-linux-x64.zip"), "{error}");
    }
}
