//! What strangers try: to hear a call, to speak in it, to break the relay (CVE-2025-53399 and kin).

use std::net::SocketAddr;
use std::sync::Arc;

use trunkline_rtp::{
    BuiltIn, Component, Datagram, DigitForm, Dropped, DtmfSettings, Encoding, Event, EventKind,
    Forward, Learning, Leg, LegSettings, Origin, Remote, Session, Side, Srtp, Suite, Time,
    VoiceFormat,
};

const ATTACKER: &str = "198.18.0.66:666";
const CALLER_SIGNALED: &str = "192.168.1.10:4000";
const CALLER_ACTUAL: &str = "203.0.113.5:31000";
const CALLEE: &str = "198.51.100.7:6000";

struct Call {
    session: Session,
    events: Vec<Event>,
    sequence_number: u16,
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn rtp(sequence_number: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0xd5; 172];
    packet[..2].copy_from_slice(&[0x80, 8]);
    packet[2..4].copy_from_slice(&sequence_number.to_be_bytes());
    packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
    packet
}

/// A caller behind a NAT and a callee with a public address.
fn settings() -> [LegSettings; 2] {
    let remote = |rtp, hint| {
        Some(Remote {
            rtp: address(rtp),
            rtcp: None,
            hint,
        })
    };
    let hint = Some(address(CALLER_ACTUAL).ip());
    let caller = LegSettings {
        remote: remote(CALLER_SIGNALED, hint),
        learning: Learning::FirstPacket,
        ..LegSettings::default()
    };
    [
        caller,
        LegSettings {
            remote: remote(CALLEE, None),
            ..LegSettings::default()
        },
    ]
}

impl Call {
    fn new() -> Self {
        let legs = settings().map(|leg| Leg::new(leg, Time::default()));
        let session = Session::new(legs, Arc::new(BuiltIn), Origin::default());
        Self {
            session,
            events: Vec::new(),
            sequence_number: 0,
        }
    }

    fn datagram(
        &mut self,
        place: (Side, Component),
        from: &str,
        bytes: &[u8],
        millis: u64,
    ) -> Result<Option<Forward>, Dropped> {
        let mut buffer = [0; 2048];
        buffer[..bytes.len()].copy_from_slice(bytes);
        let mut datagram = Datagram::new(&mut buffer, bytes.len());
        let now = Time::from_millis(millis);
        self.session
            .receive(place, address(from), &mut datagram, now, &mut self.events)
    }

    fn speak(&mut self, side: Side, from: &str, ssrc: u32, millis: u64) -> Result<String, Dropped> {
        self.sequence_number += 1;
        let packet = rtp(self.sequence_number, ssrc);
        let forward = self.datagram((side, Component::Rtp), from, &packet, millis)?;
        Ok(forward.expect("plain relaying").to.to_string())
    }

    fn dropped(&self, side: Side, reason: Dropped) -> u64 {
        self.session.counters(side).received.dropped[reason as usize]
    }
}

#[test]
fn inject_a_stranger_is_never_heard_in_a_call_that_is_locked() {
    let mut call = Call::new();
    call.speak(Side::A, CALLER_ACTUAL, 1, 0)
        .expect("the caller is heard");

    for millis in 1..60_000 {
        assert_eq!(
            call.speak(Side::A, ATTACKER, 1, millis),
            Err(Dropped::Stranger)
        );
    }
    assert_eq!(call.dropped(Side::A, Dropped::Stranger), 59_999);
    assert_eq!(call.session.counters(Side::B).sent.packets, 1);
}

#[test]
fn inject_a_public_peer_is_not_impersonated_even_before_it_speaks() {
    let mut call = Call::new();

    assert_eq!(call.speak(Side::B, ATTACKER, 1, 0), Err(Dropped::Stranger));
    assert_eq!(call.events, []);
}

#[test]
fn bleed_a_stranger_who_keeps_sending_hears_nothing_of_a_locked_call() {
    let mut call = Call::new();
    call.speak(Side::A, CALLER_ACTUAL, 1, 0)
        .expect("the caller is heard");

    for round in 0..500 {
        let _ = call.speak(Side::A, ATTACKER, 1, 20 * round + 1);
        assert_eq!(
            call.speak(Side::B, CALLEE, 2, 20 * round + 2),
            Ok(CALLER_ACTUAL.into())
        );
    }
}

#[test]
fn bleed_who_comes_before_the_caller_hears_at_most_until_the_caller_speaks() {
    let mut call = Call::new();
    let _ = call.speak(Side::A, ATTACKER, 666, 0);

    call.speak(Side::A, CALLER_ACTUAL, 1, 20)
        .expect("the caller is heard");
    assert_eq!(call.speak(Side::B, CALLEE, 2, 21), Ok(CALLER_ACTUAL.into()));
    assert_eq!(
        call.speak(Side::A, ATTACKER, 666, 22),
        Err(Dropped::Stranger)
    );
    assert_eq!(
        call.speak(Side::A, ATTACKER, 666, 10_000),
        Err(Dropped::Stranger)
    );
}

