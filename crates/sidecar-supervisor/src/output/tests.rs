//! Output as the supervisor uses it, through real pipes and files.

use std::future::Future;
use std::io::{self, PipeWriter, Read, Write};
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use sidecar_spec::{Logs, Size};

use super::*;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn logs(memory: u64, line: u64, file: u64, files: u32) -> Logs {
    let mut logs = Logs::default();
    logs.memory = Size::from_bytes(memory);
    logs.line = Size::from_bytes(line);
    logs.file = Size::from_bytes(file);
    logs.files = files;
    logs
}

/// Output without files.
fn output() -> Arc<Output> {
    Output::new("a", &Logs::default(), None)
}

/// Has all of it read, to the end.
fn write(output: &Output, bytes: impl AsRef<[u8]> + Send + 'static) {
    let reading = output.read(Stream::Stdout, io::Cursor::new(bytes)).unwrap();
    assert!(reading.wait(LONG));
}

fn pipe(output: &Output, stream: Stream) -> (PipeWriter, Reading) {
    let (reader, writer) = io::pipe().unwrap();
    (writer, output.read(stream, reader).unwrap())
}

fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

/// Waits until the newest line of the tail is this one.
fn until_last(output: &Output, text: &str) -> Line {
    for _ in 0..6000 {
        if let Some(line) = output.tail(1).pop().filter(|line| line.text == text) {
            return line;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("no `{text}`: {:?}", output.tail(9));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        thread::park();
    }
}

#[test]
fn both_streams_are_numbered_together_and_end() {
    let output = output();
    let (mut out, out_reading) = pipe(&output, Stream::Stdout);
    let (mut err, err_reading) = pipe(&output, Stream::Stderr);
    out.write_all(b"one\n").unwrap();
    until_last(&output, "one");
    err.write_all("zwei — \u{fe0f}\r\n".as_bytes()).unwrap();
    assert_eq!(until_last(&output, "zwei — \u{fe0f}").stream, Stream::Stderr);
    assert!(!out_reading.wait(Duration::from_millis(1)));
    out.write_all(b"no end").unwrap();
    drop((out, err));
    assert!(out_reading.wait(LONG) && err_reading.wait(LONG));
    let lines = output.tail(9);
    assert_eq!(texts(&lines), ["one", "zwei — \u{fe0f}", "no end"]);
    assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(lines.iter().all(|line| !line.open && !line.cut));
    assert_eq!(texts(&output.tail(1)), ["no end"]);
}

#[test]
fn an_open_line_is_seen_and_then_ends_once() {
    let output = output();
    let (mut out, reading) = pipe(&output, Stream::Stdout);
    out.write_all(b"ready\nPassword: ").unwrap();
    let line = until_last(&output, "Password: ");
    assert_eq!((line.seq, line.open), (1, true));
    // Half a character is not shown.
    out.write_all(b"\xc3").unwrap();
    out.write_all(b"\xa9\n").unwrap();
    until_last(&output, "Password: é");
    drop(out);
    assert!(reading.wait(LONG));
    assert_eq!(texts(&output.tail(9)), ["ready", "Password: é"]);
}

#[test]
fn a_launch_that_still_writes_does_not_mix_with_the_next() {
    let output = output();
    let (mut old, _) = pipe(&output, Stream::Stdout);
    old.write_all(b"old ").unwrap();
    until_last(&output, "old ");
    write(&output, "new\n");
    old.write_all(b"end\n").unwrap();
    until_last(&output, "old end");
    assert_eq!(texts(&output.tail(9)), ["new", "old end"]);
}

#[test]
fn memory_is_bounded_whatever_is_written() {
    let output = Output::new("a", &logs(4096, 100, 1, 0), None);
    write(&output, vec![b'x'; 4 << 20]);
    let [line] = &output.tail(9)[..] else { panic!("one line") };
    assert_eq!((line.text.len(), line.cut), (100, true));
    write(&output, vec![b'\n'; 1 << 18]);
    assert!(output.tail(usize::MAX).len() < 4096);
    write(&output, vec![0xff; 1000]);
    let line = until_last(&output, &"\u{fffd}".repeat(33));
    assert!(line.cut);
}

#[test]
fn a_follower_gets_every_line_or_is_told() {
    let output = Output::new("a", &logs(4096, 100, 1, 0), None);
    let mut follower = output.follow_from(0);
    let (mut out, _reading) = pipe(&output, Stream::Stdout);
    let writer = thread::spawn(move || {
        for number in 0..20_000 {
            writeln!(out, "{number}").unwrap();
        }
    });
    let (mut seen, mut next) = (0, 0);
    while next < 20_000 {
        match follower.wait(LONG).unwrap() {
            Entry::Missed(lines) => next += lines,
            Entry::Line(line) => {
                assert_eq!((line.seq, &*line.text), (next, &*next.to_string()));
                (seen, next) = (seen + 1, next + 1);
            }
        }
    }
    writer.join().unwrap();
    assert!(seen > 0);
    assert_eq!(follower.wait(Duration::from_millis(1)), None);
}

#[test]
fn a_task_follows_without_a_runtime_until_the_end() {
    let output = output();
    let mut follower = output.follow_from(1);
    write(&output, "one\ntwo\n");
    let from_two = output.follow_from(1).ready(9);
    assert!(matches!(&from_two[..], [Entry::Line(line)] if line.text == "two"));
    let (mut out, _reading) = pipe(&output, Stream::Stdout);
    let task = thread::spawn(move || {
        block_on(async {
            let mut texts = Vec::new();
            while let Some(Entry::Line(line)) = follower.next().await {
                texts.push(line.text);
            }
            texts
        })
    });
    // The task most likely sleeps when this comes; it must not when it does not.
    thread::sleep(Duration::from_millis(20));
    out.write_all(b"three\n").unwrap();
    until_last(&output, "three");
    drop(output);
    assert_eq!(task.join().unwrap(), ["one", "two", "three"]);
}

#[test]
fn a_tap_hears_whole_lines_until_it_is_done() {
    let output = output();
    let (sender, heard) = mpsc::channel();
    let mut left = 2;
    output.tap(Box::new(move |stream, line| {
        sender.send((stream, line.to_owned())).unwrap();
        left -= 1;
        if left == 0 { Keep::Done } else { Keep::On }
    }));
    let (mut out, reading) = pipe(&output, Stream::Stdout);
    out.write_all(b"PO").unwrap();
    until_last(&output, "PO");
    out.write_all(b"RT:1\nsecond\nthird\n").unwrap();
    drop(out);
    assert!(reading.wait(LONG));
    let expected = ["PORT:1", "second"].map(|line| (Stream::Stdout, line.to_owned()));
    // The channel ends because the tap is gone.
    assert_eq!(heard.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_tap_that_panics_is_gone_and_reading_goes_on() {
    let output = output();
    output.tap(Box::new(|_, line| panic!("a test panics at {line}")));
    write(&output, "one\n");
    write(&output, "two\n");
    // The remark follows when the panic has been printed.
    for _ in 0..6000 {
        if output.tail(9).len() == 3 {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let lines = output.tail(9);
    let mut lines = texts(&lines);
    lines.sort_unstable();
    assert!(lines[0].starts_with("[supervisor] what looked for a line in the output failed"), "{lines:?}");
    assert_eq!(lines[1..], ["one", "two"]);
}

#[test]
fn a_pipe_that_fails_ends_with_a_remark() {
    struct Failing(u8);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => Err(io::ErrorKind::Interrupted.into()),
                2 => Err(io::ErrorKind::WouldBlock.into()),
                3 => (&b"half"[..]).read(buffer),
                4 => Err(io::Error::other("gone")),
                _ => panic!("is not read on"),
            }
        }
    }
    let output = output();
    assert!(output.read(Stream::Stderr, Failing(0)).unwrap().wait(LONG));
    assert_eq!(texts(&output.tail(9)), ["[supervisor] the output cannot be read on: gone", "half"]);
}

#[test]
fn a_secret_is_in_no_line_however_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let output = Output::new("a", &Logs::default(), Some(dir.path()));
    let secret = Secret::random().unwrap();
    output.hide(&secret);
    let (sender, heard) = mpsc::channel();
    output.tap(Box::new(move |_, line| {
        sender.send(line.to_owned()).unwrap();
        Keep::Done
    }));
    let (mut out, reading) = pipe(&output, Stream::Stdout);
    let (first, second) = secret.reveal().split_at(20);
    write!(out, "TOKEN={first}").unwrap();
    until_last(&output, "TOKEN=[hidden]");
    writeln!(out, "{second}").unwrap();
    write!(out, "died at {first}").unwrap();
    drop(out);
    assert!(reading.wait(LONG) && output.flush(LONG));
    assert_eq!(texts(&output.tail(9)), ["TOKEN=[hidden]", "died at [hidden]"]);
    assert_eq!(heard.recv().unwrap(), "TOKEN=[hidden]");
    let file = read_log(&dir.path().join("a.log"));
    assert!(file.contains("TOKEN=[hidden]") && !file.contains(first), "{file}");
}

fn read_log(path: &Path) -> String {
    String::from_utf8(crate::fsx::head(path, u64::MAX).unwrap()).unwrap()
}

/// What the lines of a file say, without their times.
fn messages(path: &Path) -> Vec<String> {
    read_log(path).lines().map(|line| line.split_at_checked(25).unwrap_or((line, "")).1.to_owned()).collect()
}

#[test]
fn files_are_rotated_and_nothing_is_lost_or_torn() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(256 << 10, 1000, 10_000, 3);
    let output = Output::new("db.1", &logs, Some(dir.path()));
    let lines: Vec<String> = (0..600).map(|number| format!("line {number:04}")).collect();
    write(&output, lines.join("\n"));
    assert!(output.flush(LONG));
    let path = |name: &str| dir.path().join(name);
    let mut written = Vec::new();
    for name in ["db_1.2.log", "db_1.1.log", "db_1.log"] {
        let text = read_log(&path(name));
        assert!(text.len() <= 10_000 && text.ends_with('\n'));
        written.extend(messages(&path(name)));
    }
    let newest = lines[600 - written.len()..].iter().map(|line| format!("out| {line}"));
    assert_eq!(written, newest.collect::<Vec<_>>());
    assert!(written.len() > 500, "{}", written.len());
    assert!(!path("db_1.3.log").exists());
    // The next run of the app writes on, with fewer files.
    drop(output);
    let mut logs = logs;
    logs.files = 1;
    let output = reopened(&logs, dir.path());
    assert!(read_log(&path("db_1.log")).ends_with("out| next\n"));
    assert_eq!((path("db_1.1.log").exists(), path("db_1.2.log").exists()), (false, false));
    write(&output, lines.join("\n"));
    assert!(output.flush(LONG));
    assert!(read_log(&path("db_1.log")).len() <= 10_000);
}

