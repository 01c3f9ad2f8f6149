//! States, triggers and transitions of the transaction machines (RFC 3261 section 17, RFC 6026).
//!
//! Nothing else may change a transaction's state.

#![allow(clippy::match_same_arms, reason = "a table has a line for each move")]

use std::fmt;

use State::{Accepted, Calling, Completed, Confirmed, Forsaken, Proceeding, Terminated, Trying};
use Trigger::{
    Recv1xx, Recv2xx, Recv300To699, RecvAck, RecvRequest, Send1xx, Send2xx, Send300To699, TimedOut,
    TransportFailed,
};

/// States of all four machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Calling,
    Trying,
    Proceeding,
    /// An INVITE whose user has given up waiting; an answer of its callee may still come.
    Forsaken,
    Accepted,
    Completed,
    Confirmed,
    Terminated,
}

/// What moves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    Recv1xx,
    Recv2xx,
    Recv300To699,
    RecvRequest,
    RecvAck,
    Send1xx,
    Send2xx,
    Send300To699,
    TimedOut,
    TransportFailed,
}

/// Which of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    InviteClient,
    NonInviteClient,
    InviteServer,
    NonInviteServer,
}

impl Kind {
    const fn first(self) -> State {
        match self {
            Self::InviteClient => Calling,
            Self::NonInviteClient | Self::NonInviteServer => Trying,
            Self::InviteServer => Proceeding,
        }
    }

    const fn next(self, state: State, trigger: Trigger) -> Option<State> {
        match self {
            Self::InviteClient => invite_client(state, trigger),
            Self::NonInviteClient => non_invite_client(state, trigger),
            Self::InviteServer => invite_server(state, trigger),
            Self::NonInviteServer => non_invite_server(state, trigger),
        }
    }
}

const fn invite_client(state: State, trigger: Trigger) -> Option<State> {
    Some(match (state, trigger) {
        (Calling, Recv1xx) => Proceeding,
        (Calling, Recv2xx) => Accepted,
        (Calling, Recv300To699) => Completed,
        (Calling, TimedOut) => Forsaken, // Timer B
        (Calling, TransportFailed) => Terminated,

        (Proceeding, Recv1xx) => Proceeding,
        (Proceeding, Recv2xx) => Accepted,
        (Proceeding, Recv300To699) => Completed,
        (Proceeding, TimedOut) => Forsaken, // cancelled, and no final response (section 9.1)
        (Proceeding, TransportFailed) => Terminated,

        (Forsaken, Recv1xx) => Forsaken,
        (Forsaken, Recv2xx) => Accepted, // it wants an ACK however late it is (section 13.2.2.4)
        (Forsaken, Recv300To699) => Completed, // so does this
        (Forsaken, TimedOut) => Terminated,

        (Accepted, Recv1xx) => Accepted,
        (Accepted, Recv2xx) => Accepted, // another copy, or another fork
        (Accepted, Recv300To699) => Accepted,
        (Accepted, TimedOut) => Terminated, // Timer M

        (Completed, Recv1xx) => Completed,
        (Completed, Recv2xx) => Completed,
        (Completed, Recv300To699) => Completed, // a copy; the ACK goes out again
        (Completed, TimedOut) => Terminated,    // Timer D

        _ => return None,
    })
}

const fn non_invite_client(state: State, trigger: Trigger) -> Option<State> {
    Some(match (state, trigger) {
        (Trying, Recv1xx) => Proceeding,
        (Trying, Recv2xx) => Completed,
        (Trying, Recv300To699) => Completed,
        (Trying, TimedOut) => Terminated, // Timer F
        (Trying, TransportFailed) => Terminated,

        (Proceeding, Recv1xx) => Proceeding,
        (Proceeding, Recv2xx) => Completed,
        (Proceeding, Recv300To699) => Completed,
        (Proceeding, TimedOut) => Terminated, // Timer F
        (Proceeding, TransportFailed) => Terminated,

        (Completed, Recv1xx) => Completed,
        (Completed, Recv2xx) => Completed,
        (Completed, Recv300To699) => Completed,
        (Completed, TimedOut) => Terminated, // Timer K

        _ => return None,
    })
}

