//! The line in the build script, for every script that a person may have written.

use std::ops::Range;

/// The call that a build script needs.
pub(super) const CALL: &str = "sidecar_fetch::build();";

/// What becomes of a build script.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Script {
    HasIt,
    Changed(String),
    /// Why a person has to put the call in, and how.
    Unclear(String),
}

/// A build script for an app that has none.
pub(super) fn new(tauri: bool) -> String {
    let build = if tauri { "    tauri_build::build();\n" } else { "" };
    format!("fn main() {{\n    {CALL}\n{build}}}\n")
}

/// The script with our call as the first statement of `main`: what else stands there, such as attributes on the call
/// into `tauri_build`, keeps its meaning.
pub(super) fn with_call(text: &str) -> Script {
    if has_call(text) {
        return Script::HasIt;
    }
    let code = code_of(text);
    let unclear =
        |why: &str| Script::Unclear(format!("{why}; put `{CALL}` in front of what calls `tauri_build`"));
    let mains = mains(&code);
    let [main] = mains.as_slice() else {
        return unclear(if mains.is_empty() { "it has no `fn main`" } else { "it has several `fn main`" });
    };
    if code[..main.start].trim_end().ends_with("async") {
        return Script::Unclear(format!(
            "its `main` is async, where a call that blocks may panic; let it be called from a `main` that begins with `{CALL}`"
        ));
    }
    let Some(open) = code[main.end..].find('{').map(|at| main.end + at) else {
        return unclear("its `main` has no body");
    };
    if code[open + 1..].trim_start().starts_with("#!") {
        return unclear("its `main` begins with an inner attribute");
    }
    Script::Changed(inserted(text, open))
}

/// The lines, from 1, of our call and of that into `tauri_build`, where ours comes behind and so too late.
pub(in crate::project) fn too_late(text: &str) -> Option<[usize; 2]> {
    let code = code_of(text);
    let call = |package: &str| {
        let calls = ["build(", "try_build("].map(|function| code.find(&format!("{package}::{function}")));
        calls.into_iter().flatten().min()
    };
    let (ours, tauri) = (call("sidecar_fetch")?, call("tauri_build")?);
    let line = |at: usize| code[..at].matches('\n').count() + 1;
    (tauri < ours).then(|| [line(ours), line(tauri)])
}

/// Whether a script names us, in whatever way; comments and strings do not count.
pub(in crate::project) fn has_call(text: &str) -> bool {
    has_word(text, "sidecar_fetch")
}

/// Whether code has an identifier; comments and strings do not count.
pub(in crate::project) fn has_word(text: &str, word: &str) -> bool {
    !words(&code_of(text), word).is_empty()
}

/// Puts the call behind the brace at `open`: on a line of its own where nothing but a comment follows on that line.
fn inserted(text: &str, open: usize) -> String {
    let (head, rest) = text.split_at(open + 1);
    let Some(line_end) = rest.find('\n').map(|at| open + 1 + at + 1).filter(|_| {
        let line = rest.lines().next().unwrap_or_default().trim();
        line.is_empty() || line.starts_with("//")
    }) else {
        let space = if rest.starts_with(char::is_whitespace) { "" } else { " " };
        return format!("{head} {CALL}{space}{rest}");
    };
    let indent_of = |line: &str| line[..line.len() - line.trim_start().len()].to_owned();
    let begin = text[..open].rfind('\n').map_or(0, |at| at + 1);
    let body = text[line_end..].lines().find(|line| !line.trim().is_empty());
    let indent = match body.filter(|line| !line.trim_start().starts_with('}')) {
        Some(line) => indent_of(line),
        None => format!("{}    ", indent_of(&text[begin..line_end])),
    };
    let end = if text[..line_end].ends_with("\r\n") { "\r\n" } else { "\n" };
    format!("{}{indent}{CALL}{end}{}", &text[..line_end], &text[line_end..])
}

