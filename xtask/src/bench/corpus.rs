//! What is fetched: programs made of the bytes of real ones, in the sizes and forms of the field.

use std::path::{Path, PathBuf};

use sidecar_tests::{Content, ReleaseSpec};

use super::Bench;
use crate::error::Result;
use crate::fsx::{self, Mode};
use crate::pack::{self, Form};
use crate::registry::{self, DESKTOP};

/// A change of what is made here changes this, and with it where the files are kept.
const LAYOUT: &str = "1";

/// 1,000,000 bytes.
pub(super) const MB: usize = 1_000_000;

/// A sidecar to be: its program, and how it is published.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) form: Form,
    /// Bytes of the program.
    pub(super) size: usize,
}

/// A sidecar that is published for this machine.
#[derive(Debug, Clone)]
pub(super) struct Sidecar {
    pub(super) plan: Plan,
    /// The published file.
    pub(super) path: PathBuf,
    /// Its hash in lower-case hexadecimal digits.
    pub(super) sha256: String,
}

/// The tag of every release here.
pub(super) const TAG: &str = "v1.0.0";

/// When it was published.
pub(super) const PUBLISHED: &str = "2026-01-02T03:04:05Z";

impl Plan {
    pub(super) fn new(name: impl Into<String>, form: Form, size: usize) -> Self {
        Self { name: name.into(), form, size }
    }

    /// The name of the published file.
    pub(super) fn asset(&self) -> String {
        format!("{}-{}{}", self.name, registry::host(), self.form.suffix())
    }

    /// The program's path in its archive.
    pub(super) fn member(&self) -> String {
        match self.form {
            Form::TarGz | Form::TarXz => format!("{}-{}/{}", self.name, registry::host(), self.name),
            _ => self.name.clone(),
        }
    }
}

impl Sidecar {
    pub(super) fn repository(&self) -> String {
        repository(&self.plan.name)
    }

    /// The release with its one asset.
    pub(super) fn release(&self) -> ReleaseSpec {
        ReleaseSpec::new(TAG).published_at(PUBLISHED).asset(self.plan.asset(), Content::file(&self.path))
    }
}

/// Whose release a sidecar is.
pub(super) fn repository(name: &str) -> String {
    format!("bench/{name}")
}

/// Twenty sidecars of 5 to 60 MB: of twenty curated packages 13 are tar.gz, 4 are the program itself, and one each is
/// zip, tar.xz and gz.
pub(super) fn twenty() -> Vec<Plan> {
    const COUNT: usize = 20;
    let form = |at| match at {
        2 | 7 | 11 | 16 => Form::Raw,
        4 => Form::Zip,
        9 => Form::TarXz,
        14 => Form::Gz,
        _ => Form::TarGz,
    };
    // 7 has no divisor in common with 20: every size occurs once, large and small ones in turn.
    let size = |at: usize| 5 * MB + (at * 7 % COUNT) * 55 * MB / (COUNT - 1);
    (0..COUNT).map(|at| Plan::new(format!("tool-{at:02}"), form(at), size(at))).collect()
}

/// Publishes the plans; what an earlier run packed is taken as it is.
pub(super) fn publish(bench: &Bench, plans: Vec<Plan>) -> Result<Vec<Sidecar>> {
    let dir = bench.dir.join("assets").join(LAYOUT);
    let path = |plan: &Plan| dir.join(format!("{}-{}", plan.size, plan.asset()));
    let missing: Vec<&Plan> = plans.iter().filter(|plan| !path(plan).is_file()).collect();
    if !missing.is_empty() {
        eprintln!("packing {} programs; later runs take them as they are", missing.len());
        let pool = pool()?;
        let packed = registry::in_parallel(&missing, |plan| pack(plan, &pool, &path(plan)));
        packed.into_iter().collect::<Result<()>>()?;
    }
    let sidecar = |plan: Plan| {
        let path = path(&plan);
        let sha256 = pack::sha256(&fsx::read(&path)?);
        Ok(Sidecar { plan, path, sha256 })
    };
    plans.into_iter().map(sidecar).collect()
}

