//! G.729 annexes A and B by bcg729 (GPL-3, found on the machine, not part of this program).
//!
//! Signatures: bcg729/encoder.h and bcg729/decoder.h of version 1.1.1.

use std::ffi::c_void;
use std::ptr::{NonNull, null};
use std::sync::Arc;

use libloading::Library;
use trunkline_rtp::{Decoder, Encoder};

use crate::{function, open};

/// Samples and bytes of a frame of 10 ms.
const SAMPLES: usize = 80;
const BYTES: usize = 10;
/// Bytes of a silence descriptor (annex B): at the end of a packet at most.
const SID_BYTES: usize = 2;

type Init = unsafe extern "C" fn() -> *mut c_void;
type InitEncoder = unsafe extern "C" fn(vad: u8) -> *mut c_void;
type Close = unsafe extern "C" fn(*mut c_void);
type Encode = unsafe extern "C" fn(*mut c_void, *const i16, *mut u8, *mut u8);
type Decode = unsafe extern "C" fn(*mut c_void, *const u8, u8, u8, u8, u8, *mut i16);

#[derive(Debug)]
pub struct G729Library {
    init_encoder: InitEncoder,
    close_encoder: Close,
    encode: Encode,
    init_decoder: Init,
    close_decoder: Close,
    decode: Decode,
    _library: Library,
}

impl G729Library {
    pub fn load() -> Option<Self> {
        let library = open("libbcg729.so.0")?;
        // SAFETY: the types are those of the headers named above.
        unsafe {
            Some(Self {
                init_encoder: function(&library, "initBcg729EncoderChannel")?,
                close_encoder: function(&library, "closeBcg729EncoderChannel")?,
                encode: function(&library, "bcg729Encoder")?,
                init_decoder: function(&library, "initBcg729DecoderChannel")?,
                close_decoder: function(&library, "closeBcg729DecoderChannel")?,
                decode: function(&library, "bcg729Decoder")?,
                _library: library,
            })
        }
    }
}

pub struct Encoding {
    library: Arc<G729Library>,
    channel: NonNull<c_void>,
}

pub struct Decoding {
    library: Arc<G729Library>,
    channel: NonNull<c_void>,
    silent: bool,
}

// SAFETY: a channel is plain memory of its own, used by whoever has the value.
unsafe impl Send for Encoding {}
// SAFETY: as above.
unsafe impl Send for Decoding {}

impl Encoding {
    pub fn new(library: Arc<G729Library>) -> Option<Self> {
        // Without detection of silence: annex B is never offered by us.
        // SAFETY: the function has no requirements.
        let channel = NonNull::new(unsafe { (library.init_encoder)(0) })?;
        Some(Self { library, channel })
    }
}

impl Decoding {
    pub fn new(library: Arc<G729Library>) -> Option<Self> {
        // SAFETY: the function has no requirements.
        let channel = NonNull::new(unsafe { (library.init_decoder)() })?;
        Some(Self {
            library,
            channel,
            silent: false,
        })
    }

    fn frame(&mut self, bytes: &[u8], silence: bool, samples: &mut [i16; SAMPLES]) {
        let (length, sid) = (bytes.len() as u8, u8::from(silence));
        let lost = u8::from(bytes.is_empty());
        // SAFETY: the channel is open, the frame has the length it says, and 80 samples fit.
        unsafe {
            let channel = self.channel.as_ptr();
            let frame = if bytes.is_empty() {
                null()
            } else {
                bytes.as_ptr()
            };
            (self.library.decode)(channel, frame, length, lost, sid, 0, samples.as_mut_ptr());
        }
    }
}

impl Encoder for Encoding {
    fn frame(&self) -> usize {
        SAMPLES
    }

    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let frames = samples.as_chunks::<SAMPLES>().0;
        let places = payload.as_chunks_mut::<BYTES>().0;
        let mut length = 0;
        for (frame, place) in frames.iter().zip(places) {
            let mut bytes = 0;
            // SAFETY: the channel is open; a frame is read, and ten bytes at most are written.
            unsafe {
                let channel = self.channel.as_ptr();
                (self.library.encode)(channel, frame.as_ptr(), place.as_mut_ptr(), &raw mut bytes);
            }
            length += usize::from(bytes);
        }
        length
    }
}

impl Decoder for Decoding {
    fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let (frames, rest) = payload.as_chunks::<BYTES>();
        let mut places = samples.as_chunks_mut::<SAMPLES>().0.iter_mut();
        let mut count = 0;
        for (frame, place) in frames.iter().zip(&mut places) {
            self.frame(frame, false, place);
            count += SAMPLES;
        }
        self.silent = rest.len() == SID_BYTES;
        if let (true, Some(place)) = (self.silent, places.next()) {
            self.frame(rest, true, place);
            count += SAMPLES;
        }
        count
    }

    fn is_silent(&self) -> bool {
        self.silent
    }

    /// After a silence descriptor the library goes on with its noise.
    fn conceal(&mut self, samples: &mut [i16]) -> bool {
        let (frames, rest) = samples.as_chunks_mut::<SAMPLES>();
        for frame in frames {
            self.frame(&[], false, frame);
        }
        if !rest.is_empty() {
            let mut frame = [0; SAMPLES];
            self.frame(&[], false, &mut frame);
            rest.copy_from_slice(&frame[..rest.len()]);
        }
        true
    }
}

impl Drop for Encoding {
    fn drop(&mut self) {
        // SAFETY: the channel is open, and nobody uses it after this.
        unsafe { (self.library.close_encoder)(self.channel.as_ptr()) };
    }
}

impl Drop for Decoding {
    fn drop(&mut self) {
        // SAFETY: the channel is open, and nobody uses it after this.
        unsafe { (self.library.close_decoder)(self.channel.as_ptr()) };
    }
}
