//! Voice codecs: what they are called, how long their frames are, and how to make them.
//!
//! Two codecs meet at the greatest sample rate that both have, so that no sound is resampled between
//! them. G.711 is here. Others come from outside through [`Codecs`], as this crate calls no library.

mod g711;

pub use g711::{G711, Law};

use std::fmt::Debug;
use std::time::Duration;

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
    /// GSM full rate.
    Gsm,
    /// Opus (RFC 7587).
    Opus,
    /// AMR narrowband (RFC 4867).
    Amr {
        /// Fields begin on whole bytes; otherwise it is bandwidth-efficient.
        aligned: bool,
    },
    /// Relayed only.
    #[default]
    Other,
}

impl Encoding {
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
            "GSM" => Self::Gsm,
            "OPUS" => Self::Opus,
            "AMR" => amr(parameters),
            _ => Self::Other,
        }
    }
}

/// AMR by its parameters (RFC 4867 section 8.1). What protects or interleaves frames is not spoken,
/// nor are modes without 12.2 kbit/s.
fn amr(parameters: &str) -> Encoding {
    let value = |name: &str| {
        let pairs = parameters
            .split(';')
            .filter_map(|pair| pair.split_once('='));
        let mut named = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.trim())
    };
    let is_on = |name| value(name).is_some_and(|value| value != "0");
    let has_12_2 = value("mode-set").is_none_or(|modes| modes.split(',').any(|mode| mode == "7"));
    if !has_12_2 || is_on("crc") || is_on("robust-sorting") || value("interleaving").is_some() {
        return Encoding::Other;
    }
    Encoding::Amr {
        aligned: is_on("octet-align"),
    }
}

impl Encoding {
    /// The greatest sample rate at which it is coded here.
    #[must_use]
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::G722 | Self::Opus => WIDEBAND,
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
    fn rfc4867_parameters_say_how_amr_is_packed_and_whether_it_is_spoken() {
        let amr = |parameters| Encoding::from_name("amr", parameters);

        assert_eq!(amr(""), Encoding::Amr { aligned: false });
        assert_eq!(
            amr("octet-align=1; mode-set=0,2,7"),
            Encoding::Amr { aligned: true }
        );
        assert_eq!(amr("mode-set=0,2,4"), Encoding::Other);
        assert_eq!(amr("octet-align=1;crc=1"), Encoding::Other);
    }
}
