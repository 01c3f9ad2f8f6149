//! GSM full rate by libgsm. Signatures: gsm.h of version 1.0.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

use libloading::Library;
use trunkline_rtp::{Decoder, Encoder};

use crate::{function, open};

/// Samples and bytes of a frame of 20 ms.
const SAMPLES: usize = 160;
const BYTES: usize = 33;

type Create = unsafe extern "C" fn() -> *mut c_void;
type Destroy = unsafe extern "C" fn(*mut c_void);
type Encode = unsafe extern "C" fn(*mut c_void, *const i16, *mut u8);
type Decode = unsafe extern "C" fn(*mut c_void, *const u8, *mut i16) -> c_int;

#[derive(Debug)]
pub struct GsmLibrary {
    create: Create,
    destroy: Destroy,
    encode: Encode,
    decode: Decode,
    _library: Library,
}

impl GsmLibrary {
    pub fn load() -> Option<Self> {
        let library = open("libgsm.so.1")?;
        // SAFETY: the types are those of the header named above.
        unsafe {
            Some(Self {
                create: function(&library, "gsm_create")?,
                destroy: function(&library, "gsm_destroy")?,
                encode: function(&library, "gsm_encode")?,
                decode: function(&library, "gsm_decode")?,
                _library: library,
            })
        }
    }
}

/// One state serves one direction: an encoder's or a decoder's.
pub struct Coding {
    library: Arc<GsmLibrary>,
    state: NonNull<c_void>,
}

// SAFETY: a state is plain memory of its own, used by whoever has the value.
unsafe impl Send for Coding {}

impl Coding {
    pub fn new(library: Arc<GsmLibrary>) -> Option<Self> {
        // SAFETY: the function has no requirements.
        let state = NonNull::new(unsafe { (library.create)() })?;
        Some(Self { library, state })
    }
}

impl Encoder for Coding {
    fn frame(&self) -> usize {
        SAMPLES
    }

    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let frames = samples.as_chunks::<SAMPLES>().0;
        let places = payload.as_chunks_mut::<BYTES>().0;
        let mut length = 0;
        for (frame, place) in frames.iter().zip(places) {
            // SAFETY: the state is live; a frame is read and 33 bytes are written.
            unsafe {
                (self.library.encode)(self.state.as_ptr(), frame.as_ptr(), place.as_mut_ptr());
            }
            length += BYTES;
        }
        length
    }
}

impl Decoder for Coding {
    fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let frames = payload.as_chunks::<BYTES>().0;
        let places = samples.as_chunks_mut::<SAMPLES>().0;
        let mut count = 0;
        for (frame, place) in frames.iter().zip(places) {
            // SAFETY: the state is live; 33 bytes are read and a frame is written.
            let refused = unsafe {
                (self.library.decode)(self.state.as_ptr(), frame.as_ptr(), place.as_mut_ptr())
            };
            if refused == 0 {
                count += SAMPLES;
            }
        }
        count
    }
}

impl Drop for Coding {
    fn drop(&mut self) {
        // SAFETY: the state is live, and nobody uses it after this.
        unsafe { (self.library.destroy)(self.state.as_ptr()) };
    }
}
