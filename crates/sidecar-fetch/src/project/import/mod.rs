//! `import`: what another tool pins becomes manifest and lock, with the same bytes.

mod digest;
mod dotslash;
mod entry;
mod found;
mod mise;
mod multitool;
mod origin;
mod platform;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub(super) use digest::Digest;

use self::entry::Importable;
use self::found::Tool;
use self::origin::Note;
use super::locking::{Given, Imported, Unseen};
use super::patch::lock_change;
use super::{LockReport, Project, Relock};
use crate::change::FileChange;
use crate::error::{Error, Kind};
use crate::fsx;
use crate::lock::{Lock, Locked};
use crate::manifest::edit::{self, NewSidecar};
use crate::manifest::{self, Manifest};
use crate::progress::Event;
use crate::resolve::release::Release;
use crate::target::Target;

/// What became of one tool of an imported file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// Its name, which is that of the sidecar.
    pub sidecar: String,
    /// Where it stands: `mise.lock:3:1`.
    pub at: String,
    /// Whether it is a sidecar now.
    pub is_imported: bool,
    /// Why it is not, or what a person should know.
    pub notes: Vec<String>,
}

/// What `import` did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// Every tool in them, in their order.
    pub rows: Vec<ImportRow>,
    /// What was locked, and what else changed.
    pub lock: LockReport,
}

/// The manifest as it grows.
struct Growing {
    path: PathBuf,
    text: String,
    manifest: Manifest,
}

