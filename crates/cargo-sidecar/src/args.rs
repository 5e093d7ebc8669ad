//! The command line: cargo's words for cargo's habits.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Effects, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// cargo's own colours.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default())
    .error(AnsiColor::BrightRed.on_default().effects(Effects::BOLD))
    .valid(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD))
    .invalid(AnsiColor::Yellow.on_default().effects(Effects::BOLD));

/// The command line.
#[derive(Debug, Parser)]
#[command(about = "Prebuilt programs in Tauri apps: locked, verified, installed as <name>-<triple>")]
#[command(name = "cargo-sidecar", bin_name = "cargo sidecar", version, styles = STYLES, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// Flags that every subcommand takes.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Global {
    /// Path to the app's Cargo.toml
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Package of the app, in a workspace with several
    #[arg(short, long, global = true, value_name = "SPEC")]
    pub(crate) package: Option<String>,
    /// Assert that `sidecar.lock` and Tauri's configuration will remain unchanged
    #[arg(long, global = true)]
    pub(crate) locked: bool,
    /// Run without the network
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// --locked and --offline
    #[arg(long, global = true)]
    pub(crate) frozen: bool,
    /// Format of the output
    #[arg(long, global = true, value_enum, default_value_t = Format::Human, value_name = "FMT")]
    pub(crate) message_format: Format,
    /// Print errors and data only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Print also what was left alone
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Coloring
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prepare an app: sidecar.toml, the line in build.rs, the build-dependency, ignore rules
    Init(Init),
    /// Add a sidecar to sidecar.toml and Tauri's configuration, and lock it
    Add(Box<Add>),
    /// Remove sidecars from sidecar.toml, the lock and Tauri's configuration
    Remove {
        /// Names in sidecar.toml
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// Print what would change as a diff, and change nothing
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
    /// Resolve what sidecar.toml asks for and pin it in sidecar.lock
    Lock(Lock),
    /// Lock if needed, then fetch, verify and install, and bring Tauri's configuration in step
    Sync {
        #[command(flatten)]
        selection: Selection,
        /// Print what would change as a diff; fetch nothing and change nothing
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
    /// Move sidecars to the newest release that sidecar.toml allows
    Update(Update),
    /// Show which sidecars have newer releases
    Outdated(Outdated),
    /// Take over what other tools pin: DotSlash files, multitool.lock.json, mise.lock
    Import(Import),
    /// List the sidecars and what they are locked to
    List,
    /// Explain which asset is chosen for each target, and why none of the others
    Explain {
        /// Name in sidecar.toml
        #[arg(value_name = "NAME")]
        name: String,
        /// Target triple; may be repeated. Default: every target that the manifest locks
        #[arg(long, value_name = "TRIPLE")]
        target: Vec<String>,
    },
    /// Check lock, cache, installed files, Tauri's configuration, or a bundle: the gate for CI
    Verify(Verify),
    /// Print what `tauri build --config` takes, for a choice of features
    Config {
        /// Target triple. Default: the host's
        #[arg(long, value_name = "TRIPLE")]
        target: Option<String>,
        #[command(flatten)]
        features: FeatureFlags,
    },
    /// Look at everything that sidecars depend on, and say what to do
    Doctor,
    /// Show, measure or empty the cache
    Cache {
        #[command(subcommand)]
        command: Cache,
    },
    /// Print the JSON Schema of sidecar.toml
    Schema,
    /// Print a completion script
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Change files without asking
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Let Tauri's hooks install sidecars before a build and verify them before the bundle
    #[arg(long)]
    pub(crate) hooks: bool,
    /// Print what would change as a diff, and change nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Name of a recipe, GitHub repository, or another source behind its key (gitlab:, forgejo:, npm:, url:, path:), and
    /// optionally a version requirement or exact tag
    #[arg(value_name = "SOURCE[@VERSION]", required_unless_present = "list")]
    pub(crate) source: Option<String>,
    /// List the recipes, or those that hold FILTER, and add nothing
    #[arg(long, value_name = "FILTER", num_args = 0..=1, default_missing_value = "", conflicts_with = "source")]
    pub(crate) list: Option<String>,
    /// Name in sidecar.toml; default: the recipe's or the repository's
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Where the version is read: for a tag that moves, the asset; with url: an address, with path: a file; behind # a JSON
    /// pointer
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) version_from: Option<String>,
    /// With url: the address of a file that lists the SHA-256 of the file
    #[arg(long, value_name = "URL")]
    pub(crate) checksums: Option<String>,
    /// Exact tag of the release, for tags that are no version
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// What stands before the version in this tool's tags
    #[arg(long, value_name = "PREFIX")]
    pub(crate) tag_prefix: Option<String>,
    /// Glob of the member of the archive that is the program
    #[arg(long, value_name = "GLOB")]
    pub(crate) bin: Option<String>,
    /// Glob of members that are installed beside the program; may be repeated. Makes it `layout = "tree"`
    #[arg(long, value_name = "GLOB")]
    pub(crate) resources: Vec<String>,
    /// Name under which the program is installed
    #[arg(long, value_name = "NAME")]
    pub(crate) install_as: Option<String>,
    /// Only when one of these Cargo features is on
    #[arg(short = 'F', long, value_name = "FEATURES", value_delimiter = ',')]
    pub(crate) features: Vec<String>,
    /// Target triple that --asset is for
    #[arg(long, value_name = "TRIPLE", requires = "asset")]
    pub(crate) target: Option<String>,
    /// Asset to take, where the choice is not clear; placeholders such as {version} are allowed
    #[arg(long, value_name = "NAME", requires = "target")]
    pub(crate) asset: Option<String>,
    #[command(flatten)]
    pub(crate) age: Age,
    /// Pin by the hashes and sizes that are published, and download nothing; builds look inside
    #[arg(long)]
    pub(crate) no_download: bool,
    /// Print what would change as a diff, and change nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
}

