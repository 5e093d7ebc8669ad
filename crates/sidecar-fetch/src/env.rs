//! Every environment variable that is read, one constant each. The README's table lists the same names (a tidy check
//! compares them).
#![expect(clippy::disallowed_methods, reason = "this is the one place that may call them")]

/// Where downloads and unpacked binaries are kept. Default: the user's cache directory, `sidecar` in it.
pub(crate) const CACHE_DIR: &str = "SIDECAR_CACHE_DIR";
/// `1`: never use the network.
pub(crate) const OFFLINE: &str = "SIDECAR_OFFLINE";
/// `1`: the lock must answer the manifest as it is.
pub(crate) const LOCKED: &str = "SIDECAR_LOCKED";
/// `1`: a release build may use `SIDECAR_<NAME>_PATH`.
pub(crate) const ALLOW_LOCAL: &str = "SIDECAR_ALLOW_LOCAL";
/// `1`: a development build uses no network, and what it cannot have is stood in for by a placeholder.
pub(crate) const PLACEHOLDER: &str = "SIDECAR_PLACEHOLDER";
/// Set by CI services: what development forgives is an error there.
pub(crate) const CI: &str = "CI";
/// JSON that Tauri merges into its configuration; the Tauri command sets it for `--config`.
pub(crate) const TAURI_CONFIG: &str = "TAURI_CONFIG";
/// `true` where the app is built for development: the build script of `tauri` says it through `links`.
pub(crate) const DEP_TAURI_DEV: &str = "DEP_TAURI_DEV";
/// Set where `tauri-plugin-shell` is a dependency of the package that is built.
pub(crate) const DEP_SHELL: &str = "DEP_TAURI_PLUGIN_SHELL_PERMISSION_FILES_PATH";
/// Set where `tauri-plugin-http` is a dependency of the package that is built.
pub(crate) const DEP_HTTP: &str = "DEP_TAURI_PLUGIN_HTTP_PERMISSION_FILES_PATH";
/// Base URL of the GitHub API that stands in for github.com's.
#[cfg(feature = "resolve")]
pub(crate) const GITHUB_API: &str = "SIDECAR_GITHUB_API";
/// GitHub token, read by subcommands only and sent to the API host only.
#[cfg(feature = "resolve")]
pub(crate) const GITHUB_TOKEN: &str = "GITHUB_TOKEN";
/// GitHub token of the `gh` command; it goes before `GITHUB_TOKEN`, as it does there.
#[cfg(feature = "resolve")]
pub(crate) const GH_TOKEN: &str = "GH_TOKEN";
/// The registry that npm asks; as npm, the name is taken in either case.
#[cfg(feature = "resolve")]
pub(crate) const NPM_REGISTRY: &str = "npm_config_registry";
/// npm's configuration file of the user.
#[cfg(feature = "resolve")]
pub(crate) const NPM_USERCONFIG: &str = "npm_config_userconfig";
/// npm's configuration file of the machine.
#[cfg(feature = "resolve")]
pub(crate) const NPM_GLOBALCONFIG: &str = "npm_config_globalconfig";
/// The directory below which npm keeps what is installed for the machine.
#[cfg(feature = "resolve")]
pub(crate) const NPM_PREFIX: &str = "npm_config_prefix";
/// npm's older name for its prefix.
#[cfg(feature = "resolve")]
pub(crate) const PREFIX: &str = "PREFIX";
/// Where the system looks for programs: npm's prefix is found from node's place.
#[cfg(feature = "resolve")]
pub(crate) const PATH: &str = "PATH";
/// The user's directory, where `.npmrc` lies.
#[cfg(feature = "resolve")]
pub(crate) const HOME: &str = "HOME";
/// The user's directory on Windows.
#[cfg(feature = "resolve")]
pub(crate) const USERPROFILE: &str = "USERPROFILE";
/// Where Windows keeps what follows a user from machine to machine; npm's prefix among it.
#[cfg(feature = "resolve")]
pub(crate) const APPDATA: &str = "APPDATA";
/// cargo's own switch for the network.
pub(crate) const CARGO_NET_OFFLINE: &str = "CARGO_NET_OFFLINE";
/// Where cargo keeps its configuration.
pub(crate) const CARGO_HOME: &str = "CARGO_HOME";
/// Set on docs.rs, which has no network.
pub(crate) const DOCS_RS: &str = "DOCS_RS";

