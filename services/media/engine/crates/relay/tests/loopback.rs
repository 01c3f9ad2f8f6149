//! The relay over real sockets of the loopback interface.

mod support;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::time::Duration;

use support::{
    PATIENCE, as_opened, at, closing_counters, engine, engine_on, facts_until, leg, peer, rtp,
};
use trunkline_relay::{Engine, Fact, FactKind, LegOpening, OpenError};
use trunkline_rtp::{Audio, Dropped, Encoding, EventKind, Learning, Monitor, Side, VoiceFormat};

#[test]
fn what_one_leg_sends_the_other_receives_unchanged_and_counted() {
    let mut engine = engine(Duration::ZERO, 8);
    let (caller, callee) = (peer(), peer());
    let legs = [
        leg(&caller, Learning::Signaled),
        leg(&callee, Learning::Signaled),
    ];
    let opened = engine.open(legs).expect("ports");
    let mut buffer = [0; 2048];

    for number in 0..20 {
        caller
            .send_to(&rtp(number), at(opened.ports[0].rtp))
            .expect("sent");
        let (length, from) = callee.recv_from(&mut buffer).expect("relayed");
        assert_eq!(
            (&buffer[..length], from),
            (&rtp(number)[..], at(opened.ports[1].rtp))
        );
    }

    let [a, b] = closing_counters(&mut engine, opened.session);
    assert_eq!(
        (
            a.received.packets,
            a.received.bytes,
            a.received.reception.lost
        ),
        (20, 3440, 0)
    );
    assert_eq!(
        (b.sent.packets, b.sent.bytes, b.received.packets),
        (20, 3440, 0)
    );
}

#[test]
fn a_session_that_comes_while_others_stay_or_after_one_has_gone_is_relayed_from_its_first_packet() {
    let mut engine = engine(Duration::ZERO, 8);
    let first = Call::open(&mut engine);
    let second = Call::open(&mut engine);

    assert_eq!([first.hears(1), second.hears(2)], [true, true]);

    closing_counters(&mut engine, first.session);
    let third = Call::open(&mut engine);

    assert_eq!([third.hears(3), second.hears(4)], [true, true]);
    let [counters, _] = closing_counters(&mut engine, third.session);
    assert_eq!(counters.received.packets, 1);
}

/// A session and its two peers.
struct Call {
    session: u64,
    port_a: u16,
    caller: UdpSocket,
    callee: UdpSocket,
}

impl Call {
    fn open(engine: &mut Engine) -> Self {
        let (caller, callee) = (peer(), peer());
        let legs = [&caller, &callee].map(|peer| leg(peer, Learning::Signaled));
        let opened = engine.open(legs).expect("ports");
        Self {
            session: opened.session,
            port_a: opened.ports[0].rtp,
            caller,
            callee,
        }
    }

    /// Whether what the caller sends comes to the callee.
    fn hears(&self, number: u16) -> bool {
        let mut buffer = [0; 2048];
        self.caller
            .send_to(&rtp(number), at(self.port_a))
            .expect("sent");
        let (length, _) = self.callee.recv_from(&mut buffer).expect("relayed");
        buffer[..length] == rtp(number)
    }
}

#[test]
fn a_caller_of_ipv4_hears_a_callee_of_ipv6() {
    let wildcards = [
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    ];
    let mut engine = engine_on(&wildcards, Duration::ZERO, 8);
    let caller = peer();
    let callee = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).expect("a port");
    callee.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let leg_b = LegOpening {
        address: 1,
        ..leg(&callee, Learning::Signaled)
    };
    let opened = engine
        .open([leg(&caller, Learning::Signaled), leg_b])
        .expect("ports");
    let mut buffer = [0; 2048];

    caller
        .send_to(&rtp(1), at(opened.ports[0].rtp))
        .expect("sent");
    assert_eq!(callee.recv_from(&mut buffer).expect("relayed").0, 172);
    callee
        .send_to(&rtp(2), (Ipv6Addr::LOCALHOST, opened.ports[1].rtp))
        .expect("sent");
    assert_eq!(caller.recv_from(&mut buffer).expect("relayed").0, 172);
}

#[test]
fn rtcp_goes_by_the_odd_ports() {
    let mut engine = engine(Duration::ZERO, 8);
    let (caller, callee, callee_rtcp) = (peer(), peer(), peer());
    let mut leg_b = leg(&callee, Learning::Signaled);
    let remote = leg_b.settings.remote.as_mut().expect("a remote");
    remote.rtcp = Some(callee_rtcp.local_addr().expect("bound"));
    let opened = engine
        .open([leg(&caller, Learning::Signaled), leg_b])
        .expect("ports");
    let receiver_report = [0x80, 201, 0, 1, 1, 2, 3, 4];

    caller
        .send_to(&receiver_report, at(opened.ports[0].rtp + 1))
        .expect("sent");

    let mut buffer = [0; 2048];
    let (length, from) = callee_rtcp.recv_from(&mut buffer).expect("relayed");
    assert_eq!(
        (&buffer[..length], from),
        (&receiver_report[..], at(opened.ports[1].rtp + 1))
    );
}

