//! Which format a file has, by what it says, and the tools that it pins.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::found::{Reader, Tool};
use super::{dotslash, mise, multitool};
use crate::config::{ConfigFile, Format};
use crate::error::{Error, Kind};
use crate::fsx;

/// What every DotSlash file begins with.
const DOTSLASH: &str = "#!/usr/bin/env dotslash";
/// The largest file that is read; real ones have some kilobytes.
const LIMIT: u64 = 16 * 1024 * 1024;
/// Where locks of other tools lie in an app.
const USUAL: [&str; 4] =
    ["mise.lock", ".config/mise.lock", "multitool.lock.json", "tools/multitool.lock.json"];
/// Where DotSlash files lie, which have no ending.
const DIRECTORIES: [&str; 4] = ["", "bin", "scripts", "tools"];

/// The tools that the file at `path` pins.
pub(super) fn tools(path: &Path) -> Result<Vec<Tool>, Error> {
    let name = fsx::name_of(path);
    let is_large = fsx::metadata(path)?.is_some_and(|found| found.len() > LIMIT);
    let bytes = if is_large { Vec::new() } else { fsx::read(path)? };
    match String::from_utf8(bytes) {
        Ok(text) if !is_large => parse(path, &name, text),
        _ => Err(unknown(path, &name)),
    }
}

fn parse(path: &Path, name: &str, text: String) -> Result<Vec<Tool>, Error> {
    let file = |format, text| ConfigFile::parse_as(format, Kind::ImportInvalid, path, text);
    if let Some(rest) = text.strip_prefix("#!") {
        if !text.lines().next().is_some_and(is_dotslash) {
            return Err(unknown(path, name));
        }
        // The first line is a comment then, and every place stays what it is.
        let file = file(Format::Json5, format!("//{rest}"))?;
        return dotslash::tool(&Reader { file: &file, name });
    }
    let begin = text.trim_start_matches('\u{feff}').trim_start();
    if begin.starts_with(['{', '/']) {
        let file = file(Format::Json5, text)?;
        let reader = Reader { file: &file, name };
        return if multitool::is_lock(&file.root) {
            multitool::tools(&reader)
        } else {
            Err(unknown(path, name))
        };
    }
    if !begin.contains("[[tools.") && !begin.contains("[tools") {
        return Err(unknown(path, name));
    }
    let file = file(Format::Toml, text)?;
    mise::tools(&Reader { file: &file, name })
}

fn is_dotslash(first_line: &str) -> bool {
    first_line.trim_end() == DOTSLASH
}

fn unknown(path: &Path, name: &str) -> Error {
    Error::new(Kind::ImportInvalid, format!("`{name}` is no file that can be imported"))
        .fact("file", path.display())
        .fact(
            "known",
            format!("DotSlash files (first line `{DOTSLASH}`), `multitool.lock.json`, `mise.lock`"),
        )
}