#[test]
fn bleed_rtcp_of_a_stranger_moves_nothing() {
    let mut call = Call::new();
    call.speak(Side::A, CALLER_ACTUAL, 1, 0)
        .expect("the caller is heard");
    let report = [0x80, 201, 0, 1, 0, 0, 0, 1];

    let refused = call.datagram((Side::A, Component::Rtcp), ATTACKER, &report, 1);
    let answered = call.datagram((Side::B, Component::Rtcp), CALLEE, &report, 2);

    assert_eq!(refused, Err(Dropped::Stranger));
    assert_eq!(
        answered.map(|f| f.map(|f| f.to)),
        Ok(Some(address("203.0.113.5:31001")))
    );
}

#[test]
fn a_re_invite_opens_learning_once_and_then_it_is_shut_again() {
    let mut call = Call::new();
    call.speak(Side::A, CALLER_ACTUAL, 1, 0)
        .expect("the caller is heard");
    call.session
        .update(Side::A, settings()[0], true, Time::from_millis(5_000));

    call.speak(Side::A, "203.0.113.5:40000", 9, 5_001)
        .expect("the caller has moved");
    assert_eq!(
        call.speak(Side::A, ATTACKER, 9, 5_002),
        Err(Dropped::Stranger)
    );
    assert_eq!(
        call.speak(Side::B, CALLEE, 2, 5_003),
        Ok("203.0.113.5:40000".into())
    );
}

#[test]
fn a_re_invite_that_changes_nothing_opens_nothing() {
    let mut call = Call::new();
    call.speak(Side::A, CALLER_ACTUAL, 1, 0)
        .expect("the caller is heard");
    call.session
        .update(Side::A, settings()[0], false, Time::from_millis(5_000));

    assert_eq!(
        call.speak(Side::A, ATTACKER, 1, 5_001),
        Err(Dropped::Stranger)
    );
}

#[test]
fn a_packet_without_the_key_locks_no_source() {
    let key = [7; 30];
    let mut call = Call::new();
    let srtp = Srtp::new(Suite::AesCm128HmacSha1_80, &key, &key).expect("a key");
    call.session.protect(Side::A, Some(Box::new(srtp)));

    assert_eq!(
        call.speak(Side::A, ATTACKER, 1, 0),
        Err(Dropped::Unauthentic)
    );
    assert_eq!(
        call.session.destination(Side::A),
        Some(address(CALLER_SIGNALED))
    );
    assert_eq!(call.events, []);
}

/// A small generator, so that a failure can be repeated.
struct Noise(u64);

impl Noise {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % below
    }

    /// A valid packet with a few bytes changed, cut or grown; or nothing but noise.
    fn datagram(&mut self) -> Vec<u8> {
        let mut bytes = match self.next(4) {
            0 => (0..self.next(300)).map(|_| self.next(256) as u8).collect(),
            1 => vec![
                0x81, 201, 0, 7, 0, 0, 0, 2, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0,
            ],
            2 => [
                &[0x80, 101, 0, 9, 0, 0, 0, 9, 0, 0, 0, 1][..],
                &[5, 10, 0, 160],
            ]
            .concat(),
            _ => rtp(self.next(65_536) as u16, self.next(3) as u32),
        };
        for _ in 0..self.next(4) {
            if !bytes.is_empty() {
                let place = self.next(bytes.len() as u64) as usize;
                bytes[place] = self.next(256) as u8;
            }
        }
        bytes.truncate(self.next(2 * bytes.len() as u64 + 1) as usize);
        bytes
    }
}

#[test]
fn whatever_a_datagram_holds_the_session_lives() {
    let voice = |encoding, payload_type| {
        Some(VoiceFormat {
            encoding,
            payload_type,
            clock_rate: 8000,
            packet_time: None,
        })
    };
    let dtmf = DtmfSettings {
        receive_events: true,
        receive_inband: true,
        forward: true,
        send: DigitForm::Event,
    };
    let [mut a, mut b] = settings();
    (a.voice, a.telephone_event, a.dtmf) = (voice(Encoding::Pcma, 8), Some(101), dtmf);
    (b.voice, b.telephone_event, b.dtmf) = (voice(Encoding::Pcmu, 0), Some(96), dtmf);
    for seed in 0..8 {
        let mut noise = Noise(seed);
        let mut call = Call::new();
        call.session.update(
            Side::A,
            LegSettings {
                rtcp_mux: seed & 1 == 0,
                ..a
            },
            true,
            Time::default(),
        );
        call.session.update(
            Side::B,
            LegSettings {
                fax: seed & 2 == 0,
                ..b
            },
            true,
            Time::default(),
        );
        if seed & 4 == 0 {
            let srtp = Srtp::new(Suite::AeadAes128Gcm, &[1; 28], &[1; 28]).expect("a key");
            call.session.protect(Side::B, Some(Box::new(srtp)));
        }
        for round in 0..20_000 {
            let side = Side::BOTH[noise.next(2) as usize];
            let component = [Component::Rtp, Component::Rtcp][noise.next(2) as usize];
            let from = [CALLER_ACTUAL, CALLEE][side as usize];
            let _ = call.datagram((side, component), from, &noise.datagram(), round);
            let mut buffer = [0; 2048];
            let now = Time::from_millis(round);
            let mut own = Datagram::new(&mut buffer, 0);
            while call.session.poll(&mut own, now, &mut call.events).is_some() {}
            call.session.tick(now, &mut call.events);
        }
        assert!(
            call.events
                .iter()
                .any(|event| matches!(event.kind, EventKind::FirstPacket(_)))
        );
    }
}

