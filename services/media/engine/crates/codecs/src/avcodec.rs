//! libavcodec of version 59 (that of `FFmpeg` 5.1), as far as a voice codec of mono sound needs it.
//!
//! Structures are the library's own; the places of their fields are those of `codec_par.h`,
//! `packet.h` and `frame.h` of that version, which is the only one that is loaded.

use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null, null_mut};

use libloading::Library;

use crate::{function, open};

const AUDIO: c_int = 1;
/// `AV_SAMPLE_FMT_S16`.
const SIGNED_16: c_int = 1;
/// Says nothing on standard error, whatever a peer sends.
const QUIET: c_int = -8;

/// Fields of `AVCodecParameters`.
mod parameters {
    pub const CODEC_TYPE: usize = 0;
    pub const CODEC_ID: usize = 4;
    pub const FORMAT: usize = 28;
    pub const BIT_RATE: usize = 32;
    pub const SAMPLE_RATE: usize = 116;
    pub const CHANNELS: usize = 144;
}

/// Fields of `AVFrame`.
mod frame {
    pub const DATA: usize = 0;
    pub const LINE_SIZE: usize = 64;
    pub const SAMPLES: usize = 112;
    pub const FORMAT: usize = 116;
    pub const SAMPLE_RATE: usize = 208;
    pub const CHANNELS: usize = 448;
}

/// Fields of `AVPacket`.
mod packet {
    pub const DATA: usize = 24;
    pub const SIZE: usize = 32;
}

type Find = unsafe extern "C" fn(c_int) -> *const c_void;
type Make = unsafe extern "C" fn() -> *mut c_void;
type Free = unsafe extern "C" fn(*mut *mut c_void);
type Unref = unsafe extern "C" fn(*mut c_void);
type Join = unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int;
type Apply = unsafe extern "C" fn(*mut c_void, *const c_void) -> c_int;

/// A codec by what it is and how it is coded.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// `AV_CODEC_ID_...`
    pub id: c_int,
    pub bit_rate: i64,
    pub sample_rate: c_int,
}

#[derive(Debug)]
pub struct AvCodec {
    find_encoder: Find,
    find_decoder: Find,
    new_context: unsafe extern "C" fn(*const c_void) -> *mut c_void,
    free_context: Free,
    new_parameters: Make,
    free_parameters: Free,
    apply_parameters: Apply,
    open: unsafe extern "C" fn(*mut c_void, *const c_void, *mut *mut c_void) -> c_int,
    new_packet: Make,
    free_packet: Free,
    unref_packet: Unref,
    send_packet: Join,
    receive_packet: Join,
    new_frame: Make,
    free_frame: Free,
    send_frame: Join,
    receive_frame: Join,
    default_channels: unsafe extern "C" fn(*mut c_void, c_int),
    _libraries: [Library; 2],
}

impl AvCodec {
    pub fn load() -> Option<Self> {
        let (codec, util) = (open("libavcodec.so.59")?, open("libavutil.so.57")?);
        // SAFETY: the types are those of the headers named above.
        unsafe {
            let set_log_level: unsafe extern "C" fn(c_int) = function(&util, "av_log_set_level")?;
            set_log_level(QUIET);
            Some(Self {
                find_encoder: function(&codec, "avcodec_find_encoder")?,
                find_decoder: function(&codec, "avcodec_find_decoder")?,
                new_context: function(&codec, "avcodec_alloc_context3")?,
                free_context: function(&codec, "avcodec_free_context")?,
                new_parameters: function(&codec, "avcodec_parameters_alloc")?,
                free_parameters: function(&codec, "avcodec_parameters_free")?,
                apply_parameters: function(&codec, "avcodec_parameters_to_context")?,
                open: function(&codec, "avcodec_open2")?,
                new_packet: function(&codec, "av_packet_alloc")?,
                free_packet: function(&codec, "av_packet_free")?,
                unref_packet: function(&codec, "av_packet_unref")?,
                send_packet: function(&codec, "avcodec_send_packet")?,
                receive_packet: function(&codec, "avcodec_receive_packet")?,
                new_frame: function(&util, "av_frame_alloc")?,
                free_frame: function(&util, "av_frame_free")?,
                send_frame: function(&codec, "avcodec_send_frame")?,
                receive_frame: function(&codec, "avcodec_receive_frame")?,
                default_channels: function(&util, "av_channel_layout_default")?,
                _libraries: [codec, util],
            })
        }
    }

    /// Whether the library was built to encode and decode this.
    pub fn has(&self, id: c_int) -> bool {
        // SAFETY: the functions have no requirements.
        unsafe { !(self.find_encoder)(id).is_null() && !(self.find_decoder)(id).is_null() }
    }
}

/// An open encoder or decoder, with a packet and a frame to feed it by.
pub struct Codec<L: AsRef<AvCodec>> {
    library: L,
    context: NonNull<c_void>,
    packet: NonNull<c_void>,
    frame: NonNull<c_void>,
}

// SAFETY: the structures are plain memory of their own, used by whoever has the value.
unsafe impl<L: AsRef<AvCodec>> Send for Codec<L> {}

