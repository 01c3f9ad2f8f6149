//! What a leg counts, by direction and by reason.

use std::time::Duration;

use crate::reception::ReceptionCounters;
use crate::time::Time;

/// Why a received datagram was not relayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Dropped {
    /// Neither RTP nor RTCP by its header.
    Malformed,
    /// Longer than any media datagram.
    Oversized,
    /// Not from the leg's peer.
    Stranger,
    /// The tag is wrong.
    Unauthentic,
    /// Received before.
    Replayed,
    /// The other leg has no address yet, or its cipher refused.
    Undeliverable,
}

impl Dropped {
    /// Every reason, in the order of its number.
    pub const ALL: [Self; 6] = [
        Self::Malformed,
        Self::Oversized,
        Self::Stranger,
        Self::Unauthentic,
        Self::Replayed,
        Self::Undeliverable,
    ];

    /// The reason's name in metrics and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Oversized => "oversized",
            Self::Stranger => "stranger",
            Self::Unauthentic => "unauthentic",
            Self::Replayed => "replayed",
            Self::Undeliverable => "undeliverable",
        }
    }
}

/// What came from the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceivedCounters {
    /// RTP packets accepted.
    pub packets: u64,
    /// Bytes of them, headers of RTP included.
    pub bytes: u64,
    /// RTCP packets accepted.
    pub rtcp_packets: u64,
    /// When the last RTP packet was accepted.
    pub last_packet: Option<Time>,
    /// Round trip between us and the peer, as RTCP last told it.
    pub round_trip: Option<Duration>,
    /// Datagrams dropped, by [`Dropped`].
    pub dropped: [u64; Dropped::ALL.len()],
    /// Loss, order and jitter.
    pub reception: ReceptionCounters,
}

/// What went to the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentCounters {
    /// RTP packets sent.
    pub packets: u64,
    /// Bytes of them, headers of RTP included.
    pub bytes: u64,
    /// RTCP packets sent.
    pub rtcp_packets: u64,
    /// Packets that the system refused to send.
    pub failed: u64,
    /// Packets that never came, as the peer last told; none when it has told nothing.
    pub lost: Option<u32>,
    /// Interarrival jitter, as the peer last told.
    pub jitter: Duration,
}

/// Both directions of one leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// From the peer.
    pub received: ReceivedCounters,
    /// To the peer.
    pub sent: SentCounters,
}
