//! Ports that many want at once, and ports that all may reach.

use std::time::Duration;

use crate::cases::Setup;
use crate::field::{CAR, Field, Scene};
use crate::look::tell;
use crate::shape::{SERVES, server};

/// Sidecars that start at once, in each of two apps.
const EACH: usize = 32;

/// Two instances of an app start 32 sidecars each, at once: each gets a port, and none sees that another was faster.
pub(crate) fn ports_for_many_at_once(setup: &Setup) {
    let mut series = Vec::new();
    for _ in 0..setup.rounds(1) {
        let data = tempfile::tempdir().unwrap();
        let mut fields = [(); 2].map(|()| crowd(Scene::new()).data(data.path().to_owned()).begin());
        let starts = fields.each_mut().map(|field| {
            field.line("scope ");
            (0..EACH).map(|at| field.tell(&format!("start {CAR}-{at}"))).min().unwrap()
        });
        for (field, start) in fields.iter_mut().zip(starts) {
            series.push(all_ready(field).saturating_duration_since(start));
        }
        for field in &mut fields {
            field.kill_app();
        }
    }
    tell("until 32 of an app were ready", &mut series);
    println!("  fact sidecars started: {}, without their port: 0", series.len() * EACH);
}

fn crowd(mut scene: Scene) -> Scene {
    for at in 0..EACH {
        let run = scene.misbehaving(server(), &SERVES);
        scene = scene.sidecar(&format!("{CAR}-{at}"), &run);
    }
    scene
}

/// When the last was ready.
fn all_ready(field: &mut Field) -> std::time::Instant {
    let mut ports = Vec::new();
    let mut last = std::time::Instant::now();
    while ports.len() < EACH {
        let (when, line) = field.line("ready ");
        ports.push(line.rsplit(' ').next().unwrap().parse::<u16>().unwrap());
        last = when;
    }
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), EACH, "each has a port of its own");
    assert!(!field.seen.iter().any(|line| line.starts_with("failed ")), "{:?}", field.seen);
    last
}

/// A sidecar that all of the network could reach never becomes ready, and is ended.
pub(crate) fn reachable_from_outside(setup: &Setup) {
    let mut series: Vec<Duration> = Vec::new();
    for _ in 0..setup.rounds(2) {
        let mut field = Scene::with(server(), &["--bind=0.0.0.0:{port}", "--http"]).begin();
        assert_eq!(field.fails(CAR), "not-loopback");
        series.push(field.kill_app());
    }
    tell("", &mut series);
}