impl<L: AsRef<AvCodec>> Codec<L> {
    pub fn encoder(library: L, kind: Kind) -> Option<Self> {
        // SAFETY: the function has no requirements.
        let codec = unsafe { (library.as_ref().find_encoder)(kind.id) };
        Self::open(library, codec, kind)
    }

    pub fn decoder(library: L, kind: Kind) -> Option<Self> {
        // SAFETY: the function has no requirements.
        let codec = unsafe { (library.as_ref().find_decoder)(kind.id) };
        Self::open(library, codec, kind)
    }

    fn open(library: L, codec: *const c_void, kind: Kind) -> Option<Self> {
        let av = library.as_ref();
        if codec.is_null() {
            return None;
        }
        // SAFETY: the codec is the library's; allocations are checked, and freed by `Drop`.
        let opened = unsafe {
            Self {
                context: NonNull::new((av.new_context)(codec))?,
                packet: NonNull::new((av.new_packet)())?,
                frame: NonNull::new((av.new_frame)())?,
                library,
            }
        };
        opened.start(codec, kind).then_some(opened)
    }

    fn start(&self, codec: *const c_void, kind: Kind) -> bool {
        let av = self.library.as_ref();
        // SAFETY: the structures are live and of the version whose fields these are.
        unsafe {
            let mut parameters = (av.new_parameters)();
            if parameters.is_null() {
                return false;
            }
            put(parameters, parameters::CODEC_TYPE, AUDIO);
            put(parameters, parameters::CODEC_ID, kind.id);
            put(parameters, parameters::FORMAT, SIGNED_16);
            put(parameters, parameters::BIT_RATE, kind.bit_rate);
            put(parameters, parameters::SAMPLE_RATE, kind.sample_rate);
            (av.default_channels)(parameters.byte_add(parameters::CHANNELS), 1);
            let context = self.context.as_ptr();
            let applied = (av.apply_parameters)(context, parameters);
            (av.free_parameters)(&raw mut parameters);
            let frame = self.frame.as_ptr();
            put(frame, frame::FORMAT, SIGNED_16);
            put(frame, frame::SAMPLE_RATE, kind.sample_rate);
            applied >= 0 && (av.open)(context, codec, null_mut()) >= 0
        }
    }

    /// Encode one frame, and return how many bytes it has.
    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let av = self.library.as_ref();
        let (context, packet, frame) = self.raw();
        // SAFETY: the frame says where the samples are and how many; the library copies what it
        // keeps. What comes back is copied by its length, and let go.
        unsafe {
            put(frame, frame::DATA, samples.as_ptr());
            put(frame, frame::LINE_SIZE, size_of_val(samples) as c_int);
            put(frame, frame::SAMPLES, samples.len() as c_int);
            (av.default_channels)(frame.byte_add(frame::CHANNELS), 1);
            if (av.send_frame)(context, frame) < 0 || (av.receive_packet)(context, packet) < 0 {
                return 0;
            }
            let length = (get::<c_int>(packet, packet::SIZE) as usize).min(payload.len());
            let bytes = std::slice::from_raw_parts(get(packet, packet::DATA), length);
            payload[..length].copy_from_slice(bytes);
            (av.unref_packet)(packet);
            length
        }
    }

    /// Decode one frame, and return how many samples it has.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let av = self.library.as_ref();
        let (context, packet, frame) = self.raw();
        // SAFETY: the packet says where the bytes are and how many; the library copies them. What
        // comes back is copied by its length.
        unsafe {
            put(packet, packet::DATA, payload.as_ptr());
            put(packet, packet::SIZE, payload.len() as c_int);
            let sent = (av.send_packet)(context, packet);
            put(packet, packet::DATA, null::<u8>());
            put(packet, packet::SIZE, 0);
            if sent < 0 || (av.receive_frame)(context, frame) < 0 {
                return 0;
            }
            let count = (get::<c_int>(frame, frame::SAMPLES) as usize).min(samples.len());
            let sound = std::slice::from_raw_parts(get(frame, frame::DATA), count);
            samples[..count].copy_from_slice(sound);
            count
        }
    }

    const fn raw(&self) -> (*mut c_void, *mut c_void, *mut c_void) {
        (
            self.context.as_ptr(),
            self.packet.as_ptr(),
            self.frame.as_ptr(),
        )
    }
}

impl<L: AsRef<AvCodec>> Drop for Codec<L> {
    fn drop(&mut self) {
        let av = self.library.as_ref();
        let (mut context, mut packet, mut frame) = self.raw();
        // SAFETY: all three are live, and nobody uses them after this.
        unsafe {
            (av.free_context)(&raw mut context);
            (av.free_packet)(&raw mut packet);
            (av.free_frame)(&raw mut frame);
        }
    }
}

/// # Safety
/// `structure` has a field of this type there.
unsafe fn put<T>(structure: *mut c_void, field: usize, value: T) {
    // SAFETY: as the caller says.
    unsafe { structure.byte_add(field).cast::<T>().write(value) };
}

/// # Safety
/// `structure` has a field of this type there.
unsafe fn get<T: Copy>(structure: *mut c_void, field: usize) -> T {
    // SAFETY: as the caller says.
    unsafe { structure.byte_add(field).cast::<T>().read() }
}
