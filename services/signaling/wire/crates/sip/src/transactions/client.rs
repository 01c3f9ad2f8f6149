//! Requests of ours and their responses (RFC 3261 section 17.1).

use std::mem::take;
use std::sync::Arc;

use super::machine::{Due, Machine, Waited};
use super::tables::{Kind, NotAllowed, State, Trigger};
use super::timing::{LATE, LINGER, T4, Timing};

/// What a response leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Nothing,
    /// It is passed up.
    News,
    /// A 2xx to INVITE, maybe a copy: its ACK goes out again; without one it is passed up (13.2.2.4).
    Success,
    /// The first failure of an INVITE: it is acknowledged and passed up.
    Failure,
    /// A copy of that: the ACK goes out again.
    FailureAgain,
}

/// A request on its way. An INVITE acknowledges failures itself; 2xx are the dialog's.
#[derive(Debug)]
pub struct Client {
    machine: Machine,
    started: f64,
    /// The user gave up, but a CANCEL may not go before a provisional response (section 9.1).
    cancel_wanted: bool,
}

impl Client {
    /// A request that goes out at `now`.
    #[must_use]
    pub fn new(invite: bool, timing: Arc<Timing>, reliable: bool, now: f64) -> Self {
        let kind = if invite {
            Kind::InviteClient
        } else {
            Kind::NonInviteClient
        };
        let mut machine = Machine::new(kind, timing, reliable);
        machine.start_resending(now);
        Self {
            machine,
            started: now,
            cancel_wanted: false,
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

    #[must_use]
    pub fn is_invite(&self) -> bool {
        self.machine.progress.kind() == Kind::InviteClient
    }

    /// Take a response.
    ///
    /// # Errors
    ///
    /// A machine that has come to its end.
    pub fn receive(&mut self, status: u16, now: f64) -> Result<Heard, NotAllowed> {
        let before = self.state();
        self.machine.progress.fire(Trigger::received(status))?;
        Ok(if self.is_invite() {
            self.heard_of_invite(before, status, now)
        } else {
            self.heard(before, now)
        })
    }

    /// Do what is due at `now`.
    ///
    /// # Errors
    ///
    /// A state that nobody leaves by waiting: a bug.
    pub fn on_timer(&mut self, now: f64) -> Result<Due, NotAllowed> {
        let before = match self.machine.on_timer(now)? {
            Waited::TooEarly => return Ok(Due::Nothing),
            Waited::Copy => return Ok(Due::Copy),
            Waited::InVain(before) => before,
        };
        if self.state() == State::Forsaken {
            let rings = before == State::Proceeding;
            self.machine.deadline = Some(now + if rings { LATE } else { LINGER });
        }
        Ok(match before {
            State::Calling | State::Trying | State::Proceeding => Due::GivenUp,
            _ => Due::Nothing,
        })
    }

    /// Tell whether a failure of the transport would matter: no final response is there.
    #[must_use]
    pub const fn can_fail(&self) -> bool {
        self.machine.progress.allows(Trigger::TransportFailed)
    }

    /// The transport could not deliver.
    ///
    /// # Errors
    ///
    /// A machine for which that [does not matter](Self::can_fail).
    pub fn fail(&mut self) -> Result<(), NotAllowed> {
        self.machine.progress.fire(Trigger::TransportFailed)?;
        self.machine.wait_until(None);
        Ok(())
    }

    /// Give up an INVITE; tell whether its CANCEL may go now (section 9.1). Before any response the INVITE
    /// is repeated no more, but stays for what comes.
    pub fn cancel(&mut self, now: f64) -> bool {
        if self.state() == State::Calling {
            self.cancel_wanted = true;
            self.machine.wait_until(Some(now + LINGER));
        }
        self.state() == State::Proceeding
    }

    /// Tell, behind a response, whether a CANCEL that was put off may go now.
    pub fn takes_cancel(&mut self) -> bool {
        take(&mut self.cancel_wanted) && self.state() == State::Proceeding
    }

    /// A CANCEL went out: wait for the final response, but not for ever (section 9.1).
    pub fn cancelled(&mut self, now: f64) {
        self.machine.deadline = Some(now + LINGER);
    }

    /// End at once and in silence.
    pub fn terminate(&mut self) {
        self.machine.terminate();
    }

    fn heard_of_invite(&mut self, before: State, status: u16, now: f64) -> Heard {
        match self.state() {
            State::Proceeding => {
                if before == State::Calling {
                    self.machine.wait_until(None);
                }
                Heard::News
            }
            State::Accepted => {
                if before != State::Accepted {
                    self.machine.wait_until(Some(now + LINGER)); // Timer M
                }
                match status {
                    200..300 => Heard::Success,
                    _ => Heard::Nothing,
                }
            }
            State::Completed if status < 300 => Heard::Nothing,
            State::Completed if before == State::Completed => Heard::FailureAgain,
            State::Completed => {
                self.machine.linger(LINGER, now); // Timer D
                Heard::Failure
            }
            _ => Heard::Nothing,
        }
    }

    fn heard(&mut self, before: State, now: f64) -> Heard {
        if before == State::Completed {
            return Heard::Nothing;
        }
        if self.state() == State::Proceeding {
            // SIG-08: a response, even a provisional one, ends the repetitions. Timer F runs on.
            let limit = self.started + self.machine.timing.limit();
            self.machine.wait_until(Some(limit));
        } else {
            self.machine.linger(T4, now); // Timer K
        }
        Heard::News
    }
}
