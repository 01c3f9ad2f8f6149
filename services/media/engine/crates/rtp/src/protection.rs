//! The seam for ciphers: what a leg's packets wear on the wire.
//!
//! Relayed packets are plain between the legs. A leg that is protected undresses what it
//! receives and dresses what it sends; the other leg does not know.

/// A datagram in a buffer with room to grow: a tag is added in place.
#[derive(Debug)]
pub struct Datagram<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl<'a> Datagram<'a> {
    /// The first `length` bytes of `buffer`.
    ///
    /// # Panics
    /// When `length` is more than the buffer holds.
    #[must_use]
    pub fn new(buffer: &'a mut [u8], length: usize) -> Self {
        assert!(length <= buffer.len(), "a datagram lies within its buffer");
        Self { buffer, length }
    }

    /// The datagram's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    /// The datagram's bytes, to be changed in place.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.length]
    }

    /// Make the whole buffer the datagram, to write what is longer.
    pub(crate) const fn resize_to_room(&mut self) {
        self.length = self.buffer.len();
    }

    /// Set the length: bytes beyond the old one are what the buffer held.
    ///
    /// # Errors
    /// [`Rejected::Oversized`], when the buffer is shorter.
    pub fn resize(&mut self, length: usize) -> Result<(), Rejected> {
        if length > self.buffer.len() {
            return Err(Rejected::Oversized);
        }
        self.length = length;
        Ok(())
    }
}

/// Why a packet can't be dressed or undressed; each is a count of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// Too short for its tag, or no RTP below the cipher.
    Malformed,
    /// The tag is wrong.
    Unauthentic,
    /// The packet was received before, or is too old to tell.
    Replayed,
    /// No room for the tag.
    Oversized,
}

/// A cipher on one leg. One instance serves both directions of its leg; keys don't change.
pub trait Protection: Send {
    /// Turn a packet from the wire into plain RTP.
    ///
    /// # Errors
    /// [`Rejected`]; the datagram's bytes are then meaningless and are dropped.
    fn open_rtp(&mut self, datagram: &mut Datagram<'_>) -> Result<(), Rejected>;

    /// Turn plain RTP into a packet for the wire.
    ///
    /// # Errors
    /// [`Rejected`]; the datagram is then dropped.
    fn seal_rtp(&mut self, datagram: &mut Datagram<'_>) -> Result<(), Rejected>;

    /// Turn a packet from the wire into plain RTCP. Nothing to do, unless the cipher covers RTCP.
    ///
    /// # Errors
    /// [`Rejected`], as for RTP.
    fn open_rtcp(&mut self, _datagram: &mut Datagram<'_>) -> Result<(), Rejected> {
        Ok(())
    }

    /// Turn plain RTCP into a packet for the wire. Nothing to do, unless the cipher covers RTCP.
    ///
    /// # Errors
    /// [`Rejected`], as for RTP.
    fn seal_rtcp(&mut self, _datagram: &mut Datagram<'_>) -> Result<(), Rejected> {
        Ok(())
    }
}