impl Project<'_> {
    /// Reads what other tools pin (DotSlash files, `multitool.lock.json`, `mise.lock`) and makes sidecars of it: entries
    /// of the manifest, a lock with the same bytes, Tauri's configuration. Without `files`, those that lie in the app's
    /// directory. Every pinned digest is checked against the downloaded bytes. Tools that are sidecars already are left
    /// alone. In a [dry run](Self::dry_run) the assets are downloaded into the cache all the same; nothing else is
    /// written.
    ///
    /// # Errors
    /// [`Kind::ImportInvalid`](crate::Kind::ImportInvalid) for a file that cannot be read,
    /// [`Kind::NameClash`](crate::Kind::NameClash) for two tools of one name,
    /// [`Kind::ChecksumMismatch`](crate::Kind::ChecksumMismatch) for a pin that is not what is published, and whatever
    /// keeps an asset from being locked. Nothing is written then.
    pub fn import(&self, files: &[PathBuf]) -> Result<ImportReport, Error> {
        self.may_change_lock("importing sidecars")?;
        let files = if files.is_empty() { read::usual(self.app())? } else { files.to_vec() };
        let mut tools: Vec<Tool> = Vec::new();
        for file in &files {
            tools.extend(read::tools(file)?);
        }
        let existing = Manifest::read_if_exists(self.app())?;
        existing.as_ref().map_or(Ok(()), |manifest| self.check(manifest))?;
        let path =
            existing.as_ref().map_or_else(|| self.app().join(manifest::FILE), |found| found.path.clone());
        let text = edit::text_of(&path)?;
        let before = fsx::read_if_exists(&path)?;
        let manifest = self.parse(&path, &text)?;
        let (mut rows, importable) = sort_out(&tools, &manifest);
        check_names(&importable)?;
        let mut growing = Growing { path, text, manifest };
        let lock = super::lock_as_is(&growing.manifest)?;
        let mut start = lock.clone();
        for importable in &importable {
            let row = match self.import_one(&mut growing, importable)? {
                Ok((locked, notes)) => {
                    start.sidecars.insert(importable.tool.name.clone(), locked);
                    row(importable.tool, true, notes)
                }
                Err(note) => row(importable.tool, false, vec![note]),
            };
            rows.push(row);
        }
        rows.sort_by_key(|row| tools.iter().position(|tool| tool.at.to_string() == row.at));
        if !rows.iter().any(|row| row.is_imported) {
            return Ok(ImportReport { files, rows, lock: LockReport::default() });
        }
        let mut report = self.write_imported(growing, before, &lock, &start)?;
        give_reasons(&mut report, &importable);
        Ok(ImportReport { files, rows, lock: report })
    }

    /// Writes manifest, lock and configuration, all or none.
    fn write_imported(
        &self,
        growing: Growing,
        before: Option<String>,
        old: &Lock,
        start: &Lock,
    ) -> Result<LockReport, Error> {
        let Growing { path, text, manifest } = growing;
        let plan = self.plan(&manifest, old, &BTreeSet::new())?;
        let (lock, report) = self.relocked_from(&manifest, old, start, &Relock::Stale, Unseen::Kept)?;
        let of_manifest = FileChange::to(path, before, Some(text));
        let changed: Vec<FileChange> = of_manifest.into_iter().chain(plan.changes).collect();
        let of_lock = lock_change(&manifest, &Lock { configured: plan.configured, ..lock })?;
        if !self.dry_run {
            let all: Vec<FileChange> = of_lock.iter().chain(&changed).cloned().collect();
            self.apply(&all)?;
        }
        Ok(LockReport { written: of_lock.is_some(), changed, ..report })
    }

    /// Adds a tool to the manifest and pins it; or says why the manifest cannot have it.
    fn import_one(
        &self,
        growing: &mut Growing,
        tool: &Importable<'_>,
    ) -> Result<Result<(Locked, Vec<String>), String>, Error> {
        let name = &tool.tool.name;
        self.reporter.event(&Event::Step { verb: "Importing", what: name });
        let plain = match self.with_entry(growing, &tool.entry()) {
            Ok((_, manifest)) => manifest,
            Err(error) => return Ok(Err(error.headline().to_owned())),
        };
        let of_tool = |error: Error| error.of_sidecar(name, Some(&tool.tag));
        let release = match self.network.offline_by() {
            Some(_) => None,
            None => match self.release_of_age(&plain, plain.sidecar(name)?, Some(&tool.tag), None) {
                Ok(release) => Some(release),
                // Downloads may be served where the API is not.
                Err(error) if is_out_of_reach(error.kind()) => None,
                Err(error) => return Err(of_tool(error)),
            },
        };
        let given = given(tool);
        let (entry, locked) = match &release {
            Some(release) => self.lock_of_release(growing, tool, release, &given),
            None => self.lock_unasked(growing, tool, &given),
        }
        .map_err(of_tool)?;
        let (text, manifest) = self.with_entry(growing, &entry)?;
        (growing.text, growing.manifest) = (text, manifest);
        let notes = notes(tool, release.is_some(), &growing.manifest, &locked);
        Ok(Ok((locked, notes)))
    }

    /// Locks what is pinned with the release at hand: `asset` only where the rule chooses otherwise.
    fn lock_of_release(
        &self,
        growing: &Growing,
        tool: &Importable<'_>,
        release: &Release,
        given: &BTreeMap<Target, Given>,
    ) -> Result<(NewSidecar, Locked), Error> {
        let chosen_otherwise = tool.chosen_otherwise(release);
        let mut gaps: BTreeSet<Target> = BTreeSet::new();
        if !growing.manifest.is_mandatory() {
            let not_pinned =
                growing.manifest.targets().into_iter().filter(|target| !given.contains_key(target));
            gaps.extend(not_pinned.filter(|target| !tool.has_more_for(target, release)));
        }
        Self::first_fit(tool, |bin| {
            let mut others = chosen_otherwise.clone();
            loop {
                let entry = NewSidecar { bin: bin.clone(), assets: tool.overrides(&others), ..tool.entry() };
                let (_, manifest) = self.with_entry(growing, &entry)?;
                let sidecar = manifest.sidecar(&entry.name)?;
                match self.lock_given(&manifest, sidecar, &tool.tag, given, &gaps)? {
                    Imported::Locked(locked) => return Ok((entry, locked)),
                    Imported::Others(more) if more.is_subset(&others) => {
                        let names = more.iter().filter_map(|target| Some(given.get(target)?.asset.as_str()));
                        return Err(Error::new(
                            Kind::AssetNotFound,
                            "the release has not the assets that are pinned",
                        )
                        .fact("pinned", crate::error::some_of(names))
                        .fact("at", &tool.tool.at));
                    }
                    Imported::Others(more) => others.extend(more),
                }
            }
        })
    }

    /// Locks what is pinned where the release cannot be asked for: every asset is named, and targets that are not pinned
    /// are left out, as nobody knows what there is for them.
    fn lock_unasked(
        &self,
        growing: &Growing,
        tool: &Importable<'_>,
        given: &BTreeMap<Target, Given>,
    ) -> Result<(NewSidecar, Locked), Error> {
        let all: BTreeSet<Target> = given.keys().cloned().collect();
        let is_partial = growing.manifest.targets().iter().any(|target| !all.contains(target));
        let targets = if is_partial { all.iter().map(Target::to_string).collect() } else { Vec::new() };
        Self::first_fit(tool, |bin| {
            let entry =
                NewSidecar { bin, targets: targets.clone(), assets: tool.overrides(&all), ..tool.entry() };
            let (_, manifest) = self.with_entry(growing, &entry)?;
            let locked =
                self.lock_given_unasked(&manifest, manifest.sidecar(&entry.name)?, &tool.tag, given)?;
            Ok((entry, locked))
        })
    }

    /// The first pattern for the program in the archive that finds what is pinned.
    fn first_fit(
        tool: &Importable<'_>,
        lock: impl Fn(Option<String>) -> Result<(NewSidecar, Locked), Error>,
    ) -> Result<(NewSidecar, Locked), Error> {
        let mut last = None;
        for bin in tool.bins() {
            match lock(bin) {
                Ok((entry, locked)) => match other_member(tool, &locked) {
                    None => return Ok((entry, locked)),
                    Some(error) => last = Some(error),
                },
                Err(error) if matches!(error.kind(), Kind::MemberNotFound | Kind::MemberAmbiguous) => {
                    last = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Kind::MemberNotFound, "the archive does not hold the program")))
    }

    fn with_entry(&self, growing: &Growing, entry: &NewSidecar) -> Result<(String, Manifest), Error> {
        let text = edit::add(&growing.path, &growing.text, entry)?;
        let manifest = self.parse(&growing.path, &text)?;
        Ok((text, manifest))
    }
}

