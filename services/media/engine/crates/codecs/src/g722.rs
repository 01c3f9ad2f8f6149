//! G.722 at 64 kbit/s by spandsp: both bands, or the lower one for sound of 8000 samples a second.
//!
//! Signatures: spandsp/g722.h of version 0.0.6.

use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use libloading::Library;
use trunkline_rtp::{Decoder, Encoder, WIDEBAND};

use crate::{function, open};

const BIT_RATE: c_int = 64_000;
/// `G722_SAMPLE_RATE_8000`: the lower band only.
const NARROW: c_int = 1;
/// Bytes of one millisecond: the codec has no frames.
const BYTES: usize = 8;

type Init = unsafe extern "C" fn(*mut c_void, c_int, c_int) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void) -> c_int;
type Encode = unsafe extern "C" fn(*mut c_void, *mut u8, *const i16, c_int) -> c_int;
type Decode = unsafe extern "C" fn(*mut c_void, *mut i16, *const u8, c_int) -> c_int;

#[derive(Debug)]
pub struct G722Library {
    encode_init: Init,
    encode_free: Free,
    encode: Encode,
    decode_init: Init,
    decode_free: Free,
    decode: Decode,
    _library: Library,
}

impl G722Library {
    pub fn load() -> Option<Self> {
        let library = open("libspandsp.so.2")?;
        // SAFETY: the types are those of the header named above.
        unsafe {
            Some(Self {
                encode_init: function(&library, "g722_encode_init")?,
                encode_free: function(&library, "g722_encode_free")?,
                encode: function(&library, "g722_encode")?,
                decode_init: function(&library, "g722_decode_init")?,
                decode_free: function(&library, "g722_decode_free")?,
                decode: function(&library, "g722_decode")?,
                _library: library,
            })
        }
    }
}

pub struct Encoding {
    library: Arc<G722Library>,
    state: NonNull<c_void>,
    /// Samples that a byte has.
    samples: usize,
}

pub struct Decoding {
    library: Arc<G722Library>,
    state: NonNull<c_void>,
    /// Samples that a byte has.
    samples: usize,
}

// SAFETY: a state is plain memory of its own, used by whoever has the value.
unsafe impl Send for Encoding {}
// SAFETY: as above.
unsafe impl Send for Decoding {}

impl Encoding {
    pub fn new(library: Arc<G722Library>, sample_rate: u32) -> Option<Self> {
        let (samples, options) = shape(sample_rate);
        // SAFETY: without a state to use, the function makes one.
        let state = unsafe { (library.encode_init)(null_mut(), BIT_RATE, options) };
        let state = NonNull::new(state)?;
        Some(Self {
            library,
            state,
            samples,
        })
    }
}

impl Decoding {
    pub fn new(library: Arc<G722Library>, sample_rate: u32) -> Option<Self> {
        let (samples, options) = shape(sample_rate);
        // SAFETY: without a state to use, the function makes one.
        let state = unsafe { (library.decode_init)(null_mut(), BIT_RATE, options) };
        let state = NonNull::new(state)?;
        Some(Self {
            library,
            state,
            samples,
        })
    }
}

impl Encoder for Encoding {
    fn frame(&self) -> usize {
        BYTES * self.samples
    }

    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let count = samples.len().min(payload.len() * self.samples);
        // SAFETY: the state is live; `count` samples are read and no more bytes written than there
        // is room.
        let written = unsafe {
            let state = self.state.as_ptr();
            (self.library.encode)(
                state,
                payload.as_mut_ptr(),
                samples.as_ptr(),
                count as c_int,
            )
        };
        written.max(0) as usize
    }
}

impl Decoder for Decoding {
    fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let count = payload.len().min(samples.len() / self.samples);
        // SAFETY: the state is live; `count` bytes are read and no more samples written than there
        // is room.
        let written = unsafe {
            let state = self.state.as_ptr();
            (self.library.decode)(
                state,
                samples.as_mut_ptr(),
                payload.as_ptr(),
                count as c_int,
            )
        };
        written.max(0) as usize
    }
}

/// How many samples a byte has, and the options that make it so.
const fn shape(sample_rate: u32) -> (usize, c_int) {
    if sample_rate == WIDEBAND {
        (2, 0)
    } else {
        (1, NARROW)
    }
}

impl Drop for Encoding {
    fn drop(&mut self) {
        // SAFETY: the state is live, and nobody uses it after this.
        unsafe { (self.library.encode_free)(self.state.as_ptr()) };
    }
}

impl Drop for Decoding {
    fn drop(&mut self) {
        // SAFETY: the state is live, and nobody uses it after this.
        unsafe { (self.library.decode_free)(self.state.as_ptr()) };
    }
}
