//! The scopes, read by the rules of tauri-plugin-shell (`scope_entry.rs`, `scope.rs`) and with the crate that
//! tauri-plugin-http matches URLs with. The plugins themselves need the libraries of a desktop to compile.

use regex::Regex;
use serde_json::Value as Json;
use urlpattern::{UrlPattern, UrlPatternInit, UrlPatternMatchInput};

use super::{LOOPBACK, text, tool};

/// An entry of the shell plugin's scope.
pub(super) struct Entry {
    pub(super) name: String,
    /// `None`: any.
    args: Option<Vec<Argument>>,
}

enum Argument {
    Fixed(String),
    Matching(Regex),
}

impl Entry {
    /// Reads what the plugin reads; what it would refuse, or panic about, is an error.
    pub(super) fn read(json: &Json) -> Result<Self, String> {
        let object = json.as_object().ok_or("no object")?;
        let name = object.get("name").and_then(Json::as_str).ok_or("no name")?.to_owned();
        if object.get("sidecar") != Some(&Json::Bool(true)) {
            return Err("without `cmd` it must be a sidecar".to_owned());
        }
        if let Some(odd) = object.keys().find(|key| !["name", "sidecar", "args"].contains(&key.as_str())) {
            return Err(format!("unexpected key {odd}"));
        }
        let args = match object.get("args") {
            None | Some(Json::Bool(false)) => Some(Vec::new()),
            Some(Json::Bool(true)) => None,
            Some(Json::Array(list)) => Some(list.iter().map(Argument::read).collect::<Result<_, _>>()?),
            Some(other) => return Err(format!("args: {other}")),
        };
        Ok(Self { name, args })
    }

    /// The arguments that the program gets where JavaScript gives a list.
    pub(super) fn prepare(&self, given: &[&str]) -> Result<Vec<String>, String> {
        let Some(args) = &self.args else { return Ok(given.iter().map(|arg| (*arg).to_owned()).collect()) };
        let one = |(i, arg): (usize, &Argument)| match arg {
            Argument::Fixed(text) => Ok(text.clone()),
            Argument::Matching(regex) => match given.get(i) {
                Some(value) if regex.is_match(value) => Ok((*value).to_owned()),
                Some(value) => Err(format!("{value} does not match {regex}")),
                None => Err(format!("argument {i} is missing")),
            },
        };
        args.iter().enumerate().map(one).collect()
    }
}

impl Argument {
    fn read(json: &Json) -> Result<Self, String> {
        if let Some(text) = json.as_str() {
            return Ok(Self::Fixed(text.to_owned()));
        }
        let object = json.as_object().ok_or("neither a string nor an object")?;
        let validator = object.get("validator").and_then(Json::as_str).ok_or("no validator")?;
        let raw = match object.get("raw") {
            None => false,
            Some(raw) => raw.as_bool().ok_or("raw is no boolean")?,
        };
        if let Some(odd) = object.keys().find(|key| !["validator", "raw"].contains(&key.as_str())) {
            return Err(format!("unexpected key {odd}"));
        }
        let regex = if raw { validator.to_owned() } else { format!("^{validator}$") };
        Regex::new(&regex).map(Self::Matching).map_err(|e| e.to_string())
    }
}

fn entry(args: &str) -> Entry {
    let file = text(&tool(&format!("shell = {{ spawn = true, args = {args} }}")));
    let file: Json = serde_json::from_str(&file).unwrap();
    Entry::read(&file["permissions"][0]["allow"][0]).unwrap()
}

#[test]
fn arguments_reach_the_program_as_the_manifest_says() {
    assert_eq!(entry("true").prepare(&["a", "b"]).unwrap(), ["a", "b"]);
    assert!(entry("false").prepare(&["a"]).unwrap().is_empty());
    let port = entry(r"['--port', { validator = '\d+' }]");
    assert_eq!(port.prepare(&["x", "80"]).unwrap(), ["--port", "80"]);
    assert_eq!(port.prepare(&["--port", "80", "--evil"]).unwrap(), ["--port", "80"]);
    assert!(port.prepare(&["--port"]).is_err() && port.prepare(&["--port", "80x"]).is_err());
}

#[test]
fn a_validator_matches_the_whole_argument() {
    let verb = entry("[{ validator = 'start|stop' }]");
    assert!(verb.prepare(&["start"]).is_ok() && verb.prepare(&["stop"]).is_ok());
    for evil in ["start; rm -rf /", "x stop", "stop\n", "start\nstop"] {
        assert!(verb.prepare(&[evil]).is_err(), "{evil:?}");
    }
    // A flag of the user's ends with the user's group: `$` stays the end of the text.
    assert!(entry("[{ validator = '(?m)stop' }]").prepare(&["stop\n--evil"]).is_err());
    let raw = entry("[{ validator = '^start|stop', raw = true }]");
    assert!(raw.prepare(&["start; or so"]).is_ok() && raw.prepare(&["x start"]).is_err());
}

/// As tauri-plugin-http parses a pattern of its scope.
fn pattern(text: &str) -> UrlPattern {
    let mut init = UrlPatternInit::parse_constructor_string::<Regex>(text, None).unwrap();
    let is_open = |part: &Option<String>| part.as_ref().is_none_or(String::is_empty);
    if is_open(&init.search) {
        init.search = Some("*".into());
    }
    if is_open(&init.hash) {
        init.hash = Some("*".into());
    }
    if is_open(&init.pathname) || init.pathname.as_deref() == Some("/") {
        init.pathname = Some("*".into());
    }
    UrlPattern::parse(init, urlpattern::UrlPatternOptions::default()).unwrap()
}

#[test]
fn loopback_is_reached_on_every_port_and_path() {
    for url in [
        "http://127.0.0.1:38113/health",
        "http://127.0.0.1:38113",
        "http://localhost:1/a/b?c=d#e",
        "http://localhost/",
        "http://127.0.0.1:80/",
        "http://127.0.0.1:65535/x%20y",
        "http://LOCALHOST:8080/",
        // Other spellings of the same address.
        "http://127.1:8080/",
        "http://0x7f000001:8080/",
        "http://2130706433/",
    ] {
        assert!(is_allowed(url), "{url}");
    }
}

#[test]
fn nothing_but_loopback_is_reached() {
    for url in [
        "https://127.0.0.1:38113/",
        "https://localhost/",
        "http://127.0.0.1.evil.com/",
        "http://127.0.0.1.evil.com:80/",
        "http://localhost.evil.com:8080/",
        "http://evil.com/127.0.0.1:80",
        "http://evil.com/?http://localhost:80/",
        "http://evil.com/#@localhost:80/",
        "http://127.0.0.1:80@evil.com/",
        "http://localhost:80@evil.com:8080/",
        "http://localhost@evil.com/",
        "http://localhost%2eevil.com/",
        "http://xlocalhost/",
        "http://127.0.0.10/",
        "http://127.0.0.2/",
        "http://128.0.0.1/",
        "http://0.0.0.0:80/",
        "http://[::1]:80/",
        "http://[::ffff:7f00:1]/",
        "http://l\u{f6}calhost/",
        "ws://127.0.0.1:80/",
        "file:///127.0.0.1",
        "file://localhost/etc/passwd",
        "data:,http://127.0.0.1:80",
    ] {
        assert!(!is_allowed(url), "{url}");
    }
}

fn is_allowed(url: &str) -> bool {
    let url: url::Url = url.parse().unwrap();
    LOOPBACK.iter().any(|text| pattern(text).test(UrlPatternMatchInput::Url(url.clone())).unwrap())
}
