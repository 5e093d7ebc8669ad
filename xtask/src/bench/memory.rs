//! The most memory that a cold sync has at once; files must pass through, not pile up.

use super::Bench;
use super::corpus::{self, MB, Plan};
use super::figure::{Figure, MEGABYTES};
use super::scene::Scene;
use super::usage;
use crate::error::{Error, Result};
use crate::pack::Form;

/// Bytes of each program.
const SIZE: usize = 300 * MB;

/// Megabytes.
const AIM: f64 = 64.0;

/// An .xz file needs the window that its publisher chose: 8 MiB here, as `xz` does by itself; `xz -9` takes 64 MiB.
const FORMS: [(&str, Form); 3] = [("raw", Form::Raw), ("tar-gz", Form::TarGz), ("tar-xz", Form::TarXz)];

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    if !usage::is_told() {
        return Ok(vec![Figure::not_run("peak memory", "this system has no /proc")]);
    }
    let plans = FORMS.map(|(name, form)| Plan::new(format!("large-{name}"), form, SIZE));
    let sidecars = corpus::publish(bench, plans.to_vec())?;
    let mut figures = Vec::new();
    for (sidecar, (name, _)) in sidecars.iter().zip(FORMS) {
        let scene = Scene::of(bench, &format!("large-{name}"), std::slice::from_ref(sidecar))?;
        let (status, peak) = usage::peak_memory(&mut scene.sidecar(&["sync", "--locked"]))?;
        if !status.success() {
            return Err(Error::new(format!("sync of {name} failed ({status})")));
        }
        #[expect(clippy::cast_precision_loss, reason = "told with one decimal of a megabyte")]
        let peak = peak as f64 / 1e6;
        figures.push(Figure::at_most(format!("{} MB {name}", SIZE / MB), peak, AIM, MEGABYTES));
    }
    Ok(figures)
}
