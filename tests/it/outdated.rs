//! `outdated`: what is newer, what of it the manifest allows, and what is too young.

use sidecar_tests::ReleaseSpec;
use snapbox::str;

use crate::app::{App, release};

/// Three sidecars: one with newer releases, one that has its newest, and one with tags that are no versions.
fn three() -> App {
    let app = App::with_tool();
    app.server.release("acme/other", release("v0.3.1"));
    app.server.release("acme/rolling", release("nightly"));
    let table = |name: &str, source: &str, tag: &str| {
        format!(
            "{name}\n{source}\nasset = {{ \"cfg(all())\" = \"tool-{tag}-{{target}}.tar.gz\" }}\nbin = \"**/tool\"\ntargets = [\"cfg(unix)\"]\n\n"
        )
    };
    app.manifest(
        &[
            table("[sidecar.tool]", "github = \"acme/tool\"\nversion = \"1\"", "{tag}"),
            table("[sidecar.second]", "github = \"acme/other\"", "{tag}"),
            table("[sidecar.third]", "github = \"acme/rolling\"\ntag = \"nightly\"", "nightly"),
        ]
        .concat(),
    );
    app.sidecar(["lock"]).success();
    app
}

#[test]
fn nothing_outdated_is_one_calm_line() {
    let app = three();
    app.sidecar(["outdated", "--exit-code"]).success().stdout_eq("").stderr_eq(str![[r#"
    Finished every sidecar is locked to its newest release

"#]]);
}

#[test]
fn what_is_newer_is_a_row_of_a_table() {
    let app = three();
    let before = app.read("sidecar.lock");
    app.server.release("acme/tool", release("v1.10.0"));
    app.server.release("acme/tool", release("v2.0.0"));
    app.server.release("acme/tool", ReleaseSpec::new("v3.0.0-rc.1").prerelease());
    app.server.clear_requests();
    app.sidecar(["outdated"])
        .success()
        .stdout_eq(str![[r#"
NAME  LOCKED  ALLOWED  LATEST
tool  1.2.0   1.10.0   2.0.0

"#]])
        .stderr_eq("");
    assert_eq!(app.server.requests().iter().filter(|seen| seen.path.starts_with("/objects/")).count(), 0);
    app.sidecar(["outdated", "--exit-code"]).code(1);
    app.sidecar(["outdated", "second", "--exit-code"]).success();
    app.sidecar(["outdated", "--locked", "tool"]).success();
    let done = app.sidecar(["outdated", "--message-format", "json"]).success();
    done.stdout_eq(str![[r#"
{"allowed":"0.3.1","held_back":null,"latest":"0.3.1","locked":"0.3.1","outdated":false,"reason":"outdated","sidecar":"second"}
{"allowed":"nightly","held_back":null,"latest":null,"locked":"nightly","outdated":false,"reason":"outdated","sidecar":"third"}
{"allowed":"1.10.0","held_back":null,"latest":"2.0.0","locked":"1.2.0","outdated":true,"reason":"outdated","sidecar":"tool"}

"#]]);
    assert_eq!(app.read("sidecar.lock"), before);
}

#[test]
fn a_release_beyond_the_manifest_counts_as_well() {
    let app = three();
    app.server.release("acme/tool", release("v2.0.0"));
    app.sidecar(["outdated", "--exit-code"]).code(1).stdout_eq(str![[r#"
NAME  LOCKED  ALLOWED  LATEST
tool  1.2.0   1.2.0    2.0.0

"#]]);
}

#[test]
fn a_release_that_is_too_young_is_held_back() {
    let app = three();
    app.server.release("acme/tool", release("v1.3.0").published_at("2999-01-01T00:00:00Z"));
    app.sidecar(["outdated", "--minimum-age", "3d", "--exit-code"]).success().stdout_eq(str![[r#"
NAME  LOCKED  ALLOWED  LATEST  NOTE
tool  1.2.0   1.2.0    1.2.0   1.3.0 is held back: 0 min old, minimum-age 3 d

"#]]);
    app.sidecar(["outdated", "--minimum-age", "0", "--exit-code"]).code(1);
    let settings = format!("[settings]\nminimum-age = \"2w\"\n\n{}", app.read("sidecar.toml"));
    app.manifest(&settings);
    let done = app.sidecar(["outdated", "tool", "--message-format", "json"]).success();
    done.stdout_eq(str![[r#"
{"allowed":"1.2.0","held_back":{"age":"0 min","minimum_age":"14 d","published":"2999-01-01T00:00:00Z","version":"1.3.0"},"latest":"1.2.0","locked":"1.2.0","outdated":false,"reason":"outdated","sidecar":"tool"}

"#]]);
    app.fails("bad-value", ["outdated", "--minimum-age", "3"]);
}

#[test]
fn what_is_not_locked_yet_is_outdated() {
    let app = App::with_tool();
    app.sidecar(["outdated", "--exit-code"]).code(1).stdout_eq(str![[r#"
NAME  LOCKED      ALLOWED  LATEST
tool  not locked  1.2.0    1.2.0

"#]]);
}

#[test]
fn what_cannot_be_asked_is_an_error() {
    let app = three();
    app.fails("offline", ["outdated", "--offline"]);
    app.fails("unknown-sidecar", ["outdated", "tol"]);
    app.manifest(&app.read("sidecar.toml").replace("acme/other", "acme/nobody"));
    app.fails("repository-not-found", ["outdated"]);
}
