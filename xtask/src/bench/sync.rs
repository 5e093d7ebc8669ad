//! A cold `cargo sidecar sync` beside what a careful script does with curl, sha256sum and tar.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::corpus::{self, Sidecar, TAG};
use super::figure::{Figure, SECONDS, Samples, TIMES};
use super::scene::{Scene, run};
use super::{Bench, missing_tools};
use crate::error::Result;
use crate::fsx::{self, Mode};

/// Of all that is compared.
const ROUNDS: usize = 3;

/// The most that the subcommand may take of what eight pipelines at once take.
const AIM: f64 = 1.1;

const TOOLS: [&str; 8] = ["curl", "gzip", "sha256sum", "sh", "tar", "unzip", "xargs", "xz"];

/// One asset: download, compare, unpack, put in place. Arguments: URL, hash, asset, form, member, installed name.
const SCRIPT: &str = r#"set -eu
url=$1 hash=$2 asset=$3 form=$4 member=$5 name=$6
curl --silent --show-error --fail --location --output "cache/$asset" "$url"
echo "$hash  cache/$asset" | sha256sum --check --quiet -
case $form in
    TarGz) tar -xzf "cache/$asset" -C unpacked "$member" ;;
    TarXz) tar -xJf "cache/$asset" -C unpacked "$member" ;;
    Zip) unzip -q "cache/$asset" "$member" -d unpacked ;;
    Gz) gzip -dc "cache/$asset" >"unpacked/$member" ;;
    Raw) cp "cache/$asset" "unpacked/$member" ;;
esac
chmod 755 "unpacked/$member"
mv "unpacked/$member" "binaries/$name"
"#;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let sidecars = corpus::publish(bench, corpus::twenty())?;
    let scene = Scene::of(bench, "sync", &sidecars)?;
    let missing = missing_tools(&TOOLS);
    if !missing.is_empty() {
        let mut own = Samples::default();
        for _ in 0..ROUNDS {
            own.push(scene.cold_sync()?.as_secs_f64());
        }
        let why = format!("{} missing here", missing.join(", "));
        let ratio = Figure::not_run("sync : 8 pipelines at once", why);
        return Ok(vec![Figure::told("cargo sidecar sync", own.show(SECONDS)), ratio]);
    }
    let pipeline = Pipeline::new(bench, &scene, &sidecars)?;
    let [mut own, mut eight, mut one] = [(); 3].map(|()| Samples::default());
    for _ in 0..ROUNDS {
        own.push(scene.cold_sync()?.as_secs_f64());
        eight.push(pipeline.run(8)?.as_secs_f64());
        one.push(pipeline.run(1)?.as_secs_f64());
    }
    fsx::remove_dir_all(&pipeline.dir)?;
    Ok(vec![
        Figure::told("cargo sidecar sync", own.show(SECONDS)),
        Figure::told("curl + sha256sum + tar, 8 at once", eight.show(SECONDS)),
        Figure::told("curl + sha256sum + tar, one by one", one.show(SECONDS)),
        Figure::at_most("sync : 8 pipelines at once", own.best() / eight.best(), AIM, TIMES),
        Figure::told("sync : pipelines one by one", TIMES.show(own.best() / one.best())),
    ])
}

/// The script, and its arguments for each asset.
struct Pipeline {
    dir: PathBuf,
    list: String,
}

impl Pipeline {
    fn new(bench: &Bench, scene: &Scene, sidecars: &[Sidecar]) -> Result<Self> {
        let dir = bench.dir.join("pipeline");
        fsx::publish(&dir.join("fetch.sh"), SCRIPT.as_bytes(), Mode::Plain)?;
        let line = |sidecar: &Sidecar| {
            let (plan, asset) = (&sidecar.plan, sidecar.plan.asset());
            let url = scene.server.download_url(&sidecar.repository(), TAG, &asset);
            let (sha256, member, target) = (&sidecar.sha256, plan.member(), crate::registry::host());
            format!("{url} {sha256} {asset} {:?} {member} {}-{target}\n", plan.form, plan.name)
        };
        Ok(Self { dir, list: sidecars.iter().map(line).collect() })
    }

    /// Installs everything with so many processes at a time.
    fn run(&self, at_once: usize) -> Result<Duration> {
        let work = self.dir.join("work");
        fsx::remove_dir_all(&work)?;
        for name in ["cache", "unpacked", "binaries"] {
            fsx::create_dir_all(&work.join(name))?;
        }
        let list = work.join("list");
        fsx::publish(&list, self.list.as_bytes(), Mode::Plain)?;
        let mut command = Command::new("xargs");
        command.args(["-P", &at_once.to_string(), "-L", "1", "sh"]).arg(self.dir.join("fetch.sh"));
        command.current_dir(&work).stdout(Stdio::null()).stdin(fsx::open(&list)?);
        let begin = Instant::now();
        run(&mut command)?;
        Ok(begin.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::Form;

    #[test]
    fn the_script_knows_every_form() {
        for form in [Form::TarGz, Form::TarXz, Form::Zip, Form::Gz, Form::Raw] {
            assert!(SCRIPT.contains(&format!("    {form:?}) ")), "{form:?}");
        }
    }
}
