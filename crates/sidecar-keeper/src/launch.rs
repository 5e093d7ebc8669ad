//! What is to be started, and how it travels to the keeper.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fmt;
use std::io::{PipeReader, PipeWriter};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::env;
use crate::error::{Error, Kind, Result};
use crate::ledger::Ledger;
use crate::protocol::Fields;
use crate::sys::Descriptor;

/// No description of a launch is longer: Linux takes no more for arguments and environment (`ARG_MAX` with the default
/// stack limit is 2 MiB).
const LIMIT: usize = 4 << 20;

/// More listeners than this do not fit one message.
const LISTENERS: usize = 16;

/// Where a standard stream of the sidecar comes from or goes to.
#[non_exhaustive]
#[derive(Debug, Default)]
pub enum Stdio {
    /// The null device.
    #[default]
    Null,
    /// The app's own stream.
    Inherit,
    /// A new pipe, whose other end is in the [`Keeper`](crate::Keeper).
    Piped,
    /// This descriptor.
    Descriptor(Descriptor),
}

impl From<PipeReader> for Stdio {
    fn from(pipe: PipeReader) -> Self {
        Self::Descriptor(pipe.into())
    }
}

impl From<PipeWriter> for Stdio {
    fn from(pipe: PipeWriter) -> Self {
        Self::Descriptor(pipe.into())
    }
}

impl From<std::fs::File> for Stdio {
    fn from(file: std::fs::File) -> Self {
        Self::Descriptor(file.into())
    }
}

/// A program with everything that it starts with.
///
/// What is not set here is as it was when [`init`](crate::init) was called (or when a
/// zygote that was killed was replaced; where there are no keeper processes, as it is now): mask for new files, limits, niceness. Signals
/// have their default effect, and no descriptor is open but the three streams and what [`Launch::listener`] adds.
///
/// `Debug` shows the program alone: arguments and environment may hold secrets.
#[must_use]
pub struct Launch {
    program: PathBuf,
    args: Vec<OsString>,
    cleared: bool,
    env: BTreeMap<OsString, Option<OsString>>,
    directory: Option<PathBuf>,
    death_grace: Duration,
    pub(crate) last_words: Option<PathBuf>,
    pub(crate) streams: [Stdio; 3],
    pub(crate) listeners: Vec<Descriptor>,
    pub(crate) ledger: Option<Ledger>,
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Launch {
    /// The program at this path. It is not looked up in `PATH`; a relative path starts in the app's working directory. On
    /// Windows `.exe` may be left out, and a batch file is refused with `bad-launch`, as nothing can be quoted safely for
    /// one.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            cleared: false,
            env: BTreeMap::new(),
            directory: None,
            death_grace: Duration::ZERO,
            last_words: None,
            streams: [Stdio::Null, Stdio::Null, Stdio::Null],
            listeners: Vec::new(),
            ledger: None,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<I: IntoIterator<Item: Into<OsString>>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable, on top of the app's environment at the moment of the launch.
    pub fn env(self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.set(name.into(), Some(value.into()))
    }

    /// Leaves out a variable of the app's environment.
    pub fn env_remove(self, name: impl Into<OsString>) -> Self {
        self.set(name.into(), None)
    }

    fn set(mut self, name: OsString, value: Option<OsString>) -> Self {
        self.env.retain(|other, _| !env::is_same(other, &name));
        self.env.insert(name, value);
        self
    }

    /// Starts from an empty environment; variables set before or after stay. On Windows `SystemRoot` stays, too: without it
    /// a program can have no socket.
    pub fn env_clear(mut self) -> Self {
        self.cleared = true;
        self
    }

    /// The working directory. By default the app's own.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Standard input. By default null.
    pub fn stdin(mut self, stdio: impl Into<Stdio>) -> Self {
        self.streams[0] = stdio.into();
        self
    }

    /// Standard output. By default null.
    pub fn stdout(mut self, stdio: impl Into<Stdio>) -> Self {
        self.streams[1] = stdio.into();
        self
    }

    /// Standard error. By default null.
    pub fn stderr(mut self, stdio: impl Into<Stdio>) -> Self {
        self.streams[2] = stdio.into();
        self
    }

    /// Hands a listening socket over as descriptor 3 and following, with `LISTEN_FDS` and `LISTEN_PID` as systemd does. On
    /// Windows such a launch fails with `unsupported`.
    pub fn listener(mut self, socket: impl Into<Descriptor>) -> Self {
        self.listeners.push(socket.into());
        self
    }

    /// How long the leader has, after the keeper asked it to end, when the app died. By default none: the tree is killed
    /// at once. A database wants seconds.
    ///
    /// On Windows the system ends the tree together with an app that dies, so that the grace is granted only where the app
    /// lives and drops its handle.
    pub fn on_app_death(mut self, grace: Duration) -> Self {
        self.death_grace = grace;
        self
    }

    /// Appends what the sidecar still says to its [`Stdio::Piped`] streams after the app died to this file, and what the app
    /// had not read by then: the last 64 KiB of both streams, as they came. By default it is thrown away.
    ///
    /// The keeper writes, once, when the tree is empty, so that no slow disk keeps a sidecar alive. Where there is nothing to
    /// say, no file is made; a new one is for this user alone (mode 0600). The directory is opened when the sidecar is
    /// started and must exist then: links that are put on its path later lead nowhere. What has the file's name and is not a
    /// regular file of this user with that one name is left alone.
    ///
    /// On Windows, and where there is no keeper process ([`Scope::Leader`](crate::Scope::Leader) and less), nobody is left to
    /// write.
    pub fn last_words(mut self, path: impl Into<PathBuf>) -> Self {
        self.last_words = Some(path.into());
        self
    }

    /// Records the keeper here while it runs, for [`Ledger::sweep`] at the next launch.
    pub fn ledger(mut self, ledger: &Ledger) -> Self {
        self.ledger = Some(ledger.clone());
        self
    }

    /// The program's path, as it was given.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    fn environment(&self, cookie: &str) -> BTreeMap<OsString, OsString> {
        let mut out = BTreeMap::new();
        if !self.cleared {
            out.extend(std::env::vars_os());
        }
        for (name, value) in &self.env {
            out.retain(|other, _| !env::is_same(other, name));
            if let Some(value) = value {
                out.insert(name.clone(), value.clone());
            }
        }
        out.insert(env::COOKIE.into(), cookie.into());
        out
    }

