use super::super::member::*;
use super::*;

fn file(path: &str, executable: bool) -> Entry {
    Entry { path: path.to_owned(), size: Some(1), kind: EntryKind::File, executable, leads_to: None }
}

/// Entries from a list: `*` in front of what is executable, `@` in front of links, `/` behind directories.
fn listing(paths: &str) -> Vec<Entry> {
    let entry = |path: &str| match path.as_bytes() {
        [b'*', ..] => file(&path[1..], true),
        [b'@', ..] => Entry { kind: EntryKind::Link, ..file(&path[1..], true) },
        [.., b'/'] => Entry { kind: EntryKind::Directory, ..file(path.trim_end_matches('/'), true) },
        _ => file(path, false),
    };
    paths.split_whitespace().map(entry).collect()
}

const LINUX: &str = "x86_64-unknown-linux-gnu";
const MAC: &str = "aarch64-apple-darwin";
const WINDOWS: &str = "x86_64-pc-windows-msvc";

fn choose(paths: &str, tool: &str, target: &str, bin: Option<&str>, asset: &str) -> Result<String, Error> {
    let target = target.parse().unwrap();
    let wish = Wish { tool, target: &target, bin, asset, version: "1.2.3" };
    find(&listing(paths), &wish).map(|entry| entry.path.clone())
}

fn refused(paths: &str, tool: &str, target: &str, bin: Option<&str>) -> (Kind, String) {
    let error = choose(paths, tool, target, bin, "asset.tar.gz").unwrap_err();
    (error.kind(), error.to_string())
}

/// Paths, tool, target, asset, and the member that is right.
const LAYOUTS: [(&str, &str, &str, &str, &str); 19] = [
    ("README.md *pryrite LICENSE", "pryrite", LINUX, "pryrite-linux-amd64.zip", "pryrite"),
    (
        "rg-1.2.3/ *rg-1.2.3/rg rg-1.2.3/doc/rg.1 rg-1.2.3/complete/rg.bash rg-1.2.3/complete/_rg",
        "ripgrep",
        LINUX,
        "ripgrep-1.2.3-x86_64-unknown-linux-musl.tar.gz",
        "rg-1.2.3/rg",
    ),
    ("*install.sh *kubectl-dds README", "detector", LINUX, "detector_linux_amd64.tar.gz", "kubectl-dds"),
    ("*azd-darwin-amd64 NOTICE.txt", "azd", MAC, "azd-darwin-amd64.tar.gz", "azd-darwin-amd64"),
    ("age/ *age/age *age/age-keygen age/LICENSE", "age", LINUX, "age-v1.2.3-linux-amd64.tar.gz", "age/age"),
    ("*btop/bin/btop btop/Makefile *btop/setuid.sh", "btop", LINUX, "btop.tbz", "btop/bin/btop"),
    (
        "*cmake-1.2.3/bin/cmake *cmake-1.2.3/bin/cpack cmake-1.2.3/doc/cmake *cmake-1.2.3/share/cmake/x.sh",
        "cmake",
        LINUX,
        "cmake-1.2.3-linux-x86_64.tar.gz",
        "cmake-1.2.3/bin/cmake",
    ),
    ("*azd-linux-amd64 NOTICE.txt *helper.sh", "azd", LINUX, "azd-linux-amd64.tar.gz", "azd-linux-amd64"),
    ("*slack-notifier_v1.2.3 *x", "slack-notifier", LINUX, "x.tar.gz", "slack-notifier_v1.2.3"),
    (
        "*release-v1.2.3-x86_64/firecracker-v1.2.3-x86_64 *release-v1.2.3-x86_64/jailer-v1.2.3-x86_64",
        "firecracker",
        LINUX,
        "firecracker-v1.2.3-x86_64.tgz",
        "release-v1.2.3-x86_64/firecracker-v1.2.3-x86_64",
    ),
    (
        "*access-matrix-arm64-darwin LICENSE",
        "kubectl-access_matrix",
        MAC,
        "access-matrix-arm64-darwin.tar.gz",
        "access-matrix-arm64-darwin",
    ),
    ("*kubectl-fd *other", "kubectl-find", LINUX, "kubectl-fd_Linux_x86_64.tar.gz", "kubectl-fd"),
    ("*kubectl-access_matrix *other", "kubectl-access-matrix", LINUX, "x.tar.gz", "kubectl-access_matrix"),
    ("*envplate", "ep", MAC, "envplate_1.0.3_Darwin_arm64.tar.gz", "envplate"),
    (
        "usr/ *usr/bin/bearer .PKGINFO .MTREE",
        "bearer",
        LINUX,
        "bearer_1.2.3_linux-amd64.pkg.tar.zst",
        "usr/bin/bearer",
    ),
    ("*uv.exe *uvx.exe", "uv", WINDOWS, "uv-x86_64-pc-windows-msvc.zip", "uv.exe"),
    ("direnv.windows-amd64", "direnv", WINDOWS, "direnv.zip", "direnv.windows-amd64"),
    ("Direnv.EXE *direnv", "direnv", WINDOWS, "direnv.zip", "Direnv.EXE"),
    ("__MACOSX/._tool ._tool tool README.md", "tool", MAC, "tool-mac.zip", "tool"),
];

