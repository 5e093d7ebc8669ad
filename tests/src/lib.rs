//! Test support: a release server on loopback that speaks GitHub's API and misbehaves on demand.
//!
//! ```
//! use sidecar_tests::{Fault, Match, ReleaseServer, ReleaseSpec};
//!
//! let server = ReleaseServer::start();
//! server.release("acme/tool", ReleaseSpec::new("v1.2.3").asset("tool-linux-amd64", "bytes"));
//! server.fault(Match::asset("tool-linux-amd64"), Fault::CutAfter(2), 1); // once; the second try is well served
//! assert!(server.api_url().ends_with("/api/v3"));
//! assert!(server.requests().is_empty());
//! ```

mod archive;
mod digest;
mod program;
mod server;

pub use archive::{Member, gzip, tar_gz, tar_gz_with_links, zip, zip_with_links};
pub use digest::{blake3, sha256};
pub use program::{library, program, program_for_glibc};
pub use server::{Content, Fault, Match, ReleaseServer, ReleaseSpec, Seen, Times};
