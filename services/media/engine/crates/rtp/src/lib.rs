//! RTP sessions without I/O: packets, instants and addresses go in, verdicts and events come out.
//!
//! A [`Session`] is the two legs of one relayed call. It owns no socket, thread or clock; the
//! `trunkline-relay` crate moves its bytes. Nothing on the path of a packet allocates.

#![forbid(unsafe_code)]

mod activity;
mod audibility;
mod audio;
mod codec;
mod comfort_noise;
mod concealment;
mod counter_mode;
mod counters;
mod dtmf;
mod far_end;
mod latch;
mod leg;
mod origin;
mod outgoing;
mod packet;
mod path;
mod payload_cipher;
mod protection;
mod reception;
mod reports;
mod rtcp;
mod samples;
mod sequence;
mod session;
mod settings;
mod srtp;
mod stereo;
mod tap;
mod time;
mod transcoder;
mod udptl;

pub use activity::Watch;
pub use audio::{AUDIO_RATE, Audio};
pub use codec::{
    AmrModes, BuiltIn, Codecs, Decoder, Encoder, Encoding, G711, Law, MOST_SAMPLES, NARROWBAND,
    WIDEBAND,
};
pub use counters::{Counters, Dropped, ReceivedCounters, SentCounters};
pub use dtmf::{Digit, DigitForm, DtmfSettings, DualTone, EventPayload, Key};
pub use latch::{Latch, Learning};
pub use leg::Leg;
pub use origin::Origin;
pub use packet::{Header, Malformed, RTP_HEADER};
pub use payload_cipher::{
    Aes128Counter, BadPayloadKey, PayloadCipher, PayloadProtection, Rc4, Xor,
};
pub use protection::{Datagram, Protection, Rejected};
pub use reception::{Reception, ReceptionCounters};
pub use rtcp::{Compound, MalformedRtcp, RtcpPacket, is_rtcp};
pub use sequence::delta;
pub use session::{Component, Direction, Event, EventKind, Forward, Plain, Session, Side};
pub use settings::{AudioDue, LegSettings, Monitor, Remote, VoiceFormat};
pub use srtp::{BadSrtpKey, Srtp, Suite};
pub use stereo::{Frame, Stereo};
pub use tap::{Tap, Voice};
pub use time::Time;
pub use udptl::is_udptl;