#[test]
fn bleed_late_packets_of_an_old_call_are_strangers_to_the_next_one_on_its_port() {
    let (old_caller, old_callee) = ("192.0.2.200:5000", "192.0.2.201:5000");
    let mut call = Call::new();
    call.speak(Side::A, CALLER_ACTUAL, 1, 0)
        .expect("the caller is heard");

    assert_eq!(
        call.speak(Side::A, old_caller, 1, 1),
        Err(Dropped::Stranger)
    );
    assert_eq!(
        call.speak(Side::B, old_callee, 1, 2),
        Err(Dropped::Stranger)
    );
}

#[test]
fn inject_with_the_ssrc_of_the_other_leg_changes_nothing() {
    let mut call = Call::new();
    call.speak(Side::A, CALLER_ACTUAL, 1, 0)
        .expect("the caller is heard");

    assert_eq!(call.speak(Side::B, CALLEE, 1, 1), Ok(CALLER_ACTUAL.into()));
    assert_eq!(call.speak(Side::A, CALLER_ACTUAL, 1, 2), Ok(CALLEE.into()));
    assert_eq!(call.speak(Side::B, ATTACKER, 1, 3), Err(Dropped::Stranger));
}

#[test]
fn what_is_empty_cut_or_oversized_is_counted_and_goes_nowhere() {
    let mut call = Call::new();
    for bytes in [&[][..], &[0x80], &rtp(1, 1)[..11], &[0xff; 40]] {
        let verdict = call.datagram((Side::B, Component::Rtp), CALLEE, bytes, 0);
        assert_eq!(verdict, Err(Dropped::Malformed));
    }
    call.session.receive_oversized(Side::B);

    assert_eq!(call.dropped(Side::B, Dropped::Malformed), 4);
    assert_eq!(call.dropped(Side::B, Dropped::Oversized), 1);
    assert_eq!(call.session.counters(Side::A).sent.packets, 0);
}

#[test]
fn rtcp_whose_lengths_lie_goes_nowhere() {
    let mut call = Call::new();
    call.speak(Side::B, CALLEE, 1, 0)
        .expect("the callee is heard");
    let long = [0x80, 201, 0xff, 0xff, 0, 0, 0, 1];
    let foreign = [0x80, 77, 0, 1, 0, 0, 0, 1];
    for bytes in [&[][..], &long[..4], &long, &foreign] {
        let verdict = call.datagram((Side::B, Component::Rtcp), CALLEE, bytes, 1);
        assert_eq!(verdict, Err(Dropped::Malformed));
    }
}

/// A peer that lies about its numbers and timestamps makes us send no flood.
#[test]
fn no_packet_of_a_converted_call_becomes_many() {
    let voice = |encoding, payload_type| {
        Some(VoiceFormat {
            encoding,
            payload_type,
            clock_rate: 8000,
            packet_time: None,
        })
    };
    let [mut a, mut b] = settings();
    (a.voice, b.voice) = (voice(Encoding::Pcma, 8), voice(Encoding::Pcmu, 0));
    let legs = [a, b].map(|leg| Leg::new(leg, Time::default()));
    let mut session = Session::new(legs, Arc::new(BuiltIn), Origin::default());
    let (mut noise, mut events) = (Noise(9), Vec::new());
    for round in 0..20_000 {
        let mut packet = rtp(noise.next(65_536) as u16, 1);
        packet[1] = [0, 13][noise.next(2) as usize];
        packet[4..8].copy_from_slice(&(noise.next(1 << 31) as u32).to_be_bytes());
        packet.truncate(12 + noise.next(160) as usize);
        let mut buffer = [0; 2048];
        buffer[..packet.len()].copy_from_slice(&packet);
        let mut datagram = Datagram::new(&mut buffer, packet.len());
        let now = Time::from_millis(round);
        let place = (Side::B, Component::Rtp);
        let relayed = session.receive(place, address(CALLEE), &mut datagram, now, &mut events);
        let mut made = usize::from(matches!(relayed, Ok(Some(_))));
        while session.poll(&mut datagram, now, &mut events).is_some() {
            made += 1;
        }
        assert!(made <= 14, "{made} packets of one"); // 100 ms of noise in packets of 10 ms, and its own
    }
}
