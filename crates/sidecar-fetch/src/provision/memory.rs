//! What was seen in an asset whose pin does not say it: remembered in the cache, by asset and by what was looked for.
//!
//! The lock vouches for the asset alone, so a memory saves time and proves nothing: it tells which bytes an installed
//! file must have, and what is installed anew is taken out of the asset again. Only a build without the `download`
//! feature, which cannot read archives, takes the binary that is remembered.

use super::Task;
use crate::cache::Cache;
use crate::fsx;
use crate::hash::Sha256;
use crate::install::Content;
use crate::lock::Inside;

/// How a memory begins. Another rule for members gets another number.
const HEAD: &str = "sidecar-fetch saw 1";

/// What is remembered of a task's asset; nothing where the memory is not understood.
pub(super) fn recall(task: &Task<'_>, cache: &Cache) -> Option<Inside> {
    parse(&fsx::read_if_exists(&cache.memory(&key(task))).ok().flatten()?)
}

/// Remembers what was seen. Losing it costs time, never correctness.
#[cfg(any(feature = "download", test))]
pub(super) fn remember(task: &Task<'_>, cache: &Cache, inside: &Inside) {
    if let Some(text) = text(inside) {
        let _ = fsx::write_atomic(&cache.memory(&key(task)), text);
    }
}

/// Everything that decides what is found in an asset.
fn key(task: &Task<'_>) -> Sha256 {
    let (pin, built_for) = (task.pin, task.built_for());
    let bin = task.bin.as_deref();
    let wish =
        (task.sidecar, built_for.as_str(), bin, &pin.asset, task.version, pin.emulated, task.target.as_str());
    Sha256::of(format!("{} {wish:?}", pin.sha256).as_bytes())
}

/// `None` for a member that cannot stand in a line.
#[cfg(any(feature = "download", test))]
fn text(inside: &Inside) -> Option<String> {
    let mut out = format!("{HEAD}\n{} {}\n", inside.binary.sha256, inside.binary.size);
    if let Some(member) = &inside.member {
        out.push_str(member);
        out.push('\n');
    }
    let lines = 2 + usize::from(inside.member.is_some());
    (out.lines().count() == lines && inside.member.as_deref() != Some("")).then_some(out)
}

fn parse(text: &str) -> Option<Inside> {
    let rest = text.strip_prefix(HEAD)?.strip_prefix('\n')?;
    let (binary, rest) = rest.split_once('\n')?;
    let (sha256, size) = binary.split_once(' ')?;
    let binary = Content { sha256: sha256.parse().ok()?, size: size.parse().ok()? };
    let member = if rest.is_empty() { None } else { Some(rest.strip_suffix('\n')?.to_owned()) };
    Some(Inside { member, binary, glibc: None, tree: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(member: Option<&str>) -> Inside {
        let binary = Content { sha256: Sha256::of(b"x"), size: 1 };
        Inside { member: member.map(str::to_owned), binary, glibc: None, tree: None }
    }

    #[test]
    fn what_was_seen_reads_back_and_what_is_cut_does_not() {
        for member in [None, Some("tool"), Some("a b/tool.exe")] {
            let text = text(&inside(member)).unwrap();
            assert_eq!(parse(&text), Some(inside(member)));
            let line = text.match_indices('\n').nth(1).unwrap().0 + 1;
            for cut in (0..text.len()).filter(|cut| *cut != line) {
                assert_eq!(parse(&text[..cut]), None, "cut at {cut} of {text}");
            }
        }
        for odd in ["a\nb", "", "a\n"] {
            assert_eq!(text(&inside(Some(odd))), None, "{odd:?}");
        }
    }
}
