//! stop: a sidecar is asked in its own protocol, then by a signal.

use std::sync::Arc;
use std::time::Instant;

use sidecar_spec::{Signal, StopRequest};

use crate::actor::Message;
use crate::app::Shared;
use crate::client;
use crate::machine::RunInput;
use crate::run::{self, Running};

/// The system's number of a signal. They are the same on every Unix; on Windows each of them is `CTRL_BREAK`.
pub(crate) fn number(signal: Signal) -> i32 {
    match signal {
        Signal::Hup => 1,
        Signal::Int => 2,
        Signal::Quit => 3,
        _ => 15,
    }
}

/// Asks a sidecar to stop, in a thread of its own: it may take its time with the answer.
pub(crate) fn ask(shared: &Arc<Shared>, run: u64, running: Arc<Running>) {
    let (name, shared) = (shared.name.to_string(), Arc::clone(shared));
    let failed = Arc::clone(&shared);
    let started = run::thread(&name, "stop", move || {
        let answer = request(&shared, &running);
        shared.send(Message::Run(run, RunInput::Asked(answer)));
    });
    if let Err(error) = started {
        failed.send(Message::Run(run, RunInput::Asked(Err(error.to_string()))));
    }
}

fn request(shared: &Shared, running: &Running) -> Result<(), String> {
    let stop = &shared.spec.run.stop;
    let deadline = Instant::now() + stop.request_grace.get();
    match (&stop.request, running.peer()) {
        (None, _) => Ok(()),
        (Some(StopRequest::CloseStdin), _) => {
            running.close_stdin().map_err(|error| error.headline().to_owned())
        }
        (Some(StopRequest::Stdin(line)), _) => {
            // The answer comes when it reads; the ladder does not wait for that.
            running.write(format!("{line}\n").into_bytes(), Box::new(|_| {}));
            Ok(())
        }
        (Some(StopRequest::JsonRpc(method)), None) => match &running.rpc {
            Some(rpc) => rpc.call(running, method, deadline).map_err(|failure| failure.to_string()),
            None => Err("it has no input".to_owned()),
        },
        (Some(request), Some(peer)) => {
            client::request(request, &peer, deadline).map_err(|failure| failure.to_string())
        }
        (Some(_), None) => Err("its port is not known".to_owned()),
    }
}
