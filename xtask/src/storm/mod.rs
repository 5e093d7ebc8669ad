//! `cargo xtask storm processes`: apps that die at any moment, sidecars that misbehave, and what was left of them.
//!
//! The cases are in two test programs, which `cargo test` runs in a short form: the keeper's own and the supervisor's.
//! This runs them case by case, in as many rounds as are asked for, and puts what they tell into one table.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

mod account;
mod plan;
mod program;
mod told;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use account::Account;
use plan::{Case, PLAN};

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish<'a> {
    rounds: Option<u32>,
    seed: Option<u64>,
    long: bool,
    require: bool,
    names: Vec<&'a str>,
}

pub(crate) fn run(words: &[&str]) -> Result<()> {
    let ["processes", words @ ..] = words else {
        return Err(Error::new("which storm? There is one: `cargo xtask storm processes`"));
    };
    let wish = Wish::parse(words)?;
    if !cfg!(target_os = "linux") {
        return Err(Error::new("the storm kills what the keeper owns, which only Linux has so far"));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs());
    let seed = wish.seed.unwrap_or(now);
    let programs = program::build()?;
    let mut account = Account::new(seed);
    for case in wish.chosen()? {
        println!("\n== {}: {}", case.id, case.about);
        let begin = Instant::now();
        let rounds = wish.rounds.or(wish.long.then_some(case.long));
        let outcome = program::run(&programs, case, rounds, seed)?;
        account.add(case, rounds, outcome);
        println!("({:.0} s)", begin.elapsed().as_secs_f32());
    }
    print!("\n{}", account.text());
    if wish.long && wish.names.is_empty() {
        let path = account.commit()?;
        println!("\n{}", path.display());
    }
    account.judge(wish.require)
}

impl<'a> Wish<'a> {
    fn parse(words: &[&'a str]) -> Result<Self> {
        let mut wish = Self::default();
        let mut rest = words;
        loop {
            rest = match rest {
                [] => return Ok(wish),
                ["--long", rest @ ..] => {
                    wish.long = true;
                    rest
                }
                ["--require", "programs", rest @ ..] => {
                    wish.require = true;
                    rest
                }
                ["--rounds", number, rest @ ..] => {
                    let rounds = number.parse().ok().filter(|rounds| *rounds > 0);
                    wish.rounds = Some(rounds.ok_or_else(|| no_number("--rounds", number))?);
                    rest
                }
                ["--seed", number, rest @ ..] => {
                    wish.seed = Some(number.parse().map_err(|_| no_number("--seed", number))?);
                    rest
                }
                [flag, ..] if flag.starts_with('-') => {
                    let known = "--rounds N, --seed N, --long, --require programs, NAME…";
                    return Err(Error::new(format!("`{flag}` is none of: {known}")));
                }
                [name, rest @ ..] => {
                    wish.names.push(*name);
                    rest
                }
            };
        }
    }

    /// The cases whose number a name is, or whose name it is a part of, in the order of the table; all, where there is no
    /// name.
    fn chosen(&self) -> Result<Vec<&'static Case>> {
        let is_number = |name: &str| PLAN.iter().any(|case| case.id.eq_ignore_ascii_case(name));
        let is = |case: &Case, name: &str| {
            if is_number(name) { case.id.eq_ignore_ascii_case(name) } else { case.name.contains(name) }
        };
        if let Some(unknown) = self.names.iter().find(|name| !PLAN.iter().any(|case| is(case, name))) {
            let known: Vec<String> =
                PLAN.iter().map(|case| format!("  {:4} {}", case.id, case.name)).collect();
            return Err(Error::new(format!("`{unknown}` is no case\n\n{}", known.join("\n"))));
        }
        let wanted = |case: &&Case| self.names.is_empty() || self.names.iter().any(|name| is(case, name));
        Ok(PLAN.iter().filter(wanted).collect())
    }
}

fn no_number(flag: &str, text: &str) -> Error {
    Error::new(format!("`{flag}` takes a number, not `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_flags_and_names() {
        let wish = Wish::parse(&["--rounds", "3", "t1", "--seed", "7", "--require", "programs"]).unwrap();
        let expected = Wish { rounds: Some(3), seed: Some(7), long: false, require: true, names: vec!["t1"] };
        assert_eq!(wish, expected);
        for bad in [&["--rounds", "0"][..], &["--rounds"], &["--seed", "x"], &["--require", "cli"]] {
            assert!(Wish::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_number_is_one_test_of_the_table_and_no_other() {
        let chosen = |names: &[&str]| Wish::parse(names).unwrap().chosen();
        assert!(chosen(&["t1"]).unwrap().iter().all(|case| case.id == "T1"));
        assert!(chosen(&["killed_when"]).unwrap().iter().all(|case| case.id == "T1"));
        assert_eq!(chosen(&[]).unwrap().len(), PLAN.len());
        assert!(chosen(&["t99"]).unwrap_err().to_string().contains("  T2"));
    }
}
