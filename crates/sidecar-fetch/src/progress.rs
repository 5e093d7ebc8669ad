//! What a run tells while it works. The library prints nothing itself.

/// Something that happened during a run. New variants may be added in any release.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A step that takes a while began: a verb in cargo's style (`Resolving`) and what it works on.
    Step {
        /// The verb, capitalised, at most 12 characters.
        verb: &'a str,
        /// What the verb is about.
        what: &'a str,
    },
    /// A transfer began, or began again after [`Retry`](Self::Retry): what was reported of it before is void then. `id` is
    /// unique within the run.
    Begin {
        /// Names this transfer in the events that follow.
        id: u64,
        /// What is transferred: the asset's name.
        label: &'a str,
        /// Size in bytes where it is known.
        size: Option<u64>,
        /// Bytes that are already there from an earlier, interrupted run.
        received: u64,
    },
    /// `bytes` more bytes of a transfer arrived.
    Advance {
        /// The transfer.
        id: u64,
        /// How many bytes arrived since the last event.
        bytes: u64,
    },
    /// A transfer failed in a way that a further try may mend.
    Retry {
        /// The transfer.
        id: u64,
        /// What failed, in one line.
        reason: &'a str,
        /// Milliseconds until the next try.
        wait_ms: u64,
    },
    /// A transfer ended, well or not.
    End {
        /// The transfer.
        id: u64,
    },
    /// Something the user should know, though the run goes on.
    Warning {
        /// One line, lower case, no full stop.
        message: &'a str,
    },
}

/// Receives [`Event`]s; called from several threads at once.
pub trait Reporter: Send + Sync {
    /// Takes one event. Must return quickly: transfers wait for it.
    fn event(&self, event: &Event<'_>);
}

/// A [`Reporter`] that drops everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn event(&self, _: &Event<'_>) {}
}
