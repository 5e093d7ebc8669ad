//! `shell = { … }`: what JavaScript may do with a sidecar through tauri-plugin-shell.

use crate::doc::{Located, Place, Value};
use crate::error::{Error, Kind};

/// What a sidecar's `shell` table grants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each command of the plugin")]
pub(crate) struct Shell {
    /// `Command.execute()`: run it to its end.
    pub(crate) execute: bool,
    /// `Command.spawn()`: start it.
    pub(crate) spawn: bool,
    /// `Child.kill()`.
    pub(crate) kill: bool,
    /// `Child.write()`.
    pub(crate) stdin_write: bool,
    pub(crate) args: Args,
}

/// The arguments that JavaScript may give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Args {
    /// None.
    #[default]
    None,
    /// Any.
    Any,
    /// These, one for one.
    List(Vec<Arg>),
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arg {
    /// This text.
    Fixed(String),
    /// Any text that the regular expression matches, as a whole unless `raw`.
    Validator { regex: String, raw: bool, at: Place },
}

impl Shell {
    /// Reads the table.
    pub(super) fn parse(value: Value<'_>) -> Result<Self, Error> {
        let mut table = value.table()?;
        let out = Self {
            execute: table.boolean("execute")?.unwrap_or_default(),
            spawn: table.boolean("spawn")?.unwrap_or_default(),
            kill: table.boolean("kill")?.unwrap_or_default(),
            stdin_write: table.boolean("stdin-write")?.unwrap_or_default(),
            args: table.take("args").map(Args::parse).transpose()?.unwrap_or_default(),
        };
        table.finish()?;
        Ok(out)
    }

    /// Whether it grants anything.
    pub(crate) fn grants(&self) -> bool {
        self.execute || self.spawn || self.kill || self.stdin_write
    }
}

impl Args {
    fn parse(value: Value<'_>) -> Result<Self, Error> {
        if !value.is_array() {
            let any = value.boolean_or("true, false or a list of arguments")?;
            return Ok(if any { Self::Any } else { Self::None });
        }
        let items = value.array("a list of arguments")?;
        // The plugin reads an empty list as `false`.
        if items.is_empty() {
            return Ok(Self::None);
        }
        items.into_iter().map(Arg::parse).collect::<Result<_, _>>().map(Self::List)
    }
}

impl Arg {
    fn parse(value: Value<'_>) -> Result<Self, Error> {
        if !value.is_table() {
            return value
                .string_or("strings and `{ validator = \"…\" }`")
                .map(|text| Self::Fixed(text.value));
        }
        let mut table = value.table()?;
        let (regex, raw) = (table.string("validator")?, table.boolean("raw")?.unwrap_or_default());
        let missing = table
            .error(Kind::BadValue, "an argument has no `validator`")
            .help("write `{ validator = \"…\" }`, or the argument's text as a string");
        // A mistyped key says more than the missing one.
        table.finish()?;
        let regex = regex.ok_or(missing)?;
        #[cfg(feature = "resolve")]
        check_regex(&regex, raw)?;
        let Located { value: regex, at } = regex;
        Ok(Self::Validator { regex, raw, at })
    }
}

/// How a validator stands in the scope. The plugin puts `^` and `$` around it unless it is raw, which without a group
/// of its own would leave every alternative but the last open at its end.
pub(crate) fn in_scope(regex: &str, raw: bool) -> String {
    if raw { regex.to_owned() } else { format!("(?:{regex})") }
}

