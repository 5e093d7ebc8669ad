//! The plugin's package for JavaScript, as its own scripts build and test it.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::time::Instant;

use crate::error::{Error, Result};
use crate::fsx;
use crate::npm::{self, npm};
use crate::run::output;

/// The script for pages without a bundler, which the build writes and the crate carries.
const SCRIPT: &str = "api-iife.js";

/// Installs what the scripts need; what is missing for that, if anything.
pub(super) fn missing() -> Result<Option<String>> {
    npm::install(&npm::directory())
}

/// The scripts `check`, `build` and `test`. What the build writes into the crate is as it was committed.
pub(super) fn test() -> Result<()> {
    let committed = fsx::read(&npm::directory().join(SCRIPT))?;
    for script in ["check", "build", "test"] {
        println!("\n== npm run {script}");
        let start = Instant::now();
        let mut command = npm();
        command.args(["run", "--silent", script]).current_dir(npm::directory());
        let (text, _) = output(&format!("npm run {script}"), &mut command)?;
        closing_lines(&text).for_each(|line| println!("{line}"));
        println!("== npm run {script}: {:.1} s", start.elapsed().as_secs_f32());
        if fsx::read(&npm::directory().join(SCRIPT))? != committed {
            let what = format!("{SCRIPT} was not what its sources say; it is now: commit it");
            return Err(Error::new(what));
        }
    }
    Ok(())
}

/// The sums that Node.js prints at the end of its tests: `# pass 86`, or `ℹ pass 86`. The tests themselves are a long list.
fn closing_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| {
        let mut words = line.split(' ');
        let mark = words.next().is_some_and(|mark| ["#", "ℹ"].contains(&mark));
        mark && words.next().is_some_and(|sum| ["tests", "pass", "fail", "skipped"].contains(&sum))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_told_and_not_the_tests() {
        let old = "TAP version 13\n# Subtest: pass\nok 1 - pass\n1..1\n# tests 1\n# pass 1\n# fail 0\n";
        assert_eq!(closing_lines(old).collect::<Vec<_>>(), ["# tests 1", "# pass 1", "# fail 0"]);
        assert_eq!(closing_lines("✔ pass (1 ms)\nℹ pass 1\n").collect::<Vec<_>>(), ["ℹ pass 1"]);
    }
}
