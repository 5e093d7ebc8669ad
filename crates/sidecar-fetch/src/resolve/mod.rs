//! From a wish to a lock entry: which release, which asset, which hash. Only subcommands do this.

pub(crate) mod checksum;
pub(crate) mod choose;
pub(crate) mod dist_manifest;
pub(crate) mod github;
pub(crate) mod pick;
pub(crate) mod release;
pub(crate) mod repository;
mod tag;
pub(crate) mod version;
