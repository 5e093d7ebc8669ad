//! Target triples.

use std::fmt;
use std::str::FromStr;

use target_lexicon::{Architecture, Environment, OperatingSystem, Triple};

use crate::error::{Error, Kind};

/// The targets that are attempted where the manifest names none: the desktop systems that Tauri ships to.
pub(crate) const DESKTOP: [&str; 6] = [
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
];

/// A Rust target triple that target-lexicon knows, such as `x86_64-unknown-linux-gnu`. Ordered and compared by name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    name: Box<str>,
    triple: Triple,
}

impl Target {
    /// Parses a triple; the error says where it came from only by what the caller adds.
    pub(crate) fn parse(name: &str) -> Result<Self, Error> {
        name.parse().map_err(|()| {
            // GNU's spelling leaves out the vendor, rustc's does not.
            let full = name.replacen("-linux-", "-unknown-linux-", 1);
            let full = full.parse::<Self>().is_ok().then_some(full);
            let near = full.as_deref().or_else(|| crate::error::nearest(name, DESKTOP));
            let error = Error::new(Kind::BadValue, format!("`{name}` is not a target triple"))
                .fact("examples", "x86_64-unknown-linux-gnu, aarch64-apple-darwin, x86_64-pc-windows-msvc");
            match near {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("`rustc --print target-list` prints them all"),
            }
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.name
    }

    pub(crate) fn architecture(&self) -> Architecture {
        self.triple.architecture
    }

    pub(crate) fn is_windows(&self) -> bool {
        self.triple.operating_system == OperatingSystem::Windows
    }

    pub(crate) fn is_apple(&self) -> bool {
        matches!(self.triple.operating_system, OperatingSystem::Darwin(_) | OperatingSystem::MacOSX(_))
    }

    pub(crate) fn is_linux(&self) -> bool {
        self.triple.operating_system == OperatingSystem::Linux && !self.is_android()
    }

    pub(crate) fn is_android(&self) -> bool {
        matches!(self.triple.environment, Environment::Android | Environment::Androideabi)
    }

    /// Linux with musl as its C library.
    pub(crate) fn is_musl(&self) -> bool {
        matches!(
            self.triple.environment,
            Environment::Musl | Environment::Musleabi | Environment::Musleabihf | Environment::Muslabi64
        )
    }

    /// The platform whose programs the system translates while they run: x86-64 on arm64, under macOS and Windows.
    pub(crate) fn translated(&self) -> Option<Self> {
        let rest = self.name.strip_prefix("aarch64-")?;
        let translates = rest == "apple-darwin" || rest.starts_with("pc-windows-");
        format!("x86_64-{rest}").parse().ok().filter(|_| translates)
    }

    /// `.exe` on Windows, nothing elsewhere.
    pub(crate) fn exe_suffix(&self) -> &'static str {
        if self.is_windows() { ".exe" } else { "" }
    }

    /// The `{os}` placeholder: Rust's `target_os`, such as `linux`, `macos`, `windows`.
    pub(crate) fn os(&self) -> String {
        if self.is_apple() {
            "macos".to_owned()
        } else if self.is_android() {
            "android".to_owned()
        } else {
            self.triple.operating_system.into_str().into_owned()
        }
    }

    /// The `{arch}` placeholder: Rust's `target_arch`, such as `x86_64`, `aarch64`.
    pub(crate) fn arch(&self) -> String {
        match self.triple.architecture {
            Architecture::X86_32(_) => "x86".to_owned(),
            Architecture::Arm(_) => "arm".to_owned(),
            other => other.into_str().into_owned(),
        }
    }

    /// The file that Tauri looks for: `<name>-<triple>`, with `.exe` for Windows.
    pub(crate) fn file_name(&self, name: &str) -> String {
        format!("{name}-{}{}", self.name, self.exe_suffix())
    }

    /// The `cfg` values that a `cfg(…)` expression in the manifest is tried against: `unix`/`windows` and `target_*`
    /// for os, arch, family, env, vendor and pointer width.
    pub(crate) fn cfgs(&self) -> Vec<cargo_platform::Cfg> {
        use cargo_platform::{Cfg, Ident};
        let ident = |name: &str| Ident { name: name.to_owned(), raw: false };
        let pair = |key: &str, value: String| Cfg::KeyPair(ident(key), value);
        let family = if self.is_windows() { "windows" } else { "unix" };
        let env = match self.triple.environment {
            _ if self.is_musl() => "musl",
            Environment::Gnu | Environment::Gnueabi | Environment::Gnueabihf | Environment::Gnuabi64 => "gnu",
            Environment::Msvc => "msvc",
            _ => "",
        };
        let width = self.triple.pointer_width().map_or(64, target_lexicon::PointerWidth::bits);
        vec![
            Cfg::Name(ident(family)),
            pair("target_family", family.to_owned()),
            pair("target_os", self.os()),
            pair("target_arch", self.arch()),
            pair("target_env", env.to_owned()),
            pair("target_vendor", self.triple.vendor.as_str().to_owned()),
            pair("target_pointer_width", width.to_string()),
        ]
    }
}

impl FromStr for Target {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let triple: Triple = name.parse().map_err(|_| ())?;
        let vague = triple.operating_system == OperatingSystem::Unknown
            || triple.architecture == Architecture::Unknown;
        // One spelling per target: the lock's keys, file names and cargo's TARGET must be the same text.
        if vague || triple.to_string() != name {
            return Err(());
        }
        Ok(Self { name: name.into(), triple })
    }
}

