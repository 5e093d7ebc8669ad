//! What a command would change in files, as a unified diff: what `--dry-run` prints.

use std::path::Path;

use anstyle::{AnsiColor, Effects, Style};
use serde_json::json;
use sidecar_fetch::FileChange;
use similar::{ChangeTag, TextDiff};

use crate::out::{Out, data, message, printable};

const HEAD: Style = Style::new().effects(Effects::BOLD);
const HUNK: Style = AnsiColor::Cyan.on_default();
const ADDED: Style = AnsiColor::Green.on_default();
const GONE: Style = AnsiColor::Red.on_default();
const SAME: Style = Style::new();

/// Prints the changes with paths relative to `root`, the app's directory: on standard output, so that it can be piped
/// into `patch -p1` or a pager. As JSON it is one message for each file.
pub(crate) fn print(out: Out, changes: &[FileChange], root: &Path) {
    for change in changes.iter().filter(|change| change.before != change.after) {
        let lines = lines(change, root);
        if !out.json {
            data(lines.iter().map(|(style, text)| format!("{style}{text}{style:#}")));
            continue;
        }
        let diff: String = lines.iter().flat_map(|(_, text)| [text.as_str(), "\n"]).collect();
        let fields = json!({
            "path": change.path, "created": change.before.is_none(), "removed": change.after.is_none(), "diff": diff,
        });
        message("change", &fields);
    }
}

/// The lines of the diff, each with its look. Control characters are shown as such, except the tab and the carriage
/// return before the end of a line, which are bytes that a patch must have.
fn lines(change: &FileChange, root: &Path) -> Vec<(Style, String)> {
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    let path = shown(&change.path, root);
    let name = |side: &str, text: Option<&str>| {
        text.map_or_else(|| "/dev/null".to_owned(), |_| format!("{side}/{path}"))
    };
    let mut out =
        vec![(HEAD, format!("--- {}", name("a", before))), (HEAD, format!("+++ {}", name("b", after)))];
    let diff = TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default());
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        out.push((HUNK, hunk.header().to_string()));
        for line in hunk.iter_changes() {
            let (style, mark) = match line.tag() {
                ChangeTag::Equal => (SAME, ' '),
                ChangeTag::Delete => (GONE, '-'),
                ChangeTag::Insert => (ADDED, '+'),
            };
            let text = line.value();
            let body = text.trim_end_matches(['\r', '\n']);
            let body: Vec<String> = body.split('\t').map(printable).collect();
            let end = if text.ends_with("\r\n") { "\r" } else { "" };
            out.push((style, format!("{mark}{}{end}", body.join("\t"))));
            if line.missing_newline() {
                out.push((SAME, "\\ No newline at end of file".to_owned()));
            }
        }
    }
    out
}

/// A path relative to the app with `/` in it on every system; in full where it lies elsewhere.
pub(crate) fn shown(path: &Path, root: &Path) -> String {
    let Ok(relative) = path.strip_prefix(root) else { return printable(path.display()) };
    let parts: Vec<String> = relative.iter().map(|part| printable(part.display())).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(before: Option<&str>, after: Option<&str>) -> String {
        let change = FileChange {
            path: "/app/capabilities/x.json".into(),
            before: before.map(Into::into),
            after: after.map(Into::into),
        };
        lines(&change, Path::new("/app")).iter().flat_map(|(_, line)| [line.as_str(), "\n"]).collect()
    }

    #[test]
    fn a_changed_file_shows_three_lines_around() {
        let expected = "--- a/capabilities/x.json\n+++ b/capabilities/x.json\n\
            @@ -2,5 +2,6 @@\n 2\n 3\n 4\n+four and a half\n 5\n 6\n";
        assert_eq!(text(Some("1\n2\n3\n4\n5\n6\n"), Some("1\n2\n3\n4\nfour and a half\n5\n6\n")), expected);
    }

    #[test]
    fn new_and_removed_files_have_no_other_side() {
        assert_eq!(
            text(None, Some("{}\n")),
            "--- /dev/null\n+++ b/capabilities/x.json\n@@ -0,0 +1 @@\n+{}\n"
        );
        assert_eq!(
            text(Some("{}\n"), None),
            "--- a/capabilities/x.json\n+++ /dev/null\n@@ -1 +0,0 @@\n-{}\n"
        );
    }

    #[test]
    fn line_endings_and_the_missing_one_are_in_it() {
        let expected = "--- a/capabilities/x.json\n+++ b/capabilities/x.json\n@@ -1,2 +1,2 @@\n a\r\n-b\n\
            \\ No newline at end of file\n+c\tC\n\\ No newline at end of file\n";
        assert_eq!(text(Some("a\r\nb"), Some("a\r\nc\tC")), expected);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert!(text(None, Some("a\x1b[2Jb\n")).contains("+a\u{fffd}[2Jb\n"));
    }

    #[test]
    fn paths_elsewhere_are_shown_in_full() {
        assert_eq!(shown(Path::new("/other/Cargo.toml"), Path::new("/app")), "/other/Cargo.toml");
        assert_eq!(shown(Path::new("/app/a/b"), Path::new("/app")), "a/b");
    }
}