/// Where `fn main` stands.
fn mains(code: &str) -> Vec<Range<usize>> {
    let is_function = |main: &Range<usize>| {
        let before = code[..main.start].trim_end();
        words(before, "fn").last().is_some_and(|word| word.end == before.len())
    };
    let function = |main: Range<usize>| code[..main.start].rfind("fn").unwrap_or(main.start)..main.end;
    words(code, "main").into_iter().filter(is_function).map(function).collect()
}

/// Where a word stands alone.
fn words(code: &str, word: &str) -> Vec<Range<usize>> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let alone = |at: &usize| !code[..*at].ends_with(part) && !code[at + word.len()..].starts_with(part);
    code.match_indices(word).map(|(at, _)| at).filter(alone).map(|at| at..at + word.len()).collect()
}

/// The text with blanks for what is no code (comments, strings, characters), byte for byte at the same place.
fn code_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = not_code(rest, out.chars().next_back());
        let (taken, after) = rest.split_at(if skipped == 0 { c.len_utf8() } else { skipped });
        if skipped == 0 {
            out.push_str(taken);
        } else {
            out.extend(taken.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
        }
        rest = after;
    }
    out
}

/// How many bytes at the beginning of `rest` are a comment or a literal; `before` is what stands in front of it.
fn not_code(rest: &str, before: Option<char>) -> usize {
    let until =
        |from: usize, end: &str| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if let Some(raw) =
        rest.strip_prefix('r').filter(|_| !in_word || before == Some('b') || before == Some('c'))
    {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return until(hashes + 2, &format!("\"{}", "#".repeat(hashes)));
        }
    }
    // `'a'` and `'\n'` are characters, `'a` is a lifetime.
    let mut character = rest.strip_prefix('\'').unwrap_or_default().chars();
    match (character.next(), character.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted(rest, '\''),
        _ => 0,
    }
}

