//! Responses that transactions don't repeat: 2xx to INVITE (RFC 3261 section 13.3.1.4), and reliable
//! provisional ones (RFC 3262 section 3).

use crate::cseq::CSeq;
use crate::rack::RAck;
use crate::transactions::Repetition;

/// A response of ours that goes out again until somebody acknowledges it.
#[derive(Debug)]
pub struct Unacknowledged {
    /// That of the INVITE.
    cseq: CSeq,
    /// Number of a reliable provisional response; None for a 2xx.
    rseq: Option<u32>,
    /// Nobody has acknowledged it yet.
    awaited: bool,
    copies: Repetition,
    deadline: Option<f64>,
}

impl Unacknowledged {
    /// A 2xx, which waits for its ACK.
    #[must_use]
    pub fn answer(cseq: CSeq, copies: Repetition) -> Self {
        Self {
            cseq,
            rseq: None,
            awaited: true,
            deadline: Some(copies.deadline()),
            copies,
        }
    }

    /// A provisional response, which waits for its PRACK.
    #[must_use]
    pub fn provisional(cseq: CSeq, rseq: u32, copies: Repetition) -> Self {
        Self {
            rseq: Some(rseq),
            ..Self::answer(cseq, copies)
        }
    }

    /// The number of the provisional response that follows this one.
    #[must_use]
    pub fn next_rseq(&self) -> u32 {
        self.rseq.unwrap_or(0).saturating_add(1)
    }

    /// When the next copy is due, or all waiting is over; None for never.
    #[must_use]
    pub fn deadline(&self) -> Option<f64> {
        self.deadline
    }

    /// Tell whether another copy is due, and set when the next will be.
    pub fn advance(&mut self) -> bool {
        let more = self.copies.advance();
        self.deadline = more.then(|| self.copies.deadline());
        more
    }

    /// Send no more copies.
    pub fn stop(&mut self) {
        self.deadline = None;
    }

    /// Tell whether an ACK of this `CSeq` number is for it.
    #[must_use]
    pub fn is_answered_by(&self, ack: u32) -> bool {
        self.cseq.number == ack
    }

    /// Tell whether a PRACK acknowledges it, for the first time: then it is repeated no more.
    pub fn take_prack(&mut self, rack: &RAck) -> bool {
        let taken = self.awaited && Some(rack.rseq) == self.rseq && rack.cseq == self.cseq;
        if taken {
            self.awaited = false;
            self.stop();
        }
        taken
    }
}
