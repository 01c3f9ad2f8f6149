//! Which packets may be relayed elsewhere, and that those count as if they had come through the session.

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use support::{Bench, address, event, packet, pcma, pcmu};
use trunkline_rtp::{
    Audio, Component, Counters, Datagram, Digit, EventKind, Header, Key, Learning, LegSettings,
    Monitor, PayloadProtection, Plain, Side, Tap, Time, Voice, Xor,
};

const EVENTS: u8 = 101;

/// What becomes of the caller's next packet of a payload type.
fn plain(bench: &Bench, payload_type: u8, from: SocketAddr) -> Option<Plain> {
    let header = Header::parse(&packet(payload_type, 9, 9, &[])).expect("RTP");
    let session = &bench.session;
    session.relays_plainly(Side::A, from, &header, bench.time())
}

/// The same for a packet of voice from the caller's address.
fn voice(bench: &Bench) -> Option<Plain> {
    plain(bench, 8, address(Side::A))
}

fn to_callee(shift: u16) -> Plain {
    let to = address(Side::B);
    Plain { to, shift }
}

fn digit() -> Digit {
    Digit {
        key: Key::from_char('5').expect("a key"),
        duration: Duration::from_millis(100),
    }
}

fn ends_events(side: Side) -> LegSettings {
    let mut settings = pcma(side);
    settings.dtmf.receive_events = true;
    settings
}

struct Deaf;