#[test]
fn a_peer_behind_a_nat_gets_media_where_it_sends_from() {
    let mut engine = engine(Duration::ZERO, 8);
    let (signaled, actual, callee) = (peer(), peer(), peer());
    let legs = [
        leg(&signaled, Learning::FirstPacket),
        leg(&callee, Learning::Signaled),
    ];
    let opened = engine.open(legs).expect("ports");
    let mut buffer = [0; 2048];

    actual
        .send_to(&rtp(1), at(opened.ports[0].rtp))
        .expect("sent");
    callee.recv_from(&mut buffer).expect("relayed");
    callee
        .send_to(&rtp(7), at(opened.ports[1].rtp))
        .expect("sent");

    assert_eq!(actual.recv_from(&mut buffer).expect("relayed").0, 172);
}

#[test]
fn the_first_packet_of_a_leg_is_told_once() {
    let mut engine = engine(Duration::ZERO, 8);
    let (caller, callee) = (peer(), peer());
    let legs = [
        leg(&caller, Learning::Signaled),
        leg(&callee, Learning::Signaled),
    ];
    let opened = engine.open(legs).expect("ports");
    let source = callee.local_addr().expect("bound");

    callee
        .send_to(&rtp(1), at(opened.ports[1].rtp))
        .expect("sent");
    callee
        .send_to(&rtp(2), at(opened.ports[1].rtp))
        .expect("sent");
    let mut buffer = [0; 2048];
    caller.recv_from(&mut buffer).expect("relayed");
    caller.recv_from(&mut buffer).expect("relayed");

    let facts = facts_until(&mut engine, |facts| !facts.is_empty());
    let events: Vec<_> = facts
        .iter()
        .filter_map(|fact| match &fact.kind {
            FactKind::Event(event) => Some((event.side, event.kind)),
            _ => None,
        })
        .collect();
    assert_eq!(events, [(Side::B, EventKind::FirstPacket(source))]);
}

#[test]
fn silence_is_told_within_200_ms_of_its_limit() {
    let mut engine = engine(Duration::ZERO, 8);
    let (caller, callee) = (peer(), peer());
    let legs = [
        leg(&caller, Learning::Signaled),
        leg(&callee, Learning::Signaled),
    ];
    let opened = engine.open(legs).expect("ports");
    let limit = Duration::from_millis(100);
    let unchanged = as_opened(&caller, Learning::Signaled);
    let mut watched = as_opened(&callee, Learning::Signaled);
    watched.settings.monitor = Monitor {
        received: Some(limit),
        sent: None,
    };
    engine
        .update(opened.session, [unchanged, watched])
        .expect("open");

    let facts = facts_until(&mut engine, |facts| !facts.is_empty());

    let [
        Fact {
            kind: FactKind::Event(event),
            ..
        },
    ] = &facts[..]
    else {
        panic!("{facts:?} is not one event");
    };
    let EventKind::Silent(_, silence) = event.kind else {
        panic!("{event:?} is not silence")
    };
    assert_eq!(event.side, Side::B);
    assert!(
        (limit..limit + Duration::from_millis(200)).contains(&silence),
        "{silence:?}"
    );
}

#[test]
fn datagrams_that_are_no_media_are_counted_and_go_nowhere() {
    let mut engine = engine(Duration::ZERO, 8);
    let (caller, callee) = (peer(), peer());
    let legs = [
        leg(&caller, Learning::Signaled),
        leg(&callee, Learning::Signaled),
    ];
    let opened = engine.open(legs).expect("ports");
    let port = at(opened.ports[0].rtp);

    caller.send_to(&[], port).expect("sent");
    caller.send_to(&[0; 172], port).expect("sent");
    caller.send_to(&[0x80; 9000], port).expect("sent");
    caller.send_to(&rtp(1), port).expect("sent");
    let mut buffer = [0; 2048];
    let (length, _) = callee.recv_from(&mut buffer).expect("relayed");

    let [a, _] = closing_counters(&mut engine, opened.session);
    assert_eq!((length, a.received.packets), (172, 1));
    assert_eq!(a.received.dropped[Dropped::Malformed as usize], 2);
    assert_eq!(a.received.dropped[Dropped::Oversized as usize], 1);
}

