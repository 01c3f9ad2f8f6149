//! The seam for whoever listens along: a recording.

use crate::codec::Encoding;
use crate::session::Side;
use crate::time::Time;

/// A voice packet as it was received, and deciphered.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    /// The leg that sent it.
    pub side: Side,
    /// Its codec.
    pub encoding: Encoding,
    /// Its synchronization source.
    pub ssrc: u32,
    /// Its timestamp.
    pub timestamp: u32,
    /// Its payload, without padding it may have.
    pub payload: &'a [u8],
    /// When it came.
    pub now: Time,
}

/// Hears every voice packet of a session. Must not wait: packets do.
pub trait Tap: Send {
    /// Hear a packet.
    fn hear(&mut self, voice: Voice<'_>);
}
