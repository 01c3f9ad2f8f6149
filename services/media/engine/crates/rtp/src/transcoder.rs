//! Voice of one codec made voice of another, packet by packet.
//!
//! A packet in gives at most one out. Where the other codec's frames don't fit (20 ms into the 30
//! of G.723.1), what is left over waits for the next packet.

use crate::codec::{Codecs, Decoder, Encoder, Encoding, MOST_SAMPLES};
use crate::protection::{Datagram, Rejected};

/// From one encoding to another, in one direction.
pub(crate) struct Transcoder {
    between: (Encoding, Encoding),
    decoder: Box<dyn Decoder>,
    encoder: Box<dyn Encoder>,
    /// Decoded and not yet encoded: the first `waiting`.
    samples: Box<[i16]>,
    waiting: usize,
}

impl Transcoder {
    /// A transcoder at its beginning; none when a codec is missing.
    pub(crate) fn new(codecs: &dyn Codecs, from: Encoding, to: Encoding) -> Option<Self> {
        if from == to {
            return None;
        }
        Some(Self {
            between: (from, to),
            decoder: codecs.decoder(from)?,
            encoder: codecs.encoder(to)?,
            samples: vec![0; 2 * MOST_SAMPLES].into(),
            waiting: 0,
        })
    }

    /// What it converts: from, to.
    pub(crate) const fn between(&self) -> (Encoding, Encoding) {
        self.between
    }

    /// Convert the payload that begins at `start`. Returns by how many samples what is written began
    /// before this packet; none when it all waits for the next.
    pub(crate) fn convert(
        &mut self,
        datagram: &mut Datagram<'_>,
        start: usize,
    ) -> Result<Option<u32>, Rejected> {
        let before = self.waiting;
        let room = &mut self.samples[before..before + MOST_SAMPLES];
        let total = before + self.decoder.decode(&datagram.bytes()[start..], room);
        let whole = total - total % self.encoder.frame();
        if whole == 0 {
            self.waiting = total;
            return Ok(None);
        }
        datagram.resize_to_room();
        let written = self
            .encoder
            .encode(&self.samples[..whole], &mut datagram.bytes_mut()[start..]);
        datagram.resize(start + written)?;
        self.samples.copy_within(whole..total, 0);
        self.waiting = total - whole;
        Ok(Some(before as u32))
    }
}