/// The files to import that lie in an app where such files usually lie.
pub(super) fn usual(app: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found: Vec<PathBuf> = Vec::new();
    for name in USUAL {
        let path = app.join(name);
        if fsx::metadata(&path)?.is_some_and(|found| found.is_file()) {
            found.push(path);
        }
    }
    for directory in DIRECTORIES {
        let directory = app.join(directory);
        if !fsx::metadata(&directory)?.is_some_and(|found| found.is_dir()) {
            continue;
        }
        for path in fsx::read_dir(&directory)? {
            if fsx::metadata(&path)?.is_some_and(|found| found.is_file()) && begins_as_dotslash(&path)? {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        let names = USUAL.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return Err(Error::new(Kind::Usage, "there is nothing to import in the app's directory")
            .fact("directory", app.display())
            .fact("looked for", format!("{names}, and DotSlash files there and in bin, scripts, tools"))
            .help("name the files: `cargo sidecar import FILE…`"));
    }
    Ok(found)
}

fn begins_as_dotslash(path: &Path) -> Result<bool, Error> {
    let mut head = Vec::new();
    let limit = DOTSLASH.len() as u64 + 2;
    fsx::open(path)?.take(limit).read_to_end(&mut head).map_err(|e| fsx::failed("read", path, &e))?;
    Ok(String::from_utf8_lossy(&head).lines().next().is_some_and(is_dotslash))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAMPLES: [&str; 3] = [
        "#!/usr/bin/env dotslash\n{\"platforms\": {\"linux-x86_64\": {\"size\": 1, \"hash\": \"blake3\", \"digest\": \
         \"00\", \"path\": \"x\", \"providers\": [{\"url\": \"https://github.com/a/b/releases/download/v1/x\"}]}}}",
        "{\"x\": {\"binaries\": [{\"kind\": \"file\", \"os\": \"linux\", \"cpu\": \"arm64\", \"sha256\": \"00\", \"url\": \"u\"}]}}",
        "lockfile_version = 3\n[[tools.x]]\n\"platforms.linux-x64\" = { checksum = \"sha256:00\", url = \"u\" }\n",
    ];

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(
            sample in 0..3_usize,
            at in any::<prop::sample::Index>(),
            length in 0..40_usize,
            put in "[^a-z]{0,12}",
        ) {
            let mut text: Vec<char> = SAMPLES[sample].chars().collect();
            let begin = at.index(text.len());
            let end = (begin + length).min(text.len());
            text.splice(begin..end, put.chars());
            let text: String = text.into_iter().collect();
            if let Err(error) = parse(Path::new("app/x"), "x", text) {
                prop_assert_eq!(error.kind(), Kind::ImportInvalid);
            }
        }
    }

    fn fails(text: &str) -> String {
        let error = parse(Path::new("app/x"), "x", text.to_owned()).unwrap_err();
        assert_eq!(error.kind(), Kind::ImportInvalid);
        error.to_string()
    }

    #[test]
    fn what_is_none_of_the_formats_is_refused() {
        for text in [
            "",
            "hello",
            "#!/bin/sh\necho\n",
            "{}",
            "{\"a\": 1}",
            "[package]\nname = 'x'\n",
            "#!/usr/bin/env dotslash2\n{}",
        ] {
            assert!(fails(text).starts_with("`x` is no file that can be imported\n"), "{text}");
        }
    }

    #[test]
    fn what_does_not_parse_has_a_place() {
        for (text, place) in [
            ("#!/usr/bin/env dotslash\n\n{\n  \"name\": \"x\",\n  \"platforms\": {\n", "app/x:6:1"),
            ("{\n  \"x\": {\"binaries\": [\n", "app/x:3:1"),
            ("[[tools.x]]\nversion = \n", "app/x:2:11"),
        ] {
            let error = fails(text);
            assert!(error.contains(&format!("at     {place}\n")), "{error}");
        }
    }

    #[test]
    fn the_usual_places_are_looked_through() {
        let dir = tempfile::tempdir().unwrap();
        let names = |dir: &Path| -> Vec<String> {
            let found = usual(dir).unwrap();
            found
                .iter()
                .map(|path| path.strip_prefix(dir).unwrap().to_string_lossy().replace('\\', "/"))
                .collect()
        };
        assert_eq!(usual(dir.path()).unwrap_err().kind(), Kind::Usage);
        for (name, text) in [
            ("bin/rg", "#!/usr/bin/env dotslash\n{}"),
            ("bin/sh", "#!/bin/sh\n"),
            ("fd", "#!/usr/bin/env dotslash\r\n"),
            ("mise.lock", ""),
            ("README.md", "text"),
            ("src/x", "#!/usr/bin/env dotslash\n"),
        ] {
            fsx::write_atomic(&dir.path().join(name), text).unwrap();
        }
        assert_eq!(names(dir.path()), ["mise.lock", "fd", "bin/rg"]);
    }
}
