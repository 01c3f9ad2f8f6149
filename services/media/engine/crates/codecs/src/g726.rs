//! G.726 at 16 to 40 kbit/s by spandsp, packed as RFC 3551 section 4.5.4 says: the first sample in
//! the least significant bits.
//!
//! Signatures: spandsp/g726.h of version 0.0.6.

use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use libloading::Library;
use trunkline_rtp::{Decoder, Encoder, NARROWBAND};

use crate::{function, open};

/// Samples of 10 ms: whole bytes at every rate. The codec has no frames.
const FRAME: usize = 80;
/// `G726_ENCODING_LINEAR`: sound of 16 bits.
const LINEAR: c_int = 0;
/// `G726_PACKING_RIGHT`: the first sample in the least significant bits.
const PACKING: c_int = 2;

type Init = unsafe extern "C" fn(*mut c_void, c_int, c_int, c_int) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void) -> c_int;
type Encode = unsafe extern "C" fn(*mut c_void, *mut u8, *const i16, c_int) -> c_int;
type Decode = unsafe extern "C" fn(*mut c_void, *mut i16, *const u8, c_int) -> c_int;

#[derive(Debug)]
pub struct G726Library {
    init: Init,
    free: Free,
    encode: Encode,
    decode: Decode,
    _library: Library,
}

impl G726Library {
    pub fn load() -> Option<Self> {
        let library = open("libspandsp.so.2")?;
        // SAFETY: the types are those of the header named above.
        unsafe {
            Some(Self {
                init: function(&library, "g726_init")?,
                free: function(&library, "g726_free")?,
                encode: function(&library, "g726_encode")?,
                decode: function(&library, "g726_decode")?,
                _library: library,
            })
        }
    }
}

/// One state serves one direction: an encoder's or a decoder's.
pub struct Coding {
    library: Arc<G726Library>,
    state: NonNull<c_void>,
    /// Of a sample: 2 to 5.
    bits: usize,
}

// SAFETY: a state is plain memory of its own, used by whoever has the value.
unsafe impl Send for Coding {}

impl Coding {
    pub fn new(library: Arc<G726Library>, bits: u8) -> Option<Self> {
        Self::packed(library, bits, PACKING)
    }

    fn packed(library: Arc<G726Library>, bits: u8, packing: c_int) -> Option<Self> {
        let bit_rate = NARROWBAND.cast_signed() * c_int::from(bits);
        // SAFETY: without a state to use, the function makes one.
        let state = unsafe { (library.init)(null_mut(), bit_rate, LINEAR, packing) };
        Some(Self {
            state: NonNull::new(state)?,
            library,
            bits: usize::from(bits),
        })
    }
}

impl Encoder for Coding {
    fn frame(&self) -> usize {
        FRAME
    }

    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let count = samples.len().min(8 * payload.len() / self.bits);
        let (state, place) = (self.state.as_ptr(), payload.as_mut_ptr());
        // SAFETY: the state is live; `count` samples are read and no more bytes written than there
        // is room.
        let written =
            unsafe { (self.library.encode)(state, place, samples.as_ptr(), count as c_int) };
        written.max(0) as usize
    }
}

impl Decoder for Coding {
    fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let count = payload.len().min(samples.len() * self.bits / 8);
        let (state, place) = (self.state.as_ptr(), samples.as_mut_ptr());
        // SAFETY: the state is live; `count` bytes are read and no more samples written than there
        // is room.
        let written =
            unsafe { (self.library.decode)(state, place, payload.as_ptr(), count as c_int) };
        written.max(0) as usize
    }
}

impl Drop for Coding {
    fn drop(&mut self) {
        // SAFETY: the state is live, and nobody uses it after this.
        unsafe { (self.library.free)(self.state.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `G726_PACKING_NONE`: a byte for each sample.
    const UNPACKED: c_int = 0;

    #[test]
    fn rfc3551_the_first_sample_has_the_least_significant_bits() {
        let library = Arc::new(G726Library::load().expect("libspandsp2: make setup-tests"));
        let sound: Vec<i16> = (0..80).map(|n| n * 300 - 12_000).collect();
        let encode = |packing| {
            let mut coding = Coding::packed(Arc::clone(&library), 4, packing).expect("a state");
            let mut payload = [0; 80];
            let length = coding.encode(&sound, &mut payload);
            payload[..length].to_vec()
        };

        let codes = encode(UNPACKED);
        let pairs = codes.as_chunks::<2>().0.iter();
        let packed: Vec<u8> = pairs.map(|[first, second]| first | second << 4).collect();
        assert_eq!(encode(PACKING), packed);
    }
}
