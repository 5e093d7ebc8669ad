//! What it is told to do: `--flag`, `--flag value` or `--flag=value`.

use std::fmt::Write as _;
use std::net::SocketAddr;

/// What stands behind a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Text,
    Number,
    Address,
    Tree,
}

use Takes::{Address, Nothing, Number, Text, Tree};

const KNOWN: [(&str, Takes, &str); 48] = [
    ("--help", Nothing, "this list"),
    ("--marker", Text, "nothing: a word by which the process is found, as all that it forks carries it"),
    ("--delay", Number, "waits so many milliseconds before anything else"),
    ("--print-fds", Nothing, "prints the numbers of its open descriptors"),
    ("--print-env", Text, "prints a variable (repeatable)"),
    ("--print-cwd", Nothing, "prints its working directory"),
    ("--print-pid", Nothing, "prints its number"),
    ("--ignore-term", Nothing, "ignores SIGTERM, as do all that it forks"),
    ("--fork", Number, "forks so many children"),
    ("--setsid", Number, "forks so many children with a session of their own"),
    ("--daemonize", Number, "forks so many daemons: twice forked, with a session of their own"),
    ("--tree", Tree, "DEPTHxWIDTH: forks that many children, each of which does the same"),
    ("--spawn", Number, "executes itself so many times, with an empty environment"),
    ("--storm", Number, "a child starts so many daemons, as fast as it can, while the rest goes on"),
    ("--worm", Number, "a chain of so many daemons, each of which starts the next and ends"),
    ("--hold-stdout-by-grandchild", Nothing, "what it forks keeps standard output open"),
    ("--bind", Address, "listens there; port 0 is a free one"),
    ("--bind-also", Address, "listens there as well, and answers nothing"),
    ("--no-reuse", Nothing, "binds without SO_REUSEADDR"),
    ("--listen-fds", Nothing, "listens on descriptor 3, which it was given as systemd gives it"),
    ("--http", Nothing, "answers 200 to GET /health, and ends at POST /shutdown"),
    ("--status", Number, "answers this instead of 200"),
    ("--wrong-nonce", Nothing, "answers another nonce than its own"),
    ("--token-env", Text, "answers 401 without the secret that this variable holds"),
    ("--token-file", Text, "answers 401 without the secret that this file holds"),
    ("--deaf-to-shutdown", Nothing, "answers POST /shutdown and stays"),
    ("--hang-after", Number, "answers nothing any more after so many milliseconds, and ignores SIGTERM"),
    ("--announce", Text, "a line with {port} and {host} filled in (repeatable)"),
    ("--announce-on", Text, "stderr: announces there"),
    ("--announce-after", Number, "announces after so many milliseconds"),
    ("--announce-bytes", Nothing, "writes announcements byte by byte"),
    ("--announce-file", Text, "writes the announcement into this file"),
    ("--say", Text, "prints a line, once all above is done (repeatable)"),
    ("--say-on-stderr", Text, "prints a line on standard error (repeatable)"),
    ("--binary", Nothing, "prints NUL, invalid UTF-8, and a progress bar of carriage returns"),
    ("--one-line", Number, "prints a line of so many bytes"),
    ("--flood", Number, "prints so many bytes as lines"),
    ("--flood-line", Number, "bytes of these lines, their end included (80)"),
    ("--flood-rate", Number, "bytes a second, at most"),
    ("--flood-on", Text, "stderr: floods there"),
    ("--report", Text, "writes into this file what the flood met: bytes, seconds, longest write"),
    ("--echo-stdin", Nothing, "copies standard input to standard output, and then ends"),
    ("--last-words", Text, "at SIGTERM prints 1 MiB, creates this file, and ends"),
    ("--exit-after", Number, "ends after so many milliseconds"),
    ("--exit", Number, "the code that it ends with; alone: ends at once"),
    ("--abort", Nothing, "ends by abort"),
    ("--segv", Nothing, "ends by SIGSEGV"),
    ("--stop-self", Nothing, "stops itself, as by SIGSTOP"),
];

