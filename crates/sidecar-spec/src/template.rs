//! Texts with the placeholders of run time, checked when they are parsed.

use std::fmt;
use std::str::FromStr;

use crate::Invalid;
use crate::nearest::nearest;
use crate::read::text;

/// A text with placeholders: `--port={port}`. `{{` and `}}` stand for one brace; a lone `}` stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    source: String,
    pieces: Vec<Piece>,
}

text!(Template, "a text, with placeholders such as `{port}` where wanted", None);

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text that stands for itself.
    Text(String),
    /// What is put in when the sidecar starts.
    Placeholder(Placeholder),
}

/// What stands in braces. Which of them are known depends on the sidecar: [`Spec::check`](crate::Spec::check) tells.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Placeholder {
    /// `{port}`: the sidecar's port, where it is known before the start (a lease, a number, an inherited socket).
    Port,
    /// `{host}`: `127.0.0.1` or `::1`.
    Host,
    /// `{data_dir}`: the app's directory for data that stays.
    DataDir,
    /// `{instance_dir}`: a directory of this run of the app, only for its user.
    InstanceDir,
    /// `{resource_dir}`: the app's bundled resources.
    ResourceDir,
    /// `{token}`: this launch's secret. Only in `env`: arguments can be read by every user of the machine.
    Token,
    /// `{nonce}`: what the sidecar answers to prove itself; needs `identity = "nonce"`.
    Nonce,
    /// `{name}`: the sidecar's name.
    Name,
    /// `{mode}`: the mode of the app, such as `production`.
    Mode,
    /// `{other.port}`: the port of a sidecar that is named in `depends-on`.
    PortOf(String),
    /// `{other.url}`: `http://host:port` of a sidecar that is named in `depends-on`.
    UrlOf(String),
}

/// The placeholders without another sidecar's name.
const OWN: [(&str, Placeholder); 9] = [
    ("port", Placeholder::Port),
    ("host", Placeholder::Host),
    ("data_dir", Placeholder::DataDir),
    ("instance_dir", Placeholder::InstanceDir),
    ("resource_dir", Placeholder::ResourceDir),
    ("token", Placeholder::Token),
    ("nonce", Placeholder::Nonce),
    ("name", Placeholder::Name),
    ("mode", Placeholder::Mode),
];

/// Placeholders of the other tables of `sidecar.toml`, which look as if they could stand here.
const BUILD_TIME: [&str; 6] = ["version", "tag", "target", "os", "arch", "exe"];

impl Template {
    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its parts, in order; never two texts behind each other.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Its placeholders, in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Placeholder(placeholder) => Some(placeholder),
            Piece::Text(_) => None,
        })
    }

    /// The text with a value for each placeholder, or the first placeholder without one.
    pub fn expand(
        &self,
        mut value: impl FnMut(&Placeholder) -> Option<String>,
    ) -> Result<String, &Placeholder> {
        let mut out = String::with_capacity(self.source.len() + 16);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Placeholder(placeholder) => out.push_str(&value(placeholder).ok_or(placeholder)?),
            }
        }
        Ok(out)
    }

    /// A text without placeholders, whatever braces it holds.
    pub fn literal(text: &str) -> Self {
        let pieces = if text.is_empty() { Vec::new() } else { vec![Piece::Text(text.to_owned())] };
        Self { source: text.replace('{', "{{").replace('}', "}}"), pieces }
    }
}

impl FromStr for Template {
    type Err = Invalid;

