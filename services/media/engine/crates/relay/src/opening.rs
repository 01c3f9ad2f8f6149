//! What an engine and its sessions are opened with, what comes of it, and what may go wrong.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use trunkline_rtp::{LegSettings, Side};

use crate::fact::SessionId;
use crate::ports::PortRange;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Addresses to receive media on. Legs name one by its index.
    pub addresses: Vec<IpAddr>,
    /// Ports to use on each.
    pub ports: PortRange,
    /// How long a freed pair rests (MED-13).
    pub quarantine: Duration,
    /// Relay threads.
    pub threads: usize,
    /// TOS or traffic-class byte of what is sent (`SS_QOS_RTP`).
    pub type_of_service: u8,
    /// Interfaces where plain streams are relayed in the kernel; none leaves all to the threads.
    pub kernel_path: Vec<String>,
    /// Ended sessions, at most, whose sockets stay bound for those to come: four each.
    pub parked_sessions: usize,
}

/// What a leg is opened with.
#[derive(Clone, Copy, Debug, Default)]
pub struct LegOpening {
    /// Index of the local address.
    pub address: usize,
    /// The peer, as far as it is known.
    pub settings: LegSettings,
}

/// What a new offer or answer says of a leg.
#[derive(Clone, Copy, Debug, Default)]
pub struct LegUpdate {
    /// The peer, as far as it is known now.
    pub settings: LegSettings,
    /// Whether to learn its source anew.
    pub relearn: bool,
}

/// The local ports of a leg: even, and the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalPorts {
    /// Index of the local address.
    pub address: usize,
    /// Port of RTP. RTCP has the next one.
    pub rtp: u16,
}

/// A session that has just been opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its name.
    pub session: SessionId,
    /// Where leg A, then leg B, is to send.
    pub ports: [LocalPorts; 2],
}

/// Why an engine can't start.
#[derive(Debug)]
pub enum StartError {
    /// The system gives no descriptor or no thread.
    System(io::Error),
    /// The kernel path is asked for and can't be had: what it lacks, and what to do.
    KernelPath(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => error.fmt(f),
            Self::KernelPath(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for StartError {}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// Why a session can't be opened.
#[derive(Debug)]
pub enum OpenError {
    /// No pair of ports is free on the leg's address.
    NoPort(Side),
    /// The system gives no socket.
    System(Side, io::Error),
    /// The leg's local address has no such index.
    NoAddress(Side),
    /// The thread that would have it is gone.
    Stopped,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPort(side) => write!(f, "no pair of ports is free for leg {side:?}"),
            Self::System(side, error) => write!(f, "no socket for leg {side:?}: {error}"),
            Self::NoAddress(side) => {
                write!(f, "leg {side:?} names a local address that isn't there")
            }
            Self::Stopped => f.write_str("the relay has stopped"),
        }
    }
}

impl std::error::Error for OpenError {}

/// The session has been closed, or never was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownSession(pub SessionId);

impl fmt::Display for UnknownSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {} is not open", self.0)
    }
}

impl std::error::Error for UnknownSession {}

/// How busy the engine is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// Open sessions.
    pub sessions: usize,
    /// Port pairs in all; a session takes two.
    pub pairs: usize,
    /// Port pairs that could be had now.
    pub pairs_available: usize,
    /// Port pairs, free or in quarantine, whose sockets stay bound.
    pub pairs_parked: usize,
    /// Each thread's share of a core over the last second.
    pub busy: Vec<f64>,
    /// Datagrams received since the start.
    pub datagrams: u64,
    /// Streams that the kernel relays now.
    pub flows: usize,
    /// Those of the datagrams that the kernel relayed.
    pub offloaded: u64,
    /// Datagrams by which a flow ended, because it could not relay them.
    pub passed_up: u64,
    /// Packets that recordings have lost because the disk was too slow.
    pub recording_lost: u64,
}