impl Tap for Deaf {
    fn hear(&mut self, _: Voice<'_>) {}
}

#[test]
fn voice_between_legs_of_one_codec_is_plain_and_goes_to_the_other_peer() {
    let bench = Bench::new(pcma(Side::A), pcma(Side::B));

    assert_eq!(voice(&bench), Some(to_callee(0)));
}

#[test]
fn med02_what_comes_from_elsewhere_or_from_a_source_that_is_only_being_learned_is_not() {
    let elsewhere = "203.0.113.9:4000".parse().expect("an address");
    let mut learning = pcma(Side::A);
    learning.learning = Learning::FirstPacket;
    let mut bench = Bench::new(learning, pcma(Side::B));

    assert_eq!(plain(&bench, 8, address(Side::A)), None);
    bench.receive(Side::A, &packet(8, 1, 160, &[0xd5; 160]));
    assert_eq!(plain(&bench, 8, address(Side::A)), Some(to_callee(0)));
    assert_eq!(plain(&bench, 8, elsewhere), None);
}

#[test]
fn what_has_nowhere_to_go_is_not() {
    let mut nobody = pcma(Side::B);
    nobody.remote = None;

    assert_eq!(voice(&Bench::new(pcma(Side::A), nobody)), None);
}

#[test]
fn a_cipher_on_either_leg_a_conversion_or_fax_is_not() {
    for side in Side::BOTH {
        let mut bench = Bench::new(pcma(Side::A), pcma(Side::B));
        let cipher = PayloadProtection(Xor::new(&[1]).expect("a key"));
        bench.session.protect(side, Some(Box::new(cipher)));
        assert_eq!(voice(&bench), None);
    }
    assert_eq!(voice(&Bench::new(pcma(Side::A), pcmu(Side::B))), None);
    let mut fax = pcma(Side::A);
    fax.fax = true;
    assert_eq!(voice(&Bench::new(fax, pcma(Side::B))), None);
}

#[test]
fn med14_what_is_recorded_is_not() {
    let mut bench = Bench::new(pcma(Side::A), pcma(Side::B));
    bench.session.listen(Some(Box::new(Deaf)));

    assert_eq!(voice(&bench), None);
}

#[test]
fn med06_events_that_end_here_and_voice_that_is_searched_for_tones_are_not() {
    let bench = Bench::new(ends_events(Side::A), pcma(Side::B));
    assert_eq!(plain(&bench, EVENTS, address(Side::A)), None);
    assert_eq!(voice(&bench), Some(to_callee(0)));

    let mut searched = pcma(Side::A);
    searched.dtmf.receive_inband = true;
    assert_eq!(voice(&Bench::new(searched, pcma(Side::B))), None);
}

#[test]
fn what_gives_way_to_a_sound_or_a_digit_is_not_until_that_has_ended() {
    let mut bench = Bench::new(pcma(Side::A), pcma(Side::B));
    bench.receive(Side::A, &packet(8, 1, 160, &[0xd5; 160]));
    let now = bench.time();
    let audio = Audio::new(vec![0; 160]).expect("samples");
    bench.session.play(Side::B, audio, true, None, now);
    assert_eq!(voice(&bench), None);
    bench.session.stop_play(Side::B);
    assert_eq!(voice(&bench), Some(to_callee(0)));

    assert!(bench.session.send_digit(Side::B, digit(), now));
    assert_eq!(voice(&bench), None);
}

#[test]
fn what_follows_on_packets_of_ours_is_not_until_the_first_has_got_its_number() {
    let mut bench = Bench::new(pcma(Side::A), pcma(Side::B));
    bench.receive(Side::A, &packet(8, 1, 160, &[0xd5; 160]));
    let now = bench.time();
    let audio = Audio::new(vec![0; 160]).expect("samples");
    bench.session.play(Side::B, audio, false, None, now);
    let mut buffer = [0; 2048];
    let mut datagram = Datagram::new(&mut buffer, 0);
    while bench
        .session
        .poll(&mut datagram, now, &mut bench.events)
        .is_some()
    {}
    bench.session.stop_play(Side::B);

    assert_eq!(voice(&bench), None);
    bench.receive(Side::A, &packet(8, 2, 320, &[0xd5; 160]));
    assert_eq!(voice(&bench), Some(to_callee(1)));
}

#[test]
fn what_was_taken_out_shifts_what_follows() {
    let mut bench = Bench::new(ends_events(Side::A), pcma(Side::B));
    bench.receive(Side::A, &packet(8, 1, 160, &[0xd5; 160]));
    bench.receive(Side::A, &packet(EVENTS, 2, 320, &event('5', true, 800)));

    assert_eq!(voice(&bench), Some(to_callee(u16::MAX)));
}

#[test]
fn packets_relayed_elsewhere_count_as_if_they_had_come_through_here() {
    let mut watched = pcma(Side::A);
    watched.monitor = Monitor {
        received: Some(Duration::from_millis(500)),
        sent: None,
    };
    let [through, noted] = [false, true].map(|elsewhere| {
        let mut bench = Bench::new(watched, pcma(Side::B));
        for (number, millis) in [
            (1, 0),
            (2, 25),
            (4, 60),
            (3, 70),
            (4, 80),
            (9, 1000),
            (10, 1020),
        ] {
            bench.now = millis;
            let spoken = packet(8, number, 160 * u32::from(number), &[0xd5; 160]);
            let now = bench.time();
            if number == 9 {
                bench.session.tick(now, &mut bench.events);
            }
            if elsewhere && number > 1 {
                let header = Header::parse(&spoken).expect("RTP");
                let (length, events) = (spoken.len(), &mut bench.events);
                bench
                    .session
                    .note_relayed(Side::A, &header, length, now, events);
            } else {
                bench.receive(Side::A, &spoken);
            }
        }
        let counters: [Counters; 2] = Side::BOTH.map(|side| bench.session.counters(side));
        (counters, bench.events)
    });

    assert_eq!(noted, through);
    let kinds: Vec<_> = noted.1.iter().map(|event| event.kind).collect();
    assert!(
        matches!(
            kinds[..],
            [
                EventKind::FirstPacket(_),
                EventKind::Silent(..),
                EventKind::Resumed(_)
            ]
        ),
        "{kinds:?}"
    );
}

#[test]
fn what_comes_here_after_packets_relayed_elsewhere_follows_on_them() {
    let mut bench = Bench::new(ends_events(Side::A), pcma(Side::B));
    bench.receive(Side::A, &packet(8, 1, 160, &[0xd5; 160]));
    for number in 2..50 {
        let header = Header::parse(&packet(8, number, 160 * u32::from(number), &[]));
        let header = header.expect("RTP");
        let now = bench.time();
        bench
            .session
            .note_relayed(Side::A, &header, 172, now, &mut bench.events);
    }

    bench.receive(Side::A, &packet(EVENTS, 50, 8000, &event('5', true, 800)));
    bench.receive(Side::A, &packet(8, 51, 8160, &[0xd5; 160]));

    let (_, last, _) = bench.sent.last().expect("the voice");
    assert_eq!(last.sequence_number, 50);
}

#[test]
fn med02_a_source_that_is_relayed_elsewhere_keeps_its_place() {
    let mut learning = pcma(Side::A);
    learning.learning = Learning::FirstPacket;
    let mut bench = Bench::new(learning, pcma(Side::B));
    bench.receive(Side::A, &packet(8, 1, 160, &[0xd5; 160]));
    let header = Header::parse(&packet(8, 2, 320, &[])).expect("RTP");
    let late = Time::from_millis(1000);
    bench
        .session
        .note_relayed(Side::A, &header, 172, late, &mut bench.events);

    // Another port of the same address must wait until the first has been silent.
    let mut other = packet(8, 900, 0, &[0xd5; 160]);
    other[8..12].copy_from_slice(&[9; 4]);
    let mut from = address(Side::A);
    from.set_port(5000);
    let mut datagram = Datagram::new(&mut other, 172);
    let soon = Time::from_millis(1050);
    let verdict = bench.session.receive(
        (Side::A, Component::Rtp),
        from,
        &mut datagram,
        soon,
        &mut bench.events,
    );
    assert!(verdict.is_err());
}
