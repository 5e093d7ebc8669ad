//! Programs that npm packages carry: one package per platform, a tar.gz with the binary in it.

use std::io::Read;

use serde_json::Value;

use super::config::{Machine, NPM};
use super::http::{Http, Published};
use super::{File, Program};
use crate::error::{Error, Result};

/// The short form of a package document, which is what `npm install` asks for.
const ACCEPT: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8";

/// Where the package of a program for a target is, and what its digest must be.
pub(super) fn locate(http: &Http, machine: &Machine<'_>, program: &Program, target: &str) -> Result<File> {
    let package = package_for(program.package, target);
    let base = machine.npm(&package);
    let (body, _, _) = http.get(&format!("{base}/{}", package.replace('/', "%2f")), ACCEPT)?;
    let document: Value = serde_json::from_slice(&body)
        .map_err(Error::because(format!("the registry's answer about {package} is not JSON")))?;
    let dist = &document["versions"][program.version]["dist"];
    match (dist["tarball"].as_str(), dist["integrity"].as_str()) {
        (Some(url), Some(integrity)) => {
            // A mirror may pass on the public address; npm replaces it by its own registry too.
            let path = url.strip_prefix(NPM).filter(|path| path.starts_with('/'));
            let url = path.map_or_else(|| url.to_owned(), |path| format!("{base}{path}"));
            Ok(File { url, digest: Published::Integrity(integrity.to_owned()) })
        }
        _ => Err(Error::new(format!("the registry has no {package} {}", program.version))),
    }
}

/// `@esbuild/linux-x64` for `@esbuild/{os}-{arch}`: node's words for os (or `{windows}` for packages that do not say
/// `win32`) and architecture.
fn package_for(template: &str, target: &str) -> String {
    let arch = if target.starts_with("aarch64") { "arm64" } else { "x64" };
    let (os, plain) = match target {
        _ if target.contains("windows") => ("win32", "windows"),
        _ if target.contains("darwin") => ("darwin", "darwin"),
        _ => ("linux", "linux"),
    };
    template.replace("{os}", os).replace("{plain-os}", plain).replace("{arch}", arch)
}

/// Takes the program out of the tarball: the file named `program`, at the root or in `bin/`.
pub(super) fn unpack(tarball: &[u8], program: &str) -> Result<Vec<u8>> {
    let broken = || Error::because("the npm package is not a tar.gz");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(tarball));
    for entry in archive.entries().map_err(broken())? {
        let mut entry = entry.map_err(broken())?;
        let path = entry.path().map_err(broken())?;
        let inside = path.strip_prefix("package").unwrap_or(&path);
        let inside = inside.strip_prefix("bin").unwrap_or(inside);
        if entry.header().entry_type().is_file() && inside == std::path::Path::new(program) {
            let mut out = Vec::new();
            entry.read_to_end(&mut out).map_err(broken())?;
            return Ok(out);
        }
    }
    Err(Error::new(format!("the npm package has no `{program}`")))
}

#[cfg(test)]
mod tests {
    use sidecar_tests::ReleaseServer;

    use super::*;

    #[test]
    fn packages_are_named_in_nodes_words() {
        assert_eq!(package_for("@esbuild/{os}-{arch}", "x86_64-pc-windows-msvc"), "@esbuild/win32-x64");
        assert_eq!(
            package_for("lefthook-{plain-os}-{arch}", "aarch64-pc-windows-msvc"),
            "lefthook-windows-arm64"
        );
        assert_eq!(package_for("@esbuild/{os}-{arch}", "aarch64-apple-darwin"), "@esbuild/darwin-arm64");
        assert_eq!(package_for("@esbuild/{os}-{arch}", "x86_64-unknown-linux-gnu"), "@esbuild/linux-x64");
    }

    #[test]
    fn the_program_is_taken_out_of_bin_or_root() {
        let pack = |path: &str| {
            crate::pack::tar_gz(&[(path, b"elf".as_slice()), ("package/README.md", b"esbuild".as_slice())])
                .unwrap()
        };
        assert_eq!(unpack(&pack("package/bin/esbuild"), "esbuild").unwrap(), b"elf");
        assert_eq!(unpack(&pack("package/esbuild.exe"), "esbuild.exe").unwrap(), b"elf");
        assert!(
            unpack(&pack("package/lib/esbuild"), "esbuild").unwrap_err().to_string().contains("no `esbuild`")
        );
        assert!(unpack(b"nonsense", "esbuild").is_err());
    }

    #[test]
    fn a_mirror_serves_what_it_says_the_public_registry_has() {
        let server = ReleaseServer::start();
        server.serve(
            "/npm/@esbuild/linux-x64",
            r#"{"versions":{"1.0.0":{"dist":{"tarball":"https://registry.npmjs.org/a/-/a.tgz","integrity":"sha512-x"}}}}"#,
        );
        let url = format!("{}/npm", server.url());
        let env = |name: &str| (name == "npm_config_registry").then(|| url.clone());
        let machine = Machine { env: &env, read: &|_| None, project: std::path::Path::new("/") };
        let mut program = Program { version: "1.0.0", ..super::super::PROGRAMS[0] };
        let http = Http::direct();
        let found = locate(&http, &machine, &program, "x86_64-unknown-linux-gnu").unwrap();
        assert_eq!(
            found,
            File { url: format!("{url}/a/-/a.tgz"), digest: Published::Integrity("sha512-x".into()) }
        );
        program.version = "9.9.9";
        let error = locate(&http, &machine, &program, "x86_64-unknown-linux-gnu").unwrap_err().to_string();
        assert_eq!(error, "the registry has no @esbuild/linux-x64 9.9.9");
    }
}