/// Where Linux desktops keep caches; `~/.cache` where it is not set.
pub(crate) const XDG_CACHE_HOME: &str = "XDG_CACHE_HOME";
/// Where Windows keeps what belongs to one user on one machine, caches among it.
pub(crate) const LOCALAPPDATA: &str = "LOCALAPPDATA";
/// The user that called `sudo`.
#[cfg(unix)]
pub(crate) const SUDO_UID: &str = "SUDO_UID";
/// The proxy for https. The HTTP client reads it (and its lower-case spelling); here it is only named in errors.
#[cfg(feature = "download")]
pub(crate) const HTTPS_PROXY: &str = "HTTPS_PROXY";
/// The proxy for everything that has none of its own; as above.
#[cfg(feature = "download")]
pub(crate) const ALL_PROXY: &str = "ALL_PROXY";
/// The app's directory, as Tauri's own command reads it.
#[cfg(feature = "resolve")]
pub(crate) const TAURI_APP_PATH: &str = "TAURI_APP_PATH";
/// How many directories deep Tauri's own command looks for the app; 3 where it is not set.
#[cfg(feature = "resolve")]
pub(crate) const TAURI_CLI_CONFIG_DEPTH: &str = "TAURI_CLI_CONFIG_DEPTH";
/// The target that Tauri's hooks run for.
#[cfg(feature = "resolve")]
pub(crate) const TAURI_ENV_TARGET_TRIPLE: &str = "TAURI_ENV_TARGET_TRIPLE";
/// The compiler that cargo uses.
#[cfg(feature = "resolve")]
pub(crate) const RUSTC: &str = "RUSTC";
/// The cargo that runs a subcommand.
#[cfg(feature = "resolve")]
pub(crate) const CARGO: &str = "CARGO";
/// The hosts that no proxy is used for; the HTTP client reads it.
#[cfg(feature = "resolve")]
pub(crate) const NO_PROXY: &str = "NO_PROXY";
/// The certificates to trust instead of the system's; the TLS library reads it.
#[cfg(feature = "resolve")]
pub(crate) const SSL_CERT_FILE: &str = "SSL_CERT_FILE";

// What cargo sets for every build script.
pub(crate) const CARGO_MANIFEST_DIR: &str = "CARGO_MANIFEST_DIR";
pub(crate) const CARGO_PKG_NAME: &str = "CARGO_PKG_NAME";
pub(crate) const OUT_DIR: &str = "OUT_DIR";
pub(crate) const PROFILE: &str = "PROFILE";
pub(crate) const TARGET: &str = "TARGET";
/// Where cargo puts what it builds: its `--target-dir`, in the environment.
pub(crate) const CARGO_TARGET_DIR: &str = "CARGO_TARGET_DIR";
/// The same as cargo's configuration spells it, which `CARGO_TARGET_DIR` beats.
pub(crate) const CARGO_BUILD_TARGET_DIR: &str = "CARGO_BUILD_TARGET_DIR";
/// Where cargo puts what is not the result of a build, where that is another directory.
pub(crate) const CARGO_BUILD_BUILD_DIR: &str = "CARGO_BUILD_BUILD_DIR";

/// The Cargo features that cargo names in `CARGO_FEATURE_<NAME>`.
pub(crate) fn features() -> std::collections::BTreeSet<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| Some(name.to_str()?.strip_prefix("CARGO_FEATURE_")?.to_owned()))
        .collect()
}

/// Every variable that is set and that `wanted` takes by its name, sorted by name.
pub(crate) fn all(wanted: impl Fn(&str) -> bool) -> Vec<(String, std::ffi::OsString)> {
    let mut out: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| wanted(name))
        .collect();
    out.sort();
    out
}

/// Sets a variable of this process, for code that runs later in the same build script.
#[expect(unsafe_code, reason = "there is no other way to tell tauri_build::build() a configuration")]
pub(crate) fn set(name: &str, value: &str) {
    // SAFETY: no other thread may read or write the environment meanwhile. Build scripts call `build()` before they
    // start threads, as its documentation asks, and the threads of `build()` itself have ended when this is called.
    unsafe { std::env::set_var(name, value) }
}

/// The value of a variable that holds a path, which need not be Unicode; an empty one counts as not set.
pub(crate) fn path(name: &str) -> Option<std::path::PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(Into::into)
}

/// The value of a variable; one that is empty or not Unicode counts as not set.
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether a switch is on: `1`, `true` or `yes`, as cargo reads its own.
pub(crate) fn flag(name: &str) -> bool {
    text(name).is_some_and(|value| is_on(&value))
}

/// Whether a switch's value means on.
pub(crate) fn is_on(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
}

/// The variable that points at a local build of a sidecar: `SIDECAR_<NAME>_PATH`, upper case, `-` and `.` as `_`.
pub(crate) fn local_override(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("SIDECAR_{name}_PATH")
}

#[cfg(test)]
mod tests {
    #[test]
    fn switches_and_names() {
        assert!(super::is_on("TRUE") && super::is_on("1"));
        assert!(!super::is_on("0") && !super::is_on("false"));
        assert_eq!(super::local_override("llama-server.v2"), "SIDECAR_LLAMA_SERVER_V2_PATH");
    }
}
