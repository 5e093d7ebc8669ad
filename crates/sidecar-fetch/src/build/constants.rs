//! `OUT_DIR/sidecars.rs`: the spellings of each sidecar's name, as constants. Users mix them up otherwise: the config
//! and JavaScript want the path, Rust wants the file name.

use std::fmt::Write as _;

/// What the constants of one sidecar say.
#[derive(Debug, Clone)]
pub(super) struct Spelling<'a> {
    pub(super) name: &'a str,
    pub(super) install_as: &'a str,
    /// Directory of the binaries, as in `externalBin`.
    pub(super) binaries: &'a str,
    /// `None`: none is locked, and something stands in.
    pub(super) version: Option<&'a str>,
    /// Where the binary lies in the directory of a tree; `None` for one file.
    pub(super) tree: Option<String>,
}

impl Spelling<'_> {
    fn version(&self) -> &str {
        self.version.unwrap_or("unlocked")
    }

    /// Of a tree, where its program lies below the app's resource directory.
    pub(super) fn resource(&self) -> Option<String> {
        let binary = self.tree.as_ref()?;
        Some(format!("{}/{}/{binary}", self.binaries, self.install_as))
    }
}

/// The text of the file: only `&str` constants, one module per sidecar.
pub(super) fn text<'a>(sidecars: impl IntoIterator<Item = Spelling<'a>>) -> String {
    let mut out = String::from(
        "// Written by sidecar-fetch: `include!(concat!(env!(\"OUT_DIR\"), \"/sidecars.rs\"));`\n",
    );
    for sidecar in sidecars {
        if let Some(program) = sidecar.resource() {
            tree(&mut out, &sidecar, &program);
            continue;
        }
        let Spelling { name, install_as, binaries, .. } = sidecar;
        let version = sidecar.version();
        let config = format!("{binaries}/{install_as}");
        let _ = write!(
            out,
            "\n/// The sidecar `{name}`.\npub mod {module} {{\n    \
             /// In `bundle.externalBin`, and in JavaScript: `Command.sidecar(\"{config}\")`.\n    \
             pub const CONFIG: &str = {config:?};\n    \
             /// In Rust: `app.shell().sidecar(\"{install_as}\")`.\n    pub const RUST: &str = {install_as:?};\n    \
             /// `name` in the scope of a capability's shell permission.\n    pub const SCOPE: &str = {config:?};\n    \
             /// The version that is locked.\n    pub const VERSION: &str = {version:?};\n}}\n",
            module = module(name),
        );
    }
    out
}

/// The module of a sidecar that is a directory of the app's resources.
fn tree(out: &mut String, sidecar: &Spelling<'_>, program: &str) {
    let Spelling { name, install_as, binaries, .. } = sidecar;
    let version = sidecar.version();
    let directory = format!("{binaries}/{install_as}/");
    let _ = write!(
        out,
        "\n/// The sidecar `{name}`, with the files beside it.\npub mod {module} {{\n    \
         /// In `bundle.resources`.\n    \
         pub const CONFIG: &str = {directory:?};\n    \
         /// In Rust: `app.path().resolve(\"{program}\", BaseDirectory::Resource)` is the program.\n    \
         pub const RUST: &str = {program:?};\n    \
         /// `name` in the scope of a capability's shell permission.\n    pub const SCOPE: &str = {install_as:?};\n    \
         /// The version that is locked.\n    pub const VERSION: &str = {version:?};\n}}\n",
        module = module(name),
    );
}

/// <https://doc.rust-lang.org/reference/keywords.html>: strict and reserved ones, edition 2024.
const KEYWORDS: &str = " abstract as async await become box break const continue crate do dyn else enum extern false \
                        final fn for gen if impl in let loop macro match mod move mut override priv pub ref return \
                        self static struct super trait true try type typeof unsafe unsized use virtual where while yield ";

/// A module name for a sidecar: `-` and `.` as `_`, and nothing that Rust reserves.
fn module(name: &str) -> String {
    let mut out: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if KEYWORDS.contains(&format!(" {out} ")) {
        out.push('_');
    } else if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_is_where_users_need_it() {
        let text = text([Spelling {
            name: "llama-server",
            install_as: "my-llama",
            binaries: "binaries",
            version: Some("b6900"),
            tree: None,
        }]);
        for part in [
            "pub mod llama_server {",
            "pub const CONFIG: &str = \"binaries/my-llama\";",
            "pub const RUST: &str = \"my-llama\";",
            "pub const VERSION: &str = \"b6900\";",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn a_tree_is_found_among_the_resources() {
        let text = text([Spelling {
            name: "llama-server",
            install_as: "my-llama",
            binaries: "binaries",
            version: Some("b6900"),
            tree: Some("bin/llama-server".to_owned()),
        }]);
        for part in [
            "pub mod llama_server {",
            "pub const CONFIG: &str = \"binaries/my-llama/\";",
            "pub const RUST: &str = \"binaries/my-llama/bin/llama-server\";",
            "pub const SCOPE: &str = \"my-llama\";",
            "pub const VERSION: &str = \"b6900\";",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn names_that_rust_reserves_get_another() {
        assert_eq!([module("7zip"), module("type"), module("a.b-c")], ["_7zip", "type_", "a_b_c"]);
    }
}
