//! How long SIP waits (RFC 3261 table 4), with the resend list of SIG-08 for Timers A, E and G.

use std::sync::Arc;

/// What the resend list is unless somebody says otherwise.
pub const DEFAULT_RESEND: [f64; 10] = [0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0];
/// 64*T1: how long late copies are recognized (Timers D, J, L, M).
pub(super) const LINGER: f64 = 32.0;
/// How long a callee that rings may still answer an INVITE that nobody waits for: Timer C.
pub(super) const LATE: f64 = 180.0;
/// How long a message may live in the network (Timers I, K).
pub(super) const T4: f64 = 5.0;

/// `SS_SIP_RESEND_INTERVAL`: the wait before each repetition in seconds, and the last before giving up.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    resend: Vec<f64>,
    limit: f64,
}

impl Timing {
    /// A list of 1 to 20 waits of 0.1 to 32 s; None for any other.
    #[must_use]
    pub fn new(resend: Vec<f64>) -> Option<Self> {
        let limit = resend.iter().sum();
        let fits = (1..=20).contains(&resend.len())
            && resend.iter().all(|wait| (0.1..=32.0).contains(wait));
        fits.then_some(Self { resend, limit })
    }

    /// When an unanswered request fails, on any transport: the sum of the list.
    #[must_use]
    pub fn limit(&self) -> f64 {
        self.limit
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            resend: DEFAULT_RESEND.to_vec(),
            limit: DEFAULT_RESEND.iter().sum(),
        }
    }
}

/// The copies of one message: when the next one goes, and when to give up (SIG-08).
///
/// A list of n waits makes n - 1 copies; the last wait ends in failure.
#[derive(Debug)]
pub struct Repetition {
    timing: Arc<Timing>,
    /// How many waits have begun.
    begun: usize,
    deadline: f64,
}

impl Repetition {
    /// A message that went out at `now`. A reliable transport needs no copies of it.
    #[must_use]
    pub fn new(timing: &Arc<Timing>, reliable: bool, now: f64) -> Self {
        let (begun, wait) = match timing.resend.first() {
            Some(first) if !reliable => (1, *first),
            _ => (timing.resend.len(), timing.limit),
        };
        Self {
            timing: Arc::clone(timing),
            begun,
            deadline: now + wait,
        }
    }

    /// When the wait that has begun is over.
    #[must_use]
    pub fn deadline(&self) -> f64 {
        self.deadline
    }

    /// Go on to the next wait; tell whether there is one, and so a copy to be sent.
    pub fn advance(&mut self) -> bool {
        let Some(wait) = self.timing.resend.get(self.begun) else {
            return false;
        };
        self.deadline += wait;
        self.begun += 1;
        true
    }
}
