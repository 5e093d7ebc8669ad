//! A line to a keeper that is a thread of the app: the same packets as between processes, in two queues.
//!
//! The app's end has the signatures of a channel to a keeper process, so that [`Keeper`](crate::Keeper) does not know the
//! difference. The keeper's end never waits here: its thread waits for the system, and is woken for each command.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::sys::Descriptor;

/// How many commands wait for a keeper that does not take them. A launch comes in parts of 16 KiB, at most 4 MiB in all;
/// who sends more at once waits.
const COMMANDS: usize = 64;

/// A packet, with what travels along.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) bytes: Vec<u8>,
    pub(crate) descriptors: Vec<Descriptor>,
}

#[derive(Debug, Default)]
struct Queues {
    commands: VecDeque<Packet>,
    reports: VecDeque<Vec<u8>>,
    app_gone: bool,
    keeper_gone: bool,
}

#[derive(Debug, Default)]
struct Shared {
    queues: Mutex<Queues>,
    /// Something changed that the app's end may wait for.
    changed: Condvar,
}

impl Shared {
    /// No code of others runs under the lock, so that what a panic left is whole.
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change; `TimedOut` when the deadline has passed.
    fn wait<'a>(
        &'a self,
        queues: MutexGuard<'a, Queues>,
        deadline: Option<Instant>,
    ) -> io::Result<MutexGuard<'a, Queues>> {
        let Some(deadline) = deadline else {
            return Ok(self.changed.wait(queues).unwrap_or_else(PoisonError::into_inner));
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(self.changed.wait_timeout(queues, left).unwrap_or_else(PoisonError::into_inner).0)
    }
}

/// The app's end. Dropping it is what the keeper sees when the app drops its handle.
pub(crate) struct AppEnd {
    shared: Arc<Shared>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for AppEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppEnd").finish_non_exhaustive()
    }
}

/// The keeper's end. Dropping it is what the app sees when a keeper ends.
#[derive(Debug)]
pub(crate) struct KeeperEnd(Arc<Shared>);

/// What a keeper finds on its line.
#[derive(Debug)]
pub(crate) enum Next {
    Packet(Packet),
    /// Nothing now.
    Nothing,
    /// The app dropped its end, and everything that it sent was taken.
    Closed,
}

/// Two connected ends. `wake` is called, on the app's thread, whenever there is something for the keeper to see.
pub(crate) fn pair(wake: impl Fn() + Send + Sync + 'static) -> (AppEnd, KeeperEnd) {
    let shared = Arc::new(Shared::default());
    (AppEnd { shared: Arc::clone(&shared), wake: Box::new(wake) }, KeeperEnd(shared))
}

impl AppEnd {
    /// Sends a packet with copies of the descriptors; `TimedOut` when the keeper does not take it in time, `BrokenPipe`
    /// when it is gone.
    pub(crate) fn send(&self, packet: &[u8], with: &[&Descriptor], deadline: Instant) -> io::Result<()> {
        let descriptors = with.iter().map(|d| d.try_clone()).collect::<io::Result<Vec<_>>>()?;
        let mut queues = self.shared.lock();
        while !queues.keeper_gone && queues.commands.len() >= COMMANDS {
            queues = self.shared.wait(queues, Some(deadline))?;
        }
        if queues.keeper_gone {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        queues.commands.push_back(Packet { bytes: packet.to_vec(), descriptors });
        drop(queues);
        (self.wake)();
        Ok(())
    }

    /// Receives a packet; no bytes when the keeper is gone, `TimedOut` when there was none in time.
    pub(crate) fn receive(&self, buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        let mut queues = self.shared.lock();
        loop {
            if let Some(report) = queues.reports.pop_front() {
                let room = buffer.get_mut(..report.len()).ok_or(io::ErrorKind::InvalidData)?;
                room.copy_from_slice(&report);
                return Ok(report.len());
            }
            if queues.keeper_gone {
                return Ok(0);
            }
            queues = self.shared.wait(queues, deadline)?;
        }
    }
}

impl Drop for AppEnd {
    fn drop(&mut self) {
        self.shared.lock().app_gone = true;
        (self.wake)();
    }
}

impl KeeperEnd {
    /// What the app sent next.
    pub(crate) fn next(&self) -> Next {
        let mut queues = self.0.lock();
        match queues.commands.pop_front() {
            Some(packet) => {
                drop(queues);
                self.0.changed.notify_all();
                Next::Packet(packet)
            }
            None if queues.app_gone => Next::Closed,
            None => Next::Nothing,
        }
    }

    /// Says something. It always has room: a keeper never waits for the app.
    pub(crate) fn report(&self, packet: Vec<u8>) {
        self.0.lock().reports.push_back(packet);
        self.0.changed.notify_all();
    }

