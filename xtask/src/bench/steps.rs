//! Where the time of `build()` goes: runs of one sidecar each, told in MB/s of the program's bytes.

use super::Bench;
use super::corpus::{self, MB, Plan};
use super::figure::{Figure, MB_PER_SECOND, Samples};
use super::scene::Scene;
use super::script::Script;
use crate::error::Result;
use crate::fsx;
use crate::pack::Form;

const ROUNDS: usize = 3;

/// Bytes of each program.
const SIZE: usize = 60 * MB;

/// There is no zst and no bz2, because nothing in this workspace writes them.
const FORMS: [(&str, Form, &str); 5] = [
    ("raw", Form::Raw, "download + hash, copy"),
    ("tar-gz", Form::TarGz, "download + hash, unpack + hash, copy"),
    ("gz", Form::Gz, "the same without tar"),
    ("zip", Form::Zip, "the same with deflate in a zip"),
    ("tar-xz", Form::TarXz, "the same with LZMA2"),
];

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let plans = FORMS.map(|(name, form, _)| Plan::new(format!("step-{name}"), form, SIZE));
    let sidecars = corpus::publish(bench, plans.to_vec())?;
    let mut figures = Vec::new();
    for (sidecar, (name, form, about)) in sidecars.iter().zip(FORMS) {
        let scene = Scene::of(bench, &format!("step-{name}"), std::slice::from_ref(sidecar))?;
        let mut script = Script::new(bench, &scene)?;
        script.run()?; // builds what is not built yet
        let [mut cold, mut cached] = [(); 2].map(|()| Samples::default());
        for _ in 0..ROUNDS {
            cold.push(script.run_cold()?.as_secs_f64());
            fsx::remove_dir_all(&scene.binaries())?;
            cached.push(script.run()?.as_secs_f64());
        }
        figures.push(Figure::told(format!("{name}: {about}"), rate(&cold)));
        if form == Form::Raw {
            figures.push(Figure::told("from the cache: hash, copy", rate(&cached)));
        }
    }
    Ok(figures)
}

fn rate(seconds: &Samples) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size in MB is far below 2^52")]
    let megabytes = (SIZE / MB) as f64;
    MB_PER_SECOND.show(megabytes / seconds.best())
}
