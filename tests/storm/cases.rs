//! The cases, by their names in the test table.

use crate::{floods, kills, lasting, ports, programs, stops, threads};

/// What the command line asks for.
pub(crate) struct Setup {
    rounds: Option<u32>,
    seed: u64,
}

impl Setup {
    /// How often, where the command line does not say.
    pub(crate) fn rounds(&self, default: u32) -> u32 {
        self.rounds.unwrap_or(default)
    }

    pub(crate) fn random(&self) -> Random {
        Random(self.seed | 1)
    }
}

/// xorshift64: the same numbers for the same seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

type Case = (&'static str, fn(&Setup));

const CASES: [Case; 19] = [
    ("t1_app_killed_when_ready", kills::app_killed_when_ready),
    ("t2_app_killed_while_starting", kills::app_killed_while_starting),
    ("t3_app_ends_otherwise", kills::app_ends_otherwise),
    ("t4_keeper_killed", kills::keeper_killed),
    ("t5_all_killed_then_relaunched", kills::all_killed_then_relaunched),
    ("t6_tree_that_still_forks_stopped", stops::tree_that_still_forks_stopped),
    ("t7_stubborn_tree_stopped", stops::stubborn_tree_stopped),
    ("t8_started_from_threads_that_end", threads::started_from_threads_that_end),
    ("t9_flood_without_a_reader", floods::flood_without_a_reader),
    ("t10_line_without_an_end", floods::line_without_an_end),
    ("t11_ports_for_many_at_once", ports::ports_for_many_at_once),
    ("t18_stopped_means_tree_empty", stops::stopped_means_tree_empty),
    ("t19_exit_is_told_while_output_is_held", stops::exit_is_told_while_output_is_held),
    ("t23_many_restarts_leave_nothing", lasting::many_restarts_leave_nothing),
    ("t24_secrets_stay_secret", lasting::secrets_stay_secret),
    ("t25_only_three_descriptors", lasting::only_three_descriptors),
    ("t26_reachable_from_outside", ports::reachable_from_outside),
    ("t27_idle", lasting::idle),
    ("real_programs", programs::real_programs),
];

pub(crate) fn run(args: &[String]) {
    if args.iter().any(|arg| arg == "--list") {
        for (name, _) in CASES {
            println!("{name}: test");
        }
        return;
    }
    let value = |flag: &str| args.iter().find_map(|arg| arg.strip_prefix(flag)?.parse::<u64>().ok());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let setup = Setup {
        rounds: value("--rounds=").and_then(|rounds| u32::try_from(rounds).ok()),
        seed: value("--seed=").unwrap_or(now.as_secs()),
    };
    let names: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    println!("--seed={}", setup.seed);
    for (name, case) in CASES {
        if names.is_empty() || names.iter().any(|wanted| name.contains(wanted.as_str())) {
            println!("case {name}");
            case(&setup);
        }
    }
    println!("storm: no survivors");
}
