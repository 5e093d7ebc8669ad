//! `dist-manifest.json`: which archive is for which system, and where the program is in it, in cargo-dist's form.

use serde_json::{Map, Value, json};

use super::{Asset, DOCUMENTS, Holds, PROGRAM};
use crate::registry::exe;

/// The map of a release.
pub(super) fn text(assets: &[Asset], version: &str) -> String {
    let mut artifacts = Map::new();
    for asset in assets {
        let checksum = format!("{}.sha256", asset.name);
        let (described, triples) = match &asset.holds {
            Holds::Program { triple, .. } => (program(asset, triple, &checksum), vec![triple]),
            Holds::Package => (package(asset, &checksum), Vec::new()),
        };
        artifacts.insert(asset.name.clone(), described);
        artifacts.insert(
            checksum.clone(),
            json!({ "name": checksum, "kind": "checksum", "target_triples": triples }),
        );
    }
    artifacts.insert("sha256.sum".to_owned(), json!({ "name": "sha256.sum", "kind": "unified-checksum" }));
    let names: Vec<&String> = artifacts.keys().collect();
    let release = json!({ "app_name": PROGRAM, "app_version": version, "artifacts": names });
    let manifest = json!({
        "announcement_tag": format!("v{version}"),
        "releases": [release],
        "artifacts": artifacts,
    });
    format!("{manifest:#}\n")
}

/// Paths are relative to the archive's one directory, where it has one.
fn program(asset: &Asset, triple: &str, checksum: &str) -> Value {
    let program = json!({
        "id": format!("{PROGRAM}-{}-exe", triple),
        "name": PROGRAM,
        "path": format!("{PROGRAM}{}", exe(triple)),
        "kind": "executable",
    });
    let documents = DOCUMENTS.iter().map(|name| {
        let kind = if name.starts_with("LICENSE") { "license" } else { "readme" };
        json!({ "name": name, "path": name, "kind": kind })
    });
    json!({
        "name": asset.name,
        "kind": "executable-zip",
        "target_triples": [triple],
        "assets": std::iter::once(program).chain(documents).collect::<Vec<_>>(),
        "checksum": checksum,
        "checksums": { "sha256": asset.sha256 },
    })
}

/// It is for no system, and holds nothing that runs: whoever looks for a program passes it over.
fn package(asset: &Asset, checksum: &str) -> Value {
    json!({
        "name": asset.name,
        "kind": "extra-artifact",
        "target_triples": [],
        "checksum": checksum,
        "checksums": { "sha256": asset.sha256 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_for_no_system_and_no_program() {
        let name = "tauri-plugin-sidecar-api-1.2.3.tgz".to_owned();
        let asset = Asset { name: name.clone(), holds: Holds::Package, sha256: "cd".repeat(32), size: 1 };
        let map: Value = serde_json::from_str(&text(&[asset], "1.2.3")).unwrap();
        let artifact = &map["artifacts"][&name];
        assert_eq!((&artifact["kind"], &artifact["target_triples"]), (&json!("extra-artifact"), &json!([])));
        assert_eq!(artifact["assets"], Value::Null);
        assert_eq!(artifact["checksums"]["sha256"], "cd".repeat(32));
    }

    #[test]
    fn the_map_leads_from_a_triple_to_a_program() {
        let triple = "x86_64-pc-windows-msvc".to_owned();
        let name = "cargo-sidecar-x86_64-pc-windows-msvc.zip".to_owned();
        let holds = Holds::Program { triple: triple.clone(), built: None };
        let asset = Asset { name: name.clone(), holds, sha256: "ab".repeat(32), size: 1 };
        let map: Value = serde_json::from_str(&text(&[asset], "1.2.3")).unwrap();
        let artifact = &map["artifacts"][&name];
        assert_eq!(artifact["target_triples"], json!([triple]));
        assert_eq!(artifact["assets"][0]["path"], "cargo-sidecar.exe");
        assert_eq!(artifact["checksums"]["sha256"], "ab".repeat(32));
        assert_eq!(map["announcement_tag"], "v1.2.3");
        assert_eq!(map["releases"][0]["artifacts"].as_array().unwrap().len(), 3);
    }
}