/// Output whose first file is free again: the thread that held it has ended.
fn reopened(logs: &Logs, dir: &Path) -> Arc<Output> {
    for _ in 0..6000 {
        let lock = crate::fsx::try_lock(&dir.join(".db_1.lock")).unwrap();
        if lock.is_some() {
            drop(lock);
            let output = Output::new("db.1", logs, Some(dir));
            write(&output, "next\n");
            assert!(output.flush(LONG));
            return output;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("the lock is not released");
}

#[test]
fn a_second_instance_writes_files_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let [first, second] = [(); 2].map(|()| Output::new("a", &Logs::default(), Some(dir.path())));
    write(&first, "first\n");
    assert!(first.flush(LONG));
    write(&second, "second\n");
    write(&first, "again\n");
    assert!(first.flush(LONG) && second.flush(LONG));
    assert_eq!(messages(&dir.path().join("a.log")), ["out| first", "out| again"]);
    assert_eq!(messages(&dir.path().join("a-2.log")), ["out| second"]);
}

#[test]
fn a_line_that_was_torn_by_a_crash_is_ended_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    crate::fsx::create_private(&path).unwrap().write_all(b"torn").unwrap();
    let output = Output::new("a", &Logs::default(), Some(dir.path()));
    write(&output, "whole\n");
    assert!(output.flush(LONG));
    let text = read_log(&path);
    assert!(text.starts_with("torn\n2") && text.ends_with("Z out| whole\n"), "{text}");
}

