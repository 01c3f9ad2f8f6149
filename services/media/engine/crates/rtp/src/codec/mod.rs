//! Voice codecs: what they are called, how long their frames are, and how to make them.
//!
//! Between codecs, sound has 8000 samples a second, whatever the codec could do. G.711 is here. Others come from outside through [`Codecs`], as this crate calls no library.

mod g711;

pub use g711::{G711, Law};

use std::fmt::Debug;

/// Samples of the longest packet that is converted: 240 ms.
pub const MOST_SAMPLES: usize = 1_920;

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
    /// G.722, of which the lower band is used.
    G722,
    /// GSM full rate.
    Gsm,
    /// Opus (RFC 7587).
    Opus,
    /// Relayed only.
    #[default]
    Other,
}

impl Encoding {
    /// The encoding of an `a=rtpmap` name, whose case doesn't matter. All spellings of G.729 are one
    /// (MED-04).
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name.to_ascii_uppercase().as_str() {
            "PCMA" => Self::Pcma,
            "PCMU" => Self::Pcmu,
            "G729" | "G729A" | "G729B" | "G729AB" => Self::G729,
            "G723" => Self::G723,
            "G722" => Self::G722,
            "GSM" => Self::Gsm,
            "OPUS" => Self::Opus,
            _ => Self::Other,
        }
    }
}

/// Turns payloads into sound.
pub trait Decoder: Send {
    /// Decode a payload, and return how many samples it has. What can't be decoded has none.
    fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize;
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
    /// A decoder of `encoding`, at its beginning.
    fn decoder(&self, encoding: Encoding) -> Option<Box<dyn Decoder>>;

    /// An encoder of `encoding`, at its beginning.
    fn encoder(&self, encoding: Encoding) -> Option<Box<dyn Encoder>>;
}

/// The codecs of this crate: G.711.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

impl Codecs for BuiltIn {
    fn decoder(&self, encoding: Encoding) -> Option<Box<dyn Decoder>> {
        Some(Box::new(G711::new(Law::of(encoding)?)))
    }

    fn encoder(&self, encoding: Encoding) -> Option<Box<dyn Encoder>> {
        Some(Box::new(G711::new(Law::of(encoding)?)))
    }
}
