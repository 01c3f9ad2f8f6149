//! DTMF: named events in RTP (RFC 4733) and the dual tones they stand for (ITU-T Q.23).

mod event;
mod inband;
mod receiver;
mod sender;
mod tone;

pub use event::{EventPayload, Key};
pub(crate) use inband::InbandReceiver;
pub(crate) use receiver::EventReceiver;
pub(crate) use sender::{DigitSender, Due};
pub use tone::DualTone;

use std::time::Duration;

/// How digits go to a leg, or came from it (MED-06).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DigitForm {
    /// Events of RFC 4733.
    #[default]
    Event,
    /// Tones in the voice stream.
    Inband,
}

/// What is done with digits on a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DtmfSettings {
    /// Events from the peer end here and are told. Otherwise they are relayed as they are.
    pub receive_events: bool,
    /// Tones in the peer's voice are told; the voice goes on as it is.
    pub receive_inband: bool,
    /// Digits of the other leg, once told, are sent to this one.
    pub forward: bool,
    /// How digits go to the peer.
    pub send: DigitForm,
}

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit {
    /// Which.
    pub key: Key,
    /// For how long.
    pub duration: Duration,
}
