//! What we take for the effective configuration of every case of the corpus, written down so that `cargo xtask tauri`
//! can hold it against what the real tauri-build does.
#![expect(clippy::disallowed_methods, reason = "fixtures are read as they are")]

use std::fmt::Write as _;
use std::path::Path;

use super::drift::resources;
use super::{Configs, Platform, external_bin};

#[test]
fn every_system_sees_what_is_written_down() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let written = fixtures.join("effective.txt");
    let mut now = "# What Tauri sees: case, side, system: bundle.externalBin | bundle.resources\n".to_owned();
    let cases = crate::fsx::read_dir(&fixtures.join("configs")).unwrap();
    for case in cases.iter().filter(|case| case.is_dir()) {
        for side in ["before", "after"] {
            let Some(configs) = Configs::read(&case.join(side), &Platform::DESKTOP).unwrap() else {
                continue;
            };
            for platform in Platform::DESKTOP {
                let effective = configs.effective(platform, None);
                let (entries, resources) =
                    (external_bin(&effective).join(", "), resources(&effective).join(", "));
                let name = case.file_name().unwrap().to_string_lossy();
                writeln!(now, "{name} {side} {}: {entries} | {resources}", platform.in_file_names()).unwrap();
            }
        }
    }
    if std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite") {
        std::fs::write(written, now).unwrap();
        return;
    }
    let then = std::fs::read_to_string(written).unwrap().replace("\r\n", "\n");
    let first = then.lines().zip(now.lines()).find(|(then, now)| then != now);
    assert!(then == now, "SNAPSHOTS=overwrite renews it; the first difference: {first:?}");
}
