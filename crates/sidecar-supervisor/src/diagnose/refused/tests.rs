use super::*;

fn of_image(
    image: &Image,
    here: System,
    processor: &str,
) -> (String, Vec<(&'static str, String)>, Option<String>) {
    let told = no_program(&Found::File(None), Some(image), Some(here), processor).unwrap();
    assert!(told.permanent);
    (told.headline, told.facts, told.help)
}

fn program(system: System, processors: &[&'static str]) -> Image {
    Image::Program { system, processors: processors.to_vec(), loader: None }
}

#[test]
fn a_program_for_another_computer_says_for_which() {
    let (headline, facts, help) = of_image(&program(System::Windows, &["x86_64"]), System::Linux, "x86_64");
    assert_eq!(headline, "its program is for another computer");
    assert_eq!(
        facts,
        [("built for", "Windows on x86_64".to_owned()), ("this is", "Linux on x86_64".to_owned())]
    );
    assert_eq!(help, None);
    let (.., help) = of_image(&program(System::MacOs, &["x86_64"]), System::MacOs, "aarch64");
    assert_eq!(help.as_deref(), Some("install Rosetta: `softwareupdate --install-rosetta`"));
    let (headline, ..) = of_image(&program(System::MacOs, &["x86_64", "aarch64"]), System::MacOs, "aarch64");
    assert_eq!(headline, "its program is damaged, or for a newer system");
}

#[test]
fn the_loader_of_another_library_says_which_build_fits() {
    let told = |loader: &str| {
        let image = Image::Program {
            system: System::Linux,
            processors: vec!["x86_64"],
            loader: Some(loader.to_owned()),
        };
        let nothing = not_found(&Found::File(None), Some(&image), |_| true);
        assert_eq!(nothing, None);
        not_found(&Found::File(None), Some(&image), |_| false).unwrap()
    };
    let musl = told("/lib/ld-musl-x86_64.so.1");
    assert_eq!(musl.headline, "the loader that it needs, `/lib/ld-musl-x86_64.so.1`, is not there");
    assert!(musl.help.unwrap().contains("glibc (`…-gnu`)"));
    assert!(told("/lib64/ld-linux-x86-64.so.2").help.unwrap().contains("musl, or a static one"));
    assert_eq!(told("/nix/store/x/ld.so").help, None);
}

#[test]
fn the_mount_that_counts_is_the_nearest_and_the_last() {
    let mounts = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /mnt/usb\\040stick rw,nosuid,noexec,relatime - vfat /dev/sdb1 rw
31 30 0:27 / /mnt/usb\\040stick/ok rw - tmpfs tmpfs rw
40 22 0:30 / /opt rw,noexec - tmpfs tmpfs rw
41 22 0:31 / /opt rw - tmpfs tmpfs rw
garbage
";
    let found = |path: &str| no_exec(mounts, Path::new(path));
    assert_eq!(found("/mnt/usb stick/app/db"), Some(PathBuf::from("/mnt/usb stick")));
    assert_eq!(
        [found("/mnt/usb stick/ok/db"), found("/mnt/usb"), found("/opt/db"), found("/usr/bin/db")],
        [const { None }; 4]
    );
}

#[test]
fn what_passes_is_tried_again() {
    let memory = if cfg!(windows) { 8 } else { 12 };
    let told = diagnose(&std::env::current_exe().unwrap(), memory).unwrap();
    assert_eq!((&*told.headline, told.permanent), ("the system has no room for another process", false));
    assert_eq!(diagnose(&std::env::current_exe().unwrap(), 9999), None);
}

/// `true` with its bytes changed, as an executable file.
#[cfg(target_os = "linux")]
pub(in crate::diagnose) fn copy_of_true(dir: &Path, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    let mut bytes = fsx::head(Path::new("/bin/true"), u64::MAX).unwrap();
    change(&mut bytes);
    let path = dir.join("program");
    // Written by another process: a child that another test forks meanwhile would hold this file open for writing, and
    // the system starts no such program.
    let mut copy = std::process::Command::new("dd");
    copy.arg(format!("of={}", path.display()))
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let mut copying = copy.spawn().unwrap();
    copying.stdin.take().unwrap().write_all(&bytes).unwrap();
    assert!(copying.wait().unwrap().success());
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    /// Has the real system refuse the program, and says why.
    fn refused(change: impl FnOnce(&mut Vec<u8>), mode: u32) -> Diagnosis {
        let dir = tempfile::tempdir().unwrap();
        let path = copy_of_true(dir.path(), change);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        let error = Command::new(&path).spawn().expect_err("is refused");
        let told = diagnose(&path, error.raw_os_error().unwrap()).unwrap_or_else(|| panic!("{error}"));
        assert_eq!(told.facts[0], ("program", path.display().to_string()));
        told
    }

    fn text(text: &'static str) -> impl FnOnce(&mut Vec<u8>) {
        |bytes| *bytes = text.into()
    }

    #[test]
    fn a_file_without_permission_is_told_how_to_get_it() {
        let told = refused(|_| {}, 0o644);
        assert_eq!(told.headline, "its program may not be executed");
        assert_eq!(told.facts[1], ("permissions", "0644".to_owned()));
        assert!(told.help.unwrap().starts_with("`chmod +x /") && told.permanent);
    }

    #[test]
    fn a_program_for_another_processor_is_told() {
        // The machine, at its place in the head: MIPS.
        let told = refused(|bytes| bytes[18..20].copy_from_slice(&[8, 0]), 0o755);
        assert_eq!(told.headline, "its program is for another computer");
        assert_eq!(told.facts[1], ("built for", "Linux on mips".to_owned()));
    }

    #[test]
    fn a_loader_that_is_not_there_is_named() {
        let told = refused(
            |bytes| {
                let place = memchr::memmem::find(bytes, b"/ld-linux").unwrap();
                bytes[place + 1..place + 9].copy_from_slice(b"ld-musl-");
            },
            0o755,
        );
        assert!(told.headline.starts_with("the loader that it needs, `/lib"), "{told:?}");
        assert!(told.help.unwrap().contains("has not musl"));
    }

    #[test]
    fn a_script_whose_interpreter_is_not_there_is_told() {
        let told = refused(text("#! /no/such/interpreter -x\n"), 0o755);
        assert_eq!(told.headline, "it is a script for `/no/such/interpreter`, which is not there");
        let told = refused(text("#!/bin/sh\r\nexit\r\n"), 0o755);
        assert!(told.headline.starts_with("its lines end as on Windows"), "{told:?}");
        assert_eq!(told.facts[1], ("first line", "#!/bin/sh\\r".to_owned()));
    }

    #[test]
    fn directories_and_what_is_gone_are_told() {
        let dir = tempfile::tempdir().unwrap();
        for (path, headline) in [
            (dir.path().to_owned(), "its program is a directory"),
            (dir.path().join("absent"), "its program is not there"),
        ] {
            let error = Command::new(&path).spawn().expect_err("is refused");
            assert_eq!(diagnose(&path, error.raw_os_error().unwrap()).unwrap().headline, headline);
        }
    }

    #[test]
    fn a_file_that_is_being_written_is_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = copy_of_true(dir.path(), |_| {});
        let _writing = std::fs::File::options().append(true).open(&path).unwrap();
        let error = Command::new(&path).spawn().expect_err("is refused");
        let told = diagnose(&path, error.raw_os_error().unwrap()).unwrap();
        assert_eq!(
            (told.permanent, &*told.headline),
            (false, "its program is still being written or checked by somebody")
        );
    }

    #[test]
    fn what_is_no_program_is_told_as_what_it_is() {
        // The number that the kernel gives for it; the C library would run some of these as shell scripts.
        let enoexec = 8;
        for (content, headline) in [
            ("", "its program is an empty file"),
            ("<html>404</html>", "its program is a text whose first line names no program"),
            ("PK\x03\x04\x00", "its program is an archive (zip)"),
            ("\x01\x00\x02", "its program is none"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let path = copy_of_true(dir.path(), text(content));
            assert_eq!(diagnose(&path, enoexec).unwrap().headline, headline);
        }
    }
}
