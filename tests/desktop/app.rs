//! What a story plays in: an app with windows that are none, and real sidecars.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tauri::ipc::{CallbackFn, InvokeBody, InvokeResponseBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, AppHandle, Context, RunEvent, WebviewWindow, WebviewWindowBuilder};
use tauri_plugin_sidecar::{Builder, SidecarExt, supervisor::Supervisor};
use tempfile::TempDir;

use crate::sidecar::WORD;

/// The numbers of channels, which pages make up.
static CHANNELS: AtomicU32 = AtomicU32::new(1);

/// No story waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Scene {
    pub(crate) handle: AppHandle<MockRuntime>,
    /// Until its event loop runs.
    app: Option<App<MockRuntime>>,
    sent: Sent,
    _dir: TempDir,
}

/// The `run` table of this program as a sidecar.
pub(crate) fn this(args: &[&str]) -> Value {
    let args: Vec<&str> = [WORD].iter().chain(args).copied().collect();
    let program = std::env::current_exe().unwrap();
    json!({
        "program": { "path": program }, "args": args, "port": "none",
        "stdin": "pipe", "stop": { "grace": "2s", "request": "close-stdin" },
    })
}

/// The same from a copy of this program: the program itself is in use as long as the stories run.
pub(crate) fn copied(mut run: Value, dir: &Path) -> Value {
    let copy = dir.join(format!("copy{}", std::env::consts::EXE_SUFFIX));
    #[expect(clippy::disallowed_methods, reason = "a test")]
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    run["program"] = json!({ "path": copy });
    run
}

/// One that serves on a port, and is ready when it answers.
pub(crate) fn server() -> Value {
    let mut run = this(&["serve", "{port}"]);
    run["port"] = json!("lease");
    run["health"] = json!({ "ready": "http:/" });
    // It does not read its input.
    run["stop"] = json!({ "grace": "2s" });
    run["restart"] = json!({ "backoff": { "first": "10ms" } });
    run
}

impl Scene {
    /// An app with these sidecars, which nobody starts.
    pub(crate) fn of(sidecars: &[(&str, Value)]) -> Self {
        Self::built(sidecars, Builder::start_by_hand)
    }

    pub(crate) fn built(sidecars: &[(&str, Value)], change: impl FnOnce(Builder) -> Builder) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runs: serde_json::Map<String, Value> =
            sidecars.iter().map(|(name, run)| ((*name).to_owned(), json!({ "run": run }))).collect();
        let spec = json!({ "spec": 1, "sidecars": runs }).to_string();
        let builder = Builder::from_json(spec).data_dir(dir.path().join("data"));
        let sent = Sent::default();
        let keep = sent.clone();
        let app = mock_builder().plugin(change(builder).build());
        // What a page is sent over a channel would be evaluated in it; the mock has no page.
        let app = app.channel_interceptor(move |_, channel, _, body| keep.take(channel.0, body));
        let app = app.build(context()).unwrap();
        Self { handle: app.handle().clone(), app: Some(app), sent, _dir: dir }
    }

    pub(crate) fn supervisor(&self) -> Supervisor {
        self.handle.sidecars()
    }

    pub(crate) fn window(&self, label: &str) -> Page {
        let window = WebviewWindowBuilder::new(&self.handle, label, tauri::WebviewUrl::default());
        Page { window: window.build().unwrap(), sent: self.sent.clone() }
    }

    /// The last window is closed, and the event loop ends.
    pub(crate) fn end(&mut self, page: &Page) {
        let window = page.window.clone();
        self.app.take().unwrap().run_return(move |_, event| {
            if let RunEvent::Ready = event {
                let window = window.clone();
                // From another thread: this one is to serve it.
                std::thread::spawn(move || window.destroy().unwrap());
            }
        });
    }
}

/// The app's configuration, capabilities included.
pub(crate) fn context() -> Context<MockRuntime> {
    tauri::generate_context!()
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Also where a story fails, nothing is left.
        let _ = self.supervisor().stop_all().wait();
    }
}

/// What pages were sent over channels, by their numbers.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<BTreeMap<u32, Vec<Value>>>>);

impl Sent {
    fn take(&self, channel: u32, body: &InvokeResponseBody) -> bool {
        let InvokeResponseBody::Json(text) = body else { panic!("batches are JSON") };
        self.0.lock().unwrap().entry(channel).or_default().push(serde_json::from_str(text).unwrap());
        true
    }
}

/// A stream that a page has open.
pub(crate) struct Stream {
    page: Page,
    pub(crate) id: Value,
    channel: u32,
    sent: Sent,
    taken: usize,
}

impl Stream {
    /// The batch after those that were taken: `null` is the end. Asks for it, where it is not the first.
    pub(crate) fn next(&mut self) -> Value {
        if self.taken > 0 {
            self.page.ask("next", json!({ "id": self.id }));
        }
        let batch = self.wait();
        self.taken += 1;
        batch
    }

    fn wait(&self) -> Value {
        let mut batch = None;
        eventually("the next batch", || {
            batch =
                self.sent.0.lock().unwrap().get(&self.channel).and_then(|all| all.get(self.taken)).cloned();
            batch.is_some()
        });
        batch.unwrap()
    }

    /// How many batches were sent.
    pub(crate) fn sent(&self) -> usize {
        self.sent.0.lock().unwrap().get(&self.channel).map_or(0, Vec::len)
    }
}

/// A page, as JavaScript is in it.
#[derive(Clone)]
pub(crate) struct Page {
    window: WebviewWindow<MockRuntime>,
    sent: Sent,
}

impl Page {
    /// Calls a command of the plugin; the error is as JavaScript gets it.
    pub(crate) fn call(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        self.send(command, InvokeBody::Json(arguments), &[])
    }

    /// The same with what must not fail.
    pub(crate) fn ask(&self, command: &str, arguments: Value) -> Value {
        self.call(command, arguments).unwrap_or_else(|error| panic!("{command}: {error:#}"))
    }

    /// The code of an error that must come.
    pub(crate) fn refused(&self, command: &str, arguments: Value) -> Value {
        let error = self.call(command, arguments).map(|answer| panic!("{command}: {answer:#}"));
        error.unwrap_err()
    }

    /// Opens a stream: `follow`, `events`.
    pub(crate) fn open(&self, command: &str, mut arguments: Value) -> Stream {
        let channel = CHANNELS.fetch_add(1, Ordering::Relaxed);
        arguments["channel"] = json!(format!("__CHANNEL__:{channel}"));
        let id = self.ask(command, arguments);
        Stream { page: self.clone(), id, channel, sent: self.sent.clone(), taken: 0 }
    }

    pub(crate) fn send(
        &self,
        command: &str,
        body: InvokeBody,
        headers: &[(&'static str, &str)],
    ) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: format!("plugin:sidecar|{command}"),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: if cfg!(windows) { "http://tauri.localhost" } else { "tauri://localhost" }.parse().unwrap(),
            body,
            headers: headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect(),
            invoke_key: INVOKE_KEY.to_string(),
        };
        get_ipc_response(&self.window, request).map(|answer| match answer {
            InvokeResponseBody::Json(text) => serde_json::from_str(&text).unwrap(),
            InvokeResponseBody::Raw(bytes) => json!(bytes),
        })
    }
}

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process lives.
pub(crate) fn lives(pid: u64) -> bool {
    sidecar_keeper::ProcessId::of(u32::try_from(pid).unwrap())
        .is_some_and(sidecar_keeper::ProcessId::is_alive)
}