    /// How many reports the app has not taken yet: answers that it asks for and does not read are left out.
    pub(crate) fn unread(&self) -> usize {
        self.0.lock().reports.len()
    }
}

impl Drop for KeeperEnd {
    fn drop(&mut self) {
        let mut queues = self.0.lock();
        queues.keeper_gone = true;
        // Descriptors that nobody takes any more are closed.
        queues.commands.clear();
        drop(queues);
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::sync::mpsc;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    /// A line whose wakes are counted by what they send.
    fn line() -> (AppEnd, KeeperEnd, mpsc::Receiver<()>) {
        let (send, woken) = mpsc::channel();
        let (app, keeper) = pair(move || {
            let _ = send.send(());
        });
        (app, keeper, woken)
    }

    fn taken(keeper: &KeeperEnd) -> Packet {
        match keeper.next() {
            Next::Packet(packet) => packet,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn packets_stay_apart_and_in_order_in_both_directions() {
        let (app, keeper, woken) = line();
        for packet in [&b"one"[..], b"", b"three"] {
            app.send(packet, &[], soon()).unwrap();
            woken.try_recv().unwrap();
        }
        assert_eq!(
            [taken(&keeper), taken(&keeper), taken(&keeper)].map(|p| p.bytes),
            [&b"one"[..], b"", b"three"]
        );
        assert!(matches!(keeper.next(), Next::Nothing));
        keeper.report(b"a".to_vec());
        keeper.report(b"bc".to_vec());
        assert_eq!(keeper.unread(), 2);
        let mut buffer = [0; 4];
        assert_eq!(app.receive(&mut buffer, None).unwrap(), 1);
        assert_eq!((app.receive(&mut buffer, None).unwrap(), &buffer[..2]), (2, &b"bc"[..]));
        assert_eq!(keeper.unread(), 0);
    }

    #[test]
    fn descriptors_travel_as_copies() {
        let (app, keeper, _woken) = line();
        let (mut read, write) = io::pipe().unwrap();
        let ours: Descriptor = write.into();
        app.send(b"launch", &[&ours], soon()).unwrap();
        drop(ours);
        let theirs = taken(&keeper).descriptors.pop().unwrap();
        let mut pipe = io::PipeWriter::from(theirs);
        pipe.write_all(b"x").unwrap();
        drop(pipe);
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        assert_eq!(text, "x");
    }

    #[test]
    fn a_silent_keeper_is_told_from_one_that_is_gone() {
        let (app, keeper, _woken) = line();
        let passed = Some(Instant::now());
        assert_eq!(app.receive(&mut [0; 4], passed).unwrap_err().kind(), io::ErrorKind::TimedOut);
        keeper.report(b"last".to_vec());
        drop(keeper);
        assert_eq!(app.receive(&mut [0; 4], None).unwrap(), 4, "what it said is heard");
        assert_eq!(app.receive(&mut [0; 4], None).unwrap(), 0);
        assert_eq!(app.send(b"x", &[], soon()).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_packet_that_does_not_fit_is_an_error_and_not_cut() {
        let (app, keeper, _woken) = line();
        keeper.report(vec![0; 5]);
        assert_eq!(app.receive(&mut [0; 4], None).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn who_sends_too_much_waits_until_something_is_taken() {
        let (app, keeper, _woken) = line();
        (0..COMMANDS).for_each(|_| app.send(b"x", &[], soon()).unwrap());
        let passed = Instant::now();
        assert_eq!(app.send(b"x", &[], passed).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let sender = std::thread::spawn(move || app.send(b"last", &[], soon()));
        (0..COMMANDS).for_each(|_| drop(taken(&keeper)));
        sender.join().unwrap().unwrap();
        assert_eq!(taken(&keeper).bytes, b"last");
    }

    #[test]
    fn a_dropped_handle_wakes_the_keeper_behind_what_was_sent() {
        let (app, keeper, woken) = line();
        app.send(b"stop", &[], soon()).unwrap();
        drop(app);
        assert_eq!(woken.iter().count(), 2);
        assert_eq!(taken(&keeper).bytes, b"stop");
        assert!(matches!(keeper.next(), Next::Closed) && matches!(keeper.next(), Next::Closed));
    }

    #[test]
    fn a_waiting_app_hears_of_a_report_and_of_the_end() {
        let (app, keeper, _woken) = line();
        let waiting = std::thread::spawn(move || {
            let mut buffer = [0; 4];
            [app.receive(&mut buffer, None).unwrap(), app.receive(&mut buffer, None).unwrap()]
        });
        keeper.report(b"abc".to_vec());
        drop(keeper);
        assert_eq!(waiting.join().unwrap(), [3, 0]);
    }
}