#[test]
fn layouts_of_the_wild_are_understood() {
    for (paths, tool, target, asset, expected) in LAYOUTS {
        assert_eq!(choose(paths, tool, target, None, asset).unwrap(), expected, "{paths}");
    }
}

#[test]
fn one_archive_for_every_platform_is_read_by_its_directories() {
    let paths = "*build/x86_64-unknown-linux-musl/dysk *build/aarch64-unknown-linux-musl/dysk \
                 *build/x86_64-pc-windows-gnu/dysk.exe *build/aarch64-linux-android/dysk";
    let chosen = |target| choose(paths, "dysk", target, None, "dysk_1.2.3.zip");
    assert_eq!(chosen(LINUX).unwrap(), "build/x86_64-unknown-linux-musl/dysk");
    assert_eq!(chosen(WINDOWS).unwrap(), "build/x86_64-pc-windows-gnu/dysk.exe");
    assert_eq!(chosen(MAC).unwrap_err().kind(), Kind::MemberNotFound);
    let gnu = "*build/x86_64-unknown-linux-musl/dysk *build/x86_64-unknown-linux-gnu/dysk";
    assert_eq!(refused(gnu, "dysk", LINUX, None).0, Kind::MemberAmbiguous);
}

#[test]
fn a_file_for_another_platform_is_never_chosen() {
    for paths in ["*tool-darwin-arm64", "*tool-linux-arm64 README", "*macos/tool", "*tool.exe"] {
        assert_eq!(refused(paths, "tool", LINUX, None).0, Kind::MemberNotFound, "{paths}");
    }
    // Neither by the asset's promise nor as the only program.
    let error = choose("*tool-linux-arm64", "tool", LINUX, None, "tool-linux-amd64.tar.gz").unwrap_err();
    assert_eq!(error.kind(), Kind::MemberNotFound);
}

#[test]
fn what_lies_beside_a_file_of_the_name_is_not_chosen_instead() {
    for (paths, target) in [
        ("dart-sass/sass.bat *dart-sass/src/dart.exe", WINDOWS),
        ("*sass-linux-arm64 *helper", LINUX),
        ("*sass.exe *helper", LINUX),
    ] {
        let (kind, text) = refused(paths, "sass", target, None);
        assert_eq!(kind, Kind::MemberNotFound);
        assert!(
            text.contains("nearest  ") && text.contains(&format!("no program `sass` for `{target}`")),
            "{text}"
        );
    }
}

