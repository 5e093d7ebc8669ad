//! `OUT_DIR/sidecar-spec.json`: where each sidecar is installed and how it is run, as the app's supervisor reads it.
//!
//! The format is sidecar-spec's, whose types no build compiles: a `run` table is data here.

use super::constants::Spelling;
use crate::config::{Node, Value};

/// Name of the file, which `sidecar_supervisor::spec_json!()` embeds.
pub(super) const FILE: &str = "sidecar-spec.json";

/// Tells the macro where it is: without this line the compiler says who did not write it.
pub(super) const VARIABLE: &str = "SIDECAR_SPEC";

/// The version of the format: `sidecar_spec::SPEC_VERSION`.
const SPEC_VERSION: u32 = 1;

/// The text of the file, with the sidecars and their `run` tables.
///
/// A sidecar without such a table has no `run`. The supervisor takes that as an empty one: it leaves the sidecar alone when
/// it starts all, and the app finds it by its name and can run its program once.
pub(super) fn text<'a>(sidecars: impl IntoIterator<Item = (Spelling<'a>, Option<&'a Node>)>) -> String {
    let sidecars = sidecars.into_iter().map(|(spelling, run)| {
        let run = run.map(|run| ("run", run.clone()));
        (spelling.name, Node::object([("install", install(&spelling))].into_iter().chain(run)))
    });
    let version = Node::new(Value::Number(SPEC_VERSION.to_string()));
    Node::object([("spec", version), ("sidecars", Node::object(sidecars))]).to_json() + "\n"
}

fn install(spelling: &Spelling<'_>) -> Node {
    let string = |text: &str| Node::new(Value::String(text.to_owned()));
    // A tree lies in the same place in the app's sources and among its resources.
    let place = match spelling.resource() {
        Some(resource) => ("resource", string(&resource)),
        None => ("binaries", string(spelling.binaries)),
    };
    let version = spelling.version.map(|version| ("version", string(version)));
    Node::object([("install-as", string(spelling.install_as)), place].into_iter().chain(version))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::manifest::Manifest;

    fn spelling(name: &str) -> Spelling<'_> {
        Spelling { name, install_as: "my-tool", binaries: "src/binaries", version: Some("1.2.0"), tree: None }
    }

    /// The `run` tables of a manifest, by the names of their sidecars.
    fn text_of(manifest: &str) -> String {
        let manifest = Manifest::parse(Path::new("sidecar.toml"), manifest.to_owned()).unwrap();
        let data = |name: &str| manifest.sidecars[name].run.as_ref().map(|run| &run.data);
        text(manifest.sidecars.keys().map(|name| (spelling(name), data(name))))
    }

    #[test]
    fn each_sidecar_has_its_place_and_its_run_table() {
        let text = text_of(
            "[sidecar.api]\ngithub = 'o/r'\nrun = { args = ['{db.url}'], depends-on = ['db'] }\n\
             [sidecar.db]\ngithub = 'o/r'\ninstall-as = 'x'\n[sidecar.db.run]\n",
        );
        let place =
            "\"install\":{\"install-as\":\"my-tool\",\"binaries\":\"src/binaries\",\"version\":\"1.2.0\"}";
        assert_eq!(
            text,
            format!(
                "{{\"spec\":1,\"sidecars\":{{\"api\":{{{place},\"run\":{{\"args\":[\"{{db.url}}\"],\"depends-on\":[\"db\"]}}}},\
                 \"db\":{{{place},\"run\":{{}}}}}}}}\n"
            )
        );
    }

    #[test]
    fn without_a_run_table_there_is_a_place_alone() {
        let text = text([(Spelling { version: None, ..spelling("ffmpeg") }, None)]);
        assert_eq!(
            text,
            "{\"spec\":1,\"sidecars\":{\"ffmpeg\":{\"install\":{\"install-as\":\"my-tool\",\"binaries\":\"src/binaries\"}}}}\n"
        );
    }

    #[test]
    fn a_tree_is_found_below_the_resources() {
        let tree = Spelling { tree: Some("bin/tool".to_owned()), ..spelling("tool") };
        let text = text([(tree, None)]);
        assert!(
            text.contains("{\"install-as\":\"my-tool\",\"resource\":\"src/binaries/my-tool/bin/tool\",\"version\":\"1.2.0\"}"),
            "{text}"
        );
    }

    #[test]
    fn no_sidecars_are_a_spec_as_well() {
        assert_eq!(text([]), "{\"spec\":1,\"sidecars\":{}}\n");
    }

    /// What builds write is what the app reads.
    #[cfg(feature = "resolve")]
    mod as_the_app_reads_it {
        use sidecar_spec::{Run, Spec};

        use super::*;

        #[test]
        fn the_version_is_that_of_the_format() {
            assert_eq!(SPEC_VERSION, sidecar_spec::SPEC_VERSION);
        }

        #[test]
        fn every_key_arrives_as_toml_had_it() {
            let examples = [
                include_str!("../../../sidecar-spec/tests/it/examples/full.toml"),
                include_str!("../../../sidecar-spec/tests/it/examples/small.toml"),
                "",
            ];
            for example in examples {
                let expected: Run = toml::from_str(example).unwrap();
                let tables = example.replace("\n[", "\n[sidecar.it.run.");
                let text = text_of(&format!("[sidecar.it]\ngithub = 'o/r'\n[sidecar.it.run]\n{tables}"));
                let read = Spec::from_json(&text).unwrap();
                assert_eq!(read.sidecars["it"].run, expected, "{text}");
            }
        }

        #[test]
        fn places_arrive() {
            let tree = Spelling { tree: Some("tool".to_owned()), ..spelling("tree") };
            let unlocked = Spelling { version: None, ..spelling("file") };
            let read = Spec::from_json(&text([(tree, None), (unlocked, None)])).unwrap();
            let install = |name: &str| read.sidecars[name].install.clone().unwrap();
            let tree = install("tree");
            assert_eq!((tree.resource.as_deref(), tree.binaries), (Some("src/binaries/my-tool/tool"), None));
            assert_eq!((&*tree.install_as, tree.version.as_deref()), ("my-tool", Some("1.2.0")));
            let file = install("file");
            assert_eq!(
                (file.binaries.as_deref(), file.resource, file.version),
                (Some("src/binaries"), None, None)
            );
            assert_eq!(read.sidecars["file"].run, Run::default());
        }
    }
}
