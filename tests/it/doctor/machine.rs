//! What can ail the machine and what lies on it: compiler, installed files, lock, git, cache.

use std::process::Command;

use sidecar_tests::{ReleaseSpec, library, program, tar_gz};
use snapbox::str;

use super::{healthy, ill, notable, warned};
use crate::app::{App, DESKTOP, HOST, file_name};

fn git(app: &App, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(args).current_dir(app.path("")).env("GIT_CONFIG_GLOBAL", "").env("GIT_CONFIG_NOSYSTEM", "1");
    assert!(command.output().unwrap().status.success(), "git {args:?}");
}

#[cfg(unix)]
#[test]
fn an_old_compiler() {
    use std::os::unix::fs::PermissionsExt as _;
    let app = healthy();
    let script = format!("#!/bin/sh\necho 'release: 1.70.0'\necho 'host: {}'\n", *HOST);
    app.write("rustc", &script);
    std::fs::set_permissions(app.path("rustc"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let rustc = app.path("rustc");
    super::with(&app, &[("RUSTC", rustc.to_str().unwrap())]).code(1).stdout_eq(str![[r#"
     problem toolchain     rustc 1.70.0, cargo [..]: Rust 1.90 or newer is needed
                           help: run `rustup update stable`

"#]]);
    super::with(&app, &[("RUSTC", "/nowhere/rustc")]).code(1).stdout_eq(str![[r#"
     problem toolchain     cannot ask `/nowhere/rustc -vV` for the host's target triple
                           cause  no such file or directory
                           help: run `rustup default stable`, or set RUSTC to a compiler

"#]]);
}

#[test]
fn a_machine_that_is_no_target() {
    let app = healthy();
    let manifest = "[settings]\ntargets = [\"aarch64-pc-windows-msvc\"]\n\n[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n";
    app.manifest(manifest);
    app.sidecar(["lock"]).success();
    warned(&app).stdout_eq(str![[r#"
     warning target        [..], the target of this machine, is not one that is locked
                           locked  aarch64-pc-windows-msvc
                           help: `[settings] targets = ["aarch64-pc-windows-msvc", "[..]"]` in the manifest, then run `cargo sidecar lock`

"#]]);
}

#[test]
fn a_build_directory_apart_is_worth_a_note() {
    let app = healthy();
    app.write(".cargo/config.toml", "[build]\nbuild-dir = \"apart\"\n");
    app.compare(&notable(app.command(["doctor"])), str![[r#"
        note build-dir     cargo builds in a directory apart, and tauri-build copies sidecars there instead of beside the app
                           build-dir  [ROOT]/app/apart
                           so         `sidecar_fetch::build()` puts them where the app looks as well

"#]]);
    app.sidecar(["doctor"]).success().stderr_eq(str![[r#"
     Checked 22 things: 1 note

"#]]);
}

#[test]
fn placeholders_and_stubs() {
    let app = healthy();
    let placeholder = "#!/bin/sh\n# sidecar-placeholder:1\nexit 97\n";
    let copy = format!("target/debug/tool{}", std::env::consts::EXE_SUFFIX);
    app.write(&copy, placeholder);
    warned(&app).stdout_eq(str![[r#"
     warning placeholders  sidecar `tool` is installed, and a placeholder still lies beside the app
                           placeholder  [ROOT]/app/target/debug/tool
                           installed    [ROOT]/app/binaries/tool-[..]
                           help: run `cargo clean -p app`

"#]]);
    std::fs::remove_file(app.path(&copy)).unwrap();
    app.write("binaries/tool-aarch64-apple-darwin", placeholder);
    app.write(&format!("binaries/{}", file_name("tool", &HOST)), "");
    app.write("binaries/tool-x86_64-pc-windows-msvc.exe", "not yet built");
    ill(&app).stdout_eq(str![[r#"
     problem binaries      sidecar `tool` is a placeholder where real files belong
                           file  [ROOT]/app/binaries/tool-aarch64-apple-darwin
                           help: run `cargo sidecar sync --target aarch64-apple-darwin`
     problem binaries      the file is not a program for `x86_64-pc-windows-msvc`
                           file      [ROOT]/app/binaries/tool-x86_64-pc-windows-msvc.exe
                           expected  a Windows program (x86_64)
                           found     a text
                           help: run `cargo sidecar sync --target x86_64-pc-windows-msvc`
     problem binaries      the file is not a program for `x86_64-unknown-linux-gnu`
                           file      [ROOT]/app/binaries/tool-[..]
                           expected  an ELF program for linux (x86_64)
                           found     an empty file
                           help: run `cargo sidecar sync --target x86_64-unknown-linux-gnu`

"#]]);
}

#[test]
fn what_is_not_installed_and_placeholders_that_are_wanted_are_worth_a_note() {
    let app = healthy();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    let mut command = app.command(["doctor"]);
    command.env("SIDECAR_PLACEHOLDER", "1");
    app.compare(
        &notable(command),
        str![[r#"
        note placeholders  SIDECAR_PLACEHOLDER is set: builds stand in for what is not installed
                           help: unset `SIDECAR_PLACEHOLDER`
        note binaries      not installed for this machine: tool
                           help: run `cargo sidecar sync`

"#]],
    );
}

#[test]
fn a_lock_that_is_missing_or_stale() {
    let app = healthy();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"2\"\n");
    ill(&app).stdout_eq(str![[r#"
     problem lock          the lock does not answer the manifest for sidecar `tool`
                           key       version
                           manifest  "^2"
                           lock      "^1" ([ROOT]/app/sidecar.lock)
                           help: run `cargo sidecar lock` and commit the file that it writes

"#]]);
    std::fs::remove_file(app.path("sidecar.lock")).unwrap();
    ill(&app).stdout_eq(str![[r#"
     problem lock          there is no `sidecar.lock` beside the manifest
                           manifest  [ROOT]/app/sidecar.toml
                           help: run `cargo sidecar lock` and commit the file that it writes

"#]]);
}

#[test]
fn what_git_keeps_and_does_not() {
    let app = healthy();
    git(&app, &["init", "--quiet"]);
    warned(&app).stdout_eq(str![[r#"
     warning git           sidecar.lock is not committed, so that other machines build without it
                           help: run `git add "[ROOT]/app/sidecar.lock"`

"#]]);
    app.write(".gitignore", "/target/\n/binaries/\n*.lock\n");
    warned(&app).stdout_eq(str![[r#"
     warning git           git ignores sidecar.lock, so that other machines build without it
                           rule  .gitignore:3:*.lock
                           help: remove that rule, then run `git add "[ROOT]/app/sidecar.lock"`

"#]]);
    git(&app, &["add", "--force", "sidecar.lock", "binaries"]);
    warned(&app).stdout_eq(str![[r#"
     warning git           git keeps 1 file that the lock pins already
                           files  binaries/tool-[..]
                           help: run `git rm -r --cached binaries` in the app directory

"#]]);
    git(&app, &["rm", "-r", "--quiet", "--cached", "binaries"]);
    warned(&app).stdout_eq("");
    std::fs::remove_file(app.path(".gitignore")).unwrap();
    app.write(".git/info/exclude", "binaries/\n");
    warned(&app).stdout_eq("");
}

#[test]
fn a_cache_that_is_damaged_or_unusable() {
    let app = healthy();
    let lock = app.read("sidecar.lock");
    let target = lock.split("[[").find(|part| part.contains(&format!("\"{}\"", *HOST))).unwrap();
    let hash =
        target.lines().find_map(|line| line.strip_prefix("binary-sha256 = \"")?.strip_suffix('"')).unwrap();
    let blob = app.cache().join("v1/blobs").join(&hash[..2]).join(hash);
    std::fs::write(&blob, "other bytes").unwrap();
    let done = warned(&app);
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(
        text.starts_with("     warning cache         a cached file has other bytes than its name says\n"),
        "{text}"
    );
    assert!(
        text.ends_with(&format!("help: run `rm \"{}\"`; it is fetched again\n", blob.display())),
        "{text}"
    );
    assert!(blob.exists(), "a check changes nothing");
    std::fs::remove_dir_all(app.cache()).unwrap();
    std::fs::write(app.cache(), "in the way").unwrap();
    ill(&app).stdout_eq(str![[r#"
     problem cache         the cache directory cannot be used
                           cache  [ROOT]/cache/v1
                           cause  cannot create the directory `[ROOT]/cache/v1`: not a directory
                           help: set SIDECAR_CACHE_DIR to a directory with free space that you can write to

"#]]);
}

#[test]
fn a_tree_is_installed_for_one_target() {
    let app = healthy();
    let archive =
        |triple: &str| tar_gz(&[("llama", &program(triple, "x")), ("libggml.dll", &library(triple, "x"))]);
    let other = DESKTOP.into_iter().find(|triple| *triple != *HOST).unwrap();
    let spec = [HOST.as_str(), other].iter().fold(ReleaseSpec::new("v1.0.0"), |spec, triple| {
        spec.asset(format!("llama-{triple}.tar.gz"), archive(triple))
    });
    app.server.release("acme/llama", spec);
    app.manifest(&format!(
        "[settings]\ntargets = [\"{}\", \"{other}\"]\n[sidecar.llama]\ngithub = \"acme/llama\"\nversion = \"1\"\n\
         bin = \"llama\"\nlayout = \"tree\"\nresources = [\"*.dll\"]\n",
        *HOST
    ));
    app.write("tauri.conf.json", "{ \"identifier\": \"com.acme.app\" }\n");
    app.sidecar(["sync"]).success();
    warned(&app).stdout_eq("");
    std::fs::remove_file(app.path("binaries/llama/libggml.dll")).unwrap();
    ill(&app).stdout_eq(str![[r#"
     problem binaries      sidecar `llama`: `libggml.dll` is not there
                           file  [ROOT]/app/binaries/llama/libggml.dll
                           help: run `cargo sidecar sync --target [..]`

"#]]);
    app.sidecar(["sync", "--target", other]).success();
    app.compare(
        &notable(app.command(["doctor"])),
        str![[r#"
        note binaries      not installed for this machine: llama
                           help: run `cargo sidecar sync`

"#]],
    );
}
