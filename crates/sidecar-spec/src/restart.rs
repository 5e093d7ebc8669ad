//! When a sidecar that ended is started again.

use serde::Serialize;
use serde::de::MapAccess;

use crate::Span;
use crate::read::{At, Refused, Take, deserialize, fields, list, table, words};

words! {
    /// After which ends a sidecar is started again.
    #[derive(Default)]
    RestartWhen {
        /// After every end but a success and a stop.
        #[default]
        OnFailure = "on-failure",
        /// After every end but a stop.
        Always = "always",
        /// After none.
        Never = "never",
    }
}

/// When a sidecar that ended is started again, and when that is given up: after `max` restarts within a time, after
/// `max` starts in a row that never became stable, or at once after a permanent failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::or_restart_when))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Restart {
    /// After which ends.
    pub when: RestartWhen,
    /// So many restarts are allowed within `within`, and so many starts in a row that never became stable.
    pub max: u32,
    /// The time in which restarts are counted.
    pub within: Span,
    /// How long is waited before a restart.
    pub backoff: Backoff,
    /// A sidecar that was ready for so long is stable: the waiting starts over.
    pub stable_after: Span,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            when: RestartWhen::default(),
            max: 6,
            within: Span::from_secs(90),
            backoff: Backoff::default(),
            stable_after: Span::from_secs(60),
        }
    }
}

/// How long is waited before a restart: `first`, then each time `factor` times as long, at most `max`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Backoff {
    /// Before the first restart.
    pub first: Span,
    /// By this it grows each time; 1 keeps it as it is.
    pub factor: u32,
    /// It does not grow beyond this.
    pub max: Span,
    /// In percent, how much it varies by chance, so that sidecars that failed together do not start together.
    pub jitter: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Span::from_millis(500), factor: 2, max: Span::from_secs(5), jitter: 20 }
    }
}

deserialize!(Restart, Backoff);

table!(Backoff {
    "first" => first,
    "factor" => factor,
    "max" => max,
    "jitter" => jitter,
});

fields!(Restart {
    "when" => when,
    "max" => max,
    "within" => within,
    "backoff" => backoff,
    "stable-after" => stable_after,
});

/// The table, or only the word for `when`.
impl Take for Restart {
    fn takes() -> String {
        format!("{}, or a table of {}", RestartWhen::takes(), list(Self::KEYS))
    }

    fn text(text: &str) -> Result<Self, Refused> {
        RestartWhen::text(text).map(|when| Self { when, ..Self::default() })
    }

    fn table<'de, A: MapAccess<'de>>(at: &At<'_>, map: A) -> Result<Self, A::Error> {
        Self::read_table(at, map)
    }
}