    /// What Windows cannot start safely, or at all.
    fn suits_windows(&self) -> Result<()> {
        let program = self.program.display();
        if is_batch(&self.program) {
            let error = Error::new(Kind::BadLaunch, format!("`{program}` is a batch file"));
            return Err(error
                .fact("why", "cmd.exe would read its arguments, and no quoting of them is safe there")
                .help("start the program that the batch file starts"));
        }
        if !self.listeners.is_empty() {
            return Err(Error::new(Kind::Unsupported, format!("`{program}` gets a listener"))
                .fact("why", "Windows has no numbers by which a program finds one")
                .help("let the sidecar announce its port"));
        }
        Ok(())
    }

    /// The description that is sent, or why it cannot be.
    pub(crate) fn encode(&self, cookie: &str, drains: u8, words: Option<&OsStr>) -> Result<Vec<u8>> {
        let bad = |what: String| Error::new(Kind::BadLaunch, format!("`{}` {what}", self.program.display()));
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let directory = match &self.directory {
            Some(directory) => absolute(directory),
            None => std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
        };
        let listeners = u8::try_from(self.listeners.len()).unwrap_or(u8::MAX);
        if usize::from(listeners) > LISTENERS {
            return Err(bad(format!("gets more than {LISTENERS} listeners")));
        }
        if cfg!(windows) {
            self.suits_windows()?;
        }
        let mut out = Vec::new();
        out.extend(u64::try_from(self.death_grace.as_millis()).unwrap_or(u64::MAX).to_le_bytes());
        out.extend([drains, listeners]);
        put(&mut out, absolute(&self.program).as_os_str()).map_err(|()| bad("has NUL in its path".into()))?;
        put(&mut out, directory.as_os_str()).map_err(|()| bad("has NUL in its directory".into()))?;
        put(&mut out, words.unwrap_or_default())
            .map_err(|()| bad("has NUL in the file for its last words".into()))?;
        put_count(&mut out, self.args.len());
        for (i, arg) in self.args.iter().enumerate() {
            put(&mut out, arg).map_err(|()| bad(format!("has NUL in argument {}", i + 1)))?;
        }
        let environment = self.environment(cookie);
        put_count(&mut out, environment.len());
        for (name, value) in environment {
            let shown = name.display().to_string();
            if name.is_empty() || name.as_encoded_bytes()[1..].contains(&b'=') {
                return Err(bad(format!("gets a variable that is no name: `{shown}`")));
            }
            let pair = [name, value].join(OsStr::new("="));
            put(&mut out, &pair)
                .map_err(|()| bad(format!("has NUL in variable `{}`", shown.replace('\0', "?"))))?;
        }
        if out.len() > LIMIT {
            return Err(bad(format!("has {} bytes of arguments and environment", out.len()))
                .help("pass large data in a file or over standard input"));
        }
        Ok(out)
    }
}

/// Whether Windows would start the command processor for it. Spaces and dots at the end of a name do not count there.
fn is_batch(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.trim_end_matches([' ', '.']);
    [".bat", ".cmd"].iter().any(|extension| name.ends_with(extension))
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

/// Appends a string, unless it has a NUL.
fn put(out: &mut Vec<u8>, text: &OsStr) -> std::result::Result<(), ()> {
    let bytes = text.as_encoded_bytes();
    if bytes.contains(&0) {
        return Err(());
    }
    put_count(out, bytes.len());
    out.extend(bytes);
    Ok(())
}

/// A launch as the keeper reads it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Described {
    /// Milliseconds that the leader has when the app died.
    pub(crate) death_grace: u64,
    /// How many descriptors, behind the three streams, are read ends to drain.
    pub(crate) drains: usize,
    /// How many descriptors, behind those and the directory for the last words, are listeners.
    pub(crate) listeners: usize,
    pub(crate) program: CString,
    pub(crate) directory: CString,
    /// The name of the file for the last words, whose directory is the descriptor behind those to drain.
    pub(crate) last_words: Option<CString>,
    pub(crate) args: Vec<CString>,
    pub(crate) env: Vec<CString>,
}

