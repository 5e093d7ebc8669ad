//! A small app, a release server, and the words to tell stories about them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use sidecar_tests::{ReleaseServer, ReleaseSpec, program, tar_gz, zip};
use snapbox::cmd::OutputAssert;
use snapbox::{Assert, Redactions};
use tempfile::TempDir;

/// The triple that this machine builds for.
pub(crate) static HOST: LazyLock<String> = LazyLock::new(|| {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|l| l.strip_prefix("host: ")).unwrap().to_owned()
});

/// The six targets that are attempted where a manifest names none.
pub(crate) const DESKTOP: [&str; 6] = [
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
];

/// The build script of the test support, built once.
static BUILD_SCRIPT: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "-p", "sidecar-tests", "--bin", "build-script"])
        .status();
    assert!(built.unwrap().success());
    snapbox::cmd::cargo_bin("build-script")
});

/// A package with a `sidecar.toml` to be, a cache of its own, and a release server.
pub(crate) struct App {
    pub(crate) server: ReleaseServer,
    dir: TempDir,
}

impl App {
    pub(crate) fn new() -> Self {
        let app = Self { server: ReleaseServer::start(), dir: tempfile::tempdir().unwrap() };
        app.write("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[features]\nllm = []\n\n[workspace]\n");
        app.write("src/main.rs", "fn main() {}\n");
        app
    }

    /// An app whose manifest wants `acme/tool`, which has a release for every desktop target.
    pub(crate) fn with_tool() -> Self {
        let app = Self::new();
        app.server.release("acme/tool", release("v1.2.0"));
        app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n");
        app
    }

    /// [`with_tool`](Self::with_tool), locked and installed for the host.
    pub(crate) fn with_synced_tool() -> Self {
        let app = Self::with_tool();
        app.sidecar(["sync"]).success();
        app.server.clear_requests();
        app
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("app").join(name)
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        // An absolute name would leave the temporary directory.
        assert!(Path::new(name).is_relative(), "{name}");
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn manifest(&self, text: &str) {
        self.write("sidecar.toml", text);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The installed file of a sidecar for the host.
    pub(crate) fn installed(&self, name: &str) -> PathBuf {
        self.path(&format!("binaries/{}", file_name(name, &HOST)))
    }

    /// Files in the binaries directory, by name.
    pub(crate) fn binaries(&self) -> Vec<String> {
        names_in(&self.path("binaries"))
    }

    pub(crate) fn forget_cache(&self) {
        let _ = std::fs::remove_dir_all(self.cache());
    }

    /// `cargo sidecar` in the app's directory, ready to be changed.
    pub(crate) fn command<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-sidecar"));
        command.arg("sidecar").args(args).current_dir(self.path(""));
        self.environment(&mut command);
        command
    }

    /// An environment in which nothing of the machine's own configuration counts.
    pub(crate) fn environment(&self, command: &mut Command) {
        for name in [
            "GITHUB_TOKEN",
            "GH_TOKEN",
            "CI",
            "CARGO_NET_OFFLINE",
            "SIDECAR_OFFLINE",
            "SIDECAR_LOCKED",
            "SIDECAR_PLACEHOLDER",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_BUILD_DIR",
            "DEP_TAURI_DEV",
            "DOCS_RS",
            "TAURI_CONFIG",
            "TAURI_APP_PATH",
            "TAURI_CLI_CONFIG_DEPTH",
            "SSL_CERT_FILE",
            "NO_PROXY",
            "no_proxy",
        ] {
            command.env_remove(name);
        }
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name);
        }
        command
            .env("SIDECAR_CACHE_DIR", self.cache())
            .env("SIDECAR_GITHUB_API", self.server.api_url())
            .env("npm_config_registry", self.server.npm_url())
            .env("npm_config_userconfig", self.dir.path().join("user.npmrc"))
            .env("npm_config_globalconfig", self.dir.path().join("npmrc"))
            .env("NO_COLOR", "1");
    }

    /// Runs `cargo sidecar`; the result can be compared with snapshots.
    pub(crate) fn sidecar<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> OutputAssert {
        self.run(self.command(args))
    }

    /// A build script that calls `sidecar_fetch::build()`, with the environment that cargo gives it.
    pub(crate) fn build_script(&self, triple: &str) -> Command {
        let mut command = Command::new(&*BUILD_SCRIPT);
        let out = self.dir.path().join("out");
        std::fs::create_dir_all(&out).unwrap();
        self.environment(&mut command);
        command
            .current_dir(self.path(""))
            .env("CARGO_MANIFEST_DIR", self.path("").canonicalize().unwrap())
            .env("CARGO_PKG_NAME", "app")
            .env("OUT_DIR", out)
            .env("TARGET", triple)
            .env("PROFILE", "debug");
        command
    }

    pub(crate) fn run(&self, mut command: Command) -> OutputAssert {
        OutputAssert::new(command.output().unwrap()).with_assert(self.assert())
    }

    /// Runs a command that must fail with an error code: as JSON to see the code, then for people, whose text can be
    /// compared with a snapshot. Nothing in the app directory may have changed.
    pub(crate) fn fails<'a>(&self, code: &str, args: impl IntoIterator<Item = &'a str>) -> OutputAssert {
        let args: Vec<&str> = args.into_iter().collect();
        let before = tree(&self.path(""));
        let json = self.command(args.iter().copied().chain(["--message-format", "json"])).output().unwrap();
        let text = String::from_utf8(json.stdout).unwrap();
        assert!(
            text.contains(&format!("\"code\":\"{code}\"")),
            "expected `{code}`:\n{text}{}",
            String::from_utf8_lossy(&json.stderr)
        );
        let done = self.sidecar(args);
        assert_eq!(before, tree(&self.path("")), "the app directory changed");
        done.failure()
    }

    /// Compares a text with a snapshot.
    pub(crate) fn compare(&self, text: &str, expected: impl snapbox::IntoData) {
        self.assert().eq(text, expected);
    }

    fn assert(&self) -> Assert {
        let mut redactions = Redactions::new();
        let root = self.dir.path().canonicalize().unwrap();
        redactions.insert("[ROOT]", root).unwrap();
        redactions.insert("[ROOT]", self.dir.path().to_owned()).unwrap();
        redactions.insert("[SERVER]", self.server.url().to_owned()).unwrap();
        Assert::new().action_env("SNAPSHOTS").redact_with(redactions)
    }

    /// How many times an asset's bytes were asked for.
    pub(crate) fn downloads(&self, asset: &str) -> usize {
        self.server
            .requests()
            .iter()
            .filter(|seen| seen.path.starts_with("/objects/") && seen.query.contains(asset))
            .count()
    }
}

