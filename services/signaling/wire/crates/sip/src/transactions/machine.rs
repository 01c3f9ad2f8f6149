//! What the four machines share: a state, a deadline, and copies of a message.

use std::sync::Arc;

use super::tables::{Kind, NotAllowed, Progress, State, Trigger};
use super::timing::{Repetition, Timing};

/// What a deadline leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    Nothing,
    /// The message goes out again.
    Copy,
    /// What was waited for never came.
    GivenUp,
}

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) progress: Progress,
    pub(super) timing: Arc<Timing>,
    /// When something is due; None for never.
    pub(super) deadline: Option<f64>,
    pub(super) reliable: bool,
    copies: Option<Repetition>,
}

impl Machine {
    pub(super) const fn new(kind: Kind, timing: Arc<Timing>, reliable: bool) -> Self {
        Self {
            progress: Progress::new(kind),
            timing,
            deadline: None,
            reliable,
            copies: None,
        }
    }

    pub(super) fn terminate(&mut self) {
        self.progress.terminate();
        self.wait_until(None);
    }

    /// Go on to the next copy, or give up; tell how the wait ended.
    pub(super) fn on_timer(&mut self, now: f64) -> Result<Waited, NotAllowed> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Ok(Waited::TooEarly);
        }
        if let Some(copies) = &mut self.copies
            && copies.advance()
        {
            self.deadline = Some(copies.deadline());
            return Ok(Waited::Copy);
        }
        let before = self.progress.state();
        self.deadline = None;
        self.progress.fire(Trigger::TimedOut)?;
        Ok(Waited::InVain(before))
    }

    pub(super) fn start_resending(&mut self, now: f64) {
        let copies = Repetition::new(&self.timing, self.reliable, now);
        self.deadline = Some(copies.deadline());
        self.copies = Some(copies);
    }

    /// Repeat nothing.
    pub(super) fn wait_until(&mut self, deadline: Option<f64>) {
        self.copies = None;
        self.deadline = deadline;
    }

    /// Stay for late copies, which a reliable transport never brings.
    pub(super) fn linger(&mut self, wait: f64, now: f64) {
        if self.reliable {
            self.terminate();
        } else {
            self.wait_until(Some(now + wait));
        }
    }
}

/// How a wait ended.
pub(super) enum Waited {
    TooEarly,
    Copy,
    InVain(State),
}
