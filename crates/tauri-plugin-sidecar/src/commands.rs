//! What JavaScript can ask for. Each command has a permission, and a scope that names sidecars.
//!
//! All are asynchronous: others would run in the thread that draws.

use std::time::Duration;

use serde::Serialize;
use sidecar_supervisor::{Line, Missing, Reply, Scope, Sidecar, Status, Usage, containment_scope};
use tauri::ipc::{Channel, Invoke, InvokeBody, Request};
use tauri::{Runtime, State, Webview, command};

use crate::error::{Error, Result};
use crate::run::Sidecars;
use crate::scope::Allowed;
use crate::streams::{Batch, Owner, Source};

/// The header that names the sidecar where the body is raw bytes.
const HEADER: &str = "sidecar";

/// The header that tells one call from another: Tauri's JavaScript sends a call once more when the page is left while it is
/// open (tauri#14154).
const CALL: &str = "sidecar-call";

pub(crate) fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        list,
        status,
        ready,
        usage,
        containment,
        events,
        next,
        close,
        tail,
        follow,
        start,
        stop,
        restart,
        start_all,
        stop_all,
        token,
        write_stdin,
        close_stdin,
        prepare_for_update,
        resume,
    ]
}

impl Sidecars {
    /// The sidecar, if the window may name it.
    fn named(&self, name: &str, allowed: &Allowed) -> Result<Sidecar> {
        allowed.check(name)?;
        self.supervisor.sidecar(name).map_err(|_| {
            let known = self.supervisor.sidecars().map(|sidecar| sidecar.name().to_owned());
            Error::unknown(name, &known.filter(|name| allowed.has(name)).collect::<Vec<_>>())
        })
    }

    /// Checks that the window may name every sidecar.
    fn all(&self, allowed: &Allowed) -> Result<()> {
        let all = self.supervisor.sidecars().all(|sidecar| allowed.has(sidecar.name()));
        if all { Ok(()) } else { Err(Error::not_all_allowed()) }
    }
}

#[command]
pub(crate) async fn list(sidecars: State<'_, Sidecars>, allowed: Allowed) -> Result<Vec<Status>> {
    let all = sidecars.supervisor.sidecars();
    let all = all.filter(|sidecar| allowed.has(sidecar.name()));
    Ok(all.map(|sidecar| allowed.shown(sidecar.status())).collect())
}

#[command]
pub(crate) async fn status(sidecars: State<'_, Sidecars>, allowed: Allowed, name: String) -> Result<Status> {
    Ok(allowed.shown(sidecars.named(&name, &allowed)?.status()))
}

#[command]
pub(crate) async fn ready(
    sidecars: State<'_, Sidecars>,
    allowed: Allowed,
    name: String,
    timeout: Option<u64>,
) -> Result<Status> {
    let sidecar = sidecars.named(&name, &allowed)?;
    let Some(millis) = timeout else { return done(&allowed, &sidecar, sidecar.ready()).await };
    let limit = Duration::from_millis(millis);
    match tokio::time::timeout(limit, done(&allowed, &sidecar, sidecar.ready())).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::not_ready_after(millis, &sidecar, &allowed)),
    }
}

#[command]
pub(crate) async fn start(sidecars: State<'_, Sidecars>, allowed: Allowed, name: String) -> Result<Status> {
    let sidecar = sidecars.named(&name, &allowed)?;
    done(&allowed, &sidecar, sidecar.start()).await
}

#[command]
pub(crate) async fn stop(sidecars: State<'_, Sidecars>, allowed: Allowed, name: String) -> Result<Status> {
    let sidecar = sidecars.named(&name, &allowed)?;
    done(&allowed, &sidecar, sidecar.stop()).await
}

#[command]
pub(crate) async fn restart(sidecars: State<'_, Sidecars>, allowed: Allowed, name: String) -> Result<Status> {
    let sidecar = sidecars.named(&name, &allowed)?;
    done(&allowed, &sidecar, sidecar.restart()).await
}

/// What can be seen of it when the command is done.
async fn done(allowed: &Allowed, sidecar: &Sidecar, reply: Reply<()>) -> Result<Status> {
    reply.await.map_err(|error| allowed.error(error))?;
    Ok(allowed.shown(sidecar.status()))
}

#[command]
pub(crate) async fn start_all(sidecars: State<'_, Sidecars>, allowed: Allowed) -> Result<()> {
    sidecars.all(&allowed)?;
    Ok(sidecars.supervisor.start_all().await?)
}

#[command]
pub(crate) async fn stop_all(sidecars: State<'_, Sidecars>, allowed: Allowed) -> Result<()> {
    sidecars.all(&allowed)?;
    Ok(sidecars.supervisor.stop_all().await?)
}

#[command]
pub(crate) async fn token(
    sidecars: State<'_, Sidecars>,
    allowed: Allowed,
    name: String,
) -> Result<Option<String>> {
    Ok(sidecars.named(&name, &allowed)?.token())
}

