//! Keeps esbuild running as its `run` table says, tells where it listens, and waits for its own end.

use sidecar_supervisor::{Error, Supervisor};

fn main() -> Result<(), Error> {
    sidecar_supervisor::init();
    let data = std::env::temp_dir().join("sidecar-demo");
    let spec = sidecar_supervisor::spec_json!();
    let supervisor = Supervisor::from_json(spec, data)?.source_dir(env!("CARGO_MANIFEST_DIR")).build()?;
    let esbuild = supervisor.sidecar("esbuild")?;
    esbuild.start().wait()?;
    println!("{}", esbuild.url().unwrap_or_default());
    loop {
        std::thread::park();
    }
}
