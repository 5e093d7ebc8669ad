//! What kind of file an asset is, by the end of its name.

/// A form in which a program can be published that can be installed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// The executable itself.
    Raw,
    TarXz,
    TarZst,
    TarGz,
    TarBz2,
    Tar,
    Zip,
    Gz,
    Xz,
    Zst,
    Bz2,
    SevenZip,
}

/// Endings of the forms that are unpacked, longest first where one ends with another.
const ARCHIVES: &[(&str, Format)] = &[
    (".tar.xz", Format::TarXz),
    (".txz", Format::TarXz),
    (".tar.zst", Format::TarZst),
    (".tar.zstd", Format::TarZst),
    (".tzst", Format::TarZst),
    (".tar.gz", Format::TarGz),
    (".tgz", Format::TarGz),
    (".tar.bz2", Format::TarBz2),
    (".tbz2", Format::TarBz2),
    (".tbz", Format::TarBz2),
    (".tar.bz", Format::TarBz2),
    (".tar", Format::Tar),
    (".zip", Format::Zip),
    (".gz", Format::Gz),
    (".xz", Format::Xz),
    (".zst", Format::Zst),
    (".zstd", Format::Zst),
    (".bz2", Format::Bz2),
    (".7z", Format::SevenZip),
];

/// Second endings that make an archive something else: a macOS bundle, an Arch Linux package, a Homebrew bottle, a
/// Swift or Xcode bundle, sources.
const NOT_A_PROGRAM: &[&str] = &[
    ".app",
    ".pkg",
    ".bottle",
    ".artifactbundle",
    ".xcframework",
    ".dsym",
    ".src",
    ".source",
    ".orig",
    ".sbom",
    ".oci",
    ".docker",
    ".img",
    ".iso",
];

/// A name taken apart at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending<'a> {
    /// The name without the ending.
    pub(super) stem: &'a str,
    pub(super) format: Format,
    /// Ended in `.exe`, so that no word is needed to tell the operating system.
    pub(super) exe: bool,
}

/// Takes the ending off a name; `None` for packages, side files and everything else that nothing is installed from.
/// `is_word` says whether what stands behind the last dot belongs to the name (`direnv.linux-amd64`) instead.
pub(super) fn ending(name: &str, is_word: impl Fn(&str) -> bool) -> Option<Ending<'_>> {
    let without = |end: &str| {
        let at = name.len().checked_sub(end.len())?;
        let tail = name.get(at..)?;
        tail.eq_ignore_ascii_case(end).then(|| &name[..at])
    };
    for (end, format) in ARCHIVES {
        if let Some(stem) = without(end) {
            let lower = stem.to_ascii_lowercase();
            if NOT_A_PROGRAM.iter().any(|end| lower.ends_with(end)) || is_man_page(stem) {
                return None;
            }
            // `tool.exe.gz` is a compressed Windows executable.
            let inner = lower.strip_suffix(".exe").map(|s| &stem[..s.len()]);
            return Some(Ending { stem: inner.unwrap_or(stem), format: *format, exe: inner.is_some() });
        }
    }
    if let Some(stem) = without(".exe") {
        return Some(Ending { stem, format: Format::Raw, exe: true });
    }
    // `.kexe` is what Kotlin/Native calls an executable on every system.
    for end in [".bin", ".elf", ".kexe"] {
        if let Some(stem) = without(end) {
            return Some(Ending { stem, format: Format::Raw, exe: false });
        }
    }
    // What is left is raw, unless it ends like a file of another kind: a short word of letters, as `.sha256`, `.deb`,
    // `.json`, `.wasm`. A version (`tool-1.2`) or a platform (`tool.x86_64`) is not such a word.
    let tail = name.rsplit_once('.').map_or("", |(_, tail)| tail);
    let kind = tail.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_word(tail);
    (!kind && !is_man_page(name)).then_some(Ending { stem: name, format: Format::Raw, exe: false })
}

/// `tool.1`, but not the version of `tool-1.1` or `tool-1.0-rc.1`.
fn is_man_page(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, section)| {
        matches!(section.as_bytes(), [b'1'..=b'9']) && !stem.contains(|c: char| c.is_ascii_digit())
    })
}

impl Format {
    /// The order in which forms of the same build are taken, smallest first. Windows publishers test their zip; for
    /// the others it is the smallest download first, and the plain executable before what is seldom published. Forms
    /// that cannot be unpacked yet come last.
    pub(super) fn rank(self, windows: bool) -> usize {
        use Format::{Bz2, Gz, Raw, SevenZip, Tar, TarBz2, TarGz, TarXz, TarZst, Xz, Zip, Zst};
        const UNIX: [Format; 12] = [TarXz, TarZst, TarGz, TarBz2, Zip, Xz, Zst, Gz, Bz2, Raw, Tar, SevenZip];
        const WINDOWS: [Format; 12] =
            [Zip, TarXz, TarZst, TarGz, TarBz2, Xz, Zst, Gz, Bz2, Raw, Tar, SevenZip];
        let order = if windows { WINDOWS } else { UNIX };
        order.iter().position(|f| *f == self).unwrap_or(order.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> Option<(&str, Format, bool)> {
        ending(name, |tail| tail.starts_with("linux") || tail.starts_with("x86"))
            .map(|e| (e.stem, e.format, e.exe))
    }

    #[test]
    fn archives_and_executables() {
        assert_eq!(kind("rg-15.2.0.tar.gz"), Some(("rg-15.2.0", Format::TarGz, false)));
        assert_eq!(kind("rg.ZIP"), Some(("rg", Format::Zip, false)));
        assert_eq!(kind("jq-win64.exe"), Some(("jq-win64", Format::Raw, true)));
        assert_eq!(kind("jq-win64.exe.gz"), Some(("jq-win64", Format::Gz, true)));
    }

    #[test]
    fn a_platform_or_a_version_behind_the_last_dot_is_part_of_a_raw_name() {
        for name in ["direnv.linux-amd64", "ttyd.x86_64", "git-crypt-0.8.0", "jq", "tool-1.0-rc.1"] {
            assert_eq!(kind(name), Some((name, Format::Raw, false)), "{name}");
        }
    }

    #[test]
    fn packages_side_files_and_bundles_are_nothing_to_install_from() {
        for name in [
            "a.deb",
            "a.rpm",
            "a.AppImage",
            "a.msi",
            "a.dmg",
            "a.pkg",
            "a.tar.gz.sha256",
            "a.zip.asc",
            "a.sbom.json",
            "a.txt",
            "a.wasm",
            "a.jar",
            "a.sh",
            "a.app.tar.gz",
            "a.pkg.tar.zst",
            "a.artifactbundle.zip",
            "a.mojave.bottle.tar.gz",
            "a.whl",
            "a.1",
            "a.1.gz",
        ] {
            assert_eq!(kind(name), None, "{name}");
        }
    }

    #[test]
    fn every_form_has_its_own_rank() {
        for windows in [false, true] {
            let mut ranks: Vec<_> = ARCHIVES.iter().map(|(_, f)| f.rank(windows)).collect();
            ranks.push(Format::Raw.rank(windows));
            ranks.sort_unstable();
            ranks.dedup();
            assert_eq!(ranks, (0..12).collect::<Vec<_>>());
        }
    }
}
