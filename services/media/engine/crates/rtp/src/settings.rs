//! What offers and answers settle about a leg.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::codec::Encoding;
use crate::dtmf::{DigitForm, DtmfSettings};
use crate::latch::Learning;

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

/// How long audio that is due may be missing before it is told; none where none is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AudioDue {
    /// From the peer.
    pub received: Option<Duration>,
    /// To the peer.
    pub sent: Option<Duration>,
}

/// The voice codec of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoiceFormat {
    /// Which.
    pub encoding: Encoding,
    /// Its payload type on this leg.
    pub payload_type: u8,
    /// Units a second of its RTP timestamps.
    pub clock_rate: u32,
    /// Length of the packets that the peer asks for (`a=ptime`), where it does.
    pub packet_time: Option<Duration>,
}

/// What an offer or answer settles about a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegSettings {
    /// The peer, once it is known.
    pub remote: Option<Remote>,
    /// What to believe about its source.
    pub learning: Learning,
    /// The leg's media is T.38 over UDPTL on its even port, not RTP (MED-09).
    pub fax: bool,
    /// RTCP shares the RTP port (RFC 5761).
    pub rtcp_mux: bool,
    /// The voice codec, once it is known.
    pub voice: Option<VoiceFormat>,
    /// Payload type of telephone events (RFC 4733), if the peer has them.
    pub telephone_event: Option<u8>,
    /// What is done with digits.
    pub dtmf: DtmfSettings,
    /// Which silences to tell.
    pub monitor: Monitor,
    /// Which audio is due.
    pub audio: AudioDue,
}

impl LegSettings {
    /// Units a second of the RTP timestamps.
    #[must_use]
    pub fn clock_rate(&self) -> u32 {
        self.voice
            .map_or(TELEPHONY_CLOCK_RATE, |voice| voice.clock_rate)
    }

    /// Whether digits go to the peer as tones: it wants them so, or has no events.
    pub(crate) fn is_sent_tones(&self) -> bool {
        self.dtmf.send == DigitForm::Inband || self.telephone_event.is_none()
    }

    /// The span of so many units of the RTP timestamps.
    pub(crate) fn span(&self, units: u32) -> Duration {
        Duration::from_secs(1) * units / self.clock_rate()
    }
}
