//! What happens in the window, from the first start to the last process.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sidecar_keeper::{ProcessId, kill_processes};

use super::app;
use super::driver::Session;
use super::page::{self, Page};
use super::processes;
use super::screen::{Light, Screen};
use super::step::{Deadline, Seen, check, step};
use crate::error::{Error, Result};
use crate::fsx;

/// So long after a request its line in the log would have come twice, if it did.
const TWICE: Duration = Duration::from_millis(700);

/// Tells both lives of the app: one ends by its window, one by SIGKILL.
pub(super) fn tell() -> Result<()> {
    let before = processes::all();
    check(before.is_empty(), || format!("the example runs already: {}", processes::told(&before)))?;
    let data = tempfile::tempdir().map_err(Error::because("no directory for the app's data"))?;
    fsx::remove_dir_all(&page::pictures())?;
    let log = page::pictures().join("log.txt");
    let told = by_its_window(data.path(), &log).and_then(|()| by_kill(data.path(), &log));
    if told.is_ok() {
        println!("   pictures in {}", page::pictures().display());
    }
    told.map_err(|error| {
        Error::new(format!("{error}\n  pictures, and what was printed: {}", page::pictures().display()))
    })
}

/// An app that was started, on its screen.
struct Life {
    session: Session,
    app: ProcessId,
    _screen: Screen,
}

impl Life {
    fn begin(data: &Path, log: &Path, light: Light, until: Deadline) -> Result<Self> {
        let screen = Screen::start(data, log, light)?;
        let session = Session::start(&screen, &app::program(), until)?;
        let app = processes::app().ok_or_else(|| Error::new("the driver started no app"))?;
        Ok(Self { session, app, _screen: screen })
    }

