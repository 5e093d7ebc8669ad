//! The programs that other systems need, and the Debian packages that bring them.
use std::path::Path;
use std::process::Command;

use super::System;
use crate::error::Result;
use crate::fsx;
use crate::run::output;
use crate::setup::{self, Tool};

/// Debian's compiler, which matches the library source beside it.
pub(super) const RUSTC: &str = "/usr/bin/rustc";
pub(super) const CARGO: &str = "/usr/bin/cargo";
pub(super) const CLIPPY: &str = "/usr/bin/cargo-clippy";
pub(super) const WINE: &str = "/usr/lib/wine/wine64";
pub(super) const QEMU: &str = "/usr/bin/qemu-aarch64-static";
pub(super) const MINGW: &str = "x86_64-w64-mingw32-gcc-posix";
pub(super) const ARM64_GCC: &str = "aarch64-linux-gnu-gcc";

const COMPILER: [Tool; 3] = [
    (RUSTC, "rustc-web"),
    (CARGO, "cargo-web"),
    ("/usr/lib/rustlib/src/rust/library/std/Cargo.toml", "rust-web-src"),
];

fn tools(system: System) -> Vec<Tool> {
    let own: &[Tool] = match system {
        System::Windows => {
            &[("/usr/bin/x86_64-w64-mingw32-gcc-posix", "gcc-mingw-w64-x86-64-posix"), (WINE, "wine64")]
        }
        System::MacOs => &[(CLIPPY, "rust-web-clippy")],
        System::Arm64 => &[
            ("/usr/bin/aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
            ("/usr/aarch64-linux-gnu/include/stdint.h", "libc6-dev-arm64-cross"),
            (QEMU, "qemu-user-static"),
        ],
    };
    COMPILER.iter().chain(own).copied().collect()
}

/// The packages that a system needs and this machine does not have.
pub(super) fn missing(system: System) -> Vec<&'static str> {
    setup::missing(&tools(system))
}

/// What Rust programs ask Windows for since 1.79 and wine 8 does not have: a library with `ProcessPrng`.
const PRNG: &str = "#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
    return SystemFunction036(data, (ULONG)size) ? TRUE : FALSE;
}
";

/// A Windows of our own in `prefix`, made once.
pub(super) fn wine_prefix(prefix: &Path) -> Result<()> {
    let library = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
    if library.exists() {
        return Ok(());
    }
    fsx::create_dir_all(prefix)?;
    let mut boot = Command::new(WINE);
    boot.args(["wineboot", "-i"]).env("WINEPREFIX", prefix).env("WINEDEBUG", "-all");
    output("wineboot", &mut boot)?;
    let source = prefix.join("prng.c");
    fsx::publish(&source, PRNG.as_bytes(), fsx::Mode::Plain)?;
    let mut compile = Command::new(MINGW);
    compile.args(["-shared", "-o"]).arg(&library).arg(&source).arg("-ladvapi32");
    output("the library that wine lacks", &mut compile).map(drop)
}