/// Whether the plugin can use a validator: it panics at the app's start where it cannot. What is an expression only
/// together with our group, or only without it, is none.
#[cfg(feature = "resolve")]
fn check_regex(regex: &Located<String>, raw: bool) -> Result<(), Error> {
    let grouped = in_scope(&regex.value, raw);
    let in_plugin = if raw { grouped } else { format!("^{grouped}$") };
    let compiled = regex::Regex::new(&regex.value).and_then(|_| regex::Regex::new(&in_plugin));
    match compiled {
        Ok(_) => Ok(()),
        Err(cause) => Err(regex
            .error(Kind::BadRegex, format!("the validator `{}` is not a regular expression", regex.value))
            .fact("cause", cause)
            .help("write it as Rust's `regex` reads it, without look-around and back-references: https://docs.rs/regex/#syntax")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::doc::Document;

    fn parse(table: &str) -> Result<Shell, Error> {
        let document = Document::new(Path::new("sidecar.toml"), format!("shell = {table}\n"));
        Shell::parse(document.parse(Kind::ManifestInvalid).unwrap().take("shell").unwrap())
    }

    fn fails(table: &str) -> (Kind, String) {
        let error = parse(table).unwrap_err();
        (error.kind(), error.to_string())
    }

    #[test]
    fn what_is_not_named_is_not_granted() {
        assert_eq!(parse("{}").unwrap(), Shell::default());
        assert!(!parse("{ args = true }").unwrap().grants());
        let all = parse("{ execute = true, spawn = true, kill = true, stdin-write = true }").unwrap();
        assert!(all.execute && all.spawn && all.kill && all.stdin_write);
        for one in ["execute", "spawn", "kill", "stdin-write"] {
            assert!(parse(&format!("{{ {one} = true }}")).unwrap().grants(), "{one}");
            assert!(!parse(&format!("{{ {one} = false }}")).unwrap().grants(), "{one}");
        }
    }

    #[test]
    fn arguments_are_none_any_or_a_list() {
        let args = |text: &str| parse(&format!("{{ args = {text} }}")).unwrap().args;
        assert_eq!([args("false"), args("[]"), args("true")], [Args::None, Args::None, Args::Any]);
        let list = args(r#"["serve", { validator = '\d+' }, { validator = "a|b", raw = true }]"#);
        let Args::List(list) = list else { panic!("{list:?}") };
        assert_eq!(list[0], Arg::Fixed("serve".into()));
        assert!(matches!(&list[1], Arg::Validator { regex, raw: false, .. } if regex == r"\d+"));
        let Arg::Validator { regex, raw: true, at } = &list[2] else { panic!("{list:?}") };
        assert_eq!((regex.as_str(), at.to_string().as_str()), ("a|b", "sidecar.toml:1:65"));
    }

    #[test]
    fn what_does_not_fit_is_pointed_at() {
        for (table, kind, part) in [
            ("true", Kind::BadValue, "`shell` takes a table"),
            ("{ spwan = true }", Kind::UnknownKey, "did you mean `spawn`?"),
            ("{ spawn = 'yes' }", Kind::BadValue, "`shell.spawn` takes true or false"),
            ("{ args = 'x' }", Kind::BadValue, "`shell.args` takes true, false or a list of arguments"),
            ("{ args = ['x', 3] }", Kind::BadValue, "`shell.args` takes strings and `{ validator"),
            ("{ args = [{ raw = true }] }", Kind::BadValue, "has no `validator`"),
            ("{ args = [{ validater = 'x' }] }", Kind::UnknownKey, "did you mean `validator`?"),
            ("{ args = [{ validator = 'x', raw = 1 }] }", Kind::BadValue, "takes true or false"),
        ] {
            let (found, message) = fails(table);
            assert_eq!(found, kind, "{message}");
            assert!(message.contains(part) && message.contains("sidecar.toml:1:"), "{message}");
        }
    }

    #[cfg(feature = "resolve")]
    #[test]
    fn a_validator_is_an_expression_before_and_after_it_is_grouped() {
        let with =
            |regex: &str, raw: bool| format!("{{ args = [{{ validator = '{regex}', raw = {raw} }}] }}");
        for good in [r"\d+", "start|stop", "(?i)on", "(?x) a b", "", "^a$"] {
            assert!(parse(&with(good, false)).is_ok() && parse(&with(good, true)).is_ok(), "{good}");
        }
        // Would be an expression in the group; would close the group; a comment that swallows the group's end.
        for bad in ["(", "a)|(?:b", "(?x) a # b"] {
            let (kind, message) = fails(&with(bad, false));
            assert_eq!(kind, Kind::BadRegex, "{message}");
        }
        assert!(parse(&with("(?x) a # b", true)).is_ok());
        let (_, message) = fails(&with("a{2,1}", false));
        assert!(
            message.contains("invalid repetition count range") && message.contains("    a{2,1}\n"),
            "{message}"
        );
    }
}
