//! The platforms of other tools, as target triples.

use super::origin::Note;

/// The triples that a platform can be, the likeliest first; none for a build that no triple tells apart.
pub(super) type Triples = &'static [&'static str];

/// What a platform means: `linux-x86_64` of DotSlash, `linux-x64-musl` of mise, `linux` and `arm64` of multitool joined
/// by `-`. `None`: the words are not known.
pub(super) fn triples(platform: &str) -> Option<Result<Triples, Note>> {
    let mut words = platform.split('-');
    let (os, arch) = (words.next()?, words.next()?);
    let (mut musl, mut baseline) = (false, false);
    for word in words {
        match word {
            "musl" => musl = true,
            "baseline" => baseline = true,
            "gnu" | "glibc" | "msvc" => {}
            _ => return None,
        }
    }
    let arch = match arch {
        "x86_64" | "x64" | "amd64" => "x86_64",
        "aarch64" | "arm64" => "aarch64",
        "riscv64" | "x86" | "i686" | "arm" | "armv7" => arch,
        _ => return None,
    };
    // A static build for musl runs with glibc as well; the other way round the headers decide.
    let found: Triples = match (os, arch, musl) {
        ("linux", "x86_64", false) => &["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"],
        ("linux", "x86_64", true) => &["x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"],
        ("linux", "aarch64", false) => &["aarch64-unknown-linux-gnu", "aarch64-unknown-linux-musl"],
        ("linux", "aarch64", true) => &["aarch64-unknown-linux-musl", "aarch64-unknown-linux-gnu"],
        ("linux", "riscv64", _) => &["riscv64gc-unknown-linux-gnu", "riscv64gc-unknown-linux-musl"],
        ("linux", "x86" | "i686", _) => &["i686-unknown-linux-gnu", "i686-unknown-linux-musl"],
        ("linux", "arm" | "armv7", _) => &["armv7-unknown-linux-gnueabihf", "armv7-unknown-linux-musleabihf"],
        ("macos" | "darwin", "x86_64", false) => &["x86_64-apple-darwin"],
        ("macos" | "darwin", "aarch64", false) => &["aarch64-apple-darwin"],
        ("windows", "x86_64", false) => &["x86_64-pc-windows-msvc", "x86_64-pc-windows-gnu"],
        ("windows", "aarch64", false) => &["aarch64-pc-windows-msvc", "aarch64-pc-windows-gnullvm"],
        ("windows", "x86" | "i686", false) => &["i686-pc-windows-msvc", "i686-pc-windows-gnu"],
        ("freebsd", "x86_64", false) => &["x86_64-unknown-freebsd"],
        ("freebsd", "aarch64", false) => &["aarch64-unknown-freebsd"],
        _ => return None,
    };
    if baseline {
        return Some(Err(Note(format!("`{platform}` is for older CPUs, and a target has one build"))));
    }
    Some(Ok(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    fn first(platform: &str) -> Option<&'static str> {
        triples(platform)?.ok()?.first().copied()
    }

    #[test]
    fn the_words_of_each_tool_are_known() {
        for (platform, triple) in [
            ("linux-x86_64", "x86_64-unknown-linux-gnu"),
            ("linux-aarch64", "aarch64-unknown-linux-gnu"),
            ("linux-riscv64", "riscv64gc-unknown-linux-gnu"),
            ("macos-aarch64", "aarch64-apple-darwin"),
            ("windows-x86_64", "x86_64-pc-windows-msvc"),
            ("linux-x64", "x86_64-unknown-linux-gnu"),
            ("linux-x64-musl", "x86_64-unknown-linux-musl"),
            ("linux-arm64-musl", "aarch64-unknown-linux-musl"),
            ("macos-x64", "x86_64-apple-darwin"),
            ("windows-arm64", "aarch64-pc-windows-msvc"),
            ("macos-arm64", "aarch64-apple-darwin"),
        ] {
            assert_eq!(first(platform), Some(triple));
        }
        for platform in [
            "linux",
            "beos-x64",
            "linux-sparc",
            "linux-x64-musl-avx512",
            "macos-x64-musl",
            "",
            "-",
            "windows-riscv64",
        ] {
            assert!(triples(platform).is_none(), "{platform}");
        }
        assert!(matches!(triples("linux-x64-baseline"), Some(Err(_))));
    }

    #[test]
    fn every_triple_is_one() {
        for os in ["linux", "macos", "windows", "freebsd"] {
            for arch in ["x86_64", "arm64", "riscv64", "x86", "arm"] {
                for libc in ["", "-musl"] {
                    let found = triples(&format!("{os}-{arch}{libc}"))
                        .map_or(&[][..], |found| found.unwrap_or_default());
                    for triple in found {
                        assert!(Target::parse(triple).is_ok(), "{triple}");
                    }
                }
            }
        }
    }
}
