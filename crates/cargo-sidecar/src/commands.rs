//! One function per subcommand: call the library, print what it says.

mod diff;
mod doctor;
mod import;
mod init;
mod lock;
mod recipes;
mod report;
mod verify;

use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory as _;
use serde_json::json;
use sidecar_fetch::{AddRequest, Cache as CacheOf, Error, Features, Package, Project, Targets};

use crate::args::{Add, Cache, Cli, Command, FeatureFlags, Global, Selection, Verify};
use crate::bars::Bars;
use crate::out::{Out, bytes, data, message, table};
use crate::workspace::Workspace;

/// Runs the command; the exit code is not 0 where it looked for something and found it wanting.
pub(crate) fn run(cli: &Cli, out: Out) -> Result<ExitCode, Error> {
    match &cli.command {
        Command::Init(init) => init::run(&cli.global, init, out)?,
        Command::Add(add) => add_sidecar(&cli.global, add, out)?,
        Command::Remove { names, dry_run } => remove(&cli.global, names, *dry_run, out)?,
        Command::Lock(command) => lock::lock(&cli.global, command, out)?,
        Command::Update(command) => lock::update(&cli.global, command, out)?,
        Command::Outdated(command) => return lock::outdated(&cli.global, command, out),
        Command::Import(command) => import::run(&cli.global, command, out)?,
        Command::Sync { selection, dry_run } => sync(&cli.global, selection, *dry_run, out)?,
        Command::Config { target, features } => config(&cli.global, target.as_deref(), features, out)?,
        Command::List => list(&cli.global, out)?,
        Command::Explain { name, target } => explain(&cli.global, name, target, out)?,
        Command::Verify(command) => return verify(&cli.global, command, out),
        Command::Doctor => return doctor(&cli.global, out),
        Command::Cache { command } => cache(command, out)?,
        Command::Schema => data([Project::SCHEMA.trim_end()]),
        Command::Completions { shell } => {
            let mut command = Cli::command().bin_name("cargo-sidecar");
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command, "cargo-sidecar", &mut script);
            data([String::from_utf8_lossy(&script).trim_end()]);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `act` on every app that the command line means.
fn for_each(
    global: &Global,
    out: Out,
    single: bool,
    mut act: impl FnMut(Project<'_>, &Bars) -> Result<(), Error>,
) -> Result<(), Error> {
    let workspace = Workspace::load(global)?;
    let apps = Package::select(workspace.packages, global.package.as_deref(), &workspace.from, single)?;
    let several = apps.len() > 1;
    for app in apps {
        if several && out.json {
            message("package", &json!({ "name": app.name, "directory": app.directory }));
        } else if several {
            out.status("Package", &app.name);
        }
        let bars = Bars::new(out);
        let (locked, offline) = (global.locked || global.frozen, global.offline || global.frozen);
        let project = Project::open(app, &workspace.target_directory, locked, offline, &bars);
        let done = act(project, &bars);
        bars.clear();
        done?;
    }
    Ok(())
}

fn for_one(
    global: &Global,
    out: Out,
    act: impl FnMut(Project<'_>, &Bars) -> Result<(), Error>,
) -> Result<(), Error> {
    for_each(global, out, true, act)
}

fn add_sidecar(global: &Global, add: &Add, out: Out) -> Result<(), Error> {
    if let Some(filter) = &add.list {
        return recipes::list(out, filter);
    }
    let assets = add.target.iter().cloned().zip(add.asset.iter().cloned()).collect();
    let request = AddRequest {
        source: add.source.clone().unwrap_or_default(),
        version_from: add.version_from.clone(),
        checksums: add.checksums.clone(),
        name: add.name.clone(),
        tag: add.tag.clone(),
        tag_prefix: add.tag_prefix.clone(),
        bin: add.bin.clone(),
        resources: add.resources.clone(),
        install_as: add.install_as.clone(),
        features: add.features.clone(),
        assets,
    };
    for_one(global, out, |project, bars| {
        let project = lock::of_age(project.dry_run(add.dry_run).no_download(add.no_download), &add.age)?;
        let done = project.add(&request)?;
        bars.clear();
        if add.dry_run {
            report::would_change(out, &done.changed, done.written, project.directory());
            return Ok(());
        }
        report::locked(out, &done, report::Show::Assets);
        report::patched(out, &done.changed, project.directory());
        out.status("Next", "cargo sidecar sync");
        Ok(())
    })
}

fn remove(global: &Global, names: &[String], dry_run: bool, out: Out) -> Result<(), Error> {
    for_one(global, out, |project, bars| {
        let project = project.dry_run(dry_run);
        let manifest = project.manifest_path()?;
        let changed = project.remove(names)?;
        bars.clear();
        if dry_run {
            report::would_change(out, &changed, true, project.directory());
            return Ok(());
        }
        for name in names {
            if out.json {
                message("removed", &json!({ "sidecar": name, "manifest": manifest }));
            }
            let file = manifest.file_name().unwrap_or_default().to_string_lossy();
            out.status("Removing", format_args!("{name} from {file} and the lock"));
        }
        report::patched(out, &changed, project.directory());
        Ok(())
    })
}

fn sync(global: &Global, selection: &Selection, dry_run: bool, out: Out) -> Result<(), Error> {
    let features = features(&selection.features);
    for_each(global, out, false, |project, bars| {
        let project = project.dry_run(dry_run);
        let done = project.sync(&targets(selection)?, &features)?;
        bars.clear();
        if dry_run {
            report::would_change(out, &done.changed, done.lock_written, project.directory());
        } else {
            report::patched(out, &done.changed, project.directory());
            report::synced(out, &done);
        }
        Ok(())
    })
}

fn config(global: &Global, target: Option<&str>, flags: &FeatureFlags, out: Out) -> Result<(), Error> {
    let features = features(flags);
    for_one(global, out, |project, bars| {
        let target = match target {
            Some(target) => target.to_owned(),
            None => Targets::usual()?.swap_remove(0),
        };
        let config = project.config(&target, &features)?;
        bars.clear();
        if out.json {
            message("config", &json!({ "target": target, "config": config }));
        } else {
            data([config]);
        }
        Ok(())
    })
}

fn list(global: &Global, out: Out) -> Result<(), Error> {
    for_each(global, out, false, |project, bars| {
        let rows = project.list()?;
        bars.clear();
        report::listed(out, &rows);
        Ok(())
    })
}

fn explain(global: &Global, name: &str, targets: &[String], out: Out) -> Result<(), Error> {
    for_one(global, out, |project, bars| {
        let told = project.explain(name, targets)?;
        bars.clear();
        report::explained(out, &told);
        Ok(())
    })
}

fn verify(global: &Global, verify: &Verify, out: Out) -> Result<ExitCode, Error> {
    let selection = &verify.selection;
    let features = features(&selection.features);
    let mut good = true;
    for_each(global, out, verify.bundle.is_some(), |project, bars| {
        let targets = targets(selection)?;
        let rows = match &verify.bundle {
            None => project.verify(&targets, &features)?,
            Some(bundle) => project.verify_bundle(&targets, &features, bundle)?,
        };
        bars.clear();
        good &= verify::told(out, &rows);
        Ok(())
    })?;
    // One failure code, the same as that of the error kind `verify-failed`.
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(sidecar_fetch::Kind::VerifyFailed.exit_code()) })
}

fn doctor(global: &Global, out: Out) -> Result<ExitCode, Error> {
    let mut code = ExitCode::SUCCESS;
    for_each(global, out, false, |project, bars| {
        let checks = project.doctor();
        bars.clear();
        if let Some(error) = doctor::report(out, &checks) {
            out.error(&error);
            code = ExitCode::from(error.kind().exit_code());
        }
        Ok(())
    })?;
    Ok(code)
}

fn cache(command: &Cache, out: Out) -> Result<(), Error> {
    let cache = CacheOf::open()?;
    match command {
        Cache::Dir if out.json => message("cache", &json!({ "directory": cache.directory() })),
        Cache::Dir => data([cache.directory().display()]),
        Cache::Size => {
            let usage = cache.usage()?;
            if out.json {
                message(
                    "cache",
                    &json!({ "files": usage.blobs, "bytes": usage.bytes, "partial_bytes": usage.partial_bytes }),
                );
                return Ok(());
            }
            let row = |what: &str, size: u64| vec![what.to_owned(), bytes(size)];
            let rows = [
                row(&format!("{} files", usage.blobs), usage.bytes),
                row("unfinished downloads", usage.partial_bytes),
            ];
            data(table(&["CACHE", "SIZE"], &rows));
        }
        Cache::Prune { older_than, all } => {
            let removed =
                cache.prune(Duration::from_secs(if *all { 0 } else { u64::from(*older_than) * 86_400 }))?;
            if out.json {
                message("pruned", &json!({ "files": removed.files(), "bytes": removed.all_bytes() }));
            } else {
                out.status(
                    "Removed",
                    format_args!("{} files, {}", removed.files(), bytes(removed.all_bytes())),
                );
            }
        }
    }
    Ok(())
}

fn features(flags: &FeatureFlags) -> Features {
    Features { named: flags.features.clone(), all: flags.all_features, no_default: flags.no_default_features }
}

fn targets(selection: &Selection) -> Result<Targets, Error> {
    Ok(match (selection.all_targets, selection.target.as_slice()) {
        (true, _) => Targets::All,
        (false, []) => Targets::Named(Targets::usual()?),
        (false, named) => Targets::Named(named.to_vec()),
    })
}
