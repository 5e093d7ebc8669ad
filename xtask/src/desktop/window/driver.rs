//! A client of WebDriver, as far as the story needs it: <https://www.w3.org/TR/webdriver2/>.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::{Value, json};

use super::screen::Screen;
use super::step::{Deadline, Seen};
use crate::error::{Error, Result};
use crate::fsx::{self, Mode};

/// The key under which the protocol names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// An app that the driver started, and its page.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    url: String,
}

impl Session {
    /// Starts a program; when this returns, its page is there.
    pub(super) fn start(screen: &Screen, program: &Path, until: Deadline) -> Result<Self> {
        // Fails where a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().map_err(Error::because("no client of HTTP"))?;
        let mut session = Self { client, url: format!("http://127.0.0.1:{}", screen.port) };
        until.until("the driver", || {
            let ready = session.send(&Method::GET, "/status", None, until);
            Ok(match ready {
                Ok(value) => Seen::when(value["ready"] == true, value.to_string()),
                Err(error) => Seen::NotYet(error.to_string()),
            })
        })?;
        let options = json!({ "binary": program, "args": [] });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let answer = session.send(&Method::POST, "/session", Some(wanted), until)?;
        let id = answer["sessionId"].as_str().ok_or_else(|| Error::new(format!("no session: {answer}")))?;
        session.url = format!("{}/session/{id}", session.url);
        Ok(session)
    }

    /// Runs the body of an asynchronous function in the page, and gives what it returns.
    pub(super) fn run(&self, body: &str, until: Deadline) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1]; \
             (async () => {{ {body} }})().then((value) => done({{ value }}), (error) => done({{ error: String(error) }}))"
        );
        let call = json!({ "script": script, "args": [] });
        let answer = self.send(&Method::POST, "/execute/async", Some(call), until)?;
        match answer.get("error") {
            Some(error) => Err(Error::new(format!("the page failed: {error}\n  in: {body}"))),
            None => Ok(answer["value"].clone()),
        }
    }

    /// Clicks on the element that the selector finds, as with a mouse.
    pub(super) fn click(&self, selector: &str, until: Deadline) -> Result<()> {
        let element = self.element(selector, until)?;
        self.send(&Method::POST, &format!("/element/{element}/click"), Some(json!({})), until).map(drop)
    }

    /// What `body` returns in the document of a frame.
    pub(super) fn run_in_frame(&self, selector: &str, body: &str, until: Deadline) -> Result<Value> {
        let element = self.element(selector, until)?;
        self.send(&Method::POST, "/frame", Some(json!({ "id": { ELEMENT: element } })), until)?;
        let answer = self.run(body, until);
        self.send(&Method::POST, "/frame", Some(json!({ "id": null })), until)?;
        answer
    }

    pub(super) fn reload(&self, until: Deadline) -> Result<()> {
        self.send(&Method::POST, "/refresh", Some(json!({})), until).map(drop)
    }

    /// Writes a picture of the page.
    pub(super) fn picture(&self, path: &Path, until: Deadline) -> Result<()> {
        let answer = self.send(&Method::GET, "/screenshot", None, until)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(answer.as_str().unwrap_or_default());
        fsx::publish(path, &bytes.map_err(Error::because("the picture"))?, Mode::Plain)
    }

    fn element(&self, selector: &str, until: Deadline) -> Result<String> {
        let wanted = json!({ "using": "css selector", "value": selector });
        let answer = self.send(&Method::POST, "/element", Some(wanted), until)?;
        answer[ELEMENT].as_str().map(str::to_owned).ok_or_else(|| Error::new(format!("no element: {answer}")))
    }

    fn send(&self, method: &Method, path: &str, body: Option<Value>, until: Deadline) -> Result<Value> {
        let what = format!("{method} {path}");
        let failed = |error: reqwest::Error| Error::new(format!("{what}: {}", error.without_url()));
        let limit = until.left().max(Duration::from_secs(1));
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.url)).timeout(limit);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let text = request.send().and_then(reqwest::blocking::Response::text).map_err(failed)?;
        value(&text).map_err(Error::because(&what))
    }
}

/// What an answer of the driver carries; its errors have two words and a sentence.
fn value(text: &str) -> Result<Value> {
    let answer: Value = serde_json::from_str(text).map_err(Error::because("not an answer of a driver"))?;
    let value = &answer["value"];
    match (value["error"].as_str(), value["message"].as_str()) {
        (Some(error), message) => Err(Error::new(format!("{error}: {}", message.unwrap_or("no reason")))),
        (None, _) => Ok(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_carries_a_value() {
        assert_eq!(value(r#"{"value":{"ready":true}}"#).unwrap(), json!({ "ready": true }));
        assert_eq!(value(r#"{"value":null}"#).unwrap(), Value::Null);
        // Of the page itself: it is no error of the driver.
        assert_eq!(value(r#"{"value":{"error":{"x":1}}}"#).unwrap()["error"]["x"], 1);
    }

    #[test]
    fn an_error_says_what_the_driver_says() {
        let text = r#"{"value":{"error":"no such element","message":"","stacktrace":""}}"#;
        assert_eq!(value(text).unwrap_err().to_string(), "no such element: ");
        let text = r#"{"value":{"error":"invalid session id","message":"it ended"}}"#;
        assert_eq!(value(text).unwrap_err().to_string(), "invalid session id: it ended");
        assert!(value("<html>").unwrap_err().to_string().starts_with("not an answer"));
    }
}
