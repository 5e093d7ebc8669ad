//! The release server: threads on `std::net`, so that it can do what no HTTP library lets it do.

mod api;
mod connection;
mod content;
mod fault;
mod forges;
mod http;
mod object;
mod seen;
mod spec;
mod state;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use content::Content;
pub use fault::{Fault, Match, Times};
pub use seen::Seen;
pub use spec::ReleaseSpec;

use connection::Connections;
use state::State;

/// Where the API begins, as on a GitHub Enterprise server.
const API: &str = "/api/v3";

/// A release server on loopback. Stops, and ends its connections and threads, when it is dropped.
#[derive(Debug)]
pub struct ReleaseServer {
    address: SocketAddr,
    state: Arc<State>,
    connections: Arc<Connections>,
    acceptor: Option<JoinHandle<()>>,
}

impl ReleaseServer {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port, as no test can go on then.
    pub fn start() -> Self {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| Ok((l.local_addr()?, l)));
        let (address, listener) = match bound {
            Ok(bound) => bound,
            Err(error) => panic!("cannot listen on 127.0.0.1: {error}"),
        };
        let state = Arc::new(State::new(format!("http://{address}")));
        let connections = Arc::new(Connections::default());
        let acceptor = {
            let (state, connections) = (Arc::clone(&state), Arc::clone(&connections));
            std::thread::spawn(move || connections.accept(&listener, &state))
        };
        Self { address, state, connections, acceptor: Some(acceptor) }
    }

    /// `http://127.0.0.1:PORT`, where `{url}/owner/repo` stands for github.com's page.
    pub fn url(&self) -> &str {
        &self.state.url
    }

    /// The base URL of the API: `{url}/api/v3`.
    pub fn api_url(&self) -> String {
        format!("{}{API}", self.url())
    }

    /// Where a browser would download an asset: a redirect to its bytes.
    pub fn download_url(&self, repository: &str, tag: &str, asset: &str) -> String {
        let (tag, asset) = (http::percent_encode(tag), http::percent_encode(asset));
        format!("{}/{repository}/releases/download/{tag}/{asset}", self.url())
    }

    /// Publishes a release. One that has the same tag in the same repository is replaced.
    ///
    /// # Panics
    ///
    /// Where the file behind an asset cannot be read.
    pub fn release(&self, repository: &str, spec: ReleaseSpec) {
        self.state.publish(repository, spec);
    }

    /// Creates a repository that has no releases yet.
    pub fn repository(&self, repository: &str) {
        self.state.with_repository(repository, |_| ());
    }

    /// Makes a repository private: its API wants this bearer token and says 404 without, and its browser download URLs
    /// say 404 to everyone, so that only the API's asset URLs lead to the bytes.
    pub fn private(&self, repository: &str, token: &str) {
        self.state.with_repository(repository, |found| found.token = Some(token.to_owned()));
    }

    /// Serves content at a path of its own (percent-decoded, with the leading slash), with `ETag` and ranges: for sources
    /// that are not GitHub.
    ///
    /// # Panics
    ///
    /// Where the file behind the content cannot be read.
    pub fn serve(&self, path: &str, content: impl Into<Content>) {
        self.state.serve(path, content.into());
    }

    /// The base URL of the npm registry: `{url}/npm`.
    pub fn npm_url(&self) -> String {
        format!("{}{}", self.url(), forges::NPM)
    }

    /// Publishes a version of an npm package, whose tarball has this content. The last one that is published is its
    /// `latest`.
    ///
    /// # Panics
    ///
    /// Where the file behind the content cannot be read.
    pub fn npm(&self, package: &str, version: &str, tarball: impl Into<Content>) {
        let content = tarball.into();
        let integrity = match forges::integrity(&content) {
            Ok(integrity) => integrity,
            Err(error) => panic!("cannot read what is to be served: {error}"),
        };
        self.state.publish_package(package, version, Some(integrity));
        self.state.serve(&forges::tarball(package, version), content);
    }

    /// Misbehaves from now on, for `times` requests that match. Of several rules the first that is not used up applies.
    pub fn fault(&self, on: Match, fault: Fault, times: impl Into<Times>) {
        self.state.add_rule(on, fault, times.into());
    }

    /// Behaves again: forgets all faults, and lets stalled answers go on.
    pub fn clear_faults(&self) {
        self.state.clear_rules();
        self.release_stalls();
    }

    /// Lets the answers go on that [`Fault::StallAfter`] holds at this moment.
    pub fn release_stalls(&self) {
        self.connections.release_stalls();
    }

    /// The requests so far, in the order in which their heads arrived.
    ///
    /// A client that has an answer finds it here. Where an answer was cut short by the client, `bytes_sent` is right
    /// once the server has noticed.
    pub fn requests(&self) -> Vec<Seen> {
        self.state.seen()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.state.clear_seen();
    }
}

impl Drop for ReleaseServer {
    fn drop(&mut self) {
        self.connections.stop();
        // The acceptor sees the end once a last connection wakes it.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// When the hourly limit would be refilled, in seconds since 1970.
fn in_an_hour() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()) + 3_600
}