    /// A step in the page. Where it fails, there is a picture of that.
    fn step<T>(&self, name: &str, action: impl FnOnce(Page<'_>) -> Result<T>) -> Result<T> {
        step(name, |until| {
            let page = Page { session: &self.session, until };
            let done = action(page);
            if done.is_err() {
                // What failed is told; that there is no picture of it, too, would hide that.
                let _ = page.picture("failed");
            }
            done
        })
    }
}

fn by_its_window(data: &Path, log: &Path) -> Result<()> {
    let life = step("the window opens", |until| Life::begin(data, log, Light::Day, until))?;
    life.step("preview runs; its page is what esbuild serves; lines came", runs)?;
    life.step("edited: it is built again, and served", edit)?;
    life.step("crashed: it starts again after a countdown, and the timeline tells", crash)?;
    life.step("stopped: its process is gone; started: another one runs", stop_and_start)?;
    life.step("reloaded: what the old page followed is closed; each line comes once", reload)?;
    life.step("errors have code, facts and help, and are shown so", errors)?;
    step("the window is closed: the app ends, and nothing of its sidecars is left", |until| {
        // The page may be gone before it can answer.
        let _ = life.session.run("await window.__TAURI__.window.getCurrentWindow().close()", until);
        nothing_is_left(life.app, until)
    })
}

fn by_kill(data: &Path, log: &Path) -> Result<()> {
    let life =
        step("the app starts again, in the dark", |until| Life::begin(data, log, Light::Night, until))?;
    life.step("both sidecars run", |page| {
        page.card_in_state("bundler", "running")?;
        page.card_in_state("preview", "running")?;
        page.picture("dark")
    })?;
    step("the app is killed by SIGKILL: nothing of its sidecars is left", |until| {
        kill_processes(&[life.app]).map_err(Error::because("cannot kill the app"))?;
        nothing_is_left(life.app, until)
    })
}

fn runs(page: Page<'_>) -> Result<()> {
    page.card_in_state("bundler", "running")?;
    let card = page.card_that("running, with lines", "preview", |card| {
        card.state == "running" && !card.lines.is_empty()
    })?;
    let url = format!("http://{}", card.address);
    check(card.address.starts_with("127.0.0.1:"), || format!("its address is `{}`", card.address))?;
    let shown = page.run("return document.querySelector('#frame').src")?;
    check(shown == format!("{url}/"), || format!("the frame shows {shown}, not {url}"))?;
    page.until.until("the page that esbuild serves, in the frame", || {
        let body = "return [location.href, document.title, typeof document.querySelector('canvas')?.getContext('2d')]";
        let seen = page.session.run_in_frame("#frame", body, page.until)?;
        Ok(Seen::when(seen == json!([format!("{url}/"), "Preview", "object"]), seen.to_string()))
    })?;
    let scope = page.run("return (await window.__TAURI__.sidecar.containment()).scope")?;
    check(scope == "whole-tree", || format!("not the whole tree would end with the app: {scope}"))?;
    page.picture("running")
}

fn edit(page: Page<'_>) -> Result<()> {
    let card = page.card_in_state("preview", "running")?;
    replace_in_editor(page, "planets = 9", "planets = 12")?;
    page.until.until("the change, from the sidecar", || {
        let built = get(&format!("http://{}/app.js", card.address), page.until)?;
        Ok(Seen::when(built.contains("planets = 12"), format!("{} bytes without it", built.len())))
    })
}

/// Types something else in the editor, when the program is there; both sidecars build that.
fn replace_in_editor(page: Page<'_>, old: &str, new: &str) -> Result<()> {
    let body = format!(
        "const code = document.querySelector('#code'); if (!code.value.includes('{old}')) return false; \
         code.value = code.value.replace('{old}', '{new}'); code.dispatchEvent(new Event('input')); return true"
    );
    let what = format!("`{old}` in the editor");
    page.until.until(&what, || Ok(Seen::when(page.run(&body)? == true, "something else")))
}

fn crash(page: Page<'_>) -> Result<()> {
    let killed = page.pid("preview")?;
    page.press("preview", "crash")?;
    let card = page.card_that("a countdown", "preview", |card| {
        card.state == "restarting" && card.countdown.starts_with("in ")
    })?;
    check(card.error.contains("SIGKILL"), || format!("the card does not say why: {card:#?}"))?;
    page.picture("crashed")?;
    let card = page.card_in_state("preview", "running")?;
    check(card.error.is_empty() && card.runs.starts_with('2'), || format!("not the second run: {card:#?}"))?;
    let now = page.pid("preview")?;
    check(now != killed, || format!("the process is still {killed}"))?;
    let told = page.timeline("preview")?;
    for event in ["exited", "restart", "launched"] {
        check(told.iter().any(|told| told == event), || {
            format!("`{event}` is not in the timeline: {told:?}")
        })?;
    }
    Ok(())
}

fn stop_and_start(page: Page<'_>) -> Result<()> {
    let ended = page.pid("preview")?;
    page.press("preview", "stop")?;
    // What depends on it is stopped with it.
    for name in ["preview", "bundler"] {
        page.card_in_state(name, "stopped")?;
    }
    let left: Vec<_> = processes::all().into_iter().filter(|(_, name)| name != "dashboard").collect();
    let owned = left.iter().find(|(process, name)| process.pid == ended || name.starts_with("dashboard-"));
    check(owned.is_none(), || format!("still there: {}", processes::told(&left)))?;
    page.press("bundler", "start")?;
    for name in ["preview", "bundler"] {
        page.card_in_state(name, "running")?;
    }
    let started = page.pid("preview")?;
    check(started != ended, || format!("the process is still {ended}"))
}

fn reload(page: Page<'_>) -> Result<()> {
    page.session.reload(page.until)?;
    let card = page.card_that("running, with lines", "preview", |card| {
        card.state == "running" && !card.lines.is_empty()
    })?;
    // Tauri warns of what comes for the page that is gone, and `bundler` has said nothing since.
    page.run(
        "window.strays = []; const warn = console.warn; \
         console.warn = (...words) => { strays.push(String(words)); warn(...words) }",
    )?;
    let before = page.card_that("its card", "bundler", |_| true)?.lines.len();
    replace_in_editor(page, "planets = 12", "planets = 10")?;
    page.card_that("lines of a build", "bundler", |card| card.lines.len() > before)?;
    let path = "/asked-once";
    get(&format!("http://{}{path}", card.address), page.until)?;
    let asked = |line: &String| line.contains(path);
    page.card_that("the line of a request", "preview", |card| card.lines.iter().any(asked))?;
    std::thread::sleep(TWICE);
    let lines = page.card_that("its card", "preview", |_| true)?.lines;
    let count = lines.iter().filter(|line| asked(line)).count();
    check(count == 1, || format!("its line came {count} times: {lines:#?}"))?;
    let strays = page.run("return strays")?;
    check(strays == json!([]), || format!("something came for the old page: {strays}"))
}

fn errors(page: Page<'_>) -> Result<()> {
    let unknown = page.failure("api.sidecar('previw').start()")?;
    is_error(&unknown, "unknown-sidecar", "preview")?;
    let refused = page.failure("api.sidecar('preview').token()")?;
    is_error(&refused, "not-allowed", "sidecar:allow-token")?;
    let shown = page.run(
        "const { explain } = await import('/error.js'); const place = document.querySelector('#failure'); \
         await window.__TAURI__.sidecar.sidecar('preview').token().catch((error) => explain(place, error)); \
         return place.innerText",
    )?;
    let holds = ["message", "help"].iter().all(|part| {
        let text = refused[*part].as_str().unwrap_or_default();
        !text.is_empty() && shown.as_str().is_some_and(|shown| shown.contains(text))
    });
    check(holds, || format!("the page shows {shown} for {refused:#}"))?;
    page.picture("refused")
}

/// That an error is the plugin's, with this code, and names this anywhere in its text, which is all of its parts.
fn is_error(error: &Value, code: &str, names: &str) -> Result<()> {
    let text = error["text"].as_str().unwrap_or_default();
    let has_parts = error["facts"].is_array() && error["log"].is_array() && error["message"].is_string();
    let holds = error["own"] == true && error["code"] == code && has_parts && text.contains(names);
    check(holds, || format!("not `{code}` with `{names}`: {error:#}"))
}

/// Waits until the app has ended, and everything that belonged to it.
fn nothing_is_left(app: ProcessId, until: Deadline) -> Result<()> {
    until.until("the end of the app", || Ok(Seen::when(!app.is_alive(), "it lives")))?;
    until.until("the end of its sidecars", || {
        let left = processes::all();
        Ok(Seen::when(left.is_empty(), processes::told(&left)))
    })
}

/// Asks for a page; its text, whatever the status.
fn get(url: &str, until: Deadline) -> Result<String> {
    let client = reqwest::blocking::Client::builder().no_proxy().build();
    let client = client.map_err(Error::because("no client of HTTP"))?;
    let answer = client.get(url).timeout(until.left()).send();
    answer.and_then(reqwest::blocking::Response::text).map_err(Error::because(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_all_parts() {
        let error = json!({ "own": true, "code": "io", "message": "a", "facts": [], "log": [], "text": "a\nhelp: b" });
        assert!(is_error(&error, "io", "help: b").is_ok());
        assert!(is_error(&error, "timeout", "help: b").is_err() && is_error(&error, "io", "c").is_err());
        assert!(is_error(&json!("a"), "io", "a").is_err());
    }
}