/// The rows of what is not imported, and what can be.
fn sort_out<'t>(tools: &'t [Tool], manifest: &Manifest) -> (Vec<ImportRow>, Vec<Importable<'t>>) {
    let (mut rows, mut out) = (Vec::new(), Vec::new());
    let wanted = manifest.targets();
    for tool in tools {
        if manifest.sidecars.contains_key(&tool.name) {
            rows.push(row(tool, false, vec!["it is a sidecar already, and was left alone".to_owned()]));
            continue;
        }
        match Importable::new(tool, &wanted) {
            Ok(importable) => out.push(importable),
            Err(Note(note)) => rows.push(row(tool, false, vec![note])),
        }
    }
    (rows, out)
}

fn row(tool: &Tool, is_imported: bool, notes: Vec<String>) -> ImportRow {
    ImportRow { sidecar: tool.name.clone(), at: tool.at.to_string(), is_imported, notes }
}

/// Lets the report say who chose each asset.
fn give_reasons(report: &mut LockReport, tools: &[Importable<'_>]) {
    for row in &mut report.rows {
        let Some(tool) = tools.iter().find(|tool| tool.tool.name == row.sidecar) else { continue };
        for asset in &mut row.assets {
            let is_pinned = tool.pinned.keys().any(|target| target.as_str() == asset.target);
            let file = &tool.tool.file;
            asset.reason = if is_pinned {
                format!("pinned by {file}")
            } else {
                format!("chosen from the release, not pinned by {file}")
            };
        }
    }
}

fn check_names(tools: &[Importable<'_>]) -> Result<(), Error> {
    let mut seen: BTreeMap<&str, &Tool> = BTreeMap::new();
    for Importable { tool, .. } in tools {
        if let Some(first) = seen.insert(&tool.name, tool) {
            return Err(Error::new(Kind::NameClash, format!("two tools are called `{}`", tool.name))
                .fact("first", &first.at)
                .fact("second", &tool.at)
                .help("import one file after the other, or take one of them out"));
        }
    }
    Ok(())
}

/// What is given for each target, as locking takes it.
fn given(tool: &Importable<'_>) -> BTreeMap<Target, Given> {
    let one = |(target, pinned): (&Target, &entry::Pinned<'_>)| {
        let given = Given {
            asset: pinned.asset.to_owned(),
            url: pinned.url.to_owned(),
            size: pinned.build.size,
            digest: pinned.build.digest,
            at: pinned.build.at.to_string(),
            file: tool.tool.file.clone(),
        };
        (target.clone(), given)
    };
    tool.pinned.iter().map(one).collect()
}

/// The error for a program that is not the one which was pinned.
fn other_member(tool: &Importable<'_>, locked: &Locked) -> Option<Error> {
    tool.pinned.iter().find_map(|(target, pinned)| {
        let wanted = pinned.build.member.as_deref()?;
        let found = locked.assets.get(target)?.as_ref()?.inside.as_ref()?.member.as_deref()?;
        let plain = |path: &str| path.trim_start_matches("./").to_owned();
        (plain(wanted) != plain(found)).then(|| {
            Error::new(Kind::MemberNotFound, "no pattern finds the program that is pinned for every target")
                .fact("pinned", format!("{wanted} ({})", pinned.build.at))
                .fact("found", found)
        })
    })
}

/// What a person should know of an import that worked.
fn notes(tool: &Importable<'_>, is_asked: bool, manifest: &Manifest, locked: &Locked) -> Vec<String> {
    let mut out: Vec<String> = tool.left_out.iter().map(|note| note.0.clone()).collect();
    let digests: BTreeSet<&str> =
        tool.pinned.values().map(|pinned| pinned.build.digest.algorithm()).collect();
    for algorithm in digests.into_iter().filter(|algorithm| *algorithm != "sha256") {
        out.push(format!("its {algorithm} was verified; the lock pins the same bytes by sha256"));
    }
    let among = |wanted: fn(Option<bool>) -> bool| {
        let targets = manifest.targets().into_iter().filter(|target| !tool.pinned.contains_key(target));
        let found = targets.filter(|target| wanted(locked.assets.get(target).map(Option::is_some)));
        found.map(|target| target.to_string()).collect::<Vec<_>>().join(", ")
    };
    let mut say = |targets: String, what: &str| {
        if !targets.is_empty() {
            out.push(format!("not pinned for {targets}: {what}"));
        }
    };
    say(among(|locked| locked == Some(true)), "chosen from the release");
    say(among(|locked| locked == Some(false)), "the release has nothing, and builds for these fail");
    say(among(|locked| locked.is_none()), "left out");
    if !is_asked && tool.repository.is_some() {
        out.push("the API was not asked, so every asset is named".to_owned());
    }
    out
}

fn is_out_of_reach(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::RateLimited | Kind::Timeout | Kind::Connection | Kind::HttpStatus | Kind::Unauthorized
    )
}
