//! What the page of the example shows.

use std::path::Path;

use serde_json::{Value, json};

use super::driver::Session;
use super::step::{Deadline, Seen};
use crate::error::{Error, Result};

/// The page, while a step looks at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) session: &'a Session,
    pub(super) until: Deadline,
}

/// A sidecar's card, as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) state: String,
    /// When it is started again; empty where it is not waiting for that.
    pub(super) countdown: String,
    pub(super) address: String,
    pub(super) runs: String,
    /// Empty where none is shown.
    pub(super) error: String,
    pub(super) lines: Vec<String>,
}

impl Card {
    fn of(value: &Value) -> Option<Self> {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let lines = value["lines"].as_array()?.iter();
        Some(Self {
            state: text("state")?,
            countdown: text("countdown")?,
            address: text("address")?,
            runs: text("runs")?,
            error: text("error")?,
            lines: lines.filter_map(|line| line.as_str().map(str::to_owned)).collect(),
        })
    }
}

impl Page<'_> {
    pub(super) fn run(&self, body: &str) -> Result<Value> {
        self.session.run(body, self.until)
    }

    /// What the card of a sidecar shows; `None` where there is no card yet.
    pub(super) fn card(&self, name: &str) -> Result<Option<Card>> {
        let body = format!(
            "const card = document.querySelector('#card-{name}'); \
             const text = (part) => card.querySelector(part).textContent; \
             return card && {{ \
               state: text('.state'), countdown: text('.countdown'), address: text('.address'), runs: text('.runs'), \
               error: card.querySelector('.error').hidden ? '' : text('.error'), \
               lines: [...card.querySelectorAll('.log > *')].map((line) => line.textContent) }}"
        );
        Ok(Card::of(&self.run(&body)?))
    }

    /// Waits until a card is as it is wanted.
    pub(super) fn card_that(&self, what: &str, name: &str, is: impl Fn(&Card) -> bool) -> Result<Card> {
        self.until.until(&format!("{name}: {what}"), || {
            Ok(match self.card(name)? {
                Some(card) if is(&card) => Seen::There(card),
                other => Seen::NotYet(other.map_or("no card".to_owned(), |card| format!("{card:#?}"))),
            })
        })
    }

    pub(super) fn card_in_state(&self, name: &str, state: &str) -> Result<Card> {
        self.card_that(state, name, |card| card.state == state)
    }

    /// Presses a button of a card.
    pub(super) fn press(&self, name: &str, button: &str) -> Result<()> {
        self.session.click(&format!("#card-{name} .{button}"), self.until)
    }

    /// What happened to a sidecar, as the timeline has it, the newest first.
    pub(super) fn timeline(&self, name: &str) -> Result<Vec<String>> {
        let body = format!(
            "return [...document.querySelectorAll('#events li')] \
               .filter((item) => item.querySelector('b').textContent === '{name}') \
               .map((item) => item.dataset.event)"
        );
        let classes = self.run(&body)?;
        Ok(classes
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|class| class.as_str().map(str::to_owned))
            .collect())
    }

    /// What the plugin's own API says of a sidecar.
    pub(super) fn status(&self, name: &str) -> Result<Value> {
        self.run(&format!("return window.__TAURI__.sidecar.sidecar('{name}').status()"))
    }

    /// The number of its first process.
    pub(super) fn pid(&self, name: &str) -> Result<u32> {
        let status = self.status(name)?;
        let pid = status["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
        pid.ok_or_else(|| Error::new(format!("`{name}` has no process: {status}")))
    }

    /// How a call of the plugin's API fails.
    pub(super) fn failure(&self, call: &str) -> Result<Value> {
        let body = format!(
            "const api = window.__TAURI__.sidecar; \
             try {{ await {call} }} catch (error) {{ \
               const {{ code, message, help, facts, log }} = error; \
               return {{ own: api.isSidecarError(error), code, message, help, facts, log, text: String(error) }} }} \
             return null"
        );
        let error = self.run(&body)?;
        if error == json!(null) { Err(Error::new(format!("`{call}` did not fail"))) } else { Ok(error) }
    }

    pub(super) fn picture(&self, name: &str) -> Result<()> {
        self.session.picture(&pictures().join(format!("{name}.png")), self.until)
    }
}

/// Where pictures of the window are put.
pub(super) fn pictures() -> std::path::PathBuf {
    crate::fsx::target_dir().join(Path::new("window"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_read_whole_or_not_at_all() {
        let value = json!({ "state": "running", "countdown": "", "address": "127.0.0.1:1", "runs": "1", "error": "", "lines": ["a", "b"] });
        let card = Card::of(&value).unwrap();
        assert_eq!((card.state.as_str(), card.lines.len()), ("running", 2));
        assert_eq!(Card::of(&Value::Null), None);
        assert_eq!(Card::of(&json!({ "state": "running", "lines": [] })), None);
    }
}
