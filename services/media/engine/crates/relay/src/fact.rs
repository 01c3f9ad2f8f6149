//! What a shard tells the control plane.

use trunkline_rtp::{Counters, Event, Time};

/// A session's name within one engine. Never used twice.
pub type SessionId = u64;

/// Something that happened to a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// The session.
    pub session: SessionId,
    /// When.
    pub at: Time,
    /// What.
    pub kind: FactKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum FactKind {
    /// Something on one leg.
    Event(Event),
    /// The recording can't be written, and why.
    RecordingFailed(String),
    /// The counters of both legs, asked for.
    Counters(Box<[Counters; 2]>),
    /// The session is closed; its last counters.
    Closed(Box<[Counters; 2]>),
}
