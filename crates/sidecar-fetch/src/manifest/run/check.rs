//! The `run` tables as the supervisor will read them: with sidecar-spec's types.

use sidecar_spec::{Program, Run, Spec, nearest};

use super::super::Manifest;
use crate::doc::{Place, Value};
use crate::error::{Error, Kind, some_of};

/// A table whose every key and value is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    /// Where the table begins.
    at: Place,
    run: Run,
}

impl Checked {
    pub(super) fn parse(sidecar: &str, value: &Value<'_>) -> Result<Self, Error> {
        let at = value.place();
        let run = value.deserialize().map_err(|(at, reason)| {
            Error::new(Kind::RunInvalid, "the `run` table cannot be read")
                .fact("at", at)
                .fact("reason", reason)
                .of_sidecar(sidecar, None)
        })?;
        Ok(Self { at, run })
    }
}

impl Manifest {
    /// What the `run` tables ask for together, and of the other tables.
    pub(crate) fn check_runs(&self) -> Result<(), Error> {
        let runs =
            || self.sidecars.values().filter_map(|s| Some((s.name.as_str(), &s.run.as_ref()?.checked)));
        for (name, table) in runs() {
            self.check_program(name, table)?;
        }
        let problems = Spec::new(runs().map(|(name, table)| (name, table.run.clone()))).check();
        let Some(first) = problems.first() else { return Ok(()) };
        let mut error = Error::new(Kind::RunInvalid, first.message.clone()).of_sidecar(&first.sidecar, None);
        if let Some((_, table)) = runs().find(|(name, _)| *name == first.sidecar) {
            error = error.fact("at", &table.at);
        }
        error = error.fact("problem", first.kind);
        for other in &problems[1..] {
            error = error.fact("also", other);
        }
        Err(match &first.help {
            Some(help) => error.help(help),
            None => error,
        })
    }

    /// A program that is named must be one that is provisioned.
    fn check_program(&self, sidecar: &str, table: &Checked) -> Result<(), Error> {
        let Some(Program::Provisioned(name)) = &table.run.program else { return Ok(()) };
        if self.sidecars.contains_key(name) {
            return Ok(());
        }
        let names = self.sidecars.keys().map(String::as_str);
        let help = match nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "write a file as `program = { path = \"…\" }`, or one on PATH as `{ on-path = \"…\" }`".into()
            }
        };
        let headline = format!("`program` names `{name}`, and there is no such sidecar");
        Err(Error::new(Kind::RunInvalid, headline)
            .fact("at", &table.at)
            .fact("sidecars", some_of(self.sidecars.keys()))
            .help(help)
            .of_sidecar(sidecar, None))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn check(runs: &str) -> Result<(), Error> {
        Manifest::parse(Path::new("sidecar.toml"), runs.to_owned())?.check_runs()
    }

    #[test]
    fn tables_that_work_together_are_fine() {
        check(
            "[sidecar.db]\ngithub = 'o/db'\n[sidecar.db.run]\n[sidecar.api]\ngithub = 'o/api'\n[sidecar.api.run]\n\
             program = 'db'\nargs = ['{db.url}']\ndepends-on = ['db']\n[sidecar.tool]\ngithub = 'o/tool'\n",
        )
        .unwrap();
    }

    #[test]
    fn a_value_is_pointed_at_where_it_stands() {
        let error =
            check("[sidecar.a]\ngithub = 'o/r'\n[sidecar.a.run]\nstdin = 'pipe'\nport = 0\n").unwrap_err();
        assert_eq!(error.kind(), Kind::RunInvalid);
        assert!(error.facts().any(|fact| fact == ("at", "sidecar.toml:5:8")), "{error}");
    }

    #[test]
    fn every_problem_is_listed() {
        let error =
            check("[sidecar.a]\ngithub = 'o/r'\nrun = { port = 'none', args = ['{port}', '{token}'] }\n");
        let error = error.unwrap_err();
        let keys: Vec<&str> = error.facts().map(|(key, _)| key).collect();
        assert_eq!(keys, ["at", "problem", "also"]);
        assert!(error.facts().any(|fact| fact == ("at", "sidecar.toml:3:7")), "{error}");
    }
}
