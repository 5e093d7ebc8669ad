//! Who belongs to a tree, where the system does not hand orphans to anybody: by the number of the process that forked each,
//! which stays when that one ends.

use std::collections::BTreeMap;

/// One process, as a look at all of them shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) pid: u32,
    /// The system's number for this very process: never used again until the machine restarts.
    pub(super) unique: u64,
    /// That of the process that forked it.
    pub(super) forked_by: u64,
    /// It ended, and was not reaped: of interest for whom it forked.
    pub(super) ended: bool,
}

#[derive(Debug, Clone, Copy)]
struct Member {
    pid: u32,
    /// The child of the root that it is, or descends from.
    branch: u64,
    /// How many looks in a row did not show it.
    missed: u8,
    ended: bool,
}

/// The processes below one, as far as each was seen before the one that forked it was forgotten.
#[derive(Debug)]
pub(super) struct Lineage {
    root: u64,
    members: BTreeMap<u64, Member>,
}

impl Lineage {
    pub(super) fn new(root: u64) -> Self {
        Self { root, members: BTreeMap::new() }
    }

    /// Takes in a look at all processes. Returns who is new.
    ///
    /// A look is no snapshot: a process may fork behind it and end. So what ended is remembered until a second look does not
    /// show it: by then it has forked nothing that the first one of them did not show.
    pub(super) fn see(&mut self, rows: &[Row]) -> Vec<Row> {
        for member in self.members.values_mut() {
            member.missed = member.missed.saturating_add(1);
        }
        let mut new = Vec::new();
        loop {
            let before = new.len();
            for row in rows {
                if let Some(member) = self.members.get_mut(&row.unique) {
                    (member.missed, member.ended) = (0, row.ended);
                } else if let Some(branch) = self.branch(row) {
                    self.members
                        .insert(row.unique, Member { pid: row.pid, branch, missed: 0, ended: row.ended });
                    new.push(*row);
                }
            }
            if new.len() == before {
                break;
            }
        }
        self.members.retain(|_, member| member.missed < 2);
        new
    }

    /// Takes in one that is recognised otherwise, and follows it from now on. Whether it was unknown.
    pub(super) fn adopt(&mut self, pid: u32, unique: u64) -> bool {
        let known = unique == self.root || self.members.contains_key(&unique);
        if !known {
            self.members.insert(unique, Member { pid, branch: unique, missed: 0, ended: false });
        }
        !known
    }

    fn branch(&self, row: &Row) -> Option<u64> {
        if row.unique == self.root {
            None
        } else if row.forked_by == self.root {
            Some(row.unique)
        } else {
            self.members.get(&row.forked_by).map(|member| member.branch)
        }
    }

    /// Those that the last look showed alive, by number and unique number.
    pub(super) fn living(&self) -> impl Iterator<Item = (u32, u64)> {
        self.members
            .iter()
            .filter(|(_, member)| member.missed == 0 && !member.ended)
            .map(|(unique, member)| (member.pid, *unique))
    }

    /// Those of them that neither are these children of the root nor descend from them.
    pub(super) fn beside(&self, children: &[u32]) -> impl Iterator<Item = (u32, u64)> {
        let is_child =
            |branch: &u64| self.members.get(branch).is_some_and(|member| children.contains(&member.pid));
        let branches: Vec<u64> = self.members.keys().filter(|unique| is_child(unique)).copied().collect();
        let branch_of = |unique: &u64| self.members.get(unique).map(|member| member.branch);
        self.living()
            .filter(move |(_, unique)| branch_of(unique).is_some_and(|branch| !branches.contains(&branch)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pid: u32, unique: u64, forked_by: u64) -> Row {
        Row { pid, unique, forked_by, ended: false }
    }

    fn living(lineage: &Lineage) -> Vec<u64> {
        lineage.living().map(|(_, unique)| unique).collect()
    }

    #[test]
    fn all_below_are_found_in_any_order_and_strangers_are_not() {
        let mut lineage = Lineage::new(100);
        let rows = [
            row(9, 104, 103),
            row(5, 103, 101),
            row(2, 101, 100),
            row(3, 102, 100),
            row(1, 1, 0),
            row(7, 50, 1),
        ];
        assert_eq!(lineage.see(&rows).len(), 4);
        assert_eq!(living(&lineage), [101, 102, 103, 104]);
        assert_eq!(lineage.see(&rows), []);
    }

    #[test]
    fn an_orphan_stays_when_who_forked_it_has_ended() {
        let mut lineage = Lineage::new(100);
        lineage.see(&[row(2, 101, 100)]);
        // It forked twice and ended before the next look.
        assert_eq!(lineage.see(&[row(8, 103, 101)]), [row(8, 103, 101)]);
        assert_eq!(living(&lineage), [103]);
        lineage.see(&[row(8, 103, 101)]);
        // Its number is used again by a stranger, whose unique number is another.
        assert_eq!(lineage.see(&[row(8, 103, 101), row(2, 200, 1), row(6, 201, 200)]), []);
        assert_eq!(living(&lineage), [103]);
    }

    #[test]
    fn who_ended_and_was_not_reaped_leads_to_its_children_and_is_not_alive() {
        let mut lineage = Lineage::new(100);
        let ended = Row { ended: true, ..row(2, 101, 100) };
        assert_eq!(lineage.see(&[row(3, 102, 101), ended]).len(), 2);
        assert_eq!(living(&lineage), [102]);
    }

    #[test]
    fn one_that_is_recognised_is_followed_with_what_it_forks() {
        let mut lineage = Lineage::new(100);
        assert!(lineage.adopt(8, 150));
        assert!(!lineage.adopt(8, 150) && !lineage.adopt(1, 100));
        assert_eq!(lineage.see(&[row(8, 150, 149), row(9, 151, 150)]), [row(9, 151, 150)]);
        assert_eq!(living(&lineage), [150, 151]);
        lineage.see(&[]);
        assert_eq!(living(&lineage), [0; 0]);
    }

    #[test]
    fn what_ended_is_forgotten_after_a_second_look() {
        let mut lineage = Lineage::new(100);
        lineage.see(&[row(2, 101, 100)]);
        lineage.see(&[]);
        assert_eq!((living(&lineage).len(), lineage.members.len()), (0, 1));
        lineage.see(&[]);
        assert_eq!(lineage.members.len(), 0);
    }

    #[test]
    fn what_a_child_left_is_beside_its_sisters() {
        let mut lineage = Lineage::new(100);
        let (kept, sister) = (row(2, 101, 100), row(3, 102, 100));
        lineage.see(&[kept, sister, row(4, 103, 101), row(5, 104, 102), row(6, 105, 104)]);
        let beside = |lineage: &Lineage| lineage.beside(&[2]).map(|(pid, _)| pid).collect::<Vec<_>>();
        assert_eq!(beside(&lineage), [3, 5, 6]);
        // The sister ends, and what was below it goes on forking.
        lineage.see(&[kept, row(4, 103, 101), row(6, 105, 104)]);
        lineage.see(&[kept, row(4, 103, 101), row(7, 106, 105)]);
        assert_eq!(beside(&lineage), [7]);
        assert_eq!(lineage.beside(&[]).count(), 3);
    }
}
