//! Printing: data on stdout, everything else on stderr, cargo's look.

use std::fmt::{Display, Write as _};
use std::io::Write;

use anstream::{stderr, stdout};
use anstyle::{AnsiColor, Effects, Style};
use serde_json::{Value, json};
use sidecar_fetch::{CheckState, Error};

use crate::args::{Color, Format, Global};

const GOOD: Style = AnsiColor::BrightGreen.on_default().effects(Effects::BOLD);
const WARN: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
const BAD: Style = AnsiColor::BrightRed.on_default().effects(Effects::BOLD);
const HELP: Style = AnsiColor::BrightCyan.on_default().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);

/// How this run prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Out {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    /// Whether progress may have colours; what is printed asks the stream itself.
    pub(crate) color: Color,
}

impl Out {
    /// Takes the choice of colours into effect for the process.
    pub(crate) fn new(global: &Global) -> Self {
        let choice = match global.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let json = global.message_format == Format::Json;
        Self { json, quiet: global.quiet, verbose: global.verbose, color: global.color }
    }

    /// A status line: the verb right-aligned to column 12, as cargo prints it.
    pub(crate) fn status(self, verb: &str, message: impl Display) {
        if !self.quiet && !self.json {
            let _ = line(&mut stderr(), format_args!("{GOOD}{verb:>12}{GOOD:#} {}", printable(message)));
        }
    }

    /// A status line that only `--verbose` shows.
    pub(crate) fn detail(self, verb: &str, message: impl Display) {
        if self.verbose {
            self.status(verb, message);
        }
    }

    pub(crate) fn warning(self, message: impl Display) {
        if self.json {
            self::message("warning", &json!({ "message": message.to_string() }));
        } else if !self.quiet {
            let _ = line(&mut stderr(), format_args!("{WARN}warning{WARN:#}: {}", printable(message)));
        }
    }

    /// An error: headline, aligned facts, help.
    pub(crate) fn error(self, error: &Error) {
        if self.json {
            return message("error", &error_as_json(error));
        }
        let text = error.to_string();
        let body = text.strip_prefix(error.headline()).unwrap_or_default();
        let rest = match error.help_text() {
            Some(help) => {
                let facts = body.strip_suffix(help).and_then(|b| b.strip_suffix("help: ")).unwrap_or(body);
                format!("{facts}{}", self::help(help))
            }
            None => body.to_owned(),
        };
        let _ = line(&mut stderr(), format_args!("{BAD}error{BAD:#}: {}{rest}", error.headline()));
    }
}

/// A JSON message on a line of its own, told apart by `reason` as cargo's are.
pub(crate) fn message(reason: &str, fields: &Value) {
    let mut message = json!({ "reason": reason });
    if let (Some(message), Some(fields)) = (message.as_object_mut(), fields.as_object()) {
        message.extend(fields.clone());
    }
    data([message]);
}

/// Data, a line each.
pub(crate) fn data(lines: impl IntoIterator<Item = impl Display>) {
    let mut out = stdout();
    if let Err(error) = lines.into_iter().try_for_each(|text| line(&mut out, format_args!("{text}"))) {
        lost(&error);
    }
}

/// Writes a line. That standard error is closed or full is nothing that anybody could be told.
fn line(to: &mut dyn Write, text: std::fmt::Arguments<'_>) -> std::io::Result<()> {
    writeln!(to, "{text}")?;
    to.flush()
}

/// Ends the process where data cannot be written: silently for a reader that has seen enough, such as `head`.
pub(crate) fn lost(error: &std::io::Error) -> ! {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    let _ = line(
        &mut stderr(),
        format_args!("{BAD}error{BAD:#}: cannot write to standard output\n  cause  {error}"),
    );
    std::process::exit(sidecar_fetch::Kind::Io.exit_code().into());
}

/// Text without control characters: names come from servers and from locks, and could change what stands above.
pub(crate) fn printable(text: impl Display) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.to_string().chars().map(shown).collect()
}

/// The error as `{ code, message, help, facts }`.
fn error_as_json(error: &Error) -> Value {
    let facts: Vec<Value> = error.facts().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    json!({ "code": error.kind().code(), "message": error.headline(), "help": error.help_text(), "facts": facts })
}

/// A table with aligned columns and a dimmed head; the last column is not padded.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let width = |i: usize| {
        let cells = rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count());
        cells.chain([head[i].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for (cell, width) in cells.zip(&widths) {
            let _ = write!(out, "{:<width$}  ", printable(cell));
        }
        out.trim_end().to_owned()
    };
    let first = format!("{DIM}{}{DIM:#}", line(&mut head.iter().copied()));
    std::iter::once(first).chain(rows.iter().map(|row| line(&mut row.iter().map(String::as_str)))).collect()
}

/// The state of a check, right-aligned to column 12 as cargo's verbs are, in the colour of what it means.
pub(crate) fn state(state: CheckState) -> String {
    let style = match state {
        CheckState::Ok => GOOD,
        CheckState::Note => HELP,
        CheckState::Warning => WARN,
        CheckState::Problem => BAD,
    };
    format!("{style}{:>12}{style:#}", state.word())
}

/// The word in front of a step that can be done now.
pub(crate) fn help(step: &str) -> String {
    format!("{HELP}help{HELP:#}: {step}")
}

/// A size for people: `812 B`, `4.2 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["long".to_owned(), "2".to_owned()]];
        let lines = super::table(&["NAME", "N"], &rows);
        assert_eq!(lines[1..], ["a     1", "long  2"]);
    }

    #[test]
    fn control_characters_are_shown_as_such() {
        assert_eq!(super::printable("a\x1b[2J\r\u{9b}b"), "a\u{fffd}[2J\u{fffd}\u{fffd}b");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(super::bytes(812), "812 B");
        assert_eq!(super::bytes(4_404_019), "4.20 MiB");
    }
}
