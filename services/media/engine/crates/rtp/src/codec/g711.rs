//! G.711 by tables that are made when the crate is compiled (ITU-T G.711, as in G.191's g711.c).

use super::{Decoder, Encoder, Encoding};

/// Bytes to samples.
type Expansion = [i16; 256];
/// Samples without their two lowest bits, which no companded value keeps, to bytes.
type Compression = [u8; 1 << 14];

static A_EXPANSION: Expansion = expansion(Law::A);
static MU_EXPANSION: Expansion = expansion(Law::Mu);
static A_COMPRESSION: Compression = compression(Law::A);
static MU_COMPRESSION: Compression = compression(Law::Mu);

/// Bytes to one millisecond: G.711 has no frames, but a packet's end should fall on a whole one.
const FRAME: usize = 8;

/// One of the two laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// PCMA.
    A,
    /// PCMU.
    Mu,
}

impl Law {
    /// The law of an encoding, if it is G.711.
    #[must_use]
    pub const fn of(encoding: Encoding) -> Option<Self> {
        match encoding {
            Encoding::Pcma => Some(Self::A),
            Encoding::Pcmu => Some(Self::Mu),
            _ => None,
        }
    }
}

/// An encoder and decoder without memory.
#[derive(Clone, Copy, Debug)]
pub struct G711 {
    expansion: &'static Expansion,
    compression: &'static Compression,
}

impl G711 {
    /// The codec of a law.
    #[must_use]
    pub const fn new(law: Law) -> Self {
        match law {
            Law::A => Self {
                expansion: &A_EXPANSION,
                compression: &A_COMPRESSION,
            },
            Law::Mu => Self {
                expansion: &MU_EXPANSION,
                compression: &MU_COMPRESSION,
            },
        }
    }

    /// The sample that a byte stands for.
    #[must_use]
    pub const fn expand(self, byte: u8) -> i16 {
        self.expansion[byte as usize]
    }

    /// The byte nearest to a sample.
    #[must_use]
    pub const fn compress(self, sample: i16) -> u8 {
        self.compression[(sample.cast_unsigned() >> 2) as usize]
    }
}

impl Decoder for G711 {
    fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        for (sample, byte) in samples.iter_mut().zip(payload) {
            *sample = self.expand(*byte);
        }
        payload.len().min(samples.len())
    }
}

impl Encoder for G711 {
    fn frame(&self) -> usize {
        FRAME
    }

    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        for (byte, sample) in payload.iter_mut().zip(samples) {
            *byte = self.compress(*sample);
        }
        samples.len().min(payload.len())
    }
}

const fn expansion(law: Law) -> Expansion {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = match law {
            Law::A => expand_a(byte),
            Law::Mu => expand_mu(byte),
        };
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

const fn compression(law: Law) -> Compression {
    let mut table = [0; 1 << 14];
    let mut place = 0_u16;
    while (place as usize) < table.len() {
        let sample = (place << 2).cast_signed();
        table[place as usize] = match law {
            Law::A => compress_a(sample),
            Law::Mu => compress_mu(sample),
        };
        place += 1;
    }
    table
}

/// Table 1a of G.711: even bits are inverted; the result has 13 bits, here at the top of 16.
const fn expand_a(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = ((byte >> 4) & 7, (byte & 15) as i16);
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    if byte & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// Table 2a of G.711: all bits are inverted; the result has 14 bits, here at the top of 16.
const fn expand_mu(byte: u8) -> i16 {
    let byte = !byte;
    let (exponent, mantissa) = ((byte >> 4) & 7, (byte & 15) as i16);
    let magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
    if byte & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

const fn compress_a(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    // One's complement keeps the interval below zero as wide as that above it.
    let magnitude = if sample < 0 { !sample } else { sample } >> 4;
    let exponent = if magnitude < 32 {
        0
    } else {
        11 - magnitude.leading_zeros() as u8
    };
    let mantissa = if exponent == 0 {
        magnitude & 31
    } else {
        magnitude >> exponent
    };
    let segment = if exponent == 0 && magnitude < 16 {
        mantissa as u8
    } else if exponent == 0 {
        0x10 | (mantissa & 15) as u8
    } else {
        ((exponent + 1) << 4) | (mantissa & 15) as u8
    };
    (sign | segment) ^ 0x55
}

const fn compress_mu(sample: i16) -> u8 {
    const BIAS: i32 = 0x84;
    const CLIP: i32 = 32_635;
    let (sign, magnitude) = if sample < 0 {
        (0x80, -(sample as i32))
    } else {
        (0, sample as i32)
    };
    let biased = if magnitude > CLIP { CLIP } else { magnitude } + BIAS;
    let exponent = 24 - biased.leading_zeros() as u8;
    let mantissa = (biased >> (exponent + 3)) & 15;
    !(sign | (exponent << 4) | mantissa as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAWS: [Law; 2] = [Law::A, Law::Mu];

    #[test]
    fn every_byte_survives_expansion_and_compression() {
        for law in LAWS {
            let codec = G711::new(law);
            for byte in 0..=u8::MAX {
                let again = codec.compress(codec.expand(byte));
                assert_eq!(codec.expand(again), codec.expand(byte), "{law:?} {byte:#x}");
            }
        }
    }

    /// Folded over the bytes of all 65,536 samples, as Python's audioop (after G.191) has them.
    #[test]
    fn all_samples_are_compressed_as_by_the_reference() {
        for (law, expected) in [(Law::A, 0xaf66_0000), (Law::Mu, 0xb1f0_f0c0)] {
            let bytes = (i16::MIN..=i16::MAX).map(|sample| G711::new(law).compress(sample));
            let folded = bytes.fold(0_u32, |fold, byte| {
                fold.wrapping_mul(31).wrapping_add(u32::from(byte))
            });
            assert_eq!(folded, expected, "{law:?}");
        }
    }

    #[test]
    fn silence_and_full_scale_are_the_values_of_the_recommendation() {
        assert_eq!(G711::new(Law::A).compress(0), 0xd5);
        assert_eq!(G711::new(Law::Mu).compress(0), 0xff);
        assert_eq!(G711::new(Law::A).expand(0xd5), 8);
        assert_eq!(G711::new(Law::Mu).expand(0xff), 0);
        assert_eq!(G711::new(Law::A).expand(0xaa), 32_256);
        assert_eq!(G711::new(Law::Mu).expand(0x80), 32_124);
    }
}
