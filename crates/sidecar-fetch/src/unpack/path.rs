//! Paths inside archives, judged before anything else looks at them.

/// The longest path that is read, in bytes: Linux' `PATH_MAX`.
pub(super) const LONGEST: usize = 4096;

/// The path in one spelling (`a/b`, without `.` and doubled slashes; empty for the archive's root), or why it leaves the
/// archive on one system or another. `/` and `\` both separate for that judgement, as Windows reads them.
pub(super) fn clean(path: &str) -> Result<String, &'static str> {
    if path.len() > LONGEST {
        return Err("its path is longer than 4096 bytes");
    }
    if path.contains('\0') {
        return Err("its path contains a NUL byte");
    }
    if path.split(['/', '\\']).any(climbs) {
        return Err("its path leaves the archive through `..`");
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let clean = parts.join("/");
    for path in [path, &clean] {
        if path.starts_with(['/', '\\']) {
            return Err("its path is absolute");
        }
        let first = path.split(['/', '\\']).find(|part| !matches!(*part, "" | ".")).unwrap_or_default();
        if matches!(first.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic()) {
            return Err("its path starts with a drive letter");
        }
    }
    Ok(clean)
}

/// Where the symbolic link at `link` leads, when it says `to`; `None` where that is not inside the archive.
pub(super) fn behind(link: &str, to: &str) -> Option<String> {
    if to.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    clean(&parts.join("/")).ok().filter(|path| !path.is_empty())
}

/// Whether a component is `..`, also as Windows reads it: without trailing dots and spaces.
fn climbs(part: &str) -> bool {
    part.starts_with("..") && part.chars().all(|c| matches!(c, '.' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn honest_paths_get_one_spelling() {
        for (path, expected) in [
            ("./", ""),
            ("a/b", "a/b"),
            ("./a//b/./c/", "a/b/c"),
            ("dev-disk-by\\x2duuid.mount", "dev-disk-by\\x2duuid.mount"),
            ("share/man/Foo::Bar.3", "share/man/Foo::Bar.3"),
            ("..a/b..", "..a/b.."),
        ] {
            assert_eq!(clean(path).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn paths_that_leave_the_archive_are_refused() {
        for path in [
            "..",
            "../x",
            "a/../../x",
            "a/..",
            "..\\x",
            "a\\..\\x",
            "/etc/passwd",
            "\\\\server\\share\\x",
            "//server/share/x",
            "\\\\?\\C:\\x",
            "\\\\.\\nul",
            "\\x",
            "C:x",
            "c:\\x",
            "./C:x",
            ".//\\x",
            "a/.. /x",
            "a/.../x",
            "a\0b",
        ] {
            assert!(clean(path).is_err(), "{path:?}");
        }
        assert!(clean(&"a/".repeat(3000)).is_err());
    }

    #[test]
    fn links_lead_from_where_they_stand() {
        let to = |link, to| behind(link, to);
        assert_eq!(to("lib/x.so", "x.so.1").as_deref(), Some("lib/x.so.1"));
        assert_eq!(to("d/lib/x.so", "../lib64/./x.so").as_deref(), Some("d/lib64/x.so"));
        assert_eq!(to("x.so", "lib//x.so").as_deref(), Some("lib/x.so"));
        for (link, target) in
            [("x", "../x"), ("a/x", "../../etc/x"), ("a/x", "/etc/x"), ("a/x", ".."), ("x", ""), ("x", "C:y")]
        {
            assert_eq!(to(link, target), None, "{link} -> {target}");
        }
    }

    proptest! {
        #[test]
        fn a_clean_path_stays_below_its_root(path in "[a.:/\\\\C \\x00]{0,12}") {
            if let Ok(clean) = clean(&path) {
                let below = std::path::Path::new("/root").join(&clean);
                prop_assert!(below.starts_with("/root"));
                prop_assert!(!clean.split(['/', '\\']).any(|part| part == ".."));
                prop_assert_eq!(super::clean(&clean), Ok(clean.clone()));
            }
        }
    }
}
