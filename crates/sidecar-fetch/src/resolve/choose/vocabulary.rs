//! The words themselves. All are lower case and stand for whole tokens, never for a part of one.
//!
//! Source: the names that the publishers of 1,275 releases use, and the spellings of Go (`GOOS`/`GOARCH`), Node
//! (`process.platform`/`process.arch`), Deno and Rust (triples), Zig (`aarch64-macos-none`), .NET (runtime identifiers:
//! `osx-arm64`, `linux-musl-x64`, `win10-x64`), Python (`manylinux_2_28_x86_64`, `macosx_11_0_arm64`, `win_amd64`),
//! Kotlin/Native (`macosArm64`, `mingwX64`), conda (`osx-64`), Debian (`armhf`, `ppc64el`), GNU (`x86_64-w64-mingw32`),
//! and the names of distributions and macOS releases.

use super::words::Arch::{Arm, Arm32, Arm64, ArmV6, ArmV7, Intel, Universal, X64, X86};
use super::words::Fact::{self, Bits, Flavour, Noise, Unwanted};
use super::words::Libc::{Alpine, Gnu, Msvc, Musl, Static};
use super::words::Os::{Android, FreeBsd, Linux, Macos, Windows};
use super::words::{Arch, Os};

const fn os(os: Os) -> Fact {
    Fact::Os(os)
}

const fn arch(arch: Arch) -> Fact {
    Fact::Arch(arch)
}

const fn libc(libc: super::words::Libc) -> Fact {
    Fact::Libc(libc)
}

/// Words, and what each of them says.
pub(super) const WORDS: &[(&str, &[Fact])] = &[
    // Operating systems.
    ("linux lnx lin gnulinux manylinux1 manylinux2010 manylinux2014 manylinux wsl", &[os(Linux)]),
    ("linux64 lin64", &[os(Linux), Bits(64)]),
    ("linux32 lin32", &[os(Linux), Bits(32)]),
    ("darwin macos mac osx macosx apple macintosh", &[os(Macos)]),
    ("osx64 mac64 macos64 darwin64", &[os(Macos), Bits(64)]),
    (
        "mojave catalina bigsur monterey ventura sonoma sequoia tahoe sierra highsierra elcapitan yosemite",
        &[os(Macos), Flavour],
    ),
    ("windows win windows10 windows11 win10 win11 winnt cygwin msys msys2", &[os(Windows)]),
    ("win7 win8 win81 windows7 windows8 windows81 winxp", &[os(Windows), Flavour]),
    ("win64 windows64 w64", &[os(Windows), Bits(64)]),
    ("win32 windows32 w32", &[os(Windows), Bits(32)]),
    ("mingw mingw32 mingw64 ucrt ucrt64", &[os(Windows), libc(Gnu)]),
    ("freebsd", &[os(FreeBsd)]),
    ("android termux androideabi", &[os(Android)]),
    (
        "openbsd netbsd dragonfly dragonflybsd bsd illumos omnios smartos openindiana solaris sunos aix hpux plan9 \
         haiku redox fuchsia hurd minix serenity ios iphone iphoneos iphonesimulator ipados maccatalyst tvos watchos \
         visionos xros tizen webos harmonyos ohos chromeos wasi wasip1 wasip2 wasm wasm32 wasm64 emscripten esp32 \
         espressif qnx zos vxworks uefi nacl openwrt opnsense pfsense synology dsm qnap unraid routeros edgeos",
        &[os(Os::Other)],
    ),
    // Flavours; Alpine is the one whose C library is musl.
    (
        "ubuntu debian raspbian centos fedora rhel rocky rockylinux almalinux opensuse suse sles archlinux manjaro \
         gentoo nixos amazonlinux amzn amzn2 ubi ubi8 ubi9 el6 el7 el8 el9 openeuler deepin kylin \
         noble jammy focal bionic xenial trusty oracular plucky mantic lunar kinetic \
         trixie bookworm bullseye buster stretch jessie",
        &[os(Linux), Flavour],
    ),
    ("alpine", &[os(Linux), libc(Alpine)]),
    ("gcc clang llvm onedir onefile unsigned upx unstripped dynamic", &[Flavour]),
    // How ripe a build is.
    ("alpha beta canary experimental legacy nightly old preview unsupported", &[Flavour]),
    // Architectures.
    ("x64 amd64 intel64 em64t intel k8", &[arch(X64)]),
    ("x86", &[arch(Intel)]),
    ("i386 i486 i586 i686 386 686 ia32", &[arch(X86)]),
    ("arm64 aarch64 arm64v8 arm64v8a armv8 armv8l armv8a armv9 arm64e silicon m1", &[arch(Arm64)]),
    ("arm aarch", &[arch(Arm)]),
    ("arm32", &[arch(Arm32)]),
    ("universal universal2 universalbinary univ fat", &[arch(Universal)]),
    (
        "x86_64h 64h arm64ec arm64_32 arm64be aarch64be ia64 itanium x32 gnux32 68k m68k alpha64 hppa sh4 arc \
         microblaze xtensa csky",
        &[arch(Arch::Other)],
    ),
    // Widths.
    ("64bit 64bits", &[Bits(64)]),
    ("32bit 32bits", &[Bits(32)]),
    // C libraries.
    ("gnu glibc gnullvm", &[libc(Gnu)]),
    ("musl musllinux", &[os(Linux), libc(Musl)]),
    ("static", &[libc(Static)]),
    ("msvc", &[os(Windows), libc(Msvc)]),
    ("gnueabi gnueabihf eabi eabihf", &[libc(Gnu), arch(Arm32)]),
    ("musleabi musleabihf", &[libc(Musl), arch(Arm32)]),
    ("uclibc uclibceabi uclibceabihf gnuabi64 muslabi64 gnuabin32", &[libc(Musl), arch(Arch::Other)]),
    // Words without weight.
    (
        "unknown pc none release binary binaries bin exe portable stable final standalone latest bit bits v1 stripped \
         optimized prebuilt precompiled archive cpu for signed notarized selfcontained",
        &[Noise],
    ),
    // Not the program, or not the build of it that is shipped.
    (
        "debug dbg dbgsym debuginfo debugsymbols dsym symbols pdb profile profiling baseline asan msan tsan ubsan \
         sanitizer coverage fuzz fxdependent",
        &[Unwanted],
    ),
    (
        "src source sources sourcecode vendor vendored buildable headers include devel doc docs documentation manual \
         manpage manpages completion completions license licenses changelog readme checksum checksums hashes shasum \
         shasums shasums256 sha1 sha1sum sha1sums sha256 sha256sum sha256sums sha384 sha512 sha512sum sha512sums md5 \
         md5sum md5sums b2sums b3sum b3sums blake2 blake3 sbom spdx cyclonedx provenance attestation attestations \
         intoto slsa sigstore cosign minisig signature signatures pubkey test tests testdata fixtures examples",
        &[Unwanted],
    ),
    (
        "installer installers install setup uninstaller appimage deb rpm apk msi msix msixbundle appx dmg nsis flatpak \
         snap nupkg wheel whl bottle homebrew xcframework artifactbundle vsix docker oci initramfs rootfs vmlinux \
         airgap",
        &[Unwanted],
    ),
];

