//! From a wish to a lock entry: which release, which asset, which hash. Only subcommands do this.

pub(crate) mod checksum;
pub(crate) mod choose;
pub(crate) mod github;
pub(crate) mod release;
pub(crate) mod repository;
pub(crate) mod tag;
pub(crate) mod version;
