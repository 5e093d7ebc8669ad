//! Which placeholders are known when a sidecar starts.

use super::{Found, ProblemKind, templates};
use crate::nearest::nearest;
use crate::{Identity, Placeholder, Port, Run, Spec};

pub(super) fn check(spec: &Spec, name: &str, run: &Run, found: &mut Found<'_>) {
    for (key, template) in templates(run) {
        for placeholder in template.placeholders() {
            if *placeholder == Placeholder::Token && !key.starts_with("env.") {
                found.add_help(
                    ProblemKind::TokenExposed,
                    &key,
                    format!("`{key}` would show the secret `{{token}}` to every program on the machine"),
                    "hand it over as `token = { env = \"VARIABLE\" }` or `token = { file = \"…\" }`",
                );
            } else if let Some((reason, help)) = unknown(spec, name, run, placeholder) {
                let message = format!("`{placeholder}` in `{key}` cannot be known: {reason}");
                found.push(ProblemKind::PlaceholderNotKnown, &key, message, help);
            }
        }
    }
}

/// Why a placeholder is not known when the sidecar starts, and what to do.
fn unknown(
    spec: &Spec,
    name: &str,
    run: &Run,
    placeholder: &Placeholder,
) -> Option<(String, Option<String>)> {
    match placeholder {
        Placeholder::Port if !run.port.is_some() => {
            Some(("the sidecar has no port".to_owned(), Some("write `port = \"lease\"`".to_owned())))
        }
        Placeholder::Port if !run.port.is_known_before_start() => Some((
            "the sidecar chooses its port itself, after its start".to_owned(),
            Some("leave it out, or write `port = \"lease\"`".to_owned()),
        )),
        Placeholder::Nonce if run.identity != Identity::Nonce => {
            Some(("no nonce is made".to_owned(), Some("write `identity = \"nonce\"`".to_owned())))
        }
        Placeholder::PortOf(other) => of_other(spec, name, run, other, "port"),
        Placeholder::UrlOf(other) => of_other(spec, name, run, other, "url"),
        _ => None,
    }
}

fn of_other(
    spec: &Spec,
    name: &str,
    run: &Run,
    other: &str,
    field: &str,
) -> Option<(String, Option<String>)> {
    if other == name {
        let help = if field == "port" { "write `{port}`" } else { "write `http://{host}:{port}`" };
        return Some(("that is the sidecar itself".to_owned(), Some(help.to_owned())));
    }
    let needed: Vec<&str> = run.depends_on.iter().map(|dependency| dependency.name.as_str()).collect();
    let Some(sidecar) = spec.sidecars.get(other) else {
        let near = nearest(other, needed.iter().copied())
            .or_else(|| nearest(other, spec.sidecars.keys().map(String::as_str)));
        let help = near.map(|near| format!("did you mean `{{{near}.{field}}}`?"));
        return Some((format!("there is no sidecar `{other}` with a `run` table"), help));
    };
    if !needed.contains(&other) {
        let reason = format!("`{other}` need not run when this one starts");
        return Some((reason, Some(format!("add \"{other}\" to `depends-on`"))));
    }
    (sidecar.run.port == Port::None).then(|| (format!("`{other}` has no port"), None))
}
