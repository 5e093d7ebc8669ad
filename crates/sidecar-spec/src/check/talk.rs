//! What is asked of a sidecar, and whether there is a way to ask it.

use super::{Found, ProblemKind};
use crate::{Check, Identity, Run, Stage, Stdin, StopRequest};

pub(super) fn check(run: &Run, found: &mut Found<'_>) {
    for (stage, probe) in run.health.probes() {
        let (key, check) = (format!("health.{}", stage.key()), &probe.check);
        if check.needs_port() && !run.port.is_some() {
            no_port(&key, &check.to_string(), found);
        }
        if matches!(check, Check::JsonRpc(_)) && !run.port.is_some() && run.stdin == Stdin::Null {
            no_stdin(&key, &check.to_string(), found);
        }
        if matches!(check, Check::Line(_)) && stage == Stage::Live {
            let message = "`health.live` waits for a line, and a line comes once".to_owned();
            found.add_help(
                ProblemKind::LineOnce,
                &key,
                message,
                "ask `http:`, `grpc`, `jsonrpc:` or `process`",
            );
        }
    }
    if let Some(request) = &run.stop.request {
        let (key, text) = ("stop.request", request.to_string());
        if request.needs_port() && !run.port.is_some() {
            no_port(key, &text, found);
        }
        let on_stdin = matches!(request, StopRequest::JsonRpc(_)) && !run.port.is_some();
        if (request.needs_stdin() || on_stdin) && run.stdin == Stdin::Null {
            no_stdin(key, &text, found);
        }
    }
    // Only these answers have headers.
    let holds_nonce = |check: &Check| matches!(check, Check::Http(_) | Check::Grpc(_));
    if run.identity == Identity::Nonce && !run.health.probes().any(|(_, probe)| holds_nonce(&probe.check)) {
        found.add_help(
            ProblemKind::NonceUnasked,
            "identity",
            "nothing is asked whose answer could hold the nonce",
            "set `health.ready` to `http:/path` or `grpc`",
        );
    }
}

fn no_port(key: &str, what: &str, found: &mut Found<'_>) {
    let message = format!("`{key}` asks `{what}`, and the sidecar has no port");
    found.add(ProblemKind::PortNeeded, key, message);
}

fn no_stdin(key: &str, what: &str, found: &mut Found<'_>) {
    let message = format!("`{key}` asks `{what}`, and the sidecar has no input");
    found.add_help(ProblemKind::StdinNeeded, key, message, "write `stdin = \"pipe\"`");
}