/// The bytes of all real programs, one after the other.
fn pool() -> Result<Vec<u8>> {
    let programs = registry::programs(&fsx::target_dir(), &DESKTOP, &|line| eprintln!("{line}"))?;
    if let Some(note) = &programs.note {
        eprintln!("note: {note}");
    }
    let mut pool = Vec::new();
    for binary in &programs.binaries {
        pool.extend(fsx::read(&binary.path)?);
    }
    Ok(pool)
}

fn pack(plan: &Plan, pool: &[u8], path: &Path) -> Result<()> {
    let program = program(&plan.name, plan.size, pool);
    let member = plan.member();
    let members = [(member.as_str(), program.as_slice())];
    let packed = if plan.form == Form::TarXz {
        // The window that `xz` takes where nobody says otherwise; a program that unpacks has to hold it in memory.
        let mut options = lzma_rust2::XzOptions::with_preset(0);
        options.lzma_options.dict_size = 8 << 20;
        pack::tar_xz(&members, options)?
    } else {
        pack::packed(plan.form, &members)?
    };
    fsx::publish(path, &packed, Mode::Plain)
}

/// A program for this machine, as far as its header tells; the rest is a part of the pool that depends on the name.
fn program(name: &str, size: usize, pool: &[u8]) -> Vec<u8> {
    let mut out = sidecar_tests::program(registry::host(), name);
    let from = name.bytes().fold(0_usize, |hash, byte| hash.wrapping_mul(1_000_003) ^ usize::from(byte));
    let rest = pool.iter().cycle().skip(from % pool.len().max(1));
    let length = size.saturating_sub(out.len());
    out.extend(rest.take(length));
    out
}

/// Releases of so many small sidecars, by name, each with a program for every target.
pub(super) fn small(count: usize, targets: &[&str]) -> Vec<(String, ReleaseSpec)> {
    let mut random = Random::new(1);
    let release = |at: usize| {
        let name = small_name(at);
        let mut spec = ReleaseSpec::new(TAG).published_at(PUBLISHED);
        for target in targets {
            let asset = format!("{name}-{target}{}", registry::exe(target));
            spec = spec.asset(asset, noise(&name, target, 10_000, &mut random));
        }
        (name, spec)
    };
    (0..count).map(release).collect()
}

/// The name of a small sidecar.
pub(super) fn small_name(at: usize) -> String {
    format!("tool-{at:02}")
}

/// A program for a target, as far as its header tells, of bytes that do not compress.
pub(super) fn noise(name: &str, target: &str, size: usize, random: &mut Random) -> Vec<u8> {
    let mut out = sidecar_tests::program(target, name);
    while out.len() < size {
        out.extend(random.next().to_le_bytes());
    }
    out
}

/// Numbers without a pattern, the same for the same seed (xorshift64*, Vigna 2016).
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Less than `end`, which is not 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_sidecars_have_the_forms_and_sizes_of_the_field() {
        let plans = twenty();
        let count = |form| plans.iter().filter(|plan| plan.form == form).count();
        let forms = [Form::TarGz, Form::Raw, Form::Zip, Form::TarXz, Form::Gz];
        assert_eq!(forms.map(count), [13, 4, 1, 1, 1]);
        let mut sizes: Vec<usize> = plans.iter().map(|plan| plan.size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        assert_eq!((sizes.len(), sizes[0], sizes[19]), (20, 5 * MB, 60 * MB));
    }

    #[test]
    fn programs_differ_and_have_their_size() {
        let pool: Vec<u8> = (0..=255).collect();
        let (one, two) = (program("one", 5_000, &pool), program("two", 5_000, &pool));
        assert_eq!((one.len(), two.len()), (5_000, 5_000));
        assert_ne!(one, two);
        assert_eq!(one, program("one", 5_000, &pool));
        let mut random = Random::new(0);
        assert!(noise("x", registry::host(), 1_000, &mut random).len() >= 1_000);
        assert!((0..100).all(|_| random.below(7) < 7));
    }
}