/// Beginnings of words for architectures that seldom or never are wanted; a beginning, because their tails are many
/// (`armv7l`, `mips64le`, `riscv64gc`) and one that was missed would read as "no architecture named". The first that
/// fits counts.
pub(super) const BEGINNINGS: &[(&str, &[Fact])] = &[
    ("arm64", &[]),
    ("armv7", &[arch(ArmV7)]),
    ("arm7", &[arch(ArmV7)]),
    ("armhf", &[arch(ArmV7)]),
    ("armeabi", &[arch(ArmV7)]),
    ("thumbv7", &[arch(ArmV7)]),
    ("armv6", &[arch(ArmV6)]),
    ("arm6", &[arch(ArmV6)]),
    ("armv4", &[arch(Arch::Other)]),
    ("armv5", &[arch(Arch::Other)]),
    ("arm5", &[arch(Arch::Other)]),
    ("armel", &[arch(Arch::Other)]),
    ("mips", &[arch(Arch::Other)]),
    ("riscv64", &[arch(Arch::Riscv64)]),
    ("riscv", &[arch(Arch::Other)]),
    ("ppc64le", &[arch(Arch::Ppc64le)]),
    ("ppc64el", &[arch(Arch::Ppc64le)]),
    ("powerpc64le", &[arch(Arch::Ppc64le)]),
    ("ppc", &[arch(Arch::Other)]),
    ("powerpc", &[arch(Arch::Other)]),
    ("s390x", &[arch(Arch::S390x)]),
    ("s390", &[arch(Arch::Other)]),
    ("sparc", &[arch(Arch::Other)]),
    ("loong64", &[arch(Arch::Loong64)]),
    ("loongarch64", &[arch(Arch::Loong64)]),
    ("loong", &[arch(Arch::Other)]),
    ("thumb", &[arch(Arch::Other)]),
];
