//! A session of every treatment under datagrams of any content: it lives, and counts what it drops.
//!
//! The input is a chain of datagrams: a byte says the leg, the port and the time that passes, the
//! next how long the datagram is.

use std::sync::Arc;
use std::time::Duration;

use trunkline_rtp::{
    AudioDue, BuiltIn, Component, Datagram, DigitForm, DtmfSettings, Encoding, Event, Learning,
    Leg, LegSettings, Origin, PayloadProtection, Remote, Session, Side, Srtp, Suite, Time,
    VoiceFormat, Xor,
};

/// Half seconds that a session lives on: its reports fall due, and audio goes missing.
const AFTERMATH: usize = 20;
const ADDRESSES: [&str; 2] = ["192.0.2.1:4000", "198.51.100.1:6000"];

fn settings(side: Side, variant: u8) -> LegSettings {
    let rtp = ADDRESSES[side as usize].parse().expect("an address");
    let (encoding, payload_type) = if side == Side::A {
        (Encoding::Pcma, 8)
    } else {
        (Encoding::Pcmu, 0)
    };
    LegSettings {
        remote: Some(Remote {
            rtp,
            rtcp: None,
            hint: None,
        }),
        learning: if variant & 1 == 0 {
            Learning::Signaled
        } else {
            Learning::FirstPacket
        },
        voice: Some(VoiceFormat {
            encoding,
            payload_type,
            clock_rate: 8000,
            packet_time: None,
        }),
        telephone_event: Some(101),
        dtmf: DtmfSettings {
            receive_events: true,
            receive_inband: variant & 2 != 0,
            forward: true,
            send: if variant & 4 == 0 {
                DigitForm::Event
            } else {
                DigitForm::Inband
            },
        },
        fax: variant & 8 != 0,
        rtcp_mux: variant & 16 != 0,
        audio: AudioDue {
            received: Some(Duration::from_secs(1)),
            sent: Some(Duration::from_secs(1)),
        },
        ..LegSettings::default()
    }
}

/// Let a session live through a chain of datagrams. The first byte says how it is treated.
///
/// # Panics
/// When the session does.
pub fn session(input: &[u8]) {
    let Some((&variant, mut rest)) = input.split_first() else {
        return;
    };
    let legs = Side::BOTH.map(|side| Leg::new(settings(side, variant), Time::default()));
    let mut session = Session::new(legs, Arc::new(BuiltIn), Origin::default());
    if variant & 32 != 0 {
        let srtp = Srtp::new(Suite::AeadAes128Gcm, &[1; 28], &[1; 28]).expect("a key");
        session.protect(Side::B, Some(Box::new(srtp)));
    }
    if variant & 64 != 0 {
        let xor = PayloadProtection(Xor::new(b"AB").expect("a key"));
        session.protect(Side::A, Some(Box::new(xor)));
    }
    let (mut events, mut millis) = (Vec::new(), 0);
    while let [place, length, tail @ ..] = rest {
        let (bytes, next) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = next;
        millis += u64::from(place >> 2);
        let now = Time::from_millis(millis);
        let side = Side::BOTH[usize::from(place & 1)];
        let component = [Component::Rtp, Component::Rtcp][usize::from(place >> 1 & 1)];
        let mut buffer = [0; 2048];
        buffer[..bytes.len()].copy_from_slice(bytes);
        let mut datagram = Datagram::new(&mut buffer, bytes.len());
        let from = ADDRESSES[side as usize].parse().expect("an address");
        let _ = session.receive((side, component), from, &mut datagram, now, &mut events);
        pass(&mut session, now, &mut events);
    }
    for _ in 0..AFTERMATH {
        millis += 500;
        pass(&mut session, Time::from_millis(millis), &mut events);
    }
}

/// Let a session send what is due of its own.
fn pass(session: &mut Session, now: Time, events: &mut Vec<Event>) {
    session.tick(now, events);
    let mut buffer = [0; 2048];
    let mut own = Datagram::new(&mut buffer, 0);
    while session.poll(&mut own, now, events).is_some() {}
}
