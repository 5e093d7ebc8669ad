//! Linux: zygote, keepers, `/proc`.

mod before_main;
#[path = "../unix/channel.rs"]
mod channel;
#[path = "../unix/group.rs"]
mod group;
#[path = "../unix/keep.rs"]
mod keep;
mod kill;
#[path = "../unix/leader.rs"]
mod leader;
mod line;
mod net;
// Read and followed on macOS; the tests run here, too.
#[cfg(test)]
#[path = "../macos/lineage.rs"]
mod lineage;
#[cfg(test)]
#[path = "../macos/read.rs"]
mod read;
#[cfg(test)]
#[path = "../macos/line.rs"]
mod stream;

mod os;
#[path = "../unix/phase.rs"]
mod phase;
mod proc;
#[path = "../unix/raw.rs"]
mod raw;
#[path = "../unix/socket.rs"]
mod socket;
#[path = "../unix/start.rs"]
mod start;
mod title;
mod tree;
#[path = "../unix/words.rs"]
mod words;
#[path = "../unix/zygote.rs"]
mod zygote;

pub(crate) use channel::{Channel, Descriptor, directory, exit_status, null_device, own_stream};
pub(crate) use kill::{kill, kill_round};
pub(crate) use net::{all_listeners, lease, listeners};
pub(crate) use proc::{all_processes, descendants, identity, is_alive, name, random, with_cookie, world};
pub(crate) use raw::user;
pub(crate) use start::{init, open_keeper, scope};
