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

const fn keeper(
    id: &'static str,
    name: &'static str,
    about: &'static str,
    long: u32,
    aim: Option<f64>,
) -> Case {
    Case { id, program: Program::Keeper, name, about, long, aim }
}

pub(super) const PLAN: [Case; 15] = [
    keeper("T1", "t1_app_killed_when_up", "SIGKILL to the app when all is up", 1000, Some(250.0)),
    keeper(
        "T2",
        "t2_app_killed_while_starting",
        "SIGKILL to the app at any instant of its start",
        1000,
        Some(250.0),
    ),
    keeper("T3", "t3_app_ends_otherwise", "the app ends otherwise, and last words are heard", 100, None),
    keeper("T4", "t4_keeper_killed", "SIGKILL to the keeper", 200, Some(1000.0)),
    keeper("T4", "t4_keeper_and_zygote_killed", "SIGKILL to keeper and zygote", 200, None),
    keeper(
        "T5",
        "t5_all_killed_then_swept",
        "SIGKILL to app, keeper and zygote, then the next launch",
        200,
        Some(1000.0),
    ),
    keeper("T5", "ending_is_left_to_the_keeper", "the next launch while a keeper grants a grace", 1, None),
    keeper(
        "T7",
        "t7_stubborn_tree_stopped",
        "a tree of 46 that ignores SIGTERM is stopped",
        100,
        Some(250.0),
    ),
    keeper("T18", "t18_stopped_means_tree_empty", "stopped means that the tree is empty", 100, None),
    keeper(
        "T19",
        "t19_exit_is_told_while_output_is_held",
        "an exit is told while a grandchild holds the output",
        100,
        Some(100.0),
    ),
    keeper("T21", "t21_forged_ledger", "forged ledgers, of which none kills a stranger", 5, None),
    keeper(
        "T23",
        "t23_many_launches_leave_nothing",
        "launches leave no descriptor, thread or zombie",
        1000,
        None,
    ),
    keeper("T25", "t25_only_three_descriptors", "a sidecar has three descriptors", 20, None),
    keeper("T27", "t27_cost", "a keeper's memory, wake-ups and start", 200, None),
    keeper("-", "threads_before_init", "init() where threads run already", 100, Some(250.0)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_there_once_and_in_its_program() {
        for case in &PLAN {
            assert_eq!(PLAN.iter().filter(|other| other.name == case.name).count(), 1, "{}", case.name);
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