impl PartialOrd for Target {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Target {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A pattern of targets in the manifest: an exact triple or a `cfg(…)` expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetPattern(cargo_platform::Platform);

impl TargetPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        if text.starts_with("cfg(") {
            return text.parse().map(Self).map_err(|e| {
                Error::new(Kind::BadValue, format!("`{text}` is not a cfg expression")).fact("cause", e)
            });
        }
        Target::parse(text)?;
        Ok(Self(cargo_platform::Platform::Name(text.to_owned())))
    }

    /// Whether this names one triple exactly (which goes before any `cfg`).
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self.0, cargo_platform::Platform::Name(_))
    }

    pub(crate) fn matches(&self, target: &Target) -> bool {
        self.0.matches(target.as_str(), &target.cfgs())
    }
}

impl fmt::Display for TargetPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        name.parse().unwrap()
    }

    #[test]
    fn only_macos_and_windows_on_arm64_translate() {
        let of = |name: &str| name.parse::<Target>().unwrap().translated().map(|t| t.to_string());
        assert_eq!(of("aarch64-apple-darwin").as_deref(), Some("x86_64-apple-darwin"));
        assert_eq!(of("aarch64-pc-windows-msvc").as_deref(), Some("x86_64-pc-windows-msvc"));
        assert_eq!(of("aarch64-pc-windows-gnullvm").as_deref(), Some("x86_64-pc-windows-gnullvm"));
        for none in [
            "aarch64-unknown-linux-gnu",
            "aarch64-apple-ios",
            "aarch64-uwp-windows-msvc",
            "x86_64-apple-darwin",
            "i686-pc-windows-msvc",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn desktop_targets_parse_and_name_their_files() {
        for name in DESKTOP {
            let exe = if name.contains("windows") { ".exe" } else { "" };
            assert_eq!(target(name).file_name("foo"), format!("foo-{name}{exe}"));
        }
    }

    #[test]
    fn rustc_spellings_only() {
        for name in [
            "x86_64-unknown-linux-musl",
            "riscv64gc-unknown-linux-gnu",
            "aarch64-linux-android",
            "armv7-unknown-linux-gnueabihf",
            "i686-pc-windows-msvc",
            "aarch64-apple-ios",
            "x86_64-pc-windows-gnu",
            "x86_64-unknown-freebsd",
        ] {
            assert!(name.parse::<Target>().is_ok(), "{name}");
        }
        let error = Target::parse("x86_64-linux-gnu").unwrap_err().to_string();
        assert!(error.contains("did you mean `x86_64-unknown-linux-gnu`?"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_triple_or_an_error(name in "[a-z0-9_-]{0,40}|\\PC{0,20}") {
            if let Ok(target) = Target::parse(&name) {
                proptest::prop_assert_eq!(target.as_str(), &name);
                let file = target.file_name("x");
                proptest::prop_assert!(file.starts_with("x-") && file[2..].starts_with(&name));
            }
        }
    }

    #[test]
    fn placeholders_are_rusts_words() {
        assert_eq!(
            (target("aarch64-apple-darwin").os(), target("aarch64-apple-darwin").arch()),
            ("macos".into(), "aarch64".into())
        );
        assert_eq!(target("i686-pc-windows-msvc").arch(), "x86");
        assert_eq!(target("aarch64-linux-android").os(), "android");
    }

    #[test]
    fn patterns_are_triples_or_cfg() {
        let unix = TargetPattern::parse("cfg(unix)").unwrap();
        assert!(
            unix.matches(&target("x86_64-apple-darwin")) && !unix.matches(&target("x86_64-pc-windows-msvc"))
        );
        let arm_mac =
            TargetPattern::parse("cfg(all(target_os = \"macos\", target_arch = \"aarch64\"))").unwrap();
        assert!(
            arm_mac.matches(&target("aarch64-apple-darwin"))
                && !arm_mac.matches(&target("x86_64-apple-darwin"))
        );
        assert!(TargetPattern::parse("x86_64-unknown-linux-gnu").unwrap().is_exact());
        assert!(TargetPattern::parse("cfg(unix").is_err());
    }

    #[test]
    fn a_mistyped_triple_gets_the_nearest() {
        let error = Target::parse("x86_64-unknown-linux-gnuu").unwrap_err().to_string();
        assert!(error.contains("did you mean `x86_64-unknown-linux-gnu`?"), "{error}");
    }
}
