//! Sidecars that come from elsewhere than GitHub: other forges, npm, addresses, and files of this machine.

use sidecar_tests::{Fault, Match, ReleaseSpec, program, sha256, tar_gz};
use snapbox::str;

use crate::app::{App, DESKTOP, HOST, archive, asset_name, release};

/// Locks, forgets the cache, and lets a build script install what was locked.
fn builds(app: &App) {
    app.sidecar(["lock"]).success();
    app.forget_cache();
    app.run(app.build_script(&HOST)).success();
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "v1.2.0"));
    app.sidecar(["lock", "--locked", "--offline"]).success();
}

#[test]
fn gitlab_releases_are_locked_and_built() {
    let app = App::new();
    app.server.release("group/sub/tool", release("v1.2.0"));
    app.server.release("group/sub/tool", ReleaseSpec::new("v2.0.0").published_at("2026-02-02T03:04:05Z"));
    let url = app.server.url();
    app.manifest(&format!("[sidecar.tool]\ngitlab = \"{url}/group/sub/tool\"\nversion = \"1\"\n"));
    builds(&app);
    let lock = app.read("sidecar.lock");
    assert!(lock.contains("gitlab = ") && lock.contains("provenance = \"download\""), "{lock}");
    app.sidecar(["list"]).success().stdout_eq(str![[r#"
NAME  LOCKED  TARGETS  FEATURES  SOURCE
tool  1.2.0   6/6                [SERVER]/group/sub/tool

"#]]);
}

#[test]
fn gitlab_checksum_files_prove() {
    let app = App::new();
    let spec = DESKTOP.iter().fold(ReleaseSpec::new("v1.2.0"), |spec, triple| {
        spec.asset(asset_name("v1.2.0", triple), archive("v1.2.0", triple))
    });
    let lines: Vec<String> = DESKTOP
        .iter()
        .map(|triple| format!("{}  {}", sha256(&archive("v1.2.0", triple)), asset_name("v1.2.0", triple)))
        .collect();
    app.server.release("group/tool", spec.asset("SHA256SUMS", lines.join("\n")));
    let url = app.server.url();
    app.manifest(&format!("[sidecar.tool]\ngitlab = \"{url}/group/tool\"\ntag = \"v1.2.0\"\n"));
    app.sidecar(["lock"]).success();
    assert_eq!(app.read("sidecar.lock").matches("provenance = \"SHA256SUMS\"").count(), 6);
    assert_eq!(app.downloads("SHA256SUMS"), 1, "read once, for all targets");
}

#[test]
fn forgejo_releases_are_locked_and_built() {
    let app = App::new();
    app.server.release("acme/tool", release("v1.2.0"));
    let url = app.server.url();
    app.manifest(&format!("[sidecar.tool]\nforgejo = \"{url}/acme/tool\"\nversion = \"1\"\n"));
    builds(&app);
    app.sidecar(["explain", "tool", "--target", "x86_64-apple-darwin"]).success();
}

#[test]
fn a_project_that_is_not_there_is_named() {
    let app = App::new();
    let url = app.server.url().to_owned();
    app.manifest(&format!("[sidecar.tool]\ngitlab = \"{url}/group/none\"\n"));
    app.fails("repository-not-found", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool`: the GitLab project `group/none` does not exist, or is not public
  project  [SERVER]/group/none
help: check the spelling; this version reads public projects only

"#]]);
    app.manifest(&format!("[sidecar.tool]\nforgejo = \"{url}/acme/none\"\n"));
    app.fails("repository-not-found", ["lock"]);
}

/// The package of a platform, as esbuild publishes them.
fn publish(app: &App, platform: &str, triple: &str, version: &str) {
    let binary = program(triple, "v1.2.0");
    let path = if triple.contains("windows") { "package/tool.exe" } else { "package/bin/tool" };
    let tarball = tar_gz(&[("package/package.json", b"{}"), ("package/README.md", b"#"), (path, &binary)]);
    app.server.npm(&format!("@acme/{platform}"), version, tarball);
}

const PLATFORMS: [(&str, &str); 5] = [
    ("linux-x64", "x86_64-unknown-linux-gnu"),
    ("linux-arm64", "aarch64-unknown-linux-gnu"),
    ("darwin-x64", "x86_64-apple-darwin"),
    ("darwin-arm64", "aarch64-apple-darwin"),
    ("win32-x64", "x86_64-pc-windows-msvc"),
];

#[test]
fn npm_packages_are_locked_by_their_integrity_and_built() {
    let app = App::new();
    for (platform, triple) in PLATFORMS {
        publish(&app, platform, triple, "1.1.0");
        publish(&app, platform, triple, "1.2.0");
    }
    app.manifest("[sidecar.tool]\nnpm = \"@acme/{os}-{arch}\"\nversion = \"1\"\n");
    builds(&app);
    let lock = app.read("sidecar.lock");
    assert_eq!(lock.matches("provenance = \"npm-integrity\"").count(), 5, "{lock}");
    assert!(lock.contains("version = \"1.2.0\"") && lock.contains("member = \"package/bin/tool\""), "{lock}");
    app.sidecar(["list"]).success().stdout_eq(str![[r#"
NAME  LOCKED  TARGETS  FEATURES  SOURCE
tool  1.2.0   5/6                npm:@acme/{os}-{arch}

"#]]);
}

#[test]
fn an_npm_tarball_that_was_changed_is_not_locked() {
    let app = App::new();
    for (platform, triple) in PLATFORMS {
        publish(&app, platform, triple, "1.2.0");
    }
    app.manifest("[sidecar.tool]\nnpm = \"@acme/{os}-{arch}\"\n");
    app.server.fault(Match::path("/npm/@acme/linux-x64/-/linux-x64-1.2.0.tgz"), Fault::WrongBytes, 9);
    app.fails("checksum-mismatch", ["lock"]);
}

#[test]
fn an_npm_package_that_is_not_there_is_named() {
    let app = App::new();
    app.manifest(
        "[settings]\ntargets = [\"x86_64-unknown-linux-gnu\"]\n[sidecar.tool]\nnpm = \"@acme/{os}-{arch}\"\n",
    );
    app.fails("repository-not-found", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool`: the npm registry has no such package
  packages  @acme/linux-x64
help: check the spelling; `{os}` and `{arch}` are Node's words: linux, darwin, win32; x64, arm64

"#]]);
}

#[test]
fn addresses_follow_a_version_file_and_a_list_of_hashes() {
    let app = App::new();
    let url = app.server.url().to_owned();
    let mut sums = Vec::new();
    for triple in ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"] {
        let file = format!("tool-1.2.0-{triple}.tar.gz");
        let bytes = tar_gz(&[("tool", &program(triple, "v1.2.0")[..])]);
        sums.push(format!("{}  {file}", sha256(&bytes)));
        app.server.serve(&format!("/dist/1.2.0/{file}"), bytes);
    }
    app.server.serve("/dist/index.json", r#"{"latest":{"version":"v1.2.0"}}"#);
    app.server.serve("/dist/1.2.0/SHASUMS256.txt", sums.join("\n"));
    let table = format!(
        "[settings]\ntargets = [\"x86_64-unknown-linux-gnu\", \"aarch64-apple-darwin\", \"x86_64-pc-windows-msvc\"]\n\
         [sidecar.tool]\nurl = \"{url}/dist/{{version}}/tool-{{version}}-{{target}}.tar.gz\"\n\
         version-from = \"{url}/dist/index.json#/latest/version\"\n\
         checksums = \"{url}/dist/{{version}}/SHASUMS256.txt\"\nbin = \"tool\"\n"
    );
    app.manifest(&table);
    builds(&app);
    let lock = app.read("sidecar.lock");
    assert_eq!(lock.matches("provenance = \"SHASUMS256.txt\"").count(), 3, "{lock}");
    assert!(lock.contains("tag = \"1.2.0\""), "{lock}");
}

#[test]
fn an_address_without_a_file_is_a_gap_where_the_target_is_only_attempted() {
    let app = App::new();
    let url = app.server.url().to_owned();
    let triple = "x86_64-unknown-linux-gnu";
    app.server.serve(&format!("/1.2.0/tool-{triple}"), program(triple, "v1.2.0"));
    let entry = format!("[sidecar.tool]\nurl = \"{url}/{{version}}/tool-{{target}}\"\nversion = \"1.2.0\"\n");
    app.manifest(&entry);
    app.sidecar(["lock"]).success();
    assert_eq!(app.read("sidecar.lock").matches("missing = true").count(), 5);
    app.manifest(&format!("[settings]\ntargets = [\"{triple}\", \"aarch64-apple-darwin\"]\n{entry}"));
    app.fails("http-status", ["lock"]);
}

#[test]
fn a_tag_that_moves_has_its_version_in_an_asset() {
    let app = App::new();
    let publish = |version: &str| {
        let names = ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"];
        let spec = names.iter().zip([
            "x86_64-unknown-linux-gnu",
            "aarch64-unknown-linux-gnu",
            "x86_64-apple-darwin",
            "aarch64-apple-darwin",
        ]);
        let spec = spec.fold(ReleaseSpec::new("Prerelease-Alpha"), |spec, (platform, triple)| {
            spec.asset(format!("tool-{platform}-{version}"), program(triple, version))
        });
        app.server.release("acme/tool", spec.asset("version.txt", format!("{version}\n")));
    };
    publish("alpha-aaa1111");
    app.manifest(
        "[sidecar.tool]\ngithub = \"acme/tool\"\ntag = \"Prerelease-Alpha\"\nversion-from = \"version.txt\"\n\
         asset = { 'cfg(all(target_os = \"linux\", target_arch = \"x86_64\"))' = \"tool-linux-amd64-{version}\" }\n",
    );
    app.sidecar(["lock"]).success();
    let lock = app.read("sidecar.lock");
    assert!(
        lock.contains("version = \"alpha-aaa1111\"") && lock.contains("tag = \"Prerelease-Alpha\""),
        "{lock}"
    );
    publish("alpha-bbb2222");
    app.sidecar(["update"]).success();
    assert!(app.read("sidecar.lock").contains("tool-linux-amd64-alpha-bbb2222"));
}

#[test]
fn a_tag_that_moves_without_its_version_file_is_an_error() {
    let app = App::with_tool();
    app.manifest(
        "[sidecar.tool]\ngithub = \"acme/tool\"\ntag = \"v1.2.0\"\nversion-from = \"version.txt\"\n",
    );
    app.fails("asset-not-found", ["lock"]);
}

#[test]
fn files_of_this_machine_are_locked_by_relative_path_and_copied() {
    let app = App::new();
    let build = |text: &str| {
        std::fs::create_dir_all(app.path("engine")).unwrap();
        std::fs::write(app.path(&format!("engine/tool-{}", *HOST)), program(&HOST, text)).unwrap();
    };
    build("v1.2.0");
    app.manifest("[sidecar.tool]\npath = \"engine/tool-{target}\"\n");
    app.sidecar(["lock", "--offline"]).success();
    let lock = app.read("sidecar.lock");
    assert!(lock.contains(&format!("url = \"file:engine/tool-{}\"", *HOST)), "{lock}");
    app.forget_cache();
    app.run(app.build_script(&HOST)).success();
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "v1.2.0"));
    // What is pinned is what is built, until somebody says otherwise.
    build("v1.3.0");
    app.forget_cache();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    app.fails("checksum-mismatch", ["sync"]).stderr_eq(str![[r#"
error: sidecar `tool` unversioned: the local file does not match the lock
  file      [ROOT]/app/engine/tool-[..]
  expected  sha256 [..]  (sidecar.lock:[..])
  received  sha256 [..]  ([..] bytes)
help: if you built it anew, run `cargo sidecar update tool` and commit the lock

"#]]);
    app.sidecar(["update", "--offline"]).success();
    app.sidecar(["sync"]).success().stderr_eq(str![[r#"
   Installed tool unversioned for [..]
    Finished 1 file, 1 installed, 0 up to date

"#]]);
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "v1.3.0"));
}

#[test]
fn a_file_of_this_machine_that_was_built_anew_is_told() {
    let app = App::new();
    let build = |text: &str| {
        std::fs::create_dir_all(app.path("engine")).unwrap();
        std::fs::write(app.path(&format!("engine/tool-{}", *HOST)), program(&HOST, text)).unwrap();
    };
    build("v1.2.0");
    app.manifest("[sidecar.tool]\npath = \"engine/tool-{target}\"\n");
    app.sidecar(["sync"]).success();
    // Of one length, as most builds of one program are not.
    build("v1.3.0");
    app.sidecar(["sync"]).success().stderr_eq(str![[r#"
warning: sidecar `tool`: engine/tool-[..] is not the file that was locked, which is installed all the same; run `cargo sidecar update tool` to take it; while you develop it, set SIDECAR_TOOL_PATH to it
    Finished 1 file is up to date; nothing was changed

"#]]);
    let update = app.sidecar(["update"]).success();
    let told = String::from_utf8_lossy(&update.get_output().stderr).into_owned();
    assert!(!told.contains("publisher"), "{told}");
    app.sidecar(["sync"]).success().stderr_eq(str![[r#"
   Installed tool unversioned for [..]
    Finished 1 file, 1 installed, 0 up to date

"#]]);
}

#[test]
fn a_path_where_nothing_is_names_what_was_looked_for() {
    let app = App::new();
    app.manifest("[settings]\nbinaries = \"binaries\"\n[sidecar.tool]\npath = \"nowhere/tool\"\n");
    app.fails("asset-not-found", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool` unversioned: the source has nothing for any target
  at       [ROOT]/app/sidecar.toml:3:10
  reasons  there is no `nowhere/tool`

"#]]);
}

#[test]
fn a_directory_of_release_files_is_chosen_from() {
    let app = App::new();
    std::fs::create_dir_all(app.path("dist")).unwrap();
    for triple in DESKTOP {
        std::fs::write(
            app.path(&format!("dist/{}", asset_name("v1.2.0", triple))),
            archive("v1.2.0", triple),
        )
        .unwrap();
    }
    app.write("VERSION", "1.2.0\n");
    app.manifest("[sidecar.tool]\npath = \"dist\"\nversion-from = \"VERSION\"\n");
    builds(&app);
    app.sidecar(["list"]).success().stdout_eq(str![[r#"
NAME  LOCKED  TARGETS  FEATURES  SOURCE
tool  1.2.0   6/6                dist

"#]]);
}

#[test]
fn explain_says_which_file_a_source_names() {
    let app = App::new();
    publish(&app, "linux-x64", "x86_64-unknown-linux-gnu", "1.2.0");
    app.manifest("[sidecar.tool]\nnpm = \"@acme/{os}-{arch}\"\n");
    let targets = ["--target", "x86_64-unknown-linux-gnu", "--target", "x86_64-apple-darwin"];
    app.sidecar(["explain", "tool"].into_iter().chain(targets)).success().stdout_eq(str![[r#"
x86_64-unknown-linux-gnu: linux-x64-1.2.0.tgz (package `@acme/linux-x64`)
x86_64-apple-darwin: none (`@acme/darwin-x64` does not exist)

"#]]);
}

#[test]
fn a_damaged_copy_of_a_local_file_is_made_anew() {
    let app = App::new();
    std::fs::create_dir_all(app.path("dist")).unwrap();
    let archive = archive("v1.2.0", &HOST);
    std::fs::write(app.path(&format!("dist/{}", asset_name("v1.2.0", &HOST))), &archive).unwrap();
    app.manifest(&format!("[settings]\ntargets = [\"{}\"]\n[sidecar.tool]\npath = \"dist\"\n", *HOST));
    app.sidecar(["lock"]).success();
    let blob = |bytes: &[u8]| {
        let hash = sha256(bytes);
        app.cache().join("v1/blobs").join(&hash[..2]).join(hash)
    };
    std::fs::write(blob(&archive), vec![0; archive.len()]).unwrap();
    std::fs::remove_file(blob(&program(&HOST, "v1.2.0"))).unwrap();
    app.sidecar(["sync"]).success();
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "v1.2.0"));
}

#[test]
fn another_source_makes_the_lock_stale() {
    let app = App::with_synced_tool();
    let url = app.server.url().to_owned();
    app.manifest(&format!("[sidecar.tool]\nforgejo = \"{url}/acme/tool\"\nversion = \"1\"\n"));
    app.fails("lock-stale", ["sync", "--locked"]);
}

#[test]
fn every_source_can_be_added_from_the_command_line() {
    let app = App::new();
    for (platform, triple) in PLATFORMS {
        publish(&app, platform, triple, "1.2.0");
    }
    app.server.release("group/tool", release("v1.2.0"));
    app.server.serve("/1.2.0/tool-x86_64-unknown-linux-gnu", program("x86_64-unknown-linux-gnu", "v1.2.0"));
    app.server.serve("/version.txt", "v1.2.0\n");
    std::fs::create_dir_all(app.path("dist")).unwrap();
    std::fs::write(app.path("dist/local-x86_64-unknown-linux-gnu"), program("x86_64-unknown-linux-gnu", "1"))
        .unwrap();
    let url = app.server.url().to_owned();
    app.manifest("");
    app.sidecar(["add", "npm:@acme/{os}-{arch}@1"]).success();
    app.sidecar(["add", &format!("gitlab:{url}/group/tool"), "--name", "lab"]).success();
    app.sidecar(["add", &format!("forgejo:{url}/group/tool@v1.2.0"), "--name", "forge"]).success();
    let address = format!("url:{url}/{{version}}/tool-{{target}}");
    app.sidecar(["add", &address, "--name", "at", "--version-from", &format!("{url}/version.txt")]).success();
    app.sidecar(["add", "path:dist/local-{target}", "--name", "local"]).success();
    app.compare(
        &app.read("sidecar.toml"),
        str![[r#"
[sidecar.acme]
npm = "@acme/{os}-{arch}"
version = "1"

[sidecar.lab]
gitlab = "[SERVER]/group/tool"
version = "1.2.0"

[sidecar.forge]
forgejo = "[SERVER]/group/tool"
tag = "v1.2.0"

[sidecar.at]
url = "[SERVER]/{version}/tool-{target}"
version-from = "[SERVER]/version.txt"

[sidecar.local]
path = "dist/local-{target}"

"#]],
    );
    app.sidecar(["lock", "--locked", "--offline"]).success();
    app.fails("usage", ["add", &address]).stderr_eq(str![[r#"
error: `url:[SERVER]/{version}/tool-{target}` does not tell how the sidecar is called
help: say it with `--name NAME`

"#]]);
}

#[test]
fn a_lock_reads_no_other_file_of_this_machine() {
    let app = App::with_synced_tool();
    let lock = app.read("sidecar.lock");
    let url = lock.lines().find(|line| line.starts_with("url = ")).unwrap().to_owned();
    for file in ["/etc/passwd", "../other", "//host/share/x"] {
        app.write("sidecar.lock", &lock.replacen(&url, &format!("url = \"file:{file}\""), 1));
        app.fails("lock-invalid", ["sync"]);
    }
    std::fs::create_dir_all(app.path("engine")).unwrap();
    std::fs::write(app.path(&format!("engine/tool-{}", *HOST)), program(&HOST, "v1.2.0")).unwrap();
    app.manifest("[sidecar.tool]\npath = \"engine/tool-{target}\"\n");
    std::fs::remove_file(app.path("sidecar.lock")).unwrap();
    app.sidecar(["lock"]).success();
    let lock = app.read("sidecar.lock");
    app.write("sidecar.lock", &lock.replace("file:engine/", "file:/engine/"));
    app.fails("lock-invalid", ["sync"]);
}

#[test]
fn an_integrity_hash_that_cannot_be_read_is_no_silence() {
    let app = App::new();
    let target = "x86_64-unknown-linux-gnu";
    app.manifest(&format!(
        "[settings]\ntargets = [\"{target}\"]\n[sidecar.tool]\nnpm = \"@acme/{{os}}-{{arch}}\"\n"
    ));
    let tarball = tar_gz(&[("package/bin/tool", &program(target, "v1.2.0")[..])]);
    app.server.serve("/t.tgz", tarball);
    let url = app.server.url().to_owned();
    let document = |integrity: &str| {
        format!(
            r#"{{"name":"@acme/linux-x64","dist-tags":{{"latest":"1.0.0"}},"versions":{{"1.0.0":{{"dist":{{"tarball":"{url}/t.tgz","integrity":"{integrity}"}}}}}}}}"#
        )
    };
    app.server.serve("/npm/@acme/linux-x64", document("sha512-broken"));
    app.fails("api-answer", ["lock"]);
    // SHA-1 alone is what old versions have, and proves nothing.
    app.server.serve("/npm/@acme/linux-x64", document("sha1-AAAA"));
    app.sidecar(["lock"]).success();
    assert!(app.read("sidecar.lock").contains("provenance = \"download\""));
}

#[test]
fn a_package_without_its_key_gets_it_told() {
    let app = App::with_tool();
    app.fails("usage", ["add", "@acme/{os}-{arch}"]).stderr_eq(str![[r#"
error: `@acme/{os}-{arch}` is the name of an npm package
help: write `npm:@acme/{os}-{arch}`

"#]]);
}
