//! The `run` tables: how the supervisor runs the sidecars. A build hands them on as data, and compiles nothing for that;
//! where manifests are authored, `check` reads them as the supervisor will.

#[cfg(feature = "resolve")]
mod check;

use crate::config::Node;
use crate::doc::Value;
use crate::error::{Error, Kind};

/// One `[sidecar.<name>.run]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunTable {
    /// The table as it reaches the app.
    pub(crate) data: Node,
    #[cfg(feature = "resolve")]
    checked: check::Checked,
}

impl RunTable {
    pub(super) fn parse(sidecar: &str, value: &Value<'_>) -> Result<Self, Error> {
        if !value.is_table() {
            return Err(value.wrong_type("a table"));
        }
        let data = value.to_json().map_err(|(at, what)| {
            Error::new(Kind::RunInvalid, format!("the `run` table holds {what}"))
                .fact("at", at)
                .fact("reason", "it reaches the app as JSON, which has no form for that")
                .help("where a text is meant, write it in quotes")
                .of_sidecar(sidecar, None)
        })?;
        Ok(Self {
            data,
            #[cfg(feature = "resolve")]
            checked: check::Checked::parse(sidecar, value)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Manifest;
    use super::*;

    fn run(keys: &str) -> Result<RunTable, Error> {
        let text = format!("[sidecar.a]\ngithub = 'o/r'\n[sidecar.a.run]\n{keys}\n");
        let mut manifest = Manifest::parse(Path::new("sidecar.toml"), text)?;
        Ok(manifest.sidecars.remove("a").unwrap().run.unwrap())
    }

    #[test]
    fn a_table_is_handed_on_as_it_stands() {
        let keys = "port = 0x1F90\nargs = ['--db={data_dir}', \"\\u0001\\\"\"]\nenv = { B = 'x', A = '' }\n\
                    health.ready = 'http:/health'\npermanent-codes = [7_8]\n[sidecar.a.run.restart.backoff]\njitter = +20\n";
        let json = "{\"port\":8080,\"args\":[\"--db={data_dir}\",\"\\u0001\\\"\"],\"env\":{\"B\":\"x\",\"A\":\"\"},\
                    \"health\":{\"ready\":\"http:/health\"},\"permanent-codes\":[78],\"restart\":{\"backoff\":{\"jitter\":20}}}";
        assert_eq!(run(keys).unwrap().data.to_json(), json);
    }

    #[test]
    fn what_json_cannot_say_is_pointed_at() {
        for (keys, line, what) in [
            ("args = []\ncwd = 2026-01-02", 5, "a date or time"),
            ("args = ['a',\n 'b',\n 07:32:00]", 6, "a date or time"),
            (
                "[sidecar.a.run.restart.backoff]\njitter = 1.0\nfactor = -inf",
                6,
                "a number that is not finite",
            ),
            ("limits = { cpu = nan }", 4, "a number that is not finite"),
            ("port = 0x1_0000_0000_0000_0000", 4, "a whole number of more than 64 bits"),
            ("z = 1979-05-27\na = nan", 4, "a date or time"),
        ] {
            let error = run(keys).unwrap_err();
            assert_eq!(error.kind(), Kind::RunInvalid, "{error}");
            assert_eq!(error.headline(), format!("sidecar `a`: the `run` table holds {what}"));
            let at = error.facts().find(|(key, _)| *key == "at").unwrap().1;
            assert!(at.starts_with(&format!("sidecar.toml:{line}:")), "{keys}: {error}");
        }
    }

    #[test]
    fn something_else_than_a_table_is_refused() {
        let text = "[sidecar.a]\ngithub = 'o/r'\nrun = 'always'\n";
        let error = Manifest::parse(Path::new("sidecar.toml"), text.to_owned()).unwrap_err();
        assert_eq!(error.kind(), Kind::BadValue);
        assert!(error.to_string().contains("sidecar.toml:3:7"), "{error}");
    }
}
