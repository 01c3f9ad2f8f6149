//! AMR narrowband by opencore-amr (Apache-2.0), in payloads of RFC 4867: bandwidth-efficient, or
//! octet-aligned where `octet-align=1` was agreed. Sent in the mode that the peer asks for, at first the greatest of its
//! `mode-set`, without silence descriptors.
//!
//! Signatures: `interf_dec.h` and `interf_enc.h` of opencore-amrnb 0.1.6.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

use libloading::Library;
use trunkline_rtp::{AmrModes, Decoder, Encoder};

use crate::bits::{BitReader, BitWriter};
use crate::{function, open};

/// Samples of a frame of 20 ms.
const SAMPLES: usize = 160;
/// Frames of the longest packet, 240 ms.
const MOST_FRAMES: usize = 12;
/// A frame as the library has it: its table entry, and 31 bytes at most.
const STORED: usize = 32;
/// Speech bits of each frame type: eight modes, and the silence descriptor.
const BITS: [usize; 9] = [95, 103, 118, 134, 148, 159, 204, 244, 39];
const SILENCE: u8 = 8;
const NO_DATA: u8 = 15;
/// No mode is asked for.
const ANY_MODE: u32 = 15;
/// Frames for which a mode is kept. With changes by one step only, this keeps to whatever
/// `mode-change-period` and `mode-change-neighbor` say.
const KEPT: u8 = 2;

type Init = unsafe extern "C" fn() -> *mut c_void;
type InitEncoder = unsafe extern "C" fn(discontinuous: c_int) -> *mut c_void;
type Exit = unsafe extern "C" fn(*mut c_void);
type Encode = unsafe extern "C" fn(*mut c_void, c_int, *mut i16, *mut u8, c_int) -> c_int;
type Decode = unsafe extern "C" fn(*mut c_void, *const u8, *mut i16, c_int);

#[derive(Debug)]
pub struct AmrLibrary {
    init_encoder: InitEncoder,
    exit_encoder: Exit,
    encode: Encode,
    init_decoder: Init,
    exit_decoder: Exit,
    decode: Decode,
    _library: Library,
}

impl AmrLibrary {
    pub fn load() -> Option<Self> {
        let library = open("libopencore-amrnb.so.0")?;
        // SAFETY: the types are those of the headers named above.
        unsafe {
            Some(Self {
                init_encoder: function(&library, "Encoder_Interface_init")?,
                exit_encoder: function(&library, "Encoder_Interface_exit")?,
                encode: function(&library, "Encoder_Interface_Encode")?,
                init_decoder: function(&library, "Decoder_Interface_init")?,
                exit_decoder: function(&library, "Decoder_Interface_exit")?,
                decode: function(&library, "Decoder_Interface_Decode")?,
                _library: library,
            })
        }
    }
}

pub struct Encoding {
    library: Arc<AmrLibrary>,
    state: NonNull<c_void>,
    aligned: bool,
    modes: AmrModes,
    mode: u8,
    wanted: u8,
    /// Frames since the mode changed.
    kept: u8,
}

pub struct Decoding {
    library: Arc<AmrLibrary>,
    state: NonNull<c_void>,
    aligned: bool,
    silent: bool,
    requested_mode: Option<u8>,
}

// SAFETY: a state is plain memory of its own, used by whoever has the value.
unsafe impl Send for Encoding {}
// SAFETY: as above.
unsafe impl Send for Decoding {}

impl Encoding {
    pub fn new(library: Arc<AmrLibrary>, aligned: bool, modes: AmrModes) -> Option<Self> {
        // SAFETY: the function has no requirements.
        let state = NonNull::new(unsafe { (library.init_encoder)(0) })?;
        Some(Self {
            library,
            state,
            aligned,
            modes,
            mode: modes.highest(),
            wanted: modes.highest(),
            kept: 0,
        })
    }

    /// The mode of the next frame.
    fn next_mode(&mut self) -> u8 {
        if self.mode != self.wanted && self.kept >= KEPT {
            self.mode = self.modes.towards(self.mode, self.wanted);
            self.kept = 0;
        }
        self.kept = self.kept.saturating_add(1);
        self.mode
    }

    /// The samples are the library's to change, whatever its header says: it does.
    fn frame(&mut self, mode: u8, mut samples: [i16; SAMPLES]) -> [u8; STORED] {
        let mut stored = [0; STORED];
        let (state, mode) = (self.state.as_ptr(), c_int::from(mode));
        let (sound, place) = (samples.as_mut_ptr(), stored.as_mut_ptr());
        // SAFETY: the state is live; a frame is read, and 32 bytes at most are written.
        unsafe { (self.library.encode)(state, mode, sound, place, 0) };
        stored
    }
}

