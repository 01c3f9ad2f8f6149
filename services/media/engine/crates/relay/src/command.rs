//! What goes between the control plane and a shard: commands down, facts up, the load beside them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::mpsc::Sender;
use std::time::Duration;

use trunkline_rtp::{Audio, Digit, Protection, Session, Side, Tap};

use crate::fact::{Fact, SessionId};
use crate::opening::LegUpdate;
use crate::sockets::Sockets;
use crate::sys::Notifier;

/// A session's place on its thread: the engine chooses it, and names the session by it.
pub type Slot = usize;

/// What the control plane asks of a shard.
pub enum Command {
    /// Relay a new session, by sockets of its own or by those that are parked in its slot.
    Open(Slot, SessionId, Box<(Session, Option<Sockets>)>),
    /// Take a new offer or answer on leg A, on leg B, or on both.
    Update(Slot, Box<[LegUpdate; 2]>),
    /// Let one leg wear another cipher on the wire, or none.
    Protect(Slot, Side, Option<Box<dyn Protection>>),
    /// Let somebody hear both legs.
    Listen(Slot, Box<dyn Tap>),
    /// Play a sound to one leg: whether it is looped, and its longest time.
    Play(Slot, Side, Audio, bool, Option<Duration>),
    /// Play nothing to one leg.
    StopPlay(Slot, Side),
    /// Send a digit to one leg.
    SendDigit(Slot, Side, Digit),
    /// Tell the counters.
    Query(Slot),
    /// End the session and tell its last counters; whether its sockets are parked.
    Close(Slot, bool),
    /// Give up the sockets that are parked in a slot.
    Vacate(Slot, Sender<Sockets>),
    /// End the thread.
    Stop,
}

impl Command {
    /// The session whose packets may have to go another way from now on.
    pub const fn redirects(&self) -> Option<Slot> {
        match self {
            Self::Update(slot, ..)
            | Self::Protect(slot, ..)
            | Self::Listen(slot, ..)
            | Self::Play(slot, ..)
            | Self::StopPlay(slot, ..)
            | Self::SendDigit(slot, ..)
            | Self::Close(slot, _) => Some(*slot),
            Self::Open(..) | Self::Query(_) | Self::Vacate(..) | Self::Stop => None,
        }
    }

    /// Whether it makes no difference before the next packet or tick, which finds it obeyed, or is hurried
    /// with others of its kind: then nobody is woken for it.
    pub const fn waits(&self) -> bool {
        matches!(
            self,
            Self::Open(..) | Self::Update(..) | Self::Protect(..) | Self::Close(..)
        )
    }
}

/// How busy a shard is; written by its thread, the first two about once a second.
#[derive(Debug, Default)]
pub struct ShardLoad {
    /// Thousandths of a core.
    pub busy_permille: AtomicU32,
    /// Datagrams received since the start.
    pub datagrams: AtomicU64,
    /// Datagrams that the kernel relayed, which count among those received.
    pub offloaded: AtomicU64,
    /// Datagrams by which a flow ended, because it could not relay them.
    pub passed_up: AtomicU64,
}

/// Where facts go, and the notifier beside it.
#[derive(Clone)]
pub struct Outbox {
    /// The queue.
    pub facts: Sender<Fact>,
    /// Wakes the control plane.
    pub notifier: Arc<Notifier>,
}
