//! Names that the system, a file or an environment must be able to hold.

use std::collections::BTreeMap;

use super::{Found, ProblemKind, templates};
use crate::template::is_name;
use crate::{Identity, Port, Program, Run, Token};

pub(super) fn check(name: &str, run: &Run, found: &mut Found<'_>) {
    if !is_name(name) {
        let help = "use letters, digits, `-`, `_` and `.`, and begin with a letter or digit";
        found.add_help(ProblemKind::SidecarName, "", format!("{name:?} cannot be a sidecar's name"), help);
    }
    program(run, found);
    nul(run, found);
    environment(run, found);
}

fn program(run: &Run, found: &mut Found<'_>) {
    let is_path = |text: &str| text.contains(['/', '\\']);
    match &run.program {
        Some(Program::Provisioned(name)) if name.is_empty() || is_path(name) => found.add_help(
            ProblemKind::ProgramName,
            "program",
            format!("{name:?} cannot be the name of a sidecar"),
            "write a file as `program = { path = \"…\" }`",
        ),
        Some(Program::OnPath(name)) if name.is_empty() || is_path(name) => found.add_help(
            ProblemKind::ProgramName,
            "program.on-path",
            format!("{name:?} cannot be looked for on PATH"),
            "write the name alone, or a file as `program = { path = \"…\" }`",
        ),
        Some(Program::Path(path)) if path.source().is_empty() => {
            found.add(ProblemKind::ProgramName, "program.path", "the path of the program is empty");
        }
        _ => {}
    }
}

fn nul(run: &Run, found: &mut Found<'_>) {
    let mut texts: Vec<(String, &str)> =
        templates(run).into_iter().map(|(key, template)| (key, template.source())).collect();
    match &run.program {
        Some(Program::Provisioned(name)) => texts.push(("program".to_owned(), name)),
        Some(Program::OnPath(name)) => texts.push(("program.on-path".to_owned(), name)),
        _ => {}
    }
    for (key, _) in texts.iter().filter(|(_, text)| text.contains('\0')) {
        let message = format!("`{key}` holds a NUL character, which no program can be given");
        found.add(ProblemKind::NulCharacter, key, message);
    }
}

/// Every variable that the sidecar is given, and the key that sets it.
fn variables(run: &Run) -> Vec<(String, &str)> {
    let mut all: Vec<(String, &str)> = run.env.keys().map(|name| (format!("env.{name}"), &**name)).collect();
    if let Some(Token::Env(name)) = &run.token {
        all.push(("token.env".to_owned(), name));
    }
    if run.identity == Identity::Nonce {
        all.push(("identity".to_owned(), "SIDECAR_NONCE"));
    }
    if run.port == Port::ListenFd {
        all.extend(["LISTEN_FDS", "LISTEN_PID"].map(|name| ("port.listen-fd".to_owned(), name)));
    }
    all
}

fn environment(run: &Run, found: &mut Found<'_>) {
    // Case does not count on Windows, and a spec is for every system.
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (key, name) in variables(run) {
        if name.is_empty() || name.contains(['=', '\0']) {
            let message = format!("{name:?} cannot be the name of an environment variable");
            found.add(ProblemKind::EnvName, &key, message);
        }
        if let Some(first) = seen.insert(name.to_ascii_uppercase(), key.clone()) {
            let message = format!("the variable `{name}` is set twice: by `{first}` and by `{key}`");
            found.add(ProblemKind::EnvTwice, &key, message);
        }
    }
}
