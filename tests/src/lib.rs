//! Test support: the release server.
