use super::*;

fn build(name: &str, tool: &str, repo: &str, tag: &str) -> Option<Build> {
    let target = "x86_64-unknown-linux-gnu".parse().unwrap();
    read(0, name, &Subject::new(&Query { target: &target, tool, repo, tag, emulation: false })).ok()
}

fn platform(name: &str) -> (Option<Os>, Option<Arch>, Option<Libc>) {
    let build = build(name, "tool", "owner/tool", "v1.2.3").unwrap();
    assert!(build.extras.is_empty(), "{name}: {:?}", build.extras);
    (build.os, build.arch, build.libc)
}

#[test]
fn spellings_of_the_same_platform_agree() {
    let x64 = (Some(Os::Linux), Some(Arch::X64), None);
    for name in [
        "tool-linux-amd64",
        "tool_1.2.3_Linux_x86_64.tar.gz",
        "tool-v1.2.3.linux-x64",
        "tool-linux64",
        "tool-linuxamd64",
        "tool-LinuxX64.zip",
        "tool.linux-x86-64",
        "tool-linux-64bit",
        "tool-linux-64-bit",
        "tool.x86_64-linux",
    ] {
        assert_eq!(platform(name), x64, "{name}");
    }
    let arm = (Some(Os::Macos), Some(Arch::Arm64), None);
    for name in ["tool-darwin-arm64", "tool-osx-aarch_64.zip", "tool-macosArm64", "tool-apple-silicon"] {
        assert_eq!(platform(name), arm, "{name}");
    }
    assert_eq!(platform("tool-win32-x64.zip"), (Some(Os::Windows), Some(Arch::X64), None));
    assert_eq!(platform("tool-win32.zip"), (Some(Os::Windows), Some(Arch::X86), None));
    assert_eq!(platform("tool_darwin_all.zip"), (Some(Os::Macos), Some(Arch::Universal), None));
    assert_eq!(platform("tool-macos-x86_64-arm64.zip").1, Some(Arch::Universal));
    assert_eq!(platform("tool-x64.exe").0, Some(Os::Windows));
    assert_eq!(platform("tool-x86_64-unknown-linux-musl.tar.gz").2, Some(Libc::Musl));
    assert_eq!(platform("tool-aarch64-linux-android.zip").0, Some(Os::Android));
}

#[test]
fn every_ecosystem_is_understood() {
    for (names, os, arch) in [
        (
            "linux_amd64 linux-x64 Linux-x86_64 lin64 manylinux2014_x86_64 x86_64-linux-gnu x86_64-unknown-linux-musl \
          linux-musl-x64 linuxmusl-x64 linuxX64 x86_64-linux linux-intel64 Linux_64-bit linux.x86-64 linux-amd64v1 \
          linux_x86_64_v1 gnulinux-x86_64",
            Os::Linux,
            Arch::X64,
        ),
        (
            "linux-arm64 linux-aarch64 linux-arm64-v8a linux-armv8 linuxArm64 aarch64-linux-gnu linux_arm64v8 \
          linux-aarch_64 aarch64-unknown-linux-gnu linux-arm-64",
            Os::Linux,
            Arch::Arm64,
        ),
        (
            "osx-arm64 macosArm64 darwin-arm64 aarch64-macos-none macos-m1 macos-apple-silicon mac_arm64 \
          Darwin-aarch64 darwin-arm64e",
            Os::Macos,
            Arch::Arm64,
        ),
        (
            "osx-x64 macosX64 darwin-amd64 x86_64-macos macos-intel osx-64 mac64 macOS_64-bit",
            Os::Macos,
            Arch::X64,
        ),
        (
            "macos-universal darwin_all universal-apple-darwin macosx-universal2 macos-arm64-x86_64 darwin-fat",
            Os::Macos,
            Arch::Universal,
        ),
        (
            "win-x64 win_amd64 win10-x64 win32-x64 windows-x86_64 mingwX64 x86_64-w64-mingw32 x86_64-windows-gnu \
          x86_64-pc-windows-gnullvm win64 WindowsX64",
            Os::Windows,
            Arch::X64,
        ),
        ("win-arm64 windows-aarch64 aarch64-pc-windows-msvc winarm64", Os::Windows, Arch::Arm64),
        (
            "linux-armv7 linux-armhf linux-arm32-v7a armv7-unknown-linux-gnueabihf linux_arm_7",
            Os::Linux,
            Arch::ArmV7,
        ),
        ("linux-ppc64le linux-powerpc64le linux-ppc64el", Os::Linux, Arch::Ppc64le),
    ] {
        for words in names.split_whitespace() {
            let (found_os, found_arch, _) = platform(&format!("tool-{words}.zip"));
            assert_eq!((found_os, found_arch), (Some(os), Some(arch)), "{words}");
        }
    }
    assert_eq!(build("tool-win81-x64.zip", "tool", "o/tool", "v1").unwrap().os, Some(Os::Windows));
    assert_eq!(build("tool-macos-sonoma.zip", "tool", "o/tool", "v1").unwrap().os, Some(Os::Macos));
    assert_eq!(build("toolwin64.zip", "tool", "o/tool", "v1").unwrap().arch, Some(Arch::X64));
    assert_eq!(build("darwin64.zip", "dar", "o/dar", "v1").unwrap().os, Some(Os::Macos));
}

