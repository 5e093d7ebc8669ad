//! What `shell` and `http` say, and the capabilities that they become.

use snapbox::str;

use crate::app::App;

#[test]
fn a_validator_that_is_no_regular_expression() {
    let app = App::new();
    app.manifest(
        "[sidecar.tool]\ngithub = \"acme/tool\"\nshell = { spawn = true, args = [\"--port\", { validator = \"([0-9]+\" }] }\n",
    );
    app.fails("bad-regex", ["lock"]).stderr_eq(str![[r#"
error: the validator `([0-9]+` is not a regular expression
  at     [ROOT]/app/sidecar.toml:3:57
  cause  regex parse error:
             ([0-9]+
             ^
         error: unclosed group
help: write it as Rust's `regex` reads it, without look-around and back-references: https://docs.rs/regex/#syntax

"#]]);
}