/// The length of a literal between two `mark`s.
fn quoted(rest: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a block comment with those inside it.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let Some(next) = rest[at..].find(['/', '*']).map(|found| at + found) else { return rest.len() };
        if rest[next..].starts_with("/*") {
            (depth, at) = (depth + 1, next + 2);
        } else if rest[next..].starts_with("*/") {
            (depth, at) = (depth - 1, next + 2);
        } else {
            at = next + 1;
        }
        if depth == 0 {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn changed(text: &str) -> String {
        match with_call(text) {
            Script::Changed(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_call_comes_first_in_main() {
        assert_eq!(
            changed("fn main() {\n    tauri_build::build()\n}\n"),
            "fn main() {\n    sidecar_fetch::build();\n    tauri_build::build()\n}\n"
        );
        assert_eq!(
            changed("fn main() { tauri_build::build() }"),
            "fn main() { sidecar_fetch::build(); tauri_build::build() }"
        );
        assert_eq!(changed("fn main() {}"), "fn main() { sidecar_fetch::build(); }");
        assert_eq!(changed("fn main() {\n}\n"), "fn main() {\n    sidecar_fetch::build();\n}\n");
    }

    #[test]
    fn line_endings_and_indentation_are_those_of_the_script() {
        assert_eq!(
            changed("fn main()\r\n{ // starts\r\n\r\n\tx();\r\n}"),
            "fn main()\r\n{ // starts\r\n\tsidecar_fetch::build();\r\n\r\n\tx();\r\n}"
        );
    }

    #[test]
    fn attributes_and_expressions_keep_what_they_are_about() {
        let text = "fn main() -> Result<(), Error> {\n  #[cfg(not(feature = \"clippy\"))]\n  tauri_build::build();\n  Ok(())\n}\n";
        assert_eq!(changed(text), text.replacen("  #", "  sidecar_fetch::build();\n  #", 1));
        let text =
            "fn main() {\n    if let Err(e) =\n        tauri_build::try_build(attributes()) {\n    }\n}\n";
        assert_eq!(changed(text), text.replacen("    if", "    sidecar_fetch::build();\n    if", 1));
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        for text in [
            "// sidecar_fetch::build();\n/* fn main() { /* x */ { */\nfn main() {\n}\n",
            "const A: &str = \"sidecar_fetch \\\" fn main() {\";\nfn main() {\n}\n",
            "const A: &str = r#\"fn main() { \" \"#;\nconst B: char = '\"';\nfn main() {\n}\n",
            "fn f<'a>(x: &'a str) {}\nconst Q: [char; 2] = ['{', '\\''];\nfn main() {\n}\n",
            "fn main_window() {}\nfn domain() {}\nfn main() {\n}\n",
        ] {
            let expected = text.replace("fn main() {\n}", "fn main() {\n    sidecar_fetch::build();\n}");
            assert_eq!(changed(text), expected);
        }
    }

    #[test]
    fn a_script_that_has_the_call_stays() {
        for text in [
            "fn main() { sidecar_fetch::build(); }",
            "use sidecar_fetch as s;\nfn main() { s::build(); }",
            "fn main() -> R { sidecar_fetch::try_build()?; Ok(()) }",
        ] {
            assert_eq!(with_call(text), Script::HasIt);
        }
        assert_eq!(with_call(&changed("fn main() {\n}\n")), Script::HasIt);
        assert_eq!(with_call(&new(true)), Script::HasIt);
    }

    #[test]
    fn the_call_must_come_before_tauris() {
        assert_eq!(too_late("fn main() {\n    sidecar_fetch::build();\n    tauri_build::build()\n}\n"), None);
        assert_eq!(
            too_late("fn main() {\n    tauri_build::build();\n    sidecar_fetch::build();\n}\n"),
            Some([3, 2])
        );
        assert_eq!(
            too_late("fn main() { tauri_build::try_build(a()); sidecar_fetch::build() }"),
            Some([1, 1])
        );
        assert_eq!(too_late("fn main() { sidecar_fetch::try_build(); tauri_build::build() }"), None);
        assert_eq!(too_late("// tauri_build::build()\nfn main() { sidecar_fetch::build(); }"), None);
        assert_eq!(too_late("use tauri_build::Attributes;\nfn main() { sidecar_fetch::build(); }"), None);
    }

    #[test]
    fn what_is_unclear_is_left_to_a_person() {
        for (text, why) in [
            ("include!(\"other.rs\");", "it has no `fn main`"),
            ("#[cfg(a)]\nfn main() {}\n#[cfg(not(a))]\nfn main() {}", "it has several `fn main`"),
            ("fn main() {\n    #![allow(x)]\n}", "its `main` begins with an inner attribute"),
            ("fn main", "its `main` has no body"),
        ] {
            let Script::Unclear(said) = with_call(text) else { panic!("{text}") };
            assert!(
                said.starts_with(why) && said.ends_with("in front of what calls `tauri_build`"),
                "{said}"
            );
        }
        let Script::Unclear(said) = with_call("#[tokio::main]\nasync fn main() {}") else { panic!("async") };
        assert!(said.contains("async") && !said.contains("in front of"), "{said}");
    }

    #[test]
    fn a_new_script_builds_what_there_is() {
        assert_eq!(new(true), "fn main() {\n    sidecar_fetch::build();\n    tauri_build::build();\n}\n");
        assert_eq!(new(false), "fn main() {\n    sidecar_fetch::build();\n}\n");
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_only_added_to(text in "(fn main\\(\\)|\\{|\\}|\"|'|r#|//|/\\*|\\*/|\\\\|\n|\r\n| |é|a|async|#!){0,40}") {
            prop_assert_eq!(code_of(&text).len(), text.len());
            if let Script::Changed(after) = with_call(&text) {
                prop_assert_eq!(with_call(&after), Script::HasIt);
                prop_assert_eq!(after.matches(CALL).count(), 1);
                let at = after.find(CALL).unwrap();
                let kept: String = after.replacen(CALL, "", 1).split_whitespace().collect();
                prop_assert_eq!(kept, text.split_whitespace().collect::<String>());
                prop_assert!(at > 0);
            }
        }
    }
}