#[test]
fn a_file_that_somebody_removed_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let output = Output::new("a", &Logs::default(), Some(dir.path()));
    let path = dir.path().join("a.log");
    write(&output, "one\n");
    assert!(output.flush(LONG));
    crate::fsx::remove(&path).unwrap();
    write(&output, "two\n");
    assert!(output.flush(LONG));
    // Windows may keep a file until it is closed.
    let messages = messages(&path);
    assert_eq!(messages.last().unwrap(), "out| two");
    assert!(messages.len() == 1 || cfg!(windows));
}

#[test]
fn where_no_file_can_be_written_it_is_told_once_and_reading_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let in_the_way = dir.path().join("file");
    drop(crate::fsx::create_private(&in_the_way).unwrap());
    let output = Output::new("a", &Logs::default(), Some(&in_the_way));
    write(&output, "one\n");
    assert!(output.flush(LONG));
    write(&output, "two\n");
    assert!(output.flush(LONG));
    let lines = output.tail(9);
    let [one, remark, two] = &texts(&lines)[..] else { panic!("{lines:?}") };
    assert_eq!((*one, *two), ("one", "two"));
    assert!(remark.starts_with("[supervisor] the log file cannot be written, lines are lost: "), "{remark}");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, symlink};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn files_are_the_users_alone_and_behind_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let output = Output::new("a", &Logs::default(), Some(dir.path()));
        write(&output, "one\n");
        assert!(output.flush(LONG));
        assert_eq!(dir.path().join("a.log").metadata().unwrap().mode() & 0o777, 0o600);

        let target = dir.path().join("elsewhere");
        drop(crate::fsx::create_private(&target).unwrap());
        for (name, target) in [("linked", target.clone()), ("dangling", dir.path().join("absent"))] {
            symlink(&target, dir.path().join(format!("{name}.log"))).unwrap();
            let output = Output::new(name, &Logs::default(), Some(dir.path()));
            write(&output, "one\n");
            assert!(output.flush(LONG));
            assert!(output.tail(1)[0].text.contains("no file of its own"), "{:?}", output.tail(9));
            assert_eq!(target.metadata().map_or(0, |found| found.len()), 0);
        }
        assert!(!dir.path().join("absent").exists());
    }

    #[test]
    fn a_grandchild_that_holds_the_pipe_is_not_waited_for() {
        let output = output();
        let mut child = Command::new("sh")
            .args(["-c", "echo bye; sleep 60 & echo $! >&2"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = output.read(Stream::Stdout, child.stdout.take().unwrap()).unwrap();
        let mut grandchild = String::new();
        io::BufRead::read_line(&mut io::BufReader::new(child.stderr.take().unwrap()), &mut grandchild)
            .unwrap();
        child.wait().unwrap();
        assert!(!out.wait(Duration::from_millis(100)));
        assert_eq!(texts(&output.tail(9)), ["bye"]);
        let killed = Command::new("kill").arg(grandchild.trim()).status().unwrap();
        assert!(killed.success() && out.wait(LONG));
    }

    /// A disk that is full: this file takes nothing.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_loses_lines_and_says_so_where_it_can() {
        use super::super::files::Files;
        let dir = tempfile::tempdir().unwrap();
        let mut files = Files::new(dir.path().to_owned(), "a", 1000, 2);
        files.write(&mut &b"one\n"[..]).unwrap();
        files.fill(std::fs::File::options().write(true).open("/dev/full").unwrap());
        let mut rest = &b"two\nthree\n"[..];
        let error = files.write(&mut rest).unwrap_err();
        assert_eq!((error.kind(), rest), (io::ErrorKind::StorageFull, &b"two\nthree\n"[..]));
        files.write(&mut &b"four\n"[..]).unwrap();
        assert_eq!(read_log(&dir.path().join("a.log")), "one\nfour\n");
    }
}

/// Prints how fast lines are read; run it in release.
#[test]
#[ignore = "a figure, not a promise"]
fn throughput() {
    struct Lines(usize);
    impl Read for Lines {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = buffer.len().min(self.0);
            for (at, byte) in buffer[..size].iter_mut().enumerate() {
                *byte = if at % 80 == 79 { b'\n' } else { b'x' };
            }
            self.0 -= size;
            Ok(size)
        }
    }
    let dir = tempfile::tempdir().unwrap();
    for (what, dir) in [("memory", None), ("memory and files", Some(dir.path()))] {
        let output = Output::new("a", &Logs::default(), dir);
        output.hide(&Secret::random().unwrap());
        let start = std::time::Instant::now();
        assert!(output.read(Stream::Stdout, Lines(2 << 30)).unwrap().wait(LONG));
        let rate = f64::from(2_u32 << 10) / start.elapsed().as_secs_f64();
        writeln!(io::stderr(), "{what}: {rate:.0} MiB/s").unwrap();
    }
}