impl Described {
    /// Reads a description; `None` where it is none.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LIMIT {
            return None;
        }
        let mut fields = Fields(bytes);
        let this = Self {
            death_grace: fields.u64()?,
            drains: fields.u8()?.into(),
            listeners: fields.u8()?.into(),
            program: string(&mut fields)?,
            directory: string(&mut fields)?,
            last_words: Some(string(&mut fields)?).filter(|name| !name.is_empty()),
            args: strings(&mut fields)?,
            env: strings(&mut fields)?,
        };
        fields.0.is_empty().then_some(this)
    }

    /// The cookie in its environment.
    #[cfg(unix)]
    pub(crate) fn cookie(&self) -> String {
        let value = |entry: &CString| {
            Some(entry.to_str().ok()?.strip_prefix(env::COOKIE)?.strip_prefix('=')?.to_owned())
        };
        self.env.iter().find_map(value).unwrap_or_default()
    }

    /// How many descriptors belong to it.
    #[cfg(unix)]
    pub(crate) fn descriptors(&self) -> usize {
        3 + self.drains + usize::from(self.last_words.is_some()) + self.listeners
    }
}

fn string(fields: &mut Fields<'_>) -> Option<CString> {
    let length = usize::try_from(fields.u32()?).ok()?;
    CString::new(fields.bytes(length)?).ok()
}

fn strings(fields: &mut Fields<'_>) -> Option<Vec<CString>> {
    let count = fields.u32()?;
    let mut out = Vec::new();
    for _ in 0..count {
        out.push(string(fields)?);
    }
    Some(out)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn encoded() -> Vec<u8> {
        Launch::new("/bin/a")
            .args(["1", "ü"])
            .env_clear()
            .env("A", "b=c")
            .directory("/d")
            .on_app_death(Duration::from_secs(5))
            .encode("cookie", 2, Some(OsStr::new("words")))
            .unwrap()
    }

    #[test]
    fn what_is_described_is_what_is_read() {
        let read = Described::decode(&encoded()).unwrap();
        assert_eq!((read.death_grace, read.drains, read.listeners), (5000, 2, 0));
        assert_eq!((read.program.as_c_str(), read.directory.as_c_str()), (c"/bin/a", c"/d"));
        assert_eq!((read.last_words.as_deref(), read.descriptors()), (Some(c"words"), 6));
        assert_eq!(read.cookie(), "cookie");
        assert_eq!(read.args, [c"1".to_owned(), c"ü".to_owned()]);
        assert_eq!(read.env, [c"A=b=c".to_owned(), c"SIDECAR_KEEPER_COOKIE=cookie".to_owned()]);
    }

    #[test]
    fn a_cut_description_is_none() {
        let bytes = encoded();
        for end in 0..bytes.len() {
            assert_eq!(Described::decode(&bytes[..end]), None, "{end}");
        }
        assert_eq!(Described::decode(&[bytes, vec![0]].concat()), None);
    }

    #[test]
    fn a_count_that_lies_allocates_nothing() {
        let mut bytes = vec![0; 10];
        put(&mut bytes, OsStr::new("a")).unwrap();
        put(&mut bytes, OsStr::new("b")).unwrap();
        put(&mut bytes, OsStr::new("")).unwrap();
        bytes.extend(u32::MAX.to_le_bytes());
        assert_eq!(Described::decode(&bytes), None);
    }

    #[test]
    fn what_the_system_cannot_take_is_refused_by_name() {
        let headline = |launch: Launch| launch.encode("c", 0, None).unwrap_err().headline().to_owned();
        assert_eq!(headline(Launch::new("/a").args(["1", "x\0"])), "`/a` has NUL in argument 2");
        assert_eq!(headline(Launch::new("/a").env("V", "\0")), "`/a` has NUL in variable `V`");
        assert_eq!(headline(Launch::new("/a").env("V=", "")), "`/a` gets a variable that is no name: `V=`");
        assert_eq!(headline(Launch::new("/a").directory("\0")), "`/a` has NUL in its directory");
        let long = Launch::new("/a").arg("x".repeat(LIMIT));
        assert!(headline(long).ends_with("bytes of arguments and environment"));
    }

    #[test]
    fn batch_files_are_known_however_their_name_ends() {
        for name in ["/d/a.bat", "a.CMD", "x.y.Bat", "a.bat.", "a.cmd . ."] {
            assert!(is_batch(Path::new(name)), "{name}");
        }
        for name in ["a.exe", "bat", "a.bat.exe", "a.bat/b", "cmd"] {
            assert!(!is_batch(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let launch = Launch::new("/a").arg("--password=hunter2").env("TOKEN", "hunter2");
        assert!(!format!("{launch:?}").contains("hunter2"));
    }
}
