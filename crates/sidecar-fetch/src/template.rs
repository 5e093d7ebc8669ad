//! `{placeholders}` of the manifest, known at build time.

use crate::error::{Error, Kind, nearest};
use crate::target::Target;

/// The placeholders of build time. Those of run time (`{port}`, …) belong to the `run` table.
pub(crate) const PLACEHOLDERS: [&str; 7] = ["version", "tag", "target", "os", "arch", "exe", "name"];

/// A text with placeholders, checked when it is parsed. `{{` and `}}` are not special: nothing that is named here
/// contains braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(String);

/// What placeholders stand for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) name: &'a str,
    pub(crate) tag: &'a str,
    /// The version that the tag names, or the tag itself where it names none.
    pub(crate) version: &'a str,
    pub(crate) target: &'a Target,
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('{') {
            let Some((word, tail)) = after.split_once('}') else {
                return Err(Error::new(
                    Kind::UnknownPlaceholder,
                    format!("`{text}` has a `{{` without its `}}`"),
                ));
            };
            if !PLACEHOLDERS.contains(&word) {
                let error = Error::new(
                    Kind::UnknownPlaceholder,
                    format!("unknown placeholder `{{{word}}}` in `{text}`"),
                )
                .fact("known", PLACEHOLDERS.map(|p| format!("{{{p}}}")).join(" "));
                return Err(match nearest(word, PLACEHOLDERS) {
                    Some(near) => error.help(format!("did you mean `{{{near}}}`?")),
                    None => error,
                });
            }
            rest = tail;
        }
        Ok(Self(text.to_owned()))
    }

    /// The text as it was written.
    pub(crate) fn source(&self) -> &str {
        &self.0
    }

    pub(crate) fn expand(&self, values: &Values<'_>) -> String {
        self.expand_with(values, &values.target.os(), &values.target.arch())
    }

    /// With other words than Rust's for `{os}` and `{arch}`.
    pub(crate) fn expand_with(&self, values: &Values<'_>, os: &str, arch: &str) -> String {
        let mut out = String::with_capacity(self.0.len() + 16);
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (word, tail) = after.split_once('}').unwrap_or((after, ""));
            out.push_str(before);
            match word {
                "version" => out.push_str(values.version),
                "tag" => out.push_str(values.tag),
                "target" => out.push_str(values.target.as_str()),
                "os" => out.push_str(os),
                "arch" => out.push_str(arch),
                "exe" => out.push_str(values.target.exe_suffix()),
                _ => out.push_str(values.name),
            }
            rest = tail;
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_every_placeholder() {
        let target = "x86_64-pc-windows-msvc".parse().unwrap();
        let values = Values { name: "ls", tag: "v1.2", version: "1.2", target: &target };
        let template = Template::parse("{name}|{tag}|{version}|{target}|{os}|{arch}|x{exe}").unwrap();
        assert_eq!(template.expand(&values), "ls|v1.2|1.2|x86_64-pc-windows-msvc|windows|x86_64|x.exe");
    }

    #[test]
    fn a_mistyped_placeholder_gets_the_nearest() {
        let error = Template::parse("a-{verison}").unwrap_err();
        assert_eq!(error.kind(), Kind::UnknownPlaceholder);
        assert!(error.to_string().ends_with("help: did you mean `{version}`?"), "{error}");
        assert!(Template::parse("a-{version").is_err());
    }
}
