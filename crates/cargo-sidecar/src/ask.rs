//! Questions to the person at the terminal.
//!
//! Lines in, lines out: nothing is hidden or redrawn, so that an interrupted question leaves the terminal as it was,
//! and a screen reader reads what there is.

use std::io::{BufRead, IsTerminal as _, Write};

use anstyle::{Effects, Style};

const QUESTION: Style = Style::new().effects(Effects::BOLD);

/// Whether somebody is there to answer: both what is asked and the answer go through a terminal.
pub(crate) fn is_possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks until the answer is yes, no, or an empty line, which means `default`. `None`: there are no more answers.
pub(crate) fn yes_or_no(
    question: &str,
    default: bool,
    answers: &mut dyn BufRead,
    to: &mut dyn Write,
) -> std::io::Result<Option<bool>> {
    let choice = if default { "[Y/n]" } else { "[y/N]" };
    loop {
        write!(to, "{QUESTION}{question}{QUESTION:#} {choice} ")?;
        to.flush()?;
        let mut answer = String::new();
        if answers.read_line(&mut answer)? == 0 {
            writeln!(to)?;
            return Ok(None);
        }
        match answer.trim().to_lowercase().as_str() {
            "" => return Ok(Some(default)),
            "y" | "yes" => return Ok(Some(true)),
            "n" | "no" => return Ok(Some(false)),
            _ => writeln!(to, "Answer y or n; Ctrl-C leaves everything as it is.")?,
        }
    }
}

#[cfg(test)]
mod tests {
    fn ask(default: bool, answers: &str) -> (Option<bool>, String) {
        let mut asked = Vec::new();
        let answer = super::yes_or_no("Go?", default, &mut answers.as_bytes(), &mut asked).unwrap();
        let asked = anstream::adapter::strip_bytes(&asked).into_vec();
        (answer, String::from_utf8(asked).unwrap())
    }

    #[test]
    fn an_empty_line_is_the_default() {
        assert_eq!(ask(true, "\n"), (Some(true), "Go? [Y/n] ".into()));
        assert_eq!(ask(false, "\r\n"), (Some(false), "Go? [y/N] ".into()));
    }

    #[test]
    fn words_and_letters_count_in_any_case() {
        for (answer, means) in [("y", true), ("YES\n", true), (" n \n", false), ("No\n", false)] {
            assert_eq!(ask(!means, answer).0, Some(means), "{answer}");
        }
    }

    #[test]
    fn anything_else_is_asked_again_until_the_answers_end() {
        let (answer, asked) = ask(true, "what\nno\n");
        assert_eq!((answer, asked.matches("Go?").count()), (Some(false), 2));
        assert_eq!(ask(true, "what\n").0, None);
    }
}
