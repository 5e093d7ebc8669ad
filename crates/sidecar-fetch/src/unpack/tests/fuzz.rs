use super::*;
use proptest::prelude::*;

/// An archive of every kind, holding `tool` with `sample(2000)` in it, and the name of the asset.
fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let tar = tar::tar(&[("dir/first", &sample(300)), ("tool", &sample(2000))]);
    vec![
        ("tool.tar", tar.clone()),
        ("tool.tar.gz", streams::gzip(&tar)),
        ("tool.tar.xz", streams::xz(&tar)),
        ("tool.tar.zst", streams::zstd(&tar)),
        ("tool.tar.bz2", streams::bzip2(&tar)),
        ("tool.zip", zip::zip(&[("dir/first", &sample(300)), ("tool", &sample(2000))])),
        ("tool.gz", streams::gzip(&sample(2000))),
        ("tool.xz", streams::xz(&sample(2000))),
        ("tool.zst", streams::zstd(&sample(2000))),
        ("tool.bz2", streams::bzip2(&sample(2000))),
    ]
}

/// Lists and extracts; panics are what the caller looks for. Returns the member where it came out.
fn use_it(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let asset = asset(name, bytes);
    let entries = asset.list();
    if let Ok(entries) = &entries {
        for entry in entries.iter().take(4) {
            let got = asset.get_limited(&entry.path, 1 << 20);
            if let (Ok(got), Some(size)) = (&got, entry.size) {
                assert_eq!(got.len() as u64, size, "a wrong length passed");
            }
        }
    }
    asset.get_limited("tool", 1 << 20).ok().filter(|_| entries.is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), kind in 0..10_usize) {
        let (name, whole) = &archives()[kind];
        use_it(name, &bytes);
        // Random bytes behind a beginning that is right.
        let begin = &whole[..whole.len().min(20)];
        use_it(name, &[begin, &bytes].concat());
    }

    #[test]
    fn mutations_never_panic_and_never_change_the_length(
        kind in 0..10_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (name, whole) = &archives()[kind];
        let mut bytes = whole.clone();
        for (at, value) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let came_out = use_it(name, &bytes);
        if let (Some(member), true) = (came_out, *name == "tool.xz" || *name == "tool.gz") {
            prop_assert_eq!(member, sample(2000));
        }
    }

    #[test]
    fn tars_of_any_files_are_read_back(
        files in proptest::collection::btree_map("[a-z]{1,8}(/[a-zé ]{1,60}){0,4}", proptest::collection::vec(any::<u8>(), 0..1500), 1..6),
    ) {
        let list: Vec<(&str, &[u8])> = files.iter().map(|(p, b)| (&p[..], &b[..])).collect();
        for (name, bytes) in [("x.tar", tar::tar(&list)), ("x.zip", zip::zip(&list))] {
            let asset = asset(name, &bytes);
            prop_assert_eq!(asset.paths(), files.keys().cloned().collect::<Vec<_>>());
            for (path, content) in &list {
                prop_assert_eq!(&asset.get(path).unwrap(), content);
            }
        }
    }
}
