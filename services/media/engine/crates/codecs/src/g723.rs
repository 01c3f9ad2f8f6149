//! G.723.1 by libavcodec: decoded at both rates, encoded at 6.3 kbit/s without silence descriptors
//! (annex A).

use std::ffi::c_int;
use std::sync::Arc;

use trunkline_rtp::{Decoder, Encoder};

use crate::avcodec::{AvCodec, Codec, Kind};

/// `AV_CODEC_ID_G723_1` at its higher rate.
const KIND: Kind = Kind {
    id: ID,
    bit_rate: 6_300,
    sample_rate: 8_000,
};
const ID: c_int = 86_068;
/// Samples of a frame of 30 ms.
const SAMPLES: usize = 240;
/// Bytes of a frame, by the lowest bits of its first: 6.3 and 5.3 kbit/s, a silence descriptor, and
/// a frame that was not sent.
const BYTES: [usize; 4] = [24, 20, 4, 1];
const SILENT_FROM: usize = 2;
/// A frame that was not sent: noise goes on.
const UNSENT: [u8; 1] = [3];
/// A frame whose pitch lag is a forbidden code, which the library takes for damaged and conceals.
const DAMAGED: [u8; 24] = {
    let mut frame = [0xff; 24];
    frame[0] = 0xfc;
    frame
};

#[derive(Debug)]
pub struct G723Library(AvCodec);

impl G723Library {
    pub fn load() -> Option<Self> {
        AvCodec::load().filter(|library| library.has(ID)).map(Self)
    }
}

/// The library, kept open by each of its codecs.
pub struct Shared(Arc<G723Library>);

impl AsRef<AvCodec> for Shared {
    fn as_ref(&self) -> &AvCodec {
        &self.0.0
    }
}

pub struct Encoding(Codec<Shared>);

pub struct Decoding {
    codec: Codec<Shared>,
    silent: bool,
}

impl Encoding {
    pub fn new(library: Arc<G723Library>) -> Option<Self> {
        Codec::encoder(Shared(library), KIND).map(Self)
    }
}

impl Decoding {
    pub fn new(library: Arc<G723Library>) -> Option<Self> {
        let codec = Codec::decoder(Shared(library), KIND)?;
        Some(Self {
            codec,
            silent: false,
        })
    }
}

impl Encoder for Encoding {
    fn frame(&self) -> usize {
        SAMPLES
    }

    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let frames = samples.as_chunks::<SAMPLES>().0;
        let places = payload.as_chunks_mut::<{ BYTES[0] }>().0;
        let coded = frames.iter().zip(places);
        coded
            .map(|(frame, place)| self.0.encode(frame, place))
            .sum()
    }
}

impl Decoder for Decoding {
    fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let (mut rest, mut count) = (payload, 0);
        for place in samples.as_chunks_mut::<SAMPLES>().0 {
            let Some(first) = rest.first() else { break };
            let form = usize::from(first & 3);
            let Some((frame, after)) = rest.split_at_checked(BYTES[form]) else {
                break;
            };
            self.silent = form >= SILENT_FROM;
            count += self.codec.decode(frame, place);
            rest = after;
        }
        count
    }

    fn is_silent(&self) -> bool {
        self.silent
    }

    fn conceal(&mut self, samples: &mut [i16]) -> bool {
        let frame: &[u8] = if self.silent { &UNSENT } else { &DAMAGED };
        let mut concealed = true;
        for place in samples.chunks_mut(SAMPLES) {
            let mut sound = [0; SAMPLES];
            concealed &= self.codec.decode(frame, &mut sound) == SAMPLES;
            place.copy_from_slice(&sound[..place.len()]);
        }
        concealed
    }
}
