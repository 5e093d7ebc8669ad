//! Who runs which keeper, on disk: for the case that app, zygote and keeper are killed together.
//!
//! Each running keeper has one file. A later launch reads them all, and ends what is left of those whose owner is provably
//! dead. Numbers of processes in the files only ever decide that something is left alone; what is killed must carry the
//! cookie, a random value that only the sidecar's own tree was given.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use std::collections::BTreeSet;
use std::io;

use crate::error::{Error, Kind, Result};
use crate::fsx;
use crate::process::ProcessId;
use crate::sys;

/// The first line of an entry.
const TITLE: &str = "sidecar-keeper 1";

/// How long one sweep tries to end one tree.
const PATIENCE: Duration = Duration::from_secs(5);

/// A directory with one file per running keeper. Several instances of an app, and several apps, may share it.
#[derive(Debug, Clone)]
pub struct Ledger {
    dir: PathBuf,
}

/// What a sweep found.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Entries of a living owner, or of one that cannot be proved dead: left alone.
    pub living: usize,
    /// Entries of a dead owner whose keeper is just ending the tree: left to it.
    pub ending: usize,
    /// Entries of a dead owner whose tree is gone now.
    pub ended: usize,
    /// Processes that were killed for that.
    pub killed: usize,
    /// Files that are no entries, or that somebody else wrote: left alone.
    pub ignored: usize,
}

/// The file of one running keeper.
#[derive(Debug)]
pub(crate) struct Entry(PathBuf);

impl Entry {
    pub(crate) fn remove(&self) {
        // What stays is swept at the next launch.
        let _ = fsx::remove(&self.0);
    }
}

impl Ledger {
    /// The ledger in this directory, which is made if needed.
    ///
    /// # Errors
    /// `io` when there can be no such directory.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self> {
        let dir = dir.into();
        fsx::make_dir(&dir)
            .map_err(|e| Error::io(Kind::Io, "the ledger cannot be made", &e).fact("path", dir.display()))?;
        Ok(Self { dir })
    }

    /// Ends what is left of trees whose owner is dead, and forgets them. Call it at the start of the app.
    ///
    /// An owner is dead when no process has its number and start time, within the same boot of the same machine and the
    /// same namespace of processes. An entry that is truncated, forged or not ours is ignored.
    ///
    /// On Windows the system has ended those trees, so that their entries are forgotten and nothing is killed.
    ///
    /// # Errors
    /// `unsupported` where this crate cannot tell processes apart; `io` when a tree does not end within five seconds (the
    /// others are still swept).
    pub fn sweep(&self) -> Result<Swept> {
        let here = sys::world()
            .ok_or_else(|| Error::new(Kind::Unsupported, "processes cannot be told apart on this system"))?;
        let mut swept = Swept::default();
        let mut failed = None;
        for name in fsx::names(&self.dir) {
            if name.extension().is_none_or(|extension| extension != "keeper") {
                continue;
            }
            let path = self.dir.join(&name);
            let Some(record) = Record::read(&path) else {
                swept.ignored += 1;
                continue;
            };
            match record.judge(&here, ProcessId::is_alive) {
                Verdict::Leave => swept.living += 1,
                Verdict::Ending => swept.ending += 1,
                Verdict::Forget => {
                    swept.ended += 1;
                    Entry(path).remove();
                }
                Verdict::End => match kill_tree(&record.cookie, &[], Instant::now() + PATIENCE) {
                    Ok(killed) => {
                        swept.ended += 1;
                        swept.killed += killed;
                        Entry(path).remove();
                    }
                    Err(error) => failed = Some(error),
                },
            }
        }
        failed.map_or(Ok(swept), Err)
    }

    /// Records a keeper that this process owns.
    pub(crate) fn enter(&self, keeper: ProcessId, cookie: &str) -> Result<Entry> {
        let (world, owner) = sys::world()
            .zip(ProcessId::of(std::process::id()))
            .ok_or_else(|| Error::new(Kind::Unsupported, "processes cannot be told apart on this system"))?;
        let record = Record { cookie: cookie.to_owned(), world, owner, keeper };
        let path = self.dir.join(format!("{cookie}.keeper"));
        fsx::write_whole(&path, record.text().as_bytes()).map_err(|e| {
            Error::io(Kind::Io, "the ledger cannot be written", &e).fact("path", path.display())
        })?;
        Ok(Entry(path))
    }
}

/// Where numbers of processes mean something: one boot of one machine, one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct World {
    /// Homes may be shared between machines; empty where the machine has no name of its own.
    pub(crate) machine: String,
    pub(crate) boot: String,
    pub(crate) space: String,
}

/// What one file says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    cookie: String,
    world: World,
    owner: ProcessId,
    keeper: ProcessId,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Its owner lives, or may live where this process cannot see it.
    Leave,
    /// Its keeper is at it.
    Ending,
    /// The machine was restarted since.
    Forget,
    /// Its owner and its keeper are dead.
    End,
}

impl Record {
    /// Reads a file that this user wrote, whose name is its cookie.
    fn read(path: &Path) -> Option<Self> {
        if fsx::regular_file_owner(path)? != sys::user() {
            return None;
        }
        let record = Self::parse(std::str::from_utf8(&fsx::head(path, 4096).ok()?).ok()?)?;
        (path.file_stem()?.to_str()? == record.cookie).then_some(record)
    }