/// What was asked for, each value of the kind that its flag takes.
#[derive(Debug, Default)]
pub(crate) struct Flags(Vec<(&'static str, String)>);

impl Flags {
    pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut out = Vec::new();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let (name, value) = match arg.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (arg.as_str(), None),
            };
            let known = KNOWN.iter().find(|(known, ..)| *known == name);
            let (name, takes, _) = *known.ok_or_else(|| format!("unknown flag `{arg}`"))?;
            let value = match (takes, value) {
                (Nothing, Some(_)) => return Err(format!("`{name}` takes no value")),
                (Nothing, None) => String::new(),
                (_, Some(value)) => value,
                (_, None) => args.next().ok_or_else(|| format!("`{name}` takes a value"))?,
            };
            check(name, takes, &value)?;
            out.push((name, value));
        }
        Ok(Self(out))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    pub(crate) fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        debug_assert!(KNOWN.iter().any(|(known, ..)| *known == name), "{name}");
        self.0.iter().filter(move |(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        debug_assert!(KNOWN.iter().any(|(known, ..)| *known == name), "{name}");
        self.0.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    pub(crate) fn address(&self, name: &str) -> Option<SocketAddr> {
        address(self.text(name)?)
    }

    /// Depth and width.
    pub(crate) fn tree(&self, name: &str) -> Option<(u32, u32)> {
        tree(self.text(name)?)
    }
}

fn check(name: &str, takes: Takes, value: &str) -> Result<(), String> {
    let (fits, what) = match takes {
        Nothing | Text => (true, ""),
        Number => (value.parse::<u64>().is_ok(), "a number"),
        Address => (address(value).is_some(), "an address, such as 127.0.0.1:0"),
        Tree => (tree(value).is_some(), "DEPTHxWIDTH, at most 1000 processes"),
    };
    if fits { Ok(()) } else { Err(format!("`{name}` takes {what}, not `{value}`")) }
}

/// `127.0.0.1:8080`; without a port, a free one.
fn address(text: &str) -> Option<SocketAddr> {
    let with_any_port = || text.parse().ok().map(|ip| SocketAddr::new(ip, 0));
    text.parse().ok().or_else(with_any_port)
}

fn tree(text: &str) -> Option<(u32, u32)> {
    let (depth, width) = text.split_once('x')?;
    let (depth, width) = (depth.parse().ok()?, width.parse().ok()?);
    (size(depth, width)? <= 1000).then_some((depth, width))
}

/// How many processes a tree has, without its root.
pub(crate) fn size(depth: u32, width: u32) -> Option<u32> {
    (1..=depth).try_fold(0_u32, |sum, level| sum.checked_add(width.checked_pow(level)?))
}

pub(crate) fn help() -> String {
    let mut out = "misbehave [FLAG]…\n\n".to_owned();
    for (name, takes, about) in KNOWN {
        let value = match takes {
            Nothing => "",
            Text => " TEXT",
            Number => " N",
            Address => " ADDR[:PORT]",
            Tree => " DxW",
        };
        let _ = writeln!(out, "  {:32} {about}", format!("{name}{value}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Flags, String> {
        Flags::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn values_stand_behind_a_blank_or_an_equals_sign() {
        let flags =
            parse(&["--say=a=b", "--say", "--c", "--fork", "2", "--tree=2x3", "--bind", "::1"]).unwrap();
        assert_eq!(flags.all("--say").collect::<Vec<_>>(), ["a=b", "--c"]);
        assert_eq!((flags.number("--fork"), flags.tree("--tree")), (Some(2), Some((2, 3))));
        assert_eq!(flags.address("--bind"), Some("[::1]:0".parse().unwrap()));
        assert!(!flags.has("--http"));
        assert_eq!(size(2, 3), Some(12));
    }

    #[test]
    fn what_cannot_be_is_told() {
        for (words, problem) in [
            (&["--fly"][..], "unknown flag `--fly`"),
            (&["--http=1"], "`--http` takes no value"),
            (&["--fork"], "`--fork` takes a value"),
            (&["--fork=-1"], "`--fork` takes a number, not `-1`"),
            (&["--tree", "40x2"], "`--tree` takes DEPTHxWIDTH, at most 1000 processes, not `40x2`"),
            (&["--bind=x"], "`--bind` takes an address, such as 127.0.0.1:0, not `x`"),
        ] {
            assert_eq!(parse(words).unwrap_err(), problem);
        }
    }

    #[test]
    fn help_lists_every_flag() {
        assert!(KNOWN.iter().all(|(name, ..)| help().contains(name)));
    }
}