#[command]
pub(crate) async fn usage(
    sidecars: State<'_, Sidecars>,
    allowed: Allowed,
    name: String,
) -> Result<Option<Usage>> {
    Ok(sidecars.named(&name, &allowed)?.usage())
}

#[command]
pub(crate) async fn tail(
    sidecars: State<'_, Sidecars>,
    allowed: Allowed,
    name: String,
    lines: usize,
) -> Result<Vec<Line>> {
    Ok(sidecars.named(&name, &allowed)?.tail(lines))
}

#[command]
pub(crate) async fn follow<R: Runtime>(
    webview: Webview<R>,
    sidecars: State<'_, Sidecars>,
    allowed: Allowed,
    name: String,
    lines: usize,
    channel: Channel<Option<Batch>>,
) -> Result<u32> {
    let follower = sidecars.named(&name, &allowed)?.follow(lines);
    Ok(sidecars.streams.open(owner(&webview), Source::Lines(follower), channel))
}

#[command]
pub(crate) async fn events<R: Runtime>(
    webview: Webview<R>,
    sidecars: State<'_, Sidecars>,
    allowed: Allowed,
    name: Option<String>,
    tail: Option<usize>,
    channel: Channel<Option<Batch>>,
) -> Result<u32> {
    if let Some(name) = &name {
        sidecars.named(name, &allowed)?;
    }
    let source = Source::events(&sidecars.supervisor, name, allowed, tail.unwrap_or(0));
    Ok(sidecars.streams.open(owner(&webview), source, channel))
}

fn owner<R: Runtime>(webview: &Webview<R>) -> Owner {
    Owner { page: webview.label().to_owned(), window: webview.window().label().to_owned() }
}

/// The page is done with the last batch. Whether the stream is open: a page that comes back from the history finds it closed.
#[command]
pub(crate) async fn next<R: Runtime>(
    webview: Webview<R>,
    sidecars: State<'_, Sidecars>,
    id: u32,
) -> Result<bool> {
    Ok(sidecars.streams.next(webview.label(), id))
}

#[command]
pub(crate) async fn close<R: Runtime>(
    webview: Webview<R>,
    sidecars: State<'_, Sidecars>,
    id: u32,
) -> Result<()> {
    sidecars.streams.close(webview.label(), id);
    Ok(())
}

#[command]
pub(crate) async fn write_stdin(
    sidecars: State<'_, Sidecars>,
    allowed: Allowed,
    request: Request<'_>,
) -> Result<()> {
    let name = request.headers().get(HEADER).and_then(|value| value.to_str().ok());
    let name = name.ok_or_else(|| Error::bad_input("`write_stdin` needs the header `sidecar`"))?;
    let sidecar = sidecars.named(name, &allowed)?;
    let call = request.headers().get(CALL).and_then(|value| value.to_str().ok());
    if call.is_some_and(|call| sidecars.calls.is_known(call)) {
        return Ok(());
    }
    let bytes = match request.body() {
        InvokeBody::Raw(bytes) => bytes.clone(),
        // Where the webview has no way for bytes, they come as numbers.
        InvokeBody::Json(json) => {
            serde_json::from_value(json.clone()).map_err(|_| Error::bad_input("`write_stdin` takes bytes"))?
        }
    };
    Ok(sidecar.write_stdin(bytes).await?)
}

#[command]
pub(crate) async fn close_stdin(sidecars: State<'_, Sidecars>, allowed: Allowed, name: String) -> Result<()> {
    Ok(sidecars.named(&name, &allowed)?.close_stdin().await?)
}

#[command]
pub(crate) async fn prepare_for_update(sidecars: State<'_, Sidecars>, allowed: Allowed) -> Result<()> {
    sidecars.all(&allowed)?;
    Ok(sidecars.supervisor.prepare_for_update().await?)
}

#[command]
pub(crate) async fn resume(sidecars: State<'_, Sidecars>, allowed: Allowed) -> Result<()> {
    sidecars.all(&allowed)?;
    sidecars.supervisor.resume();
    Ok(())
}

/// How much of a sidecar's tree ends with the app.
#[derive(Debug, Serialize)]
pub(crate) struct Containment {
    scope: &'static str,
    /// Why it is not the whole tree.
    reason: Option<String>,
}

#[command]
pub(crate) async fn containment() -> Containment {
    let (scope, reason) = match containment_scope() {
        Scope::WholeTree => ("whole-tree", None),
        Scope::Followed => ("followed", None),
        Scope::Leader(why) => ("leader", Some(why)),
        Scope::Nothing(why) => ("nothing", Some(why)),
        _ => ("nothing", None),
    };
    let reason = reason.map(|why| match why {
        Missing::Init => "`init_keeper()` was not called".to_owned(),
        why => why.to_string(),
    });
    Containment { scope, reason }
}
