//! What sidecars look like.

use serde_json::{Value, json};

/// One that needs no port and is ready when it and all its processes are up.
pub(crate) fn quiet() -> Value {
    json!({
        "port": "none",
        "health": { "ready": "line:^up$" },
        "restart": { "when": "never" },
    })
}

/// One that serves HTTP on a leased port.
pub(crate) fn server() -> Value {
    json!({
        "port": "lease",
        "health": { "ready": "http:/health" },
        "restart": { "when": "never" },
    })
}

/// The flags of one that serves on its leased port.
pub(crate) const SERVES: [&str; 2] = ["--bind=127.0.0.1:{port}", "--http"];

/// Trees of processes: a name, and the flags that make it.
pub(crate) const TREES: [(&str, &[&str]); 9] = [
    ("alone", &[]),
    ("two children", &["--fork=2"]),
    ("child with a session", &["--setsid=1"]),
    ("daemons", &["--daemonize=2"]),
    ("executed, environment cleared", &["--spawn=2", "--daemonize=1"]),
    ("43 processes", &["--tree=2x6"]),
    ("43 that ignore TERM", &["--ignore-term", "--tree=2x6"]),
    ("storm of daemons", &["--storm=400"]),
    ("worm", &["--worm=5000"]),
];
