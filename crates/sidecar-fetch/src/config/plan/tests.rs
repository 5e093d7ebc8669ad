//! Rules that the corpus has no case for: resources of ours, and what is refused.

use std::path::PathBuf;

use super::*;
use crate::error::Kind;

const BOTH: [Platform; 2] = [Platform::Linux, Platform::Windows];

/// Needs whose resources are these on Linux and on Windows.
fn resources<'m>(manifest: &'m Manifest, linux: &[&str], windows: &[&str]) -> Needs<'m> {
    let list = |of: &[&str]| of.iter().map(|entry| (*entry).to_owned()).collect();
    let wanted = |of: &[&str]| Wanted { external_bin: Vec::new(), resources: list(of) };
    let ours = ["binaries/a/", "binaries/b/", "binaries/old/"].map(str::to_owned);
    Needs {
        manifest,
        wanted: BOTH.into_iter().zip([wanted(linux), wanted(windows)]).collect(),
        owned: Owned::new(manifest, &ours),
        plugins: Plugins { shell: false, http: false },
    }
}

fn manifest() -> Manifest {
    Manifest::parse(Path::new("sidecar.toml"), String::new()).unwrap()
}

fn file(name: &str, text: &str) -> ConfigFile {
    ConfigFile::parse(&PathBuf::from(name), text.to_owned()).unwrap()
}

fn configs(base: &str, windows: Option<&str>) -> Configs {
    let overlays = windows.map(|text| (Platform::Windows, file("tauri.windows.conf.json", text)));
    Configs { base: file("tauri.conf.json", base), overlays: overlays.into_iter().collect() }
}

/// The base and the Windows overlay with these resources on Linux and Windows; twice gives the same.
fn changed(before: &Configs, linux: &[&str], windows: &[&str]) -> [Option<String>; 2] {
    let manifest = manifest();
    let needs = resources(&manifest, linux, windows);
    let planned = plan(Path::new(""), before, None, &needs).unwrap();
    let text = |name: &str, before: Option<&ConfigFile>| {
        let change = planned.changes.iter().find(|change| change.path == Path::new(name));
        change.map_or_else(|| before.map(|file| file.text.clone()), |change| change.after.clone())
    };
    let base = text("tauri.conf.json", Some(&before.base)).unwrap();
    let overlay = text("tauri.windows.conf.json", before.overlay(Platform::Windows));
    let again = plan(Path::new(""), &configs(&base, overlay.as_deref()), None, &needs).unwrap();
    assert_eq!(again.changes, []);
    [Some(base), overlay]
}

fn some(base: &str, overlay: Option<&str>) -> [Option<String>; 2] {
    [Some(base.to_owned()), overlay.map(str::to_owned)]
}

