//! Progress on a terminal: a bar per transfer and one for all.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use sidecar_fetch::{Event, Reporter};

use crate::args::Color;
use crate::out::{Out, printable};

/// Shows what the library reports.
#[derive(Debug)]
pub(crate) struct Bars {
    out: Out,
    all: MultiProgress,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    transfers: HashMap<u64, ProgressBar>,
    total: Option<ProgressBar>,
    spinner: Option<ProgressBar>,
}

impl Bars {
    pub(crate) fn new(out: Out) -> Self {
        let shown = std::io::stderr().is_terminal() && !out.quiet && !out.json;
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { out, all: MultiProgress::with_draw_target(target), state: Mutex::default() }
    }

    /// Removes every bar, before results are printed.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        if let Some(spinner) = state.spinner.take() {
            spinner.finish_and_clear();
        }
        if let Some(total) = state.total.take() {
            total.finish_and_clear();
        }
        let _ = self.all.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, id: u64, label: &str, size: Option<u64>, received: u64) {
        let mut state = self.lock();
        let open = size.unwrap_or(0).saturating_sub(received);
        if let Some(total) = &state.total {
            total.inc_length(open);
        }
        // Complete before it is shown: a bar of length 0 would flash as a full one.
        let total = state.total.get_or_insert_with(|| {
            let what = "{msg:>12VERB} [{bar:30}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}";
            let bar = ProgressBar::new(open).with_style(self.style(what)).with_message("Fetching");
            self.all.add(bar)
        });
        let bar = ProgressBar::new(size.unwrap_or(0)).with_position(received);
        let bar = self.all.insert_before(
            total,
            bar.with_style(self.style("             {bar:30} {binary_bytes:>10} {wide_msg}")),
        );
        bar.set_message(printable(label));
        state.transfers.insert(id, bar);
    }

    /// The style of a template, in which `VERB` stands for the colour of verbs, where colours are wanted.
    fn style(&self, template: &str) -> ProgressStyle {
        let template =
            template.replace("VERB", if self.out.color == Color::Never { "" } else { ".bold.green" });
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        style.progress_chars("━╸ ")
    }

    fn step(&self, verb: &str, what: &str) {
        let mut state = self.lock();
        let spinner = state.spinner.get_or_insert_with(|| {
            let style = self.style("{prefix:>12VERB} {wide_msg}");
            let spinner = ProgressBar::new_spinner().with_style(style).with_prefix(verb.to_owned());
            let bar = self.all.add(spinner.with_message(printable(what)));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        spinner.set_prefix(verb.to_owned());
        spinner.set_message(printable(what));
    }
}

impl Reporter for Bars {
    fn event(&self, event: &Event<'_>) {
        match *event {
            Event::Step { verb, what } => {
                self.step(verb, what);
                self.all.suspend(|| self.out.detail(verb, what));
            }
            Event::Begin { id, label, size, received } => self.begin(id, label, size, received),
            Event::Advance { id, bytes } => {
                let state = self.lock();
                if let Some(bar) = state.transfers.get(&id) {
                    bar.inc(bytes);
                }
                if let Some(total) = &state.total {
                    total.inc(bytes);
                }
            }
            Event::Retry { id, reason, wait_ms } => {
                let seconds = Duration::from_millis(wait_ms).as_secs_f32();
                let asset = self
                    .lock()
                    .transfers
                    .get(&id)
                    .map(|bar| format!("{}: ", bar.message()))
                    .unwrap_or_default();
                self.all.suspend(|| {
                    self.out.warning(format_args!("{asset}{reason}; trying again in {seconds:.1} s"));
                });
            }
            Event::End { id } => {
                if let Some(bar) = self.lock().transfers.remove(&id) {
                    bar.finish_and_clear();
                }
            }
            Event::Warning { message } => self.all.suspend(|| self.out.warning(message)),
            _ => {}
        }
    }
}
