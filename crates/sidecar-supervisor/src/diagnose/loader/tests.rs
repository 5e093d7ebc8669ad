use super::*;
use crate::output::Stream;

fn line(text: &str) -> Line {
    Line { seq: 0, stream: Stream::Stderr, text: text.to_owned(), cut: false, open: false, at: 0 }
}

fn of(code: u32, text: &str) -> Option<String> {
    let exit = Exit::of(ExitReason::Abnormal, code.cast_signed());
    let tail = [line(text), line("a line that says nothing")];
    diagnose(Path::new("prog"), &exit, &tail).map(|told| told.headline)
}

#[test]
fn loaders_name_the_library() {
    let glibc = "prog: error while loading shared libraries: libgomp.so.1: cannot open shared object file: No such file or directory";
    let musl = "Error loading shared library libgomp.so.1: No such file or directory (needed by ./prog)";
    for text in [glibc, musl] {
        assert_eq!(of(127, text).as_deref(), Some("the library `libgomp.so.1` is missing"), "{text}");
        // A program that ended for its own reasons may have seen a child say that.
        assert_eq!(of(2, text), None);
    }
    let broken = "prog: error while loading shared libraries: libx.so: wrong ELF class: ELFCLASS32";
    assert_eq!(of(127, broken).as_deref(), Some("a library that it needs cannot be used"));
}

#[test]
fn loaders_tell_old_libraries() {
    let glibc = "prog: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by prog)";
    assert_eq!(of(1, glibc).as_deref(), Some("it needs glibc 2.38, which is newer than this system's"));
    let cpp = "prog: /usr/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by prog)";
    assert_eq!(of(1, cpp).as_deref(), Some("it needs a newer `libstdc++.so.6`"));
    for text in
        ["prog: symbol lookup error: prog: undefined symbol: f", "Error relocating prog: f: symbol not found"]
    {
        assert_eq!(of(127, text).as_deref(), Some("a library that it needs is another version"), "{text}");
    }
}

#[test]
fn a_script_that_misses_its_program_names_it() {
    for text in [
        "env: 'node': No such file or directory",
        "/usr/bin/env: ‘node’: No such file or directory",
        "env: node: No such file or directory",
        "env: can't execute 'node': No such file or directory",
        "sh: 1: exec: node: not found",
        "./run.sh: line 3: node: command not found",
    ] {
        let told = of(127, text);
        assert_eq!(told.as_deref(), Some("it is a script that needs `node`, which is not there"), "{text}");
    }
    assert_eq!(of(127, "page: not"), None);
}

#[test]
fn windows_says_it_in_the_code() {
    assert_eq!(of(0xC000_0135, "").as_deref(), Some("a DLL that one of its DLLs needs is missing"));
    assert_eq!(of(0xC000_0005, ""), None);
}

#[test]
fn macos_says_it_before_it_aborts() {
    let mut exit = Exit::not_started(ExitReason::Crashed);
    exit.signal = Some(6);
    let told = diagnose(Path::new("prog"), &exit, &[line("dyld[71]: Library not loaded: @rpath/libx.dylib")]);
    assert_eq!(told.unwrap().headline, "the library `@rpath/libx.dylib` is missing");
    let told = diagnose(Path::new("prog"), &exit, &[line("dyld[71]: Symbol not found: (_f)")]).unwrap();
    assert!(told.facts.contains(&("lacks", "_f".to_owned())), "{told:?}");
}

#[test]
fn a_clean_end_needs_no_words() {
    let exit = Exit::of(ExitReason::Clean, 127);
    assert_eq!(diagnose(Path::new("prog"), &exit, &[line("sh: node: not found")]), None);
}

/// Real programs, changed so that the real loader refuses them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod real {
    use std::time::Duration;

    use super::super::super::refused::tests::copy_of_true;
    use super::*;
    use crate::diagnose::diagnose;
    use crate::output::Output;

    /// What is told of `true` with some bytes changed.
    fn told(from: &str, to: &str) -> Diagnosis {
        let dir = tempfile::tempdir().unwrap();
        let program = copy_of_true(dir.path(), |bytes| {
            let places: Vec<usize> = memchr::memmem::find_iter(bytes, from).collect();
            assert!(!places.is_empty());
            for at in places {
                bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            }
        });
        let mut command = std::process::Command::new(&program);
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let output = Output::new("true", &sidecar_spec::Logs::default(), None);
        let reading = output.read(Stream::Stderr, child.stderr.take().unwrap()).unwrap();
        let exit = Exit::new(child.wait().unwrap(), &sidecar_spec::Run::default());
        assert!(reading.wait(Duration::from_secs(60)));
        diagnose(&program, None, Some(&exit), &output.tail(20)).unwrap()
    }

    #[test]
    fn a_missing_library_is_named() {
        let told = told("libc.so.6\0", "libq.so.6\0");
        assert_eq!(told.headline, "the library `libq.so.6` is missing");
        assert_eq!(told.help.as_deref(), Some("install the library that provides `libq.so.6`"));
        assert_eq!(
            (told.permanent, &told.facts[..]),
            (true, &[("ended", "exited with code 127".to_owned())][..])
        );
    }

    #[test]
    fn a_newer_glibc_is_named() {
        let told = told("GLIBC_2.34\0", "GLIBC_9.34\0");
        assert_eq!(told.headline, "it needs glibc 9.34, which is newer than this system's");
    }

    #[test]
    fn a_missing_interpreter_behind_env_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let output = Output::new("script", &sidecar_spec::Logs::default(), None);
        let mut command = std::process::Command::new("/usr/bin/env");
        command.arg("no-such-program").current_dir(dir.path());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let reading = output.read(Stream::Stderr, child.stderr.take().unwrap()).unwrap();
        let exit = Exit::new(child.wait().unwrap(), &sidecar_spec::Run::default());
        assert!(reading.wait(Duration::from_secs(60)));
        let told = diagnose(Path::new("script"), None, Some(&exit), &output.tail(20)).unwrap();
        assert_eq!(told.headline, "it is a script that needs `no-such-program`, which is not there");
    }
}

/// This program with the name of a DLL changed, refused by the real system.
#[cfg(windows)]
#[test]
fn a_dll_that_is_not_there_is_named_on_windows() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("program.exe");
    let mut bytes = crate::fsx::head(&std::env::current_exe().unwrap(), u64::MAX).unwrap();
    let places: Vec<usize> = memchr::memmem::find_iter(&bytes, "bcryptprimitives.dll").collect();
    for at in places {
        bytes[at..at + 6].copy_from_slice(b"absent");
    }
    std::io::Write::write_all(&mut crate::fsx::create_private(&path).unwrap(), &bytes).unwrap();
    let status = std::process::Command::new(&path).arg("--list").status().unwrap();
    let exit = Exit::new(status, &sidecar_spec::Run::default());
    assert_eq!(exit.to_string(), "could not be loaded: 0xC0000135 (a DLL is missing)");
    let told = diagnose(&path, &exit, &[]).unwrap();
    assert_eq!(told.headline, "the library `absentprimitives.dll` is missing");
}
