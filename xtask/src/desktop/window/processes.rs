//! The processes of the example: the app, its sidecars, and who owns them.

use std::path::Path;

use sidecar_keeper::{ProcessId, all_processes};

use super::app;

/// What runs of the example's programs, each with its name: `dashboard`, `dashboard-preview`, `sidecar-keeper`. The programs
/// of WebKit are not among them.
pub(super) fn all() -> Vec<(ProcessId, String)> {
    let program = app::program();
    all_processes()
        .into_iter()
        .filter(|pid| executes(*pid, &program))
        .filter_map(|pid| ProcessId::of(pid).filter(|process| process.is_alive()))
        .filter_map(|process| Some((process, process.name()?)))
        .collect()
}

/// Whether a process executes the app, as keepers do, or one of the sidecars beside it.
fn executes(pid: u32, app: &Path) -> bool {
    let Ok(executed) = std::fs::read_link(format!("/proc/{pid}/exe")) else { return false };
    is_of(&executed, app)
}

fn is_of(executed: &Path, app: &Path) -> bool {
    let names =
        [executed, app].map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    executed.parent() == app.parent()
        && names[0]
            .strip_prefix(&*names[1])
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', ' ']))
}

/// The app itself, not the processes that own its sidecars.
pub(super) fn app() -> Option<ProcessId> {
    all().into_iter().find(|(_, name)| name == "dashboard").map(|(process, _)| process)
}

/// `name (pid), …` of what runs, for people.
pub(super) fn told(processes: &[(ProcessId, String)]) -> String {
    let told: Vec<String> =
        processes.iter().map(|(process, name)| format!("{name} ({})", process.pid)).collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_and_what_lies_beside_it_by_its_name() {
        let of = |path: &str| is_of(Path::new(path), Path::new("/t/debug/dashboard"));
        assert!(of("/t/debug/dashboard") && of("/t/debug/dashboard-preview"));
        // Of a program that was built again meanwhile.
        assert!(of("/t/debug/dashboard (deleted)"));
        assert!(!of("/t/debug/dash") && !of("/t/debug/dashboards") && !of("/other/debug/dashboard"));
    }

    #[test]
    fn processes_are_told_with_their_numbers() {
        let me = ProcessId::of(std::process::id()).unwrap();
        assert_eq!(told(&[(me, "x".into())]), format!("x ({})", me.pid));
    }
}
