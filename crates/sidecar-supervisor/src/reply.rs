//! The outcome of a command, to await or to wait for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::error::{Error, Kind, Result};

/// What a command will have brought. The command is on its way already: dropping this does not take it back.
///
/// It is a future of any runtime, and [`wait`](Self::wait) is for code without one. Waiting inside of asynchronous code
/// blocks its thread, and harms nothing else.
#[must_use = "a command may fail"]
#[derive(Debug)]
pub struct Reply<T>(oneshot::Receiver<Result<T>>);

/// Gives a [`Reply`] its outcome.
pub(crate) type Answer<T> = Box<dyn FnOnce(Result<T>) + Send>;

impl<T: Send + 'static> Reply<T> {
    /// A reply, and what gives it its outcome.
    pub(crate) fn new() -> (Answer<T>, Self) {
        let (sender, receiver) = oneshot::channel();
        // Nobody may be waiting any more.
        (Box::new(move |outcome| drop(sender.send(outcome))), Self(receiver))
    }

    /// One that is known already.
    pub(crate) fn known(outcome: Result<T>) -> Self {
        let (answer, reply) = Self::new();
        answer(outcome);
        reply
    }

    /// Blocks this thread until the outcome is known.
    ///
    /// # Errors
    /// What the command failed with.
    pub fn wait(self) -> Result<T> {
        pollster::block_on(self)
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        Pin::new(&mut self.0).poll(context).map(|outcome| {
            outcome.unwrap_or_else(|_| Err(Error::new(Kind::SupervisorGone, "the supervisor has ended")))
        })
    }
}
