//! `init`: shows the steps, asks for each, does those that were wanted.

use std::path::Path;

use serde_json::json;
use sidecar_fetch::{Error, FileChange, InitStep, Kind, Project};

use super::{diff, for_one};
use crate::args::{Global, Init};
use crate::ask;
use crate::out::{Out, message};

pub(crate) fn run(global: &Global, args: &Init, out: Out) -> Result<(), Error> {
    for_one(global, out, |project, bars| {
        let steps = project.init_steps(args.hooks)?;
        bars.clear();
        prepare(&project, steps, args, out)
    })
}

/// A step that changes a file.
struct Offer {
    what: String,
    change: FileChange,
    wanted: bool,
}

fn prepare(project: &Project<'_>, steps: Vec<InitStep>, args: &Init, out: Out) -> Result<(), Error> {
    let root = project.directory();
    let (mut offers, mut by_hand) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            InitStep::Change { what, change, wanted } => offers.push(Offer { what, change, wanted }),
            InitStep::ByHand { what } => by_hand.push(what),
            InitStep::Done { path, what } => {
                out.detail("Fresh", format_args!("{}: {what}", diff::shown(&path, root)));
            }
        }
    }
    // Where nothing is lacking, nobody is asked about what is only offered.
    let chosen = if !offers.iter().any(|offer| offer.wanted) {
        Vec::new()
    } else if args.yes || args.dry_run {
        offers.into_iter().filter(|offer| offer.wanted).map(|offer| offer.change).collect()
    } else if out.json || !ask::is_possible() {
        return Err(nobody_to_ask(&offers, root));
    } else {
        answered(offers, root)?
    };
    if args.dry_run {
        diff::print(out, &chosen, root);
    } else {
        project.apply(&chosen)?;
    }
    report(project, &chosen, &by_hand, args, out);
    Ok(())
}

/// Changes files only where somebody agreed.
fn nobody_to_ask(offers: &[Offer], root: &Path) -> Error {
    let files = offers.iter().filter(|offer| offer.wanted).map(|offer| diff::shown(&offer.change.path, root));
    Error::new(Kind::Usage, "`init` asks before it changes files, and there is no terminal")
        .fact("would change", files.collect::<Vec<_>>().join(", "))
        .help("agree with `cargo sidecar init --yes`; `cargo sidecar init --dry-run` shows the changes")
}

/// The changes that the person at the terminal wants. All questions come before the first change.
fn answered(offers: Vec<Offer>, root: &Path) -> Result<Vec<FileChange>, Error> {
    let (mut answers, mut to) = (std::io::stdin().lock(), anstream::stderr());
    let mut out = Vec::new();
    for Offer { what, change, wanted } in offers {
        let question = format!("Write {} ({what})?", diff::shown(&change.path, root));
        let answer = ask::yes_or_no(&question, wanted, &mut answers, &mut to)
            .map_err(|e| Error::new(Kind::Io, "cannot ask on the terminal").fact("cause", e))?;
        match answer {
            Some(true) => out.push(change),
            Some(false) => {}
            None => {
                return Err(Error::new(
                    Kind::Usage,
                    "the answers ended before the questions; nothing was changed",
                )
                .help("answer each question, or agree to all with `cargo sidecar init --yes`"));
            }
        }
    }
    Ok(out)
}

fn report(project: &Project<'_>, chosen: &[FileChange], by_hand: &[String], args: &Init, out: Out) {
    let written: Vec<String> =
        chosen.iter().map(|change| diff::shown(&change.path, project.directory())).collect();
    if out.json {
        let fields = json!({
            "package": project.name(), "written": if args.dry_run { &[] } else { &*written }, "by_hand": by_hand,
        });
        return message("initialized", &fields);
    }
    let (name, files) = (project.name(), written.join(", "));
    match (written.is_empty(), args.dry_run) {
        (true, _) if by_hand.is_empty() => {
            out.status("Finished", format_args!("{name} is prepared already; nothing was changed"));
        }
        (true, _) => out.status("Finished", format_args!("{name}: nothing was changed")),
        (false, true) => out.status("Finished", format_args!("{name}: would write {files}")),
        (false, false) => out.status("Preparing", format_args!("{name}: wrote {files}")),
    }
    for step in by_hand {
        out.warning(step);
    }
    if !args.dry_run && chosen.iter().any(|change| change.path.ends_with("sidecar.toml")) {
        out.status("Next", "cargo sidecar add OWNER/REPO");
    }
}
