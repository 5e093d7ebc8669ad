//! The package for npm, taken as its users take it: installed from its archive, imported as a module and as CommonJS, and
//! read by TypeScript as both.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::npm::{self, npm};
use crate::run::output;

/// A project that uses the package, with a place for its name. An error that is expected shows that types are there.
const PROJECT: [(&str, &str); 6] = [
    ("package.json", "{ \"private\": true }\n"),
    ("module.mjs", "import * as api from '{name}'\nconsole.log(Object.keys(api).sort().join())\n"),
    ("common.cjs", "const api = require('{name}')\nconsole.log(Object.keys(api).sort().join())\n"),
    (
        "typed.mts",
        "import { sidecar, type Status } from '{name}'\n\
         export const status: Promise<Status> = sidecar('tool').ready()\n\
         // @ts-expect-error a name is a string\nsidecar(1)\n",
    ),
    (
        "typed.cts",
        "import api = require('{name}')\n\
         export const status: Promise<api.Status> = api.sidecar('tool').ready()\n\
         // @ts-expect-error a name is a string\napi.sidecar(1)\n",
    ),
    (
        "tsconfig.json",
        "{ \"compilerOptions\": { \"strict\": true, \"noEmit\": true, \"module\": \"nodenext\", \"types\": [] },\n\
         \"files\": [\"typed.mts\", \"typed.cts\"] }\n",
    ),
];

/// Installs the archive into a project of its own and uses it.
pub(super) fn run(archive: &Path) -> Result<()> {
    let name = npm::Manifest::read()?.name;
    let dir = tempfile::tempdir().map_err(Error::because("cannot make a temporary directory"))?;
    for (file, text) in PROJECT {
        let text = text.replace("{name}", &name);
        fsx::publish(&dir.path().join(file), text.as_bytes(), Mode::Plain)?;
    }
    let mut install = npm();
    install.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).arg(archive);
    output("npm install", install.current_dir(dir.path()))?;
    let node = |script: &str| {
        let mut command = Command::new("node");
        output(&format!("node {script}"), command.arg(script).current_dir(dir.path())).map(|(names, _)| names)
    };
    let (module, common) = (node("module.mjs")?, node("common.cjs")?);
    if module != common || !module.contains("sidecar") {
        return Err(Error::new(format!("{name} has other names as CommonJS\n{module}{common}")));
    }
    let tsc = if cfg!(windows) { "tsc.cmd" } else { "tsc" };
    let mut tsc = Command::new(npm::directory().join("node_modules/.bin").join(tsc));
    output("tsc", tsc.args(["--project", "tsconfig.json"]).current_dir(dir.path()))?;
    println!("npm: {name} installs, is imported as a module and as CommonJS, and has types as both");
    Ok(())
}
