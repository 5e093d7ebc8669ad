//! From a wish to a lock entry: which release, which asset, which hash. Only subcommands do this.

mod choose;
