//! What `doctor` prints: a line for each check, what to do below those that found something.

use serde_json::{Value, json};
use sidecar_fetch::{Check, CheckState, Error, Kind};

use crate::out::{Out, data, help, message, printable, state};

/// Prints the checks; gives the error that ends the command where one of them found a problem.
pub(super) fn report(out: Out, checks: &[Check]) -> Option<Error> {
    if out.json {
        for check in checks {
            message("check", &as_json(check));
        }
    } else {
        let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
        let is_shown = |check: &&Check| !out.quiet || check.state >= CheckState::Warning;
        data(checks.iter().filter(is_shown).flat_map(|check| lines(check, width)));
    }
    let problems: Vec<&Check> = checks.iter().filter(|check| check.state == CheckState::Problem).collect();
    let Some(first) = problems.first() else {
        out.status("Checked", summary(checks));
        return None;
    };
    let headline = format!("{} of {} checks found a problem", problems.len(), checks.len());
    let error = Error::new(Kind::DoctorFailed, headline)
        .fact("first", format_args!("{}: {}", first.name, first.found));
    Some(match &first.help {
        Some(help) => error.help(help.clone()),
        None => error,
    })
}

/// A check, its facts and its help, the latter only where there is something to do about it.
fn lines(check: &Check, width: usize) -> Vec<String> {
    let mut out = vec![format!("{} {:width$}  {}", state(check.state), check.name, printable(&check.found))];
    let indent = " ".repeat(12 + 1 + width + 2);
    let key_width = check.facts.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
    for (key, value) in &check.facts {
        for (i, line) in value.lines().enumerate() {
            let key = if i == 0 { printable(key) } else { String::new() };
            out.push(format!("{indent}{key:key_width$}  {}", printable(line)));
        }
    }
    out.extend(check.help.as_deref().map(|step| format!("{indent}{}", help(&printable(step)))));
    out
}

fn as_json(check: &Check) -> Value {
    let facts: Vec<Value> =
        check.facts.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    json!({
        "name": check.name, "state": check.state.word(), "found": check.found, "facts": facts, "help": check.help,
    })
}

/// `23 checks: 1 note, 2 warnings`.
fn summary(checks: &[Check]) -> String {
    let counted = |state: CheckState| {
        let count = checks.iter().filter(|check| check.state == state).count();
        (count > 0).then(|| format!("{count} {}{}", state.word(), if count == 1 { "" } else { "s" }))
    };
    let found: Vec<String> =
        [CheckState::Note, CheckState::Warning].into_iter().filter_map(counted).collect();
    let things = format!("{} thing{}", checks.len(), if checks.len() == 1 { "" } else { "s" });
    match found.as_slice() {
        [] => format!("{things}, and all is well"),
        found => format!("{things}: {}", found.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(state: CheckState) -> Check {
        Check {
            name: "lock",
            state,
            found: "found\u{1b}[2J".to_owned(),
            facts: vec![("at".to_owned(), "one\ntwo".to_owned())],
            help: Some("do it".to_owned()),
        }
    }

    #[test]
    fn what_is_found_stands_in_columns() {
        let lines = lines(&check(CheckState::Ok), 6);
        let plain = |line: &str| anstream::adapter::strip_str(line).to_string();
        let lines: Vec<String> = lines.iter().map(|line| plain(line)).collect();
        assert_eq!(lines[0], "          ok lock    found\u{fffd}[2J");
        assert_eq!(
            lines[1..],
            [
                "                     at  one",
                "                         two",
                "                     help: do it"
            ]
        );
    }

    #[test]
    fn the_summary_counts_what_is_not_well() {
        assert_eq!(summary(&[check(CheckState::Ok)]), "1 thing, and all is well");
        let several = [CheckState::Note, CheckState::Warning, CheckState::Warning].map(check);
        assert_eq!(summary(&several), "3 things: 1 note, 2 warnings");
    }
}