#[test]
fn a_late_packet_of_an_old_call_never_reaches_the_next_one_on_its_port() {
    let mut engine = engine(Duration::ZERO, 2);
    let (old_caller, callee) = (peer(), peer());
    let legs = [
        leg(&old_caller, Learning::Signaled),
        leg(&callee, Learning::Signaled),
    ];
    let old = engine.open(legs).expect("ports");
    engine.close(old.session).expect("open");
    facts_until(&mut engine, |facts| !facts.is_empty());
    old_caller
        .send_to(&rtp(1), at(old.ports[0].rtp))
        .expect("sent");

    let (caller, callee) = (peer(), peer());
    let legs = [
        leg(&caller, Learning::Signaled),
        leg(&callee, Learning::Signaled),
    ];
    let new = engine.open(legs).expect("ports");
    caller
        .send_to(&rtp(900), at(new.ports[0].rtp))
        .expect("sent");

    let mut buffer = [0; 2048];
    assert_eq!(new.ports, old.ports);
    callee.recv_from(&mut buffer).expect("relayed");
    assert_eq!(buffer[2..4], 900_u16.to_be_bytes());
}

#[test]
fn med13_ports_in_quarantine_are_not_handed_out() {
    let mut engine = engine(Duration::from_secs(5), 2);
    let opened = engine
        .open([LegOpening::default(), LegOpening::default()])
        .expect("ports");
    engine.close(opened.session).expect("open");

    let again = engine.open([LegOpening::default(), LegOpening::default()]);

    assert!(
        matches!(again, Err(OpenError::NoPort(Side::A))),
        "{again:?}"
    );
}

#[test]
fn a_refused_leg_b_gives_back_what_leg_a_had() {
    let mut engine = engine(Duration::ZERO, 1);

    let refused = engine.open([LegOpening::default(), LegOpening::default()]);

    assert!(
        matches!(refused, Err(OpenError::NoPort(Side::B))),
        "{refused:?}"
    );
    assert_eq!(engine.load().pairs_available, 1);
}

#[test]
fn med14_a_recording_has_leg_a_on_the_left_and_leg_b_on_the_right() {
    let path = std::env::temp_dir().join(format!("trunkline-{}.wav", std::process::id()));
    let mut engine = engine(Duration::ZERO, 8);
    let (caller, callee) = (peer(), peer());
    let voice = Some(VoiceFormat {
        encoding: Encoding::Pcma,
        payload_type: 8,
        clock_rate: 8000,
        packet_time: None,
    });
    let legs = [&caller, &callee].map(|peer| {
        let mut leg = leg(peer, Learning::Signaled);
        leg.settings.voice = voice;
        leg
    });
    let opened = engine.open(legs).expect("ports");
    engine.record(opened.session, path.clone()).expect("open");
    let mut buffer = [0; 2048];
    caller
        .send_to(&rtp(1), at(opened.ports[0].rtp))
        .expect("sent");
    callee.recv_from(&mut buffer).expect("relayed");
    let mut loud = rtp(1);
    loud[12..].fill(0xaa);
    callee
        .send_to(&loud, at(opened.ports[1].rtp))
        .expect("sent");
    caller.recv_from(&mut buffer).expect("relayed");
    drop(engine);

    let wav = std::fs::read(&path).expect("a recording");
    std::fs::remove_file(&path).expect("it was there");
    let samples: Vec<i16> = wav[44..]
        .chunks(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let heard = |channel, value| {
        samples
            .chunks(2)
            .filter(|frame| frame[channel] == value)
            .count()
    };
    assert_eq!(wav[..4], *b"RIFF");
    assert_eq!((heard(0, 8), heard(1, 32_256)), (160, 160));
}

#[test]
fn a_sound_that_is_played_arrives_packet_by_packet() {
    let mut engine = engine(Duration::ZERO, 8);
    let (caller, callee) = (peer(), peer());
    let mut leg_a = leg(&caller, Learning::Signaled);
    leg_a.settings.voice = Some(VoiceFormat {
        encoding: Encoding::Pcma,
        payload_type: 8,
        clock_rate: 8000,
        packet_time: None,
    });
    let opened = engine
        .open([leg_a, leg(&callee, Learning::Signaled)])
        .expect("ports");
    let audio = Audio::new(vec![0; 480]).expect("samples");
    engine
        .play(opened.session, Side::A, audio, false, None)
        .expect("open");
    let mut buffer = [0; 2048];

    for _ in 0..3 {
        let (length, from) = caller.recv_from(&mut buffer).expect("played");
        assert_eq!(
            (length, buffer[1] & 0x7f, from),
            (172, 8, at(opened.ports[0].rtp))
        );
    }
    let facts = facts_until(&mut engine, |facts| !facts.is_empty());
    let [
        Fact {
            kind: FactKind::Event(event),
            ..
        },
    ] = &facts[..]
    else {
        panic!("{facts:?} is not one event");
    };
    assert_eq!(event.kind, EventKind::PlayEnded);
}