    fn text(&self) -> String {
        let Self { cookie, world: World { machine, boot, space }, owner, keeper } = self;
        format!(
            "{TITLE}\ncookie {cookie}\nmachine {machine}\nboot {boot}\nspace {space}\nowner {} {}\nkeeper {} {}\nend\n",
            owner.pid, owner.start, keeper.pid, keeper.start
        )
    }

    /// Takes exactly what [`Record::text`] writes.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix("\nend\n")?.split('\n');
        let mut field = |key: &str| lines.next()?.strip_prefix(key)?.strip_prefix(' ');
        let title = field("sidecar-keeper")?;
        let cookie = field("cookie")?.to_owned();
        let [machine, boot, space] = [field("machine")?, field("boot")?, field("space")?].map(str::to_owned);
        let world = World { machine, boot, space };
        let owner = process(field("owner")?)?;
        let keeper = process(field("keeper")?)?;
        let valid = title == "1"
            && lines.next().is_none()
            && cookie.len() == COOKIE_DIGITS
            && cookie.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            && !world.boot.is_empty()
            && !world.space.is_empty();
        valid.then_some(Self { cookie, world, owner, keeper })
    }

    fn judge(&self, here: &World, alive: impl Fn(ProcessId) -> bool) -> Verdict {
        if self.world.machine != here.machine {
            return Verdict::Leave;
        }
        if self.world.boot != here.boot {
            return Verdict::Forget;
        }
        if self.world.space != here.space || alive(self.owner) {
            return Verdict::Leave;
        }
        if alive(self.keeper) { Verdict::Ending } else { Verdict::End }
    }
}

fn process(text: &str) -> Option<ProcessId> {
    let (pid, start) = text.split_once(' ')?;
    let this = ProcessId { pid: pid.parse().ok()?, start: start.parse().ok()? };
    (this.pid > 1).then_some(this)
}

/// 128 random bits in hex.
const COOKIE_DIGITS: usize = 32;

/// A new cookie.
pub(crate) fn cookie() -> io::Result<String> {
    use std::fmt::Write;
    let mut out = String::new();
    for byte in sys::random()? {
        let _ = write!(out, "{byte:02x}");
    }
    Ok(out)
}

/// Kills what carries the cookie and what is known, each with all below it, until nothing is left. Returns how many
/// processes it was.
pub(crate) fn kill_tree(cookie: &str, known: &[ProcessId], deadline: Instant) -> Result<usize> {
    let find = || {
        let mut found: BTreeSet<ProcessId> = sys::with_cookie(cookie).into_iter().collect();
        found.extend(known.iter().filter(|process| process.is_alive()));
        let below: Vec<ProcessId> = found.iter().flat_map(|process| process.descendants()).collect();
        found.extend(below);
        found
    };
    let mut killed = BTreeSet::new();
    // One look through all processes is no snapshot: only two empty ones in a row count.
    let mut empty = 0;
    while empty < 2 {
        let round = sys::kill_round(&find);
        empty = if round.is_empty() { empty + 1 } else { 0 };
        killed.extend(round);
        if Instant::now() > deadline && empty < 2 {
            return Err(
                Error::new(Kind::Io, "processes of a sidecar cannot be killed").fact("left", find().len())
            );
        }
        if empty == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    Ok(killed.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(machine: &str, boot: &str, space: &str) -> World {
        World { machine: machine.to_owned(), boot: boot.to_owned(), space: space.to_owned() }
    }

    fn record() -> Record {
        Record {
            cookie: "0123456789abcdef0123456789abcdef".to_owned(),
            world: world("m", "b", "pid:[1]"),
            owner: ProcessId { pid: 10, start: 100 },
            keeper: ProcessId { pid: 11, start: 101 },
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        assert_eq!(Record::parse(&record().text()), Some(record()));
    }

    #[test]
    fn truncated_at_any_byte_it_is_no_entry() {
        let text = record().text();
        for end in 0..text.len() {
            assert_eq!(Record::parse(&text[..end]), None, "{:?}", &text[..end]);
        }
    }

    #[test]
    fn forged_entries_are_none() {
        let text = record().text();
        for (from, to) in [
            ("sidecar-keeper 1", "sidecar-keeper 2"),
            ("cookie 0123", "cookie "),
            ("cookie 0123", "cookie ABCD"),
            ("cookie 0123", "cookie ../3"),
            ("owner 10 100", "owner 1 100"),
            ("owner 10 100", "owner -10 100"),
            ("owner 10 100", "owner 10"),
            ("keeper 11 101", "keeper 11 101\nkeeper 12 102"),
            ("boot b", "boot "),
        ] {
            assert_eq!(Record::parse(&text.replace(from, to)), None, "{to}");
        }
    }

    #[test]
    fn only_a_provably_dead_owner_is_swept() {
        let here = record().world;
        let (owner, keeper) = (record().owner, record().keeper);
        assert_eq!(record().judge(&here, |p| p == owner), Verdict::Leave);
        assert_eq!(record().judge(&here, |p| p == keeper), Verdict::Ending);
        assert_eq!(record().judge(&here, |_| false), Verdict::End);
        // A container with the same boot id, whose processes this one does not see.
        assert_eq!(record().judge(&world("m", "b", "pid:[2]"), |_| false), Verdict::Leave);
        assert_eq!(record().judge(&world("m", "c", "pid:[1]"), |_| true), Verdict::Forget);
        assert_eq!(record().judge(&world("n", "c", "pid:[1]"), |_| false), Verdict::Leave);
    }
}
