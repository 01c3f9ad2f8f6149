//! Opus (RFC 6716, RFC 7587) by libopus, mono, decoded to and encoded from 8000 samples a second.
//!
//! Signatures: opus/opus.h of version 1.3. On the wire its RTP clock is always 48000.

use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use libloading::Library;
use trunkline_rtp::{Decoder, Encoder};

use crate::{function, open};

const SAMPLE_RATE: i32 = 8000;
const MONO: c_int = 1;
/// `OPUS_APPLICATION_VOIP`.
const VOIP: c_int = 2048;
/// Samples of 20 ms.
const FRAME: usize = 160;
/// Samples of the longest packet, 120 ms.
const LONGEST: usize = 960;

type EncoderCreate = unsafe extern "C" fn(i32, c_int, c_int, *mut c_int) -> *mut c_void;
type DecoderCreate = unsafe extern "C" fn(i32, c_int, *mut c_int) -> *mut c_void;
type Destroy = unsafe extern "C" fn(*mut c_void);
type Encode = unsafe extern "C" fn(*mut c_void, *const i16, c_int, *mut u8, i32) -> i32;
type Decode = unsafe extern "C" fn(*mut c_void, *const u8, i32, *mut i16, c_int, c_int) -> c_int;

#[derive(Debug)]
pub struct OpusLibrary {
    encoder_create: EncoderCreate,
    encoder_destroy: Destroy,
    encode: Encode,
    decoder_create: DecoderCreate,
    decoder_destroy: Destroy,
    decode: Decode,
    _library: Library,
}

impl OpusLibrary {
    pub fn load() -> Option<Self> {
        let library = open("libopus.so.0")?;
        // SAFETY: the types are those of the header named above.
        unsafe {
            Some(Self {
                encoder_create: function(&library, "opus_encoder_create")?,
                encoder_destroy: function(&library, "opus_encoder_destroy")?,
                encode: function(&library, "opus_encode")?,
                decoder_create: function(&library, "opus_decoder_create")?,
                decoder_destroy: function(&library, "opus_decoder_destroy")?,
                decode: function(&library, "opus_decode")?,
                _library: library,
            })
        }
    }
}

pub struct Encoding {
    library: Arc<OpusLibrary>,
    state: NonNull<c_void>,
}

pub struct Decoding {
    library: Arc<OpusLibrary>,
    state: NonNull<c_void>,
}

// SAFETY: a state is plain memory of its own, used by whoever has the value.
unsafe impl Send for Encoding {}
// SAFETY: as above.
unsafe impl Send for Decoding {}

impl Encoding {
    pub fn new(library: Arc<OpusLibrary>) -> Option<Self> {
        // SAFETY: no error is asked for; the function returns null for what it can't do.
        let state = unsafe { (library.encoder_create)(SAMPLE_RATE, MONO, VOIP, null_mut()) };
        Some(Self {
            state: NonNull::new(state)?,
            library,
        })
    }
}

impl Decoding {
    pub fn new(library: Arc<OpusLibrary>) -> Option<Self> {
        // SAFETY: no error is asked for; the function returns null for what it can't do.
        let state = unsafe { (library.decoder_create)(SAMPLE_RATE, MONO, null_mut()) };
        Some(Self {
            state: NonNull::new(state)?,
            library,
        })
    }
}

impl Encoder for Encoding {
    fn frame(&self) -> usize {
        FRAME
    }

    /// Make one packet; libopus takes 20 to 120 ms in steps of 20.
    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let count = samples.len().min(LONGEST);
        // SAFETY: the state is live; `count` samples are read, and no more bytes are written than
        // there is room.
        let written = unsafe {
            (self.library.encode)(
                self.state.as_ptr(),
                samples.as_ptr(),
                count as c_int,
                payload.as_mut_ptr(),
                payload.len() as i32,
            )
        };
        written.max(0) as usize
    }
}

impl Decoder for Decoding {
    fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        if payload.is_empty() {
            return 0; // the library would conceal a loss
        }
        let room = samples.len().min(LONGEST);
        // SAFETY: the state is live; the payload has its length, and no more samples are written
        // than there is room.
        let count = unsafe {
            (self.library.decode)(
                self.state.as_ptr(),
                payload.as_ptr(),
                payload.len() as i32,
                samples.as_mut_ptr(),
                room as c_int,
                0,
            )
        };
        count.max(0) as usize
    }
}

impl Drop for Encoding {
    fn drop(&mut self) {
        // SAFETY: the state is live, and nobody uses it after this.
        unsafe { (self.library.encoder_destroy)(self.state.as_ptr()) };
    }
}

impl Drop for Decoding {
    fn drop(&mut self) {
        // SAFETY: the state is live, and nobody uses it after this.
        unsafe { (self.library.decoder_destroy)(self.state.as_ptr()) };
    }
}