impl Decoding {
    pub fn new(library: Arc<AmrLibrary>, aligned: bool) -> Option<Self> {
        // SAFETY: the function has no requirements.
        let state = NonNull::new(unsafe { (library.init_decoder)() })?;
        Some(Self {
            library,
            state,
            aligned,
            silent: false,
            requested_mode: None,
        })
    }

    /// Decode a frame as the library has it.
    fn frame(&mut self, stored: &[u8; STORED], samples: &mut [i16; SAMPLES]) {
        let (state, damaged) = (self.state.as_ptr(), c_int::from(stored[0] & 4 == 0));
        // SAFETY: the state is live; no more than 32 bytes are read, and a frame is written.
        unsafe {
            (self.library.decode)(state, stored.as_ptr(), samples.as_mut_ptr(), damaged);
        }
    }
}

/// A frame's entry in the table of contents (RFC 4867 section 4.3.2), without the bit that says
/// whether another follows.
const fn entry(frame_type: u8) -> u8 {
    frame_type << 3 | 4
}

impl Encoder for Encoding {
    fn frame(&self) -> usize {
        SAMPLES
    }

    /// A mode that was not agreed is not asked for (RFC 4867 section 4.3.1).
    fn request_mode(&mut self, mode: u8) {
        if self.modes.allows(mode) {
            self.wanted = mode;
        }
    }

    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let frames = samples.as_chunks::<SAMPLES>().0;
        let frames = &frames[..frames.len().min(MOST_FRAMES)];
        let mut modes = [0; MOST_FRAMES];
        let modes = &mut modes[..frames.len()];
        modes.fill_with(|| self.next_mode());
        let mut bits = BitWriter::new(payload, self.aligned);
        bits.write(ANY_MODE, 4);
        bits.align();
        for (index, mode) in modes.iter().enumerate() {
            let more = u32::from(index + 1 < frames.len());
            bits.write(more << 5 | u32::from(entry(*mode) >> 2), 6);
            bits.align();
        }
        for (samples, mode) in frames.iter().zip(modes) {
            let stored = Self::frame(self, *mode, *samples);
            bits.copy(&stored[1..], BITS[usize::from(*mode)]);
            bits.align();
        }
        bits.bytes()
    }
}

impl Decoder for Decoding {
    fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let mut bits = BitReader::new(payload, self.aligned);
        let request = bits.read(4).map(|request| request as u8);
        self.requested_mode = request
            .filter(|mode| *mode < SILENCE)
            .or(self.requested_mode);
        bits.align();
        let (mut entries, mut count) = ([0; MOST_FRAMES], 0);
        while let (Some(entry), Some(place)) = (bits.read(6), entries.get_mut(count)) {
            bits.align();
            *place = (entry as u8 & 31) << 2;
            count += 1;
            if entry >> 5 == 0 {
                break;
            }
        }
        let mut decoded = 0;
        let places = samples.as_chunks_mut::<SAMPLES>().0;
        for (entry, place) in entries[..count].iter().zip(places) {
            let frame_type = entry >> 3;
            let mut stored = [0; STORED];
            stored[0] = *entry;
            let length = match BITS.get(usize::from(frame_type)) {
                Some(length) => *length,
                None if frame_type == NO_DATA => 0,
                None => break, // reserved: nobody knows how long it is
            };
            if !bits.copy(&mut stored[1..], length) {
                break;
            }
            bits.align();
            self.silent = matches!(frame_type, SILENCE | NO_DATA);
            self.frame(&stored, place);
            decoded += SAMPLES;
        }
        decoded
    }

    fn is_silent(&self) -> bool {
        self.silent
    }

    fn requested_mode(&self) -> Option<u8> {
        self.requested_mode
    }

    /// After a silence descriptor the library goes on with its noise.
    fn conceal(&mut self, samples: &mut [i16]) -> bool {
        let mut stored = [0; STORED];
        stored[0] = entry(NO_DATA);
        for place in samples.chunks_mut(SAMPLES) {
            let mut frame = [0; SAMPLES];
            self.frame(&stored, &mut frame);
            place.copy_from_slice(&frame[..place.len()]);
        }
        true
    }
}

impl Drop for Encoding {
    fn drop(&mut self) {
        // SAFETY: the state is live, and nobody uses it after this.
        unsafe { (self.library.exit_encoder)(self.state.as_ptr()) };
    }
}

impl Drop for Decoding {
    fn drop(&mut self) {
        // SAFETY: the state is live, and nobody uses it after this.
        unsafe { (self.library.exit_decoder)(self.state.as_ptr()) };
    }
}