const fn invite_server(state: State, trigger: Trigger) -> Option<State> {
    Some(match (state, trigger) {
        (Proceeding, RecvRequest) => Proceeding, // a copy; the last response goes out again
        (Proceeding, Send1xx) => Proceeding,
        (Proceeding, Send2xx) => Accepted, // RFC 6026 section 7.1
        (Proceeding, Send300To699) => Completed,

        (Accepted, RecvRequest) => Accepted, // absorbed: the dialog repeats its 2xx
        (Accepted, RecvAck) => Accepted,     // passed up to the dialog
        (Accepted, Send2xx) => Accepted,
        (Accepted, TimedOut) => Terminated, // Timer L

        (Completed, RecvRequest) => Completed,
        (Completed, RecvAck) => Confirmed,
        (Completed, TimedOut) => Terminated, // Timer H: no ACK came

        (Confirmed, RecvRequest) => Confirmed,
        (Confirmed, RecvAck) => Confirmed,
        (Confirmed, TimedOut) => Terminated, // Timer I

        _ => return None,
    })
}

const fn non_invite_server(state: State, trigger: Trigger) -> Option<State> {
    Some(match (state, trigger) {
        (Trying, RecvRequest) => Trying,
        (Trying, Send1xx) => Proceeding,
        (Trying, Send2xx) => Completed,
        (Trying, Send300To699) => Completed,

        (Proceeding, RecvRequest) => Proceeding,
        (Proceeding, Send1xx) => Proceeding,
        (Proceeding, Send2xx) => Completed,
        (Proceeding, Send300To699) => Completed,

        (Completed, RecvRequest) => Completed,
        (Completed, TimedOut) => Terminated, // Timer J

        _ => return None,
    })
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Calling, Trying, Proceeding, Forsaken, Accepted, Completed, Confirmed, Terminated,
    ];

    /// The name, as logs and errors have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Calling => "CALLING",
            Trying => "TRYING",
            Proceeding => "PROCEEDING",
            Forsaken => "FORSAKEN",
            Accepted => "ACCEPTED",
            Completed => "COMPLETED",
            Confirmed => "CONFIRMED",
            Terminated => "TERMINATED",
        }
    }
}

impl Trigger {
    /// A response of this status came.
    #[must_use]
    pub const fn received(status: u16) -> Self {
        match status {
            ..200 => Recv1xx,
            200..300 => Recv2xx,
            300.. => Recv300To699,
        }
    }

    /// A response of this status goes out.
    #[must_use]
    pub const fn sent(status: u16) -> Self {
        match status {
            ..200 => Send1xx,
            200..300 => Send2xx,
            300.. => Send300To699,
        }
    }

    /// The name, as errors have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Recv1xx => "RECV_1XX",
            Recv2xx => "RECV_2XX",
            Recv300To699 => "RECV_300_699",
            RecvRequest => "RECV_REQUEST",
            RecvAck => "RECV_ACK",
            Send1xx => "SEND_1XX",
            Send2xx => "SEND_2XX",
            Send300To699 => "SEND_300_699",
            TimedOut => "TIMED_OUT",
            TransportFailed => "TRANSPORT_FAILED",
        }
    }
}

/// What no table has: a mistake of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAllowed {
    pub trigger: Trigger,
    pub state: State,
}

impl fmt::Display for NotAllowed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trigger, state) = (self.trigger.name(), self.state.name());
        write!(formatter, "{trigger} is not allowed in {state}")
    }
}

/// Where a machine stands in its table.
#[derive(Debug)]
pub(super) struct Progress {
    kind: Kind,
    state: State,
}

impl Progress {
    pub(super) const fn new(kind: Kind) -> Self {
        let state = kind.first();
        Self { kind, state }
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) const fn state(&self) -> State {
        self.state
    }

    pub(super) const fn allows(&self, trigger: Trigger) -> bool {
        self.kind.next(self.state, trigger).is_some()
    }

    /// Go where the table says; return where that is.
    pub(super) fn fire(&mut self, trigger: Trigger) -> Result<State, NotAllowed> {
        let state = self.state;
        let next = self.kind.next(state, trigger);
        self.state = next.ok_or(NotAllowed { trigger, state })?;
        Ok(self.state)
    }

    /// End at once and in silence.
    pub(super) fn terminate(&mut self) {
        self.state = Terminated;
    }
}
