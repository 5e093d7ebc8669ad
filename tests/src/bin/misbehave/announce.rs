//! Telling the port.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use crate::flags::Flags;

/// Every announcement, one after the other, where it was asked for.
pub(crate) fn announce(flags: &Flags, address: Option<SocketAddr>) {
    std::thread::sleep(Duration::from_millis(flags.number("--announce-after").unwrap_or(0)));
    for text in flags.all("--announce") {
        let mut line = text.to_owned();
        if let Some(address) = address {
            let port = address.port().to_string();
            line = line.replace("{port}", &port).replace("{host}", &address.ip().to_string());
        }
        line.push('\n');
        if let Some(path) = flags.text("--announce-file") {
            std::fs::write(path, &line).unwrap();
            continue;
        }
        let mut out: Box<dyn Write> = match flags.text("--announce-on") {
            Some("stderr") => Box::new(std::io::stderr()),
            _ => Box::new(std::io::stdout()),
        };
        let pieces = if flags.has("--announce-bytes") { 1 } else { line.len() };
        for piece in line.as_bytes().chunks(pieces) {
            out.write_all(piece).unwrap();
            out.flush().unwrap();
        }
    }
}
