//! One leg of a session: who the peer is, what it sent, what it was sent.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::activity::Watch;
use crate::counters::{Counters, Dropped, ReceivedCounters, SentCounters};
use crate::latch::{Latch, Learning};
use crate::protection::Protection;
use crate::reception::Reception;
use crate::time::Time;

/// The clock rate of most telephony codecs (RFC 3551 section 6).
const TELEPHONY_CLOCK_RATE: u32 = 8000;

/// Where the peer's description says that its media is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The address of `c=` and the port of `m=`.
    pub rtp: SocketAddr,
    /// `a=rtcp` (RFC 3605), or none for the next port.
    pub rtcp: Option<SocketAddr>,
    /// Where the peer's signalling comes from, when that may tell its media from a stranger's.
    pub hint: Option<IpAddr>,
}

/// How long each direction may be without a packet; none is not judged (MED-08).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Monitor {
    /// From the peer to us.
    pub received: Option<Duration>,
    /// From us to the peer.
    pub sent: Option<Duration>,
}

/// What an offer or answer settles about a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegSettings {
    /// The peer, once it is known.
    pub remote: Option<Remote>,
    /// What to believe about its source.
    pub learning: Learning,
    /// RTCP shares the RTP port (RFC 5761).
    pub rtcp_mux: bool,
    /// Units a second of the RTP timestamps, for jitter.
    pub clock_rate: u32,
    /// Which silences to tell.
    pub monitor: Monitor,
}

impl Default for LegSettings {
    fn default() -> Self {
        Self {
            remote: None,
            learning: Learning::default(),
            rtcp_mux: false,
            clock_rate: TELEPHONY_CLOCK_RATE,
            monitor: Monitor::default(),
        }
    }
}

/// One leg; the [`crate::Session`] drives it.
#[derive(Default)]
pub struct Leg {
    pub(crate) settings: LegSettings,
    pub(crate) latch: Latch,
    pub(crate) reception: Reception,
    pub(crate) received: ReceivedCounters,
    pub(crate) sent: SentCounters,
    pub(crate) received_watch: Watch,
    pub(crate) sent_watch: Watch,
    pub(crate) protection: Option<Box<dyn Protection>>,
    /// Whether a packet has come since the peer was last signaled.
    pub(crate) heard: bool,
    rtcp_learned: Option<SocketAddr>,
}

impl Leg {
    /// A leg with its first settings, plain on the wire.
    #[must_use]
    pub fn new(settings: LegSettings, now: Time) -> Self {
        let mut leg = Self::default();
        leg.update(settings, false, now);
        leg
    }

    /// Take a new offer or answer. Learning begins anew when the peer has moved, or if `relearn`.
    pub fn update(&mut self, settings: LegSettings, relearn: bool, now: Time) {
        let moved =
            settings.remote != self.settings.remote || settings.learning != self.settings.learning;
        if moved || relearn {
            let signaled = settings.remote.map(|remote| remote.rtp);
            let hint = settings.remote.and_then(|remote| remote.hint);
            self.latch = Latch::new(settings.learning, signaled, hint);
            self.rtcp_learned = None;
            self.heard = false;
        }
        self.settings = settings;
        self.received_watch.arm(settings.monitor.received, now);
        self.sent_watch.arm(settings.monitor.sent, now);
    }

    /// Everything counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let received = ReceivedCounters {
            reception: self.reception.counters(),
            ..self.received
        };
        Counters {
            received,
            sent: self.sent,
        }
    }

    /// Where RTP goes.
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        self.latch.destination()
    }

    /// Where RTCP goes: learned, else signaled, else beside RTP (RFC 3550 section 11).
    #[must_use]
    pub fn rtcp_destination(&self) -> Option<SocketAddr> {
        if self.settings.rtcp_mux {
            return self.latch.destination();
        }
        let signaled = || self.settings.remote.and_then(|remote| remote.rtcp);
        let beside = || {
            let mut address = self.latch.destination()?;
            address.set_port(address.port().checked_add(1)?);
            Some(address)
        };
        self.rtcp_learned.or_else(signaled).or_else(beside)
    }

    pub(crate) fn learn_rtcp(&mut self, from: SocketAddr) {
        if self.settings.learning == Learning::FirstPacket && !self.settings.rtcp_mux {
            self.rtcp_learned = Some(from);
        }
    }

    pub(crate) fn count_dropped(&mut self, reason: Dropped) {
        self.received.dropped[reason as usize] += 1;
    }
}
