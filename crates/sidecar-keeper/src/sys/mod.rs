//! The systems, each with the same functions. What one cannot do fails with [`io::ErrorKind::Unsupported`], and its
//! scope says so.
//!
//! [`io::ErrorKind::Unsupported`]: std::io::ErrorKind::Unsupported

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod system;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod system;
#[cfg(not(any(target_os = "linux", windows)))]
#[path = "macos.rs"]
mod system;

pub(crate) use system::*;
