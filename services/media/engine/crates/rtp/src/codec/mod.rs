//! Voice codecs: what they are called, how long their frames are, and how to make them.
//!
//! Two codecs meet at the greatest sample rate that both have, so that no sound is resampled between
//! them. G.711 is here. Others come from outside through [`Codecs`], as this crate calls no library.

mod amr;
mod g711;
mod parameters;

pub use amr::AmrModes;
pub use g711::{G711, Law};

use std::fmt::Debug;
use std::time::Duration;

use amr::amr;
use parameters::{is_on, value};

/// Samples of the longest packet that is converted: 240 ms of wideband.
pub const MOST_SAMPLES: usize = 3_840;

/// Samples a second of telephony.
pub const NARROWBAND: u32 = 8_000;
/// Samples a second of wideband telephony.
pub const WIDEBAND: u32 = 16_000;

/// A voice encoding that can be converted, or any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// G.711 A-law.
    Pcma,
    /// G.711 mu-law.
    Pcmu,
    /// G.729 with annexes A and B.
    G729,
    /// G.723.1.
    G723,
    /// G.722.
    G722,
    /// G.726, packed as RFC 3551 says.
    G726 {
        /// Of a sample: 2 (16 kbit/s) to 5 (40 kbit/s).
        bits: u8,
    },
    /// GSM full rate.
    Gsm,
    /// Opus (RFC 7587).
    Opus {
        /// The peer plays no more than narrowband.
        narrowband: bool,
        /// The peer makes use of what repeats a lost packet.
        fec: bool,
    },
    /// AMR narrowband (RFC 4867).
    Amr {
        /// Fields begin on whole bytes; otherwise it is bandwidth-efficient.
        aligned: bool,
        /// What may be sent.
        modes: AmrModes,
    },
    /// Relayed only.
    #[default]
    Other,
}

impl Encoding {
    /// Opus of a peer that has said nothing about it.
    pub const OPUS: Self = Self::Opus {
        narrowband: false,
        fec: false,
    };
    /// AMR of a peer that has said nothing about it.
    pub const AMR: Self = Self::Amr {
        aligned: false,
        modes: AmrModes::ALL,
    };

    /// The encoding of an `a=rtpmap` name, whose case doesn't matter, and of its `a=fmtp` value. All
    /// spellings of G.729 are one (MED-04).
    #[must_use]
    pub fn from_name(name: &str, parameters: &str) -> Self {
        match name.to_ascii_uppercase().as_str() {
            "PCMA" => Self::Pcma,
            "PCMU" => Self::Pcmu,
            "G729" | "G729A" | "G729B" | "G729AB" => Self::G729,
            "G723" => Self::G723,
            "G722" => Self::G722,
            "G726-16" => Self::G726 { bits: 2 },
            "G726-24" => Self::G726 { bits: 3 },
            "G726-32" => Self::G726 { bits: 4 },
            "G726-40" => Self::G726 { bits: 5 },
            "GSM" => Self::Gsm,
            "OPUS" => opus(parameters),
            "AMR" => amr(parameters),
            _ => Self::Other,
        }
    }
}

/// Opus by its parameters (RFC 7587 section 6.1).
fn opus(parameters: &str) -> Encoding {
    let rate = value(parameters, "maxplaybackrate").and_then(|rate| rate.parse().ok());
    Encoding::Opus {
        narrowband: rate.is_some_and(|rate: u32| rate < WIDEBAND),
        fec: is_on(parameters, "useinbandfec"),
    }
}

impl Encoding {
    /// The greatest sample rate at which it is coded here.
    #[must_use]
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::G722
            | Self::Opus {
                narrowband: false, ..
            } => WIDEBAND,
            _ => NARROWBAND,
        }
    }

    /// The packet that is made when neither the peer nor what comes in says how long it is to be
    /// (MED-03).
    #[must_use]
    pub const fn packet_time(self) -> Duration {
        match self {
            Self::G723 => Duration::from_millis(30),
            _ => Duration::from_millis(20),
        }
    }
}

/// Turns payloads into sound.
pub trait Decoder: Send {
    /// Decode a payload, and return how many samples it has. What can't be decoded has none.
    fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize;

    /// Whether the last payload said that silence follows, until the next voice (a silence
    /// descriptor, MED-05).
    fn is_silent(&self) -> bool {
        false
    }

    /// The codec mode that the peer last asked for, of codecs that have modes.
    fn requested_mode(&self) -> Option<u8> {
        None
    }

    /// Fill `samples` with what the codec itself puts in place of a lost packet, or of silence;
    /// false when it has nothing to put there.
    fn conceal(&mut self, samples: &mut [i16]) -> bool {
        let _ = samples;
        false
    }
}

/// Turns sound into payloads.
pub trait Encoder: Send {
    /// Samples of one frame; only whole frames are encoded.
    fn frame(&self) -> usize;

    /// The peer asks for a codec mode. Means nothing to codecs without modes.
    fn request_mode(&mut self, mode: u8) {
        let _ = mode;
    }

    /// Encode whole frames, and return how many bytes they have.
    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize;
}

/// Makes codecs. A codec whose library is missing is not made.
pub trait Codecs: Debug + Send + Sync {
    /// A decoder of `encoding` at its beginning, to sound of `sample_rate`: [`NARROWBAND`], or what
    /// [`Encoding::sample_rate`] says.
    fn decoder(&self, encoding: Encoding, sample_rate: u32) -> Option<Box<dyn Decoder>>;

    /// An encoder of `encoding` at its beginning, from sound of `sample_rate`.
    fn encoder(&self, encoding: Encoding, sample_rate: u32) -> Option<Box<dyn Encoder>>;
}

/// The codecs of this crate: G.711.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

impl Codecs for BuiltIn {
    fn decoder(&self, encoding: Encoding, _: u32) -> Option<Box<dyn Decoder>> {
        Some(Box::new(G711::new(Law::of(encoding)?)))
    }

    fn encoder(&self, encoding: Encoding, _: u32) -> Option<Box<dyn Encoder>> {
        Some(Box::new(G711::new(Law::of(encoding)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7587_parameters_say_what_the_peer_plays_and_whether_it_repairs_loss() {
        let opus = |parameters| Encoding::from_name("opus", parameters);
        let (wideband, narrowband) = (false, true);

        for (parameters, narrowband, fec) in [
            ("", wideband, false),
            ("maxplaybackrate=48000; useinbandfec=1", wideband, true),
            ("maxplaybackrate=8000;useinbandfec=0", narrowband, false),
        ] {
            assert_eq!(opus(parameters), Encoding::Opus { narrowband, fec });
        }
        assert_eq!(opus("").sample_rate(), WIDEBAND);
        assert_eq!(opus("maxplaybackrate=8000").sample_rate(), NARROWBAND);
    }
}
