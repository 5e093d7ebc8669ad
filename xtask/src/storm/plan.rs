//! The test table: which case of which program, how often in the long form, and what it should take.

/// Which test program has a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// `crates/sidecar-keeper/tests/storm`.
    Keeper,
    /// `tests/storm`.
    Supervisor,
}

/// A case.
#[derive(Debug)]
pub(super) struct Case {
    /// Its number in the test table; several cases may be parts of one.
    pub(super) id: &'static str,
    pub(super) program: Program,
    /// The name by which the program knows it.
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Rounds of the long form, for each shape.
    pub(super) long: u32,
    /// Milliseconds that the 99th percentile should not exceed; no survivor is the aim of all.
    pub(super) aim: Option<f64>,
}

/// Rounds of the long form, and the milliseconds that the 99th percentile should not exceed.
type Aim = (u32, Option<f64>);

const fn keeper(id: &'static str, name: &'static str, about: &'static str, (long, aim): Aim) -> Case {
    Case { id, program: Program::Keeper, name, about, long, aim }
}

const fn supervisor(id: &'static str, name: &'static str, about: &'static str, (long, aim): Aim) -> Case {
    Case { id, program: Program::Supervisor, name, about, long, aim }
}

/// Gone, where the tree is killed at once.
const GONE: Option<f64> = Some(250.0);

/// Gone, where others have to do it.
const GONE_LATE: Option<f64> = Some(1000.0);

/// Told.
pub(super) const TOLD: Option<f64> = Some(100.0);

pub(super) const PLAN: [Case; 41] = [
    keeper("T1", "t1_app_killed_when_up", "SIGKILL to the app when all is up", (1000, GONE)),
    keeper(
        "T1",
        "t1_app_killed_without_init",
        "SIGKILL to an app without init(), then a sweep",
        (200, GONE_LATE),
    ),
    supervisor(
        "T1",
        "t1_app_killed_when_ready",
        "SIGKILL to the app when its sidecar is ready",
        (1000, GONE),
    ),
    keeper(
        "T2",
        "t2_app_killed_while_starting",
        "SIGKILL to the app at any instant of its start",
        (1000, GONE),
    ),
    supervisor(
        "T2",
        "t2_app_killed_while_starting",
        "SIGKILL to the app at any instant until its sidecar is ready",
        (1000, GONE),
    ),
    keeper("T3", "t3_app_ends_otherwise", "the app ends otherwise, its sidecar can finish", (20, None)),
    supervisor("T3", "t3_app_ends_otherwise", "the app ends otherwise, its sidecar can finish", (100, None)),
    keeper("T4", "t4_keeper_killed", "SIGKILL to the keeper", (200, GONE_LATE)),
    keeper("T4", "t4_keeper_and_zygote_killed", "SIGKILL to keeper and zygote", (200, None)),
    supervisor("T4", "t4_keeper_killed", "SIGKILL to the keeper, and it is started again", (200, GONE_LATE)),
    keeper(
        "T5",
        "t5_all_killed_then_swept",
        "SIGKILL to app, keeper and zygote, then a sweep",
        (200, GONE_LATE),
    ),
    keeper("T5", "ending_is_left_to_the_keeper", "a sweep while a keeper grants a grace", (1, None)),
    supervisor(
        "T5",
        "t5_all_killed_then_relaunched",
        "SIGKILL to app, keeper and zygote, then the app again",
        (200, GONE_LATE),
    ),
    supervisor("T6", "t6_tree_that_still_forks_stopped", "stopped while it still forks", (200, GONE_LATE)),
    keeper("T7", "t7_stubborn_tree_stopped", "a tree that ignores SIGTERM is stopped", (100, GONE)),
    supervisor("T7", "t7_stubborn_tree_stopped", "a tree that ignores SIGTERM is stopped", (100, GONE)),
    supervisor(
        "T8",
        "t8_started_from_threads_that_end",
        "started from threads that end (seconds)",
        (60, None),
    ),
    supervisor("T9", "t9_flood_without_a_reader", "a flood that nobody reads (seconds)", (10, None)),
    supervisor("T10", "t10_line_without_an_end", "a line without an end (100 MB)", (10, None)),
    supervisor("T11", "t11_ports_for_many_at_once", "two apps start 32 sidecars each, at once", (20, None)),
    keeper("T18", "t18_stopped_means_tree_empty", "stopped means that the tree is empty", (100, None)),
    supervisor("T18", "t18_stopped_means_tree_empty", "stopped means that the tree is empty", (100, None)),
    keeper("T19", "t19_exit_is_told_while_output_is_held", "an exit while its output is held", (100, TOLD)),
    supervisor(
        "T19",
        "t19_exit_is_told_while_output_is_held",
        "an exit while its output is held",
        (100, TOLD),
    ),
    keeper("T21", "t21_forged_ledger", "forged ledgers, none of which kills a stranger", (5, None)),
    keeper("T23", "t23_many_launches_leave_nothing", "launches that leave nothing", (1000, None)),
    supervisor("T23", "t23_many_restarts_leave_nothing", "restarts that leave nothing", (1000, None)),
    supervisor("T24", "t24_secrets_stay_secret", "secrets that stay secret", (20, None)),
    keeper("T25", "t25_only_three_descriptors", "a sidecar has three descriptors", (20, None)),
    supervisor("T25", "t25_only_three_descriptors", "a sidecar has three descriptors", (20, None)),
    supervisor("T26", "t26_reachable_from_outside", "one that listens on 0.0.0.0 is refused", (20, None)),
    keeper("T27", "t27_cost", "what a keeper costs", (200, None)),
    supervisor("T27", "t27_idle", "wake-ups while nothing happens (seconds)", (60, None)),
    supervisor("real", "real_programs", "real programs", (20, None)),
    keeper("more", "without_init", "what is promised without init()", (1, None)),
    keeper("more", "killed_zygote_is_replaced", "a zygote that is killed is replaced", (20, None)),
    keeper("more", "last_words_are_kept", "what is said after the app died is kept", (20, None)),
    keeper("more", "threads_before_init", "init() where threads run already", (100, GONE)),
    keeper("more", "thread_before_main", "a library has a thread before main", (100, GONE)),
    keeper("more", "app_killed_by_name", "the app is killed by its name", (1, None)),
    keeper("more", "launches", "launches that fail say why", (1, None)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_there_once_and_in_its_program() {
        for case in &PLAN {
            let same = |other: &&Case| other.name == case.name && other.program == case.program;
            assert_eq!(PLAN.iter().filter(same).count(), 1, "{}", case.name);
            let dir = match case.program {
                Program::Keeper => "crates/sidecar-keeper/tests/storm",
                Program::Supervisor => "tests/storm",
            };
            let sources = crate::fsx::entries(&crate::run::root().join(dir));
            let texts: String = sources.iter().filter_map(|path| crate::fsx::text_of(path)).collect();
            assert!(texts.contains(case.name), "{} is not in {dir}", case.name);
        }
    }
}
