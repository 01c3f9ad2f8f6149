//! Opus (RFC 6716, RFC 7587) by libopus, mono, of narrowband or wideband sound.
//!
//! Signatures: opus/opus.h of version 1.3. On the wire its RTP clock is always 48000.

use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null, null_mut};
use std::sync::Arc;

use libloading::Library;
use trunkline_rtp::{Decoder, Encoder};

use crate::{function, open};

const MONO: c_int = 1;
/// `OPUS_APPLICATION_VOIP`.
const VOIP: c_int = 2048;
/// `OPUS_SET_INBAND_FEC` and `OPUS_SET_PACKET_LOSS_PERC`: without expected loss nothing is repeated.
const SET_INBAND_FEC: c_int = 4012;
const SET_PACKET_LOSS: c_int = 4014;
/// Percent.
const EXPECTED_LOSS: c_int = 5;
/// Frames of 20 ms a second.
const FRAMES_A_SECOND: usize = 50;
/// Frames of the longest packet, 120 ms.
const MOST_FRAMES: usize = 6;
/// The library conceals in steps of 2.5 ms.
const STEPS_A_SECOND: usize = 400;
/// A packet of no more bytes begins or keeps up silence (discontinuous transmission).
const SILENT_BYTES: usize = 2;

type EncoderCreate = unsafe extern "C" fn(i32, c_int, c_int, *mut c_int) -> *mut c_void;
type DecoderCreate = unsafe extern "C" fn(i32, c_int, *mut c_int) -> *mut c_void;
type EncoderControl = unsafe extern "C" fn(*mut c_void, c_int, ...) -> c_int;
type Destroy = unsafe extern "C" fn(*mut c_void);
type Encode = unsafe extern "C" fn(*mut c_void, *const i16, c_int, *mut u8, i32) -> i32;
type Decode = unsafe extern "C" fn(*mut c_void, *const u8, i32, *mut i16, c_int, c_int) -> c_int;

#[derive(Debug)]
pub struct OpusLibrary {
    encoder_create: EncoderCreate,
    encoder_control: EncoderControl,
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
                encoder_control: function(&library, "opus_encoder_ctl")?,
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
    /// Samples of 20 ms.
    frame: usize,
}

pub struct Decoding {
    library: Arc<OpusLibrary>,
    state: NonNull<c_void>,
    sample_rate: usize,
    silent: bool,
}

// SAFETY: a state is plain memory of its own, used by whoever has the value.
unsafe impl Send for Encoding {}
// SAFETY: as above.
unsafe impl Send for Decoding {}

impl Encoding {
    /// With `fec`, packets repeat what is dear of the one before, for peers that make use of it.
    pub fn new(library: Arc<OpusLibrary>, sample_rate: u32, fec: bool) -> Option<Self> {
        let rate = sample_rate.cast_signed();
        // SAFETY: no error is asked for; the function returns null for what it can't do.
        let state = unsafe { (library.encoder_create)(rate, MONO, VOIP, null_mut()) };
        let state = NonNull::new(state)?;
        if fec {
            // SAFETY: the state is live; each request takes one int.
            unsafe {
                (library.encoder_control)(state.as_ptr(), SET_INBAND_FEC, 1 as c_int);
                (library.encoder_control)(state.as_ptr(), SET_PACKET_LOSS, EXPECTED_LOSS);
            }
        }
        Some(Self {
            state,
            library,
            frame: sample_rate as usize / FRAMES_A_SECOND,
        })
    }
}

impl Decoding {
    pub fn new(library: Arc<OpusLibrary>, sample_rate: u32) -> Option<Self> {
        let rate = sample_rate.cast_signed();
        // SAFETY: no error is asked for; the function returns null for what it can't do.
        let state = unsafe { (library.decoder_create)(rate, MONO, null_mut()) };
        Some(Self {
            state: NonNull::new(state)?,
            library,
            sample_rate: sample_rate as usize,
            silent: false,
        })
    }

    /// Decode a payload, or conceal the loss of an empty one. Returns how many samples there are.
    fn run(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let longest = MOST_FRAMES * self.sample_rate / FRAMES_A_SECOND;
        let room = samples.len().min(longest);
        // SAFETY: the state is live; the payload has its length, and no more samples are written
        // than there is room.
        let count = unsafe {
            (self.library.decode)(
                self.state.as_ptr(),
                if payload.is_empty() {
                    null()
                } else {
                    payload.as_ptr()
                },
                payload.len() as i32,
                samples.as_mut_ptr(),
                room as c_int,
                0,
            )
        };
        count.max(0) as usize
    }
}

impl Encoder for Encoding {
    fn frame(&self) -> usize {
        self.frame
    }

    /// Make one packet; libopus takes 20 to 120 ms in steps of 20.
    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let count = samples.len().min(MOST_FRAMES * self.frame);
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
        self.silent = payload.len() <= SILENT_BYTES;
        self.run(payload, samples)
    }

    fn is_silent(&self) -> bool {
        self.silent
    }

    fn conceal(&mut self, samples: &mut [i16]) -> bool {
        let whole = samples
            .len()
            .is_multiple_of(self.sample_rate / STEPS_A_SECOND);
        whole && self.run(&[], samples) == samples.len()
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
