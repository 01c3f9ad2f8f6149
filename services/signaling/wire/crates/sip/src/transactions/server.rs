//! Requests of peers and our responses (RFC 3261 section 17.2).

use std::sync::Arc;

use super::machine::{Due, Machine, Waited};
use super::tables::{Kind, NotAllowed, State, Trigger};
use super::timing::{LINGER, T4, Timing};

/// A request that came. 2xx to INVITE are repeated by the dialog.
#[derive(Debug)]
pub struct Server {
    machine: Machine,
}

impl Server {
    #[must_use]
    pub const fn new(invite: bool, timing: Arc<Timing>, reliable: bool) -> Self {
        let kind = if invite {
            Kind::InviteServer
        } else {
            Kind::NonInviteServer
        };
        Self {
            machine: Machine::new(kind, timing, reliable),
        }
    }

    #[must_use]
    pub const fn state(&self) -> State {
        self.machine.progress.state()
    }

    /// When [`Self::on_timer`] is to be called; None for never.
    #[must_use]
    pub const fn deadline(&self) -> Option<f64> {
        self.machine.deadline
    }

    /// Responses go another way from now on.
    pub fn set_reliable(&mut self, reliable: bool) {
        self.machine.reliable = reliable;
    }

    /// A response goes out.
    ///
    /// # Errors
    ///
    /// A response that may not follow those before it.
    pub fn respond(&mut self, status: u16, now: f64) -> Result<(), NotAllowed> {
        let state = self.machine.progress.fire(Trigger::sent(status))?;
        if status < 200 {
            return Ok(());
        }
        if !self.is_invite() {
            self.machine.linger(LINGER, now); // Timer J
        } else if state == State::Accepted {
            self.machine.deadline = Some(now + LINGER); // Timer L
        } else {
            self.machine.start_resending(now); // Timers G and H
        }
        Ok(())
    }

    /// The request came again; tell whether the last response, if there is one, goes out again.
    ///
    /// # Errors
    ///
    /// A machine that has come to its end.
    pub fn receive_copy(&mut self) -> Result<bool, NotAllowed> {
        let state = self.machine.progress.fire(Trigger::RecvRequest)?;
        Ok(matches!(state, State::Proceeding | State::Completed))
    }

    /// An ACK came; tell whether it is passed up, as that for a 2xx is.
    ///
    /// # Errors
    ///
    /// No INVITE, or a machine that has come to its end.
    pub fn receive_ack(&mut self, now: f64) -> Result<bool, NotAllowed> {
        let before = self.state();
        if before == State::Proceeding {
            return Ok(false); // for a response we never sent
        }
        let state = self.machine.progress.fire(Trigger::RecvAck)?;
        if before == State::Completed {
            self.machine.linger(T4, now); // Timer I
        }
        Ok(state == State::Accepted)
    }

    /// Do what is due at `now`.
    ///
    /// # Errors
    ///
    /// A state that nobody leaves by waiting: a bug.
    pub fn on_timer(&mut self, now: f64) -> Result<Due, NotAllowed> {
        Ok(match self.machine.on_timer(now)? {
            Waited::Copy => Due::Copy,
            Waited::InVain(State::Completed) if self.is_invite() => Due::GivenUp,
            Waited::InVain(_) | Waited::TooEarly => Due::Nothing,
        })
    }

    /// End at once and in silence.
    pub fn terminate(&mut self) {
        self.machine.terminate();
    }

    fn is_invite(&self) -> bool {
        self.machine.progress.kind() == Kind::InviteServer
    }
}