    fn from_str(source: &str) -> Result<Self, Invalid> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some(brace) = rest.find(['{', '}']) {
            text.push_str(&rest[..brace]);
            let (sign, after) = rest[brace..].split_at(1);
            rest = after;
            if let Some(after) = rest.strip_prefix(sign) {
                text.push_str(sign);
                rest = after;
            } else if sign == "}" {
                text.push('}');
            } else {
                let (word, after) = rest
                    .split_once('}')
                    .ok_or_else(|| Invalid::new("a `{` has no `}`; one brace is written `{{`"))?;
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(Piece::Placeholder(word.parse()?));
                rest = after;
            }
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self { source: source.to_owned(), pieces })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl FromStr for Placeholder {
    type Err = Invalid;

    /// Parses what stands between the braces.
    fn from_str(word: &str) -> Result<Self, Invalid> {
        if let Some((_, own)) = OWN.iter().find(|(name, _)| *name == word) {
            return Ok(own.clone());
        }
        // A name may hold dots itself, so the last one counts.
        let hint = match word.rsplit_once('.') {
            _ if BUILD_TIME.contains(&word) => "it is known only when the program is provisioned".to_owned(),
            Some((other, "port")) if is_name(other) => return Ok(Self::PortOf(other.to_owned())),
            Some((other, "url")) if is_name(other) => return Ok(Self::UrlOf(other.to_owned())),
            Some((other, field)) if is_name(other) => match nearest(field, ["port", "url"]) {
                Some(near) => format!("did you mean `{{{other}.{near}}}`?"),
                None => format!("of `{other}` there are `{{{other}.port}}` and `{{{other}.url}}`"),
            },
            _ => own_hint(word),
        };
        Err(Invalid::new(format!("`{{{word}}}` is no placeholder; {hint}")))
    }
}

fn own_hint(word: &str) -> String {
    if let Some(near) = nearest(word, OWN.iter().map(|(name, _)| *name)) {
        return format!("did you mean `{{{near}}}`?");
    }
    let known: Vec<String> = OWN.iter().map(|(name, _)| format!("`{{{name}}}`")).collect();
    format!(
        "known are {}, `{{other.port}}` and `{{other.url}}`; one brace is written `{{{{`",
        known.join(", ")
    )
}

/// Whether it can be a sidecar's name: letters, digits, `-`, `_` and `.`, beginning with a letter or digit.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.ends_with('.')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PortOf(other) => write!(f, "{{{other}.port}}"),
            Self::UrlOf(other) => write!(f, "{{{other}.url}}"),
            own => {
                let name = OWN.iter().find(|(_, known)| known == own).map_or("", |(name, _)| name);
                write!(f, "{{{name}}}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Template {
        text.parse().unwrap()
    }

    #[test]
    fn every_placeholder_is_parsed_and_shown_alike() {
        let text =
            "{port}{host}{data_dir}{instance_dir}{resource_dir}{token}{nonce}{name}{mode}{db.port}{a.b.url}";
        let template = parse(text);
        assert_eq!(template.placeholders().map(ToString::to_string).collect::<String>(), text);
        assert_eq!(template.placeholders().last(), Some(&Placeholder::UrlOf("a.b".into())));
    }

    #[test]
    fn two_braces_are_one() {
        let value = |_: &Placeholder| Some("8080".to_owned());
        assert_eq!(parse(r#"{{"port":{port}}}"#).expand(value).unwrap(), r#"{"port":8080}"#);
        assert_eq!(parse("a}b").expand(value).unwrap(), "a}b");
        assert_eq!(Template::literal("{port}").expand(value).unwrap(), "{port}");
    }

    #[test]
    fn expanding_stops_at_what_is_not_known() {
        let template = parse("{host}:{port}");
        let unknown = template.expand(|p| (*p == Placeholder::Host).then(|| "::1".into())).unwrap_err();
        assert_eq!(unknown, &Placeholder::Port);
    }

    #[test]
    fn mistyped_ones_get_the_nearest() {
        for (text, expected) in [
            ("{prot}", "`{prot}` is no placeholder; did you mean `{port}`?"),
            ("{data-dir}", "`{data-dir}` is no placeholder; did you mean `{data_dir}`?"),
            ("{db.prot}", "`{db.prot}` is no placeholder; did you mean `{db.port}`?"),
            (
                "{db.address}",
                "`{db.address}` is no placeholder; of `db` there are `{db.port}` and `{db.url}`",
            ),
            ("{port", "a `{` has no `}`; one brace is written `{{`"),
        ] {
            assert_eq!(text.parse::<Template>().unwrap_err().to_string(), expected);
        }
        let all = "{}".parse::<Template>().unwrap_err().to_string();
        assert!(all.contains("`{port}`") && all.contains("`{other.url}`"), "{all}");
    }

    proptest! {
        #[test]
        fn any_text_parses_or_says_why(text in r"[\PC{}.]{0,40}") {
            match text.parse::<Template>() {
                Ok(template) => prop_assert_eq!(template.source(), text),
                Err(why) => prop_assert!(!why.to_string().is_empty()),
            }
        }

        #[test]
        fn a_literal_is_what_it_was(text in r"[a-z{}]{0,20}") {
            let template = Template::literal(&text);
            prop_assert_eq!(template.expand(|_| None), Ok(text));
            prop_assert_eq!(template.source().parse::<Template>().unwrap(), template);
        }
    }
}
