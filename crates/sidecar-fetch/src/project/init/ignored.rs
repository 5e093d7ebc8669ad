//! The rule for the binaries in an ignore file.

/// The file with the rule at its end; `None` where it has it already, in any of the usual spellings. Line endings and a
/// missing last one stay as they are.
pub(in crate::project) fn with_rule(before: &str, directory: &str) -> Option<String> {
    let bare = |line: &str| {
        let line = line.trim().trim_start_matches('\u{feff}').trim_start_matches("./");
        line.trim_end_matches('*').trim_matches('/').to_owned()
    };
    if before.lines().any(|line| bare(line) == bare(directory)) {
        return None;
    }
    let end = if before.contains("\r\n") { "\r\n" } else { "\n" };
    let rule = format!("/{}/", bare(directory));
    Some(match before {
        "" => rule + end,
        _ if before.ends_with('\n') => format!("{before}{rule}{end}"),
        _ => format!("{before}{end}{rule}"),
    })
}

#[cfg(test)]
mod tests {
    use super::with_rule;

    #[test]
    fn the_rule_is_added_once_in_the_files_own_style() {
        for (before, after) in [
            ("", "/binaries/\n"),
            ("/target\n", "/target\n/binaries/\n"),
            ("/target", "/target\n/binaries/"),
            ("/target\r\n", "/target\r\n/binaries/\r\n"),
            ("/target\r\n/gen", "/target\r\n/gen\r\n/binaries/"),
            ("# binaries\n!binaries\n", "# binaries\n!binaries\n/binaries/\n"),
        ] {
            assert_eq!(with_rule(before, "binaries").as_deref(), Some(after));
            assert_eq!(with_rule(after, "binaries"), None);
        }
    }

    #[test]
    fn the_usual_spellings_are_known() {
        for line in [
            "binaries",
            "/binaries",
            "binaries/",
            "/binaries/*",
            "binaries/**",
            "./binaries ",
            "\u{feff}binaries\r",
        ] {
            assert_eq!(with_rule(line, "./binaries/"), None, "{line}");
        }
    }
}