#[test]
fn resources_become_a_list_where_there_are_none() {
    assert_eq!(
        changed(&configs(r#"{"a":1}"#, None), &["binaries/a/"], &["binaries/a/"]),
        some(r#"{"a":1,"bundle":{"resources":["binaries/a/"]}}"#, None)
    );
}

#[test]
fn a_list_of_resources_keeps_the_users_and_the_spelling() {
    let before = r#"{"bundle":{"resources":["data/*","./binaries/a","binaries/old/"]}}"#;
    assert_eq!(
        changed(&configs(before, None), &["binaries/a/"], &["binaries/a/"]),
        some(r#"{"bundle":{"resources":["data/*","./binaries/a"]}}"#, None)
    );
}

#[test]
fn a_map_of_resources_stays_a_map() {
    let before = r#"{"bundle":{"resources":{"data/x":"x","binaries/old/":"old/"}}}"#;
    assert_eq!(
        changed(&configs(before, None), &["binaries/a/"], &["binaries/a/"]),
        some(r#"{"bundle":{"resources":{"data/x":"x","binaries/a/":"binaries/a/"}}}"#, None)
    );
}

#[test]
fn a_destination_that_the_user_chose_stays() {
    let before = r#"{"bundle":{"resources":{"binaries/a/":"tools/a/"}}}"#;
    assert_eq!(changed(&configs(before, None), &["binaries/a/"], &["binaries/a/"]), some(before, None));
}

#[test]
fn a_map_in_an_overlay_adds_to_that_of_the_base() {
    let base = r#"{"bundle":{"resources":{"data/x":"x"}}}"#;
    let overlay = r#"{"bundle":{"resources":{"data/y":"y","binaries/old/":"old/"}}}"#;
    assert_eq!(
        changed(&configs(base, Some(overlay)), &["binaries/a/"], &["binaries/a/", "binaries/b/"]),
        some(
            r#"{"bundle":{"resources":{"data/x":"x","binaries/a/":"binaries/a/"}}}"#,
            Some(r#"{"bundle":{"resources":{"data/y":"y","binaries/b/":"binaries/b/"}}}"#)
        )
    );
}

#[test]
fn a_new_overlay_of_a_map_names_what_is_more() {
    let base = "{\n  \"bundle\": {\n    \"resources\": { \"data/x\": \"x\" }\n  }\n}\n";
    let [after, overlay] = changed(&configs(base, None), &[], &["binaries/b/"]);
    assert_eq!(after.as_deref(), Some(base));
    let overlay = file("tauri.windows.conf.json", &overlay.unwrap());
    assert_eq!(overlay.root.to_json(), r#"{"bundle":{"resources":{"binaries/b/":"binaries/b/"}}}"#);
}

#[test]
fn an_overlay_without_resources_gets_what_is_more() {
    let base = r#"{"bundle":{"resources":{"data/x":"x"}}}"#;
    assert_eq!(
        changed(&configs(base, Some(r#"{"bundle":{"active":true}}"#)), &[], &["binaries/b/"])[1].as_deref(),
        Some(r#"{"bundle":{"active":true,"resources":{"binaries/b/":"binaries/b/"}}}"#)
    );
    let base = r#"{"bundle":{"resources":["data/x"]}}"#;
    assert_eq!(
        changed(&configs(base, Some(r#"{"bundle":{"active":true}}"#)), &[], &["binaries/b/"])[1].as_deref(),
        Some(r#"{"bundle":{"active":true,"resources":["data/x","binaries/b/"]}}"#)
    );
}

#[test]
fn a_list_in_an_overlay_replaces_the_bases_map() {
    let base = r#"{"bundle":{"resources":{"data/x":"x"}}}"#;
    let overlay = r#"{"bundle":{"resources":["data/y"]}}"#;
    assert_eq!(
        changed(&configs(base, Some(overlay)), &["binaries/a/"], &["binaries/a/"]),
        some(
            r#"{"bundle":{"resources":{"data/x":"x","binaries/a/":"binaries/a/"}}}"#,
            Some(r#"{"bundle":{"resources":["data/y","binaries/a/"]}}"#)
        )
    );
}

fn refused(base: &str, windows: Option<&str>) -> Error {
    let manifest = manifest();
    let error =
        plan(Path::new(""), &configs(base, windows), None, &resources(&manifest, &[], &[])).unwrap_err();
    assert_eq!(error.kind(), Kind::ConfigInvalid);
    error
}

#[test]
fn both_spellings_of_the_key_are_refused_with_their_places() {
    let expected = "`external-bin` and `externalBin` are one key, and both are set\n  first   \
                    tauri.conf.json:2:28 has `externalBin`\n  second  tauri.windows.conf.json:1:29 has \
                    `external-bin`\nhelp: write `externalBin` in both places";
    let base = "{\n \"bundle\": {\"externalBin\": []}}";
    let error = refused(base, Some(r#"{"bundle": {"external-bin": []}}"#));
    assert_eq!(error.to_string(), expected);
    let error = refused(r#"{"bundle": {"externalBin": [], "external-bin": []}}"#, None).to_string();
    let help = "help: move the entries of `externalBin` to `external-bin`, and remove `externalBin`";
    assert!(error.ends_with(help), "{error}");
    // Tauri sees one of them.
    let taken = configs(base, Some(r#"{"bundle": {"externalBin": null, "external-bin": []}}"#));
    let manifest = manifest();
    assert_eq!(plan(Path::new(""), &taken, None, &resources(&manifest, &[], &[])).unwrap().changes, []);
}

#[test]
fn another_type_in_the_place_of_a_list_is_refused_with_its_place() {
    assert!(refused(r#"{"bundle":{"externalBin":"x"}}"#, None).to_string().contains("tauri.conf.json:1:26"));
    assert!(refused(r#"{"bundle":{"externalBin":{}}}"#, None).to_string().contains("an object"));
    assert!(
        refused(r#"{"bundle":{"externalBin":["a",3]}}"#, None).to_string().contains("tauri.conf.json:1:31")
    );
    assert!(refused(r#"{"bundle":{"resources":true}}"#, None).to_string().contains("true or false"));
    refused("{}", Some(r#"{"bundle":{"externalBin":7}}"#));
}

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let manifest = manifest();
    let needs = resources(&manifest, &[], &[]);
    let foreign = Some("{\"identifier\": \"mine\"}".to_owned());
    assert_eq!(plan(Path::new(""), &configs("{}", None), foreign, &needs).unwrap().changes, []);
}
