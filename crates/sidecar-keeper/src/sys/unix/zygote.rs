//! The zygote: forked before the app has threads of its own, so that it can fork keepers safely at any later time.
//!
//! It adopts the tree of a keeper that was killed, and kills it.
#![expect(unsafe_code, reason = "a fork of the app closes what the app had open")]

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use super::keep::{self, App};
use super::line::Line;
use super::raw::{self, NeverUnwind, Pid, Reaped};
use super::socket::{self, Waited};
use super::tree::Tree;
use super::{kill, proc, title};
use crate::protocol::{Command, Report};

/// How long the rounds of killing lie apart while orphans are left.
const ROUND: i32 = 2;

/// How often keepers that outlive the app are told to go on, in milliseconds: one that somebody stopped ends nothing.
const REMINDER: i32 = 1000;

struct Zygote {
    app: App,
    app_lives: bool,
    tree: Tree,
    keepers: Vec<Pid>,
    /// A keeper ended, and perhaps not its tree.
    orphans: bool,
}

/// Runs the zygote in a process that was just forked for it, or executed.
pub(super) fn run(mut app: App) -> ! {
    let _never = NeverUnwind;
    // The default hook would print, to a stream that is not this process's.
    std::panic::set_hook(Box::new(|_| raw::exit(70)));
    raw::new_session();
    title::set(c"sidecar-zygote");
    let _ = raw::change_directory(c"/");
    forget_streams();
    // SAFETY: this process was forked a moment ago, has one thread, and never returns to what the app was doing.
    unsafe { close_all_but(app.control.as_fd().as_raw_fd(), app.life.as_raw_fd()) };
    for signal in [
        libc::SIGINT,
        libc::SIGTERM,
        libc::SIGHUP,
        libc::SIGQUIT,
        libc::SIGPIPE,
        libc::SIGUSR1,
        libc::SIGUSR2,
    ] {
        raw::ignore(signal);
    }
    if !app.watch() {
        raw::exit(0)
    }
    let hello = proc::identity(std::process::id());
    let (Some(hello), Ok(tree)) = (hello, Tree::new()) else { raw::exit(1) };
    if app.control.send(&Report::Hello(hello).encode(), &[]).is_err() {
        raw::exit(0)
    }
    Zygote { app, app_lives: true, tree, keepers: Vec::new(), orphans: false }.run()
}

/// Standard streams are the app's: holding them would keep its readers waiting.
fn forget_streams() {
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null");
    for number in 0..3 {
        match &null {
            // SAFETY: this process prints nothing and reads no input, and what is re-executed has copied its ends from
            // here before. std's handles of the streams borrow the numbers for whatever is there.
            Ok(null) if null.as_raw_fd() != number => unsafe {
                drop(raw::put_at(null.as_raw_fd(), number));
            },
            _ => {}
        }
    }
    // Where one of the streams was closed, null was opened under its number, and stays so.
    if let Ok(null) = null
        && null.as_raw_fd() < 3
    {
        std::mem::forget(null);
    }
}

/// Closes all but the streams and these two: whatever else the app had open at its start is not for this process, nor for
/// a sidecar; and what the zygote has open is not for a keeper.
///
/// # Safety
/// This process uses no other descriptor any more, and drops none that it owns: it ends by exit.
unsafe fn close_all_but(a: RawFd, b: RawFd) {
    let (low, high) = (a.min(b), a.max(b));
    // SAFETY: the caller's promise.
    unsafe {
        raw::close_between(3, low - 1);
        raw::close_between(low + 1, high - 1);
        raw::close_between(high + 1, RawFd::MAX);
    }
}

impl Zygote {
    fn run(&mut self) -> ! {
        loop {
            let nothing_left = self.reap();
            if self.orphans {
                self.kill_orphans();
            }
            if nothing_left && !self.app_lives && !self.orphans {
                raw::exit(0);
            }
            self.wait();
        }
    }

    /// Reaps what has ended; whether there are no children.
    fn reap(&mut self) -> bool {
        loop {
            match raw::reap() {
                Reaped::Running => return false,
                Reaped::NoChildren => return true,
                Reaped::Ended(pid, _) => {
                    // A keeper that ended its tree has left nothing; one look tells.
                    self.keepers.retain(|keeper| *keeper != pid);
                    self.orphans = true;
                }
            }
        }
    }

    /// Each child that is no keeper came from the tree of a keeper that was killed.
    fn kill_orphans(&mut self) {
        let keepers: Vec<u32> = self.keepers.iter().map(|keeper| keeper.unsigned_abs()).collect();
        let left = kill::kill_round(&|| self.tree.beside(&keepers));
        self.orphans = !left.is_empty();
    }

    fn wait(&mut self) {
        let (control, [life, end]) = if self.app_lives {
            (Waited::to_read(Some(self.app.control.as_fd())), self.app.death())
        } else {
            self.remind_keepers();
            (Waited::to_read(None), [Waited::to_read(None); 2])
        };
        let mut waited = [control, life, end, Waited::to_read(Some(self.tree.as_fd()))];
        let pause = if self.app_lives { -1 } else { REMINDER };
        socket::wait(&mut waited, if self.orphans { ROUND } else { pause });
        if waited[3].is_there() {
            self.tree.note();
        }
        if waited[0].is_there() {
            self.listen();
        }
        if keep::any(&waited[1..3]) {
            self.app_lives = false;
        }
    }

    /// Lets a keeper that somebody stopped see that the app is dead, and grant its sidecar the grace; for one that runs it
    /// changes nothing. None of them is reaped yet, so that each number is its own.
    fn remind_keepers(&self) {
        for keeper in &self.keepers {
            let _ = raw::signal_number(*keeper, libc::SIGCONT);
        }
    }

    /// Takes requests as long as there are some.
    fn listen(&mut self) {
        let mut packet = [0; 64];
        loop {
            match self.app.control.receive(&mut packet) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {}
                Err(_) | Ok((0, _)) => {
                    self.app_lives = false;
                    return;
                }
                Ok((length, mut descriptors)) => {
                    let command = packet.get(..length).map(Command::decode);
                    if let (Some(Ok(Command::Fork)), Some(control)) = (command, descriptors.pop()) {
                        self.fork(control);
                    }
                }
            }
        }
    }

    /// Forks a keeper that talks over `control`.
    fn fork(&mut self, control: OwnedFd) {
        match raw::fork() {
            Ok(Some(keeper)) => {
                self.keepers.push(keeper);
                self.tree.note();
            }
            Ok(None) => {
                let _never = NeverUnwind;
                match self.app.life.try_clone() {
                    Ok(life) => {
                        // SAFETY: the zygote's own descriptors are what is closed; this process never returns to its
                        // loop, so that it neither uses nor drops them.
                        unsafe { close_all_but(control.as_raw_fd(), life.as_raw_fd()) };
                        keep::run(App::new(Line::from(control), life, self.app.process))
                    }
                    Err(_) => raw::exit(1),
                }
            }
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(libc::EAGAIN);
                let _ = Line::from(control).send(&Report::Refused(errno).encode(), &[]);
            }
        }
    }
}