/// Which releases may be locked.
#[derive(Debug, Args)]
pub(crate) struct Age {
    /// Refuse releases younger than this, such as 3d or 12h; 0 for any age. Default: that of sidecar.toml
    #[arg(long, value_name = "DURATION")]
    pub(crate) minimum_age: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Lock {
    #[command(flatten)]
    pub(crate) age: Age,
    /// Pin by the hashes and sizes that are published, and download nothing; builds look inside
    #[arg(long)]
    pub(crate) no_download: bool,
    /// Accept that nobody vouches for a new asset where somebody did for the one before
    #[arg(long)]
    pub(crate) allow_proof_loss: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Names in sidecar.toml; none: all of them
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Print what would change, and leave the lock alone; assets are downloaded into the cache to look inside
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Lock one sidecar to exactly this version or tag, which sidecar.toml must allow
    #[arg(long, value_name = "VERSION", requires = "names")]
    pub(crate) precise: Option<String>,
    #[command(flatten)]
    pub(crate) lock: Lock,
}

#[derive(Debug, Args)]
pub(crate) struct Outdated {
    /// Names in sidecar.toml; none: all of them
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Exit with 1 where a sidecar is outdated
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) age: Age,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files to import; none: those that lie in the app's directory
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Print what would change as a diff, and change nothing; assets are downloaded into the cache to check the pins
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
}

/// Which files a command works on.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Target triple; may be repeated. Default: the host's
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Vec<String>,
    /// Every target that is locked
    #[arg(long, conflicts_with = "target")]
    pub(crate) all_targets: bool,
    #[command(flatten)]
    pub(crate) features: FeatureFlags,
}

/// Which Cargo features are on.
#[derive(Debug, Args)]
pub(crate) struct FeatureFlags {
    /// Space or comma separated list of Cargo features to activate
    #[arg(short = 'F', long, value_name = "FEATURES")]
    pub(crate) features: Vec<String>,
    /// Activate all Cargo features
    #[arg(long)]
    pub(crate) all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long)]
    pub(crate) no_default_features: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Look into this bundle instead: a directory, a .deb, a .tar.gz or a .zip
    #[arg(long, value_name = "PATH", conflicts_with = "all_targets")]
    pub(crate) bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cache {
    /// Print the directory of the cache
    Dir,
    /// Print how much the cache holds
    Size,
    /// Remove what was not used for a while
    Prune {
        /// Remove what was not used for so many days
        #[arg(long, value_name = "DAYS", default_value_t = 30)]
        older_than: u32,
        /// Remove everything
        #[arg(long, conflicts_with = "older_than")]
        all: bool,
    },
}

/// Parses the arguments of the process. `cargo sidecar …` passes its own name on as the first one.
pub(crate) fn parse() -> Cli {
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_some_and(|first| first == "sidecar") {
        args.remove(1);
    }
    Cli::parse_from(args)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
