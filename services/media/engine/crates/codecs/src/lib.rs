//! Voice codecs of shared libraries, which are looked for once, when the engine starts.
//!
//! A codec whose library is missing is not offered; [`Installed::offers`] says which and what to
//! install. G.711 needs no library.

mod amr;
mod avcodec;
mod bits;
mod g722;
mod g723;
mod g726;
mod g729;
mod gsm;
mod opus;

use std::sync::Arc;

use libloading::Library;
use trunkline_rtp::{BuiltIn, Codecs, Decoder, Encoder, Encoding};

use crate::amr::AmrLibrary;
use crate::g722::G722Library;
use crate::g723::G723Library;
use crate::g726::G726Library;
use crate::g729::G729Library;
use crate::gsm::GsmLibrary;
use crate::opus::OpusLibrary;

/// One codec, and whether this machine has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name in SDP.
    pub encoding: &'static str,
    /// Whether it can be converted.
    pub available: bool,
    /// The Debian package that brings it. Empty where none does.
    pub package: &'static str,
}

/// What this machine has.
#[derive(Clone, Debug)]
pub struct Installed {
    g729: Option<Arc<G729Library>>,
    gsm: Option<Arc<GsmLibrary>>,
    g722: Option<Arc<G722Library>>,
    g726: Option<Arc<G726Library>>,
    opus: Option<Arc<OpusLibrary>>,
    amr: Option<Arc<AmrLibrary>>,
    g723: Option<Arc<G723Library>>,
}

impl Installed {
    /// Look for the libraries.
    #[must_use]
    pub fn find() -> Self {
        Self {
            g729: G729Library::load().map(Arc::new),
            gsm: GsmLibrary::load().map(Arc::new),
            g722: G722Library::load().map(Arc::new),
            g726: G726Library::load().map(Arc::new),
            opus: OpusLibrary::load().map(Arc::new),
            amr: AmrLibrary::load().map(Arc::new),
            g723: G723Library::load().map(Arc::new),
        }
    }

    /// Every codec that a library could bring, and iLBC, which none brings.
    #[must_use]
    pub const fn offers(&self) -> [Offer; 11] {
        const fn offer(encoding: &'static str, available: bool, package: &'static str) -> Offer {
            Offer {
                encoding,
                available,
                package,
            }
        }
        [
            offer("G729", self.g729.is_some(), "libbcg729-0"),
            offer("G723", self.g723.is_some(), "libavcodec59"),
            offer("GSM", self.gsm.is_some(), "libgsm1"),
            offer("G722", self.g722.is_some(), "libspandsp2"),
            offer("G726-16", self.g726.is_some(), "libspandsp2"),
            offer("G726-24", self.g726.is_some(), "libspandsp2"),
            offer("G726-32", self.g726.is_some(), "libspandsp2"),
            offer("G726-40", self.g726.is_some(), "libspandsp2"),
            offer("opus", self.opus.is_some(), "libopus0"),
            offer("AMR", self.amr.is_some(), "libopencore-amrnb0"),
            offer("iLBC", false, ""), // Debian 12 has no encoder
        ]
    }
}

impl Codecs for Installed {
    fn decoder(&self, encoding: Encoding, sample_rate: u32) -> Option<Box<dyn Decoder>> {
        match encoding {
            Encoding::G729 => Some(Box::new(g729::Decoding::new(self.g729.clone()?)?)),
            Encoding::G723 => Some(Box::new(g723::Decoding::new(self.g723.clone()?)?)),
            Encoding::Amr { aligned, .. } => {
                Some(Box::new(amr::Decoding::new(self.amr.clone()?, aligned)?))
            }
            Encoding::G726 { bits } => Some(Box::new(g726::Coding::new(self.g726.clone()?, bits)?)),
            Encoding::Gsm => Some(Box::new(gsm::Coding::new(self.gsm.clone()?)?)),
            Encoding::G722 => Some(Box::new(g722::Decoding::new(
                self.g722.clone()?,
                sample_rate,
            )?)),
            Encoding::Opus { .. } => Some(Box::new(opus::Decoding::new(
                self.opus.clone()?,
                sample_rate,
            )?)),
            _ => BuiltIn.decoder(encoding, sample_rate),
        }
    }

    fn encoder(&self, encoding: Encoding, sample_rate: u32) -> Option<Box<dyn Encoder>> {
        match encoding {
            Encoding::G729 => Some(Box::new(g729::Encoding::new(self.g729.clone()?)?)),
            Encoding::G723 => Some(Box::new(g723::Encoding::new(self.g723.clone()?)?)),
            Encoding::Amr { aligned, modes } => Some(Box::new(amr::Encoding::new(
                self.amr.clone()?,
                aligned,
                modes,
            )?)),
            Encoding::G726 { bits } => Some(Box::new(g726::Coding::new(self.g726.clone()?, bits)?)),
            Encoding::Gsm => Some(Box::new(gsm::Coding::new(self.gsm.clone()?)?)),
            Encoding::G722 => Some(Box::new(g722::Encoding::new(
                self.g722.clone()?,
                sample_rate,
            )?)),
            Encoding::Opus { fec, .. } => Some(Box::new(opus::Encoding::new(
                self.opus.clone()?,
                sample_rate,
                fec,
            )?)),
            _ => BuiltIn.encoder(encoding, sample_rate),
        }
    }
}

/// Open a shared library by its file name.
fn open(name: &str) -> Option<Library> {
    // SAFETY: these libraries of the distribution do nothing but initialize themselves on load.
    unsafe { Library::new(name) }.ok()
}

/// Copy a function's address out of a library, which must then be kept open.
///
/// # Safety
/// `F` must be the function's type.
unsafe fn function<F: Copy>(library: &Library, name: &str) -> Option<F> {
    // SAFETY: the caller knows the type.
    unsafe { library.get::<F>(name.as_bytes()) }
        .ok()
        .map(|symbol| *symbol)
}
