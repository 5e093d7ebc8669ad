//! The systems, each with the same functions. What one cannot do fails with [`io::ErrorKind::Unsupported`], and its
//! scope says so. What all Unix systems have in common is in `unix`, and part of each.
//!
//! [`io::ErrorKind::Unsupported`]: std::io::ErrorKind::Unsupported

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod system;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "macos/mod.rs"]
mod system;
#[cfg(not(any(target_os = "linux", windows, target_os = "macos")))]
#[path = "other.rs"]
mod system;

pub(crate) use system::*;
