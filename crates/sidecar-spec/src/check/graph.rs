//! Which sidecar needs which.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, Problem, ProblemKind};
use crate::nearest::nearest;
use crate::{Run, Spec};

/// What `depends-on` of one sidecar names.
pub(super) fn check_edges(spec: &Spec, name: &str, run: &Run, found: &mut Found<'_>) {
    let mut seen = BTreeSet::new();
    for (index, dependency) in run.depends_on.iter().enumerate() {
        let (other, key) = (dependency.name.as_str(), format!("depends-on[{index}]"));
        if !seen.insert(other) {
            let message = format!("`depends-on` names `{other}` twice");
            found.add(ProblemKind::DependencyTwice, &key, message);
        }
        if spec.sidecars.contains_key(other) {
            continue;
        }
        let others: Vec<&str> =
            spec.sidecars.keys().map(String::as_str).filter(|known| *known != name).collect();
        let help = match nearest(other, others.iter().copied()) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if others.is_empty() => None,
            None => Some(format!("there are {}", crate::read::list(&others))),
        };
        let message =
            format!("`depends-on` names `{other}`, and there is no such sidecar with a `run` table");
        found.push(ProblemKind::UnknownDependency, key, message, help);
    }
}

/// Sidecars that need each other: each circle once, from its first name in order.
pub(super) fn check_cycles(spec: &Spec, problems: &mut Vec<Problem>) {
    let mut left: BTreeMap<&str, BTreeSet<&str>> = spec
        .sidecars
        .iter()
        .map(|(name, sidecar)| {
            (name.as_str(), sidecar.run.depends_on.iter().map(|d| d.name.as_str()).collect())
        })
        .collect();
    loop {
        // What needs nothing that is left can start; what remains after that waits for a circle, or is part of one.
        while let Some(free) = left
            .iter()
            .find(|(_, needs)| needs.iter().all(|need| !left.contains_key(need)))
            .map(|(name, _)| *name)
        {
            left.remove(free);
        }
        let Some(circle) = circle(&left) else { return };
        let path = circle.iter().chain(circle.first()).copied().collect::<Vec<_>>().join("` -> `");
        problems.push(Problem {
            kind: ProblemKind::DependencyCycle,
            sidecar: circle[0].to_owned(),
            key: "depends-on".to_owned(),
            message: match circle.as_slice() {
                [_] => "it depends on itself".to_owned(),
                _ => format!("no start is possible, each needs the next: `{path}`"),
            },
            help: None,
        });
        for name in circle {
            left.remove(name);
        }
    }
}

/// A circle among what is left, where each needs something that is left as well.
fn circle<'s>(left: &BTreeMap<&'s str, BTreeSet<&'s str>>) -> Option<Vec<&'s str>> {
    let mut path: Vec<&str> = vec![left.keys().next()?];
    loop {
        let next = *left.get(path.last()?)?.iter().find(|need| left.contains_key(*need))?;
        if let Some(start) = path.iter().position(|name| *name == next) {
            let mut circle = path.split_off(start);
            let first =
                circle.iter().enumerate().min_by_key(|(_, name)| **name).map_or(0, |(index, _)| index);
            circle.rotate_left(first);
            return Some(circle);
        }
        path.push(next);
    }
}