#[test]
fn a_name_that_no_file_can_have_is_not_read() {
    let subject = |tag| {
        let target = "x86_64-unknown-linux-gnu".parse().unwrap();
        Subject::new(&Query { target: &target, tool: "tool", repo: "o/tool", tag, emulation: false })
    };
    let long = format!("tool-{}q", "win64".repeat(2000));
    assert_eq!(read(0, &long, &subject("v1")), Err(Unfit::Name));
    assert_eq!(read(0, "tool\n-linux-x64", &subject("v1")), Err(Unfit::Name));
    // There are 2^49 ways to cut this.
    let many = format!("tool-{}q", "win64".repeat(49));
    assert!(read(0, &many, &subject(&long)).is_ok_and(|build| !build.extras.is_empty()));
}

#[test]
fn the_tools_own_name_speaks_of_no_platform() {
    let lint =
        build("go-arch-lint_1.15.0_darwin_arm64.tar.gz", "go-arch-lint", "f/go-arch-lint", "1.15.0").unwrap();
    assert_eq!((lint.os, lint.arch, lint.named), (Some(Os::Macos), Some(Arch::Arm64), 4));
    assert_eq!(build("win-tool-ubuntu-x64", "win-tool", "o/win-tool", "v1").unwrap().os, Some(Os::Linux));
    assert_eq!(build("darwinia-linux", "darwinia", "o/x", "v1").unwrap().os, Some(Os::Linux));
}

#[test]
fn a_version_is_not_a_width() {
    assert_eq!(build("project-linux-1.64.0", "project", "o/project", "v1.64.0").unwrap().arch, None);
    assert_eq!(build("project-1.64.0-linux", "project", "o/project", "project/v1.64.0").unwrap().arch, None);
}

#[test]
fn other_builds_and_other_things_are_not_read() {
    for name in [
        "bun-linux-x64-profile.zip",
        "tool-src.tar.gz",
        "tool-setup-x64.exe",
        "tool-linux-amd64-v3",
        "tool-mac-linux",
    ] {
        assert_eq!(build(name, "bun", "o/bun", "v1"), None, "{name}");
    }
    assert!(build("profile-linux-x64", "profile", "o/profile", "v1").is_some());
}

#[test]
fn a_product_may_be_called_like_a_kind_of_file() {
    let scout = build("docker-scout_1.24.0_linux_amd64.tar.gz", "scout-cli", "docker/scout-cli", "v1.24.0");
    assert!(scout.is_some());
    assert!(build("scout-docker-linux-x64.zip", "scout", "o/scout", "v1").is_none());
}

#[test]
fn a_long_name_is_known_in_any_order() {
    let (tool, repo) = ("arm-none-eabi-gcc-xpack", "x/arm-none-eabi-gcc-xpack");
    let name = "xpack-arm-none-eabi-gcc-15.2.1-1.1-linux-x64.tar.gz";
    let build = build(name, tool, repo, "v15.2.1-1.1").unwrap();
    assert_eq!((build.os, build.arch), (Some(Os::Linux), Some(Arch::X64)));
    assert!(build.extras.is_empty(), "{:?}", build.extras);
}

#[test]
fn what_is_left_over_tells_families_apart() {
    let build = build("agnix-lsp-ubuntu-22.04-x64.zip", "agnix", "agent-sh/agnix", "v0.3").unwrap();
    assert_eq!(build.family, ["lsp".to_owned()].into());
    assert_eq!(build.extras.iter().map(String::as_str).collect::<Vec<_>>(), ["04", "22", "lsp", "ubuntu"]);
}