/// A release of `tool` for every desktop target, as many projects make them: `.tar.gz` with a directory, `.zip` for
/// Windows.
pub(crate) fn release(tag: &str) -> ReleaseSpec {
    DESKTOP.iter().fold(ReleaseSpec::new(tag).published_at("2026-01-02T03:04:05Z"), |spec, triple| {
        spec.asset(asset_name(tag, triple), archive(tag, triple))
    })
}

pub(crate) fn asset_name(tag: &str, triple: &str) -> String {
    format!("tool-{tag}-{triple}.{}", if triple.contains("windows") { "zip" } else { "tar.gz" })
}

/// The archive of `tool` for a target.
pub(crate) fn archive(tag: &str, triple: &str) -> Vec<u8> {
    let binary = program(triple, tag);
    if triple.contains("windows") {
        return zip(&[("tool.exe", &binary), ("README.md", b"read me")]);
    }
    let dir = format!("tool-{tag}-{triple}");
    tar_gz(&[(&format!("{dir}/README.md"), b"read me"), (&format!("{dir}/tool"), &binary)])
}

pub(crate) fn file_name(name: &str, triple: &str) -> String {
    format!("{name}-{triple}{}", if triple.contains("windows") { ".exe" } else { "" })
}

pub(crate) fn names_in(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every file below a directory with its content; build output apart.
fn tree(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut out = Vec::new();
    for name in names_in(dir) {
        let path = dir.join(&name);
        if path.is_dir() && name != "target" {
            out.extend(tree(&path));
        } else if path.is_file() && name != "Cargo.lock" {
            out.push((path.clone(), std::fs::read(path).unwrap()));
        }
    }
    out
}