#[test]
fn a_guess_is_refused_and_lists_what_there_is() {
    let (kind, text) = refused("*bin/a *bin/b lib/c.so README.md", "tool", LINUX, None);
    assert_eq!(kind, Kind::MemberAmbiguous);
    assert_eq!(
        text,
        "no member of the archive is named `tool`\n  members  bin/a, bin/b\nhelp: name one in the manifest, such \
         as `bin = \"bin/a\"`"
    );
    let (kind, text) = refused("README.md lib/c.so", "tool", LINUX, None);
    assert_eq!(kind, Kind::MemberNotFound);
    assert!(text.contains("members  README.md, lib/c.so"), "{text}");
    let (kind, _) = refused("*x/tool *y/tool", "tool", LINUX, None);
    assert_eq!(kind, Kind::MemberAmbiguous);
}

#[test]
fn archives_without_modes_have_programs_too() {
    assert_eq!(choose("dir/some README.md", "x", LINUX, None, "x.zip").unwrap(), "dir/some");
    assert_eq!(refused("some other", "x", LINUX, None).0, Kind::MemberAmbiguous);
    assert_eq!(refused("some other.bat", "x", WINDOWS, None).0, Kind::MemberNotFound);
}

#[test]
fn links_and_directories_are_no_members() {
    let (kind, text) = refused("@bin/tool tool/ *libexec/a *libexec/b", "tool", LINUX, None);
    assert_eq!((kind, text.contains("`bin/tool` is a link")), (Kind::MemberNotFound, true), "{text}");
    assert_eq!(choose("@tool *tool-1.2.3/tool", "tool", LINUX, None, "x.tar").unwrap(), "tool-1.2.3/tool");
    let (kind, text) = refused("@bin/tool *x", "tool", LINUX, Some("bin/*"));
    assert_eq!((kind, text.contains("is a link")), (Kind::MemberNotFound, true));
}

#[test]
fn bin_names_exactly_one_member() {
    let paths = "*build/bin/llama-server *build/bin/llama-cli build/lib.so";
    let chosen = |bin| choose(paths, "x", LINUX, Some(bin), "x.zip");
    assert_eq!(chosen("**/llama-server").unwrap(), "build/bin/llama-server");
    assert_eq!(chosen("build/*/llama-server").unwrap(), "build/bin/llama-server");
    assert_eq!(chosen("build/lib.so").unwrap(), "build/lib.so");
    let several = chosen("build/bin/*").unwrap_err();
    assert_eq!(several.kind(), Kind::MemberAmbiguous);
    // A star stays within its directory.
    let none = chosen("*/llama-server").unwrap_err();
    assert_eq!(none.kind(), Kind::MemberNotFound);
    assert_eq!(none.help_text(), Some("set `bin = \"build/bin/llama-server\"`"));
    assert_eq!(chosen("[").unwrap_err().kind(), Kind::BadValue);
}

#[test]
fn a_member_that_is_there_twice_is_refused() {
    for paths in ["*tool tool", "*tool *Tool", "*tool @TOOL"] {
        let error = choose(paths, "tool", LINUX, Some("tool"), "x.zip")
            .and_then(|_| choose(paths, "tool", LINUX, None, "x.zip"));
        assert!(matches!(error.unwrap_err().kind(), Kind::ArchiveUnsafe | Kind::MemberAmbiguous), "{paths}");
    }
}

#[test]
fn companions_are_not_programs() {
    for path in [
        "tool.1",
        "man/tool",
        "share/man/man1/tool.8",
        "LICENSE-MIT",
        "README",
        "libx.so.1.2",
        "_tool",
        "a/.b",
    ] {
        assert!(is_companion(path, false), "{path}");
    }
    for path in ["tool", "tool_v0.10.1", "bin/tool.exe", "git-crypt-0.8.0", "mandelbrot/tool"] {
        assert!(!is_companion(path, false), "{path}");
    }
    assert!(!is_companion("license-checker", true));
}
