//! The systems that Tauri tells apart in its configuration.

use crate::target::Target;

/// A system as Tauri's configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Platform {
    Linux,
    MacOs,
    Windows,
    Android,
    Ios,
}

impl Platform {
    /// The systems that sidecars are for.
    pub(crate) const DESKTOP: [Self; 3] = [Self::Linux, Self::MacOs, Self::Windows];

    /// Every system that may have an overlay.
    pub(crate) const ALL: [Self; 5] = [Self::Linux, Self::MacOs, Self::Windows, Self::Android, Self::Ios];

    /// As tauri-utils' `Target::from_triple` decides it: by what the triple contains, Linux where nothing else fits.
    pub(crate) fn of(target: &Target) -> Self {
        let triple = target.as_str();
        if triple.contains("darwin") {
            Self::MacOs
        } else if triple.contains("windows") {
            Self::Windows
        } else if triple.contains("android") {
            Self::Android
        } else if triple.contains("ios") {
            Self::Ios
        } else {
            Self::Linux
        }
    }

    /// The desktop systems among targets, each once.
    pub(crate) fn desktops_of(targets: &[Target]) -> Vec<Self> {
        Self::DESKTOP.into_iter().filter(|desktop| targets.iter().any(|t| Self::of(t) == *desktop)).collect()
    }

    pub(crate) fn is_desktop(self) -> bool {
        Self::DESKTOP.contains(&self)
    }

    /// In the name of an overlay: `tauri.macos.conf.json`.
    pub(crate) fn in_file_names(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::MacOs => "macos",
            Self::Windows => "windows",
            Self::Android => "android",
            Self::Ios => "ios",
        }
    }

    /// In a capability's `platforms`, where the case counts.
    pub(crate) fn in_capabilities(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::MacOs => "macOS",
            Self::Windows => "windows",
            Self::Android => "android",
            Self::Ios => "iOS",
        }
    }
}
