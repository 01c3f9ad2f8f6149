//! Sessions that do more than relay: conversion, digits, sound. Without sockets or clocks.

mod support;

use std::time::Duration;

use support::{Bench, address, event, packet, pcma, pcmu};
use trunkline_rtp::{
    Audio, Component, Datagram, Digit, DigitForm, Dropped, DtmfSettings, Event, EventKind,
    EventPayload, G711, Header, Key, Law, LegSettings, Side, Time,
};

#[test]
fn legs_of_one_codec_are_relayed_untouched() {
    let mut bench = Bench::new(pcma(Side::A), pcma(Side::B));
    let spoken = packet(8, 7, 1120, &[0x55; 160]);

    bench.receive(Side::A, &spoken);

    let header = Header::parse(&spoken).expect("RTP");
    assert_eq!(bench.sent, [(Side::B, header, vec![0x55; 160])]);
}

#[test]
fn a_law_becomes_mu_law_and_back() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    let sound: Vec<i16> = (0..160)
        .map(|n| ((f64::from(n) * 0.3).sin() * 8000.0) as i16)
        .collect();
    let coded = |law| {
        sound
            .iter()
            .map(|s| G711::new(law).compress(*s))
            .collect::<Vec<u8>>()
    };

    bench.receive(Side::A, &packet(8, 7, 1120, &coded(Law::A)));
    bench.receive(Side::B, &packet(0, 9, 1440, &coded(Law::Mu)));

    let [(_, to_b, mu), (_, to_a, a)] = &bench.sent[..] else {
        panic!("two packets")
    };
    assert_eq!(
        (to_b.payload_type, to_b.sequence_number, to_b.timestamp),
        (0, 7, 1120)
    );
    assert_eq!(
        (to_a.payload_type, to_a.sequence_number, to_a.timestamp),
        (8, 9, 1440)
    );
    for ((mu, a), sample) in mu.iter().zip(a).zip(&sound) {
        assert!((G711::new(Law::Mu).expand(*mu) - sample).abs() < 600);
        assert!((G711::new(Law::A).expand(*a) - sample).abs() < 600);
    }
}

#[test]
fn padding_is_not_taken_for_sound() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    let mut padded = packet(8, 7, 1120, &[0xd5; 160]);
    padded[0] |= 0x20;
    padded.extend([0, 0, 0, 4]);

    bench.receive(Side::A, &padded);

    assert_eq!(
        (bench.sent[0].2.len(), bench.sent[0].1.padding),
        (160, false)
    );
}

#[test]
fn a_re_invite_ends_conversion_when_the_codecs_meet() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    bench
        .session
        .update(Side::B, pcma(Side::B), false, Time::default());

    bench.receive(Side::A, &packet(8, 7, 1120, &[0x12; 160]));

    assert_eq!(
        (bench.sent[0].1.payload_type, &bench.sent[0].2),
        (8, &vec![0x12; 160])
    );
}

#[test]
fn med06_acceptance_d_events_get_the_payload_type_of_their_leg() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));

    bench.receive(Side::A, &packet(101, 7, 1120, &event('5', false, 160)));

    assert_eq!(bench.sent[0].1.payload_type, 96);
    assert_eq!(bench.sent[0].2, event('5', false, 160));
}

fn terminating(side: Side) -> LegSettings {
    let dtmf = DtmfSettings {
        receive_events: true,
        forward: true,
        ..DtmfSettings::default()
    };
    LegSettings { dtmf, ..pcma(side) }
}

#[test]
fn med06_an_event_towards_info_is_told_once_and_leaves_no_gap_in_the_voice() {
    let silent = LegSettings {
        dtmf: DtmfSettings::default(),
        ..pcma(Side::B)
    };
    let mut bench = Bench::new(terminating(Side::A), silent);
    bench.speak(Side::A, 1, 2);
    for (number, end) in [(3, false), (4, true), (5, true), (6, true)] {
        bench.receive(Side::A, &packet(101, number, 480, &event('5', end, 320)));
    }
    bench.speak(Side::A, 7, 2);

    assert_eq!(bench.digits(), [(Side::A, '5')]);
    assert_eq!(bench.sequence_numbers(), [1, 2, 3, 4]);
}

#[test]
fn med06_an_event_towards_events_is_ended_and_made_anew() {
    let other = LegSettings {
        telephone_event: Some(96),
        ..terminating(Side::B)
    };
    let mut bench = Bench::new(terminating(Side::A), other);
    bench.speak(Side::A, 1, 1);
    bench.receive(Side::A, &packet(101, 2, 320, &event('9', true, 640)));
    bench.pass(200);

    let events: Vec<_> = bench
        .sent
        .iter()
        .filter(|sent| sent.1.payload_type == 96)
        .collect();
    let reports: Vec<_> = events
        .iter()
        .filter_map(|sent| EventPayload::parse(&sent.2))
        .collect();
    let ends: Vec<bool> = reports.iter().map(|report| report.end).collect();
    assert_eq!(ends, [false, false, false, true, true, true]);
    assert_eq!(reports.last().map(|report| report.duration), Some(640));
    assert!(
        events
            .windows(2)
            .all(|pair| pair[0].1.timestamp == pair[1].1.timestamp)
    );
    assert_eq!(bench.sequence_numbers(), [1, 2, 3, 4, 5, 6, 7]);
    assert!(events[0].1.marker && !events[1].1.marker);
}

#[test]
fn voice_goes_on_after_a_digit_without_a_gap() {
    let mut bench = Bench::new(pcma(Side::A), pcma(Side::B));
    bench.speak(Side::A, 1, 2);
    let key = Key::from_char('1').expect("a key");
    let digit = Digit {
        key,
        duration: Duration::from_millis(40),
    };
    bench
        .session
        .send_digit(Side::B, digit, Time::from_millis(bench.now));
    bench.speak(Side::A, 3, 6);

    let numbers = bench.sequence_numbers();
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
    assert_eq!(bench.sent.last().map(|sent| sent.1.payload_type), Some(8));
}

#[test]
fn med06_acceptance_c_a_digit_becomes_a_tone_where_the_leg_wants_it_inband() {
    let dtmf = DtmfSettings {
        send: DigitForm::Inband,
        ..DtmfSettings::default()
    };
    let mut bench = Bench::new(
        pcma(Side::A),
        LegSettings {
            dtmf,
            ..pcma(Side::B)
        },
    );
    let key = Key::from_char('5').expect("a key");
    let digit = Digit {
        key,
        duration: Duration::from_millis(100),
    };
    bench.session.send_digit(Side::B, digit, Time::default());
    bench.pass(200);

    let heard: Vec<i16> = bench
        .sent
        .iter()
        .flat_map(|(_, _, payload)| payload.iter().map(|byte| G711::new(Law::A).expand(*byte)))
        .collect();
    let mut tone = [0; 800];
    trunkline_rtp::DualTone::new(key, 8000)
        .expect("a tone")
        .fill(&mut tone);
    assert_eq!(heard.len(), 800);
    assert!(
        heard
            .iter()
            .zip(tone)
            .all(|(heard, tone)| (heard - tone).abs() < 800)
    );
}

#[test]
fn a_sound_is_played_at_the_pace_of_its_packets_and_its_end_is_told() {
    let mut bench = Bench::new(pcma(Side::A), pcma(Side::B));
    let audio = Audio::new(vec![0; 480]).expect("samples");
    bench
        .session
        .play(Side::A, audio, false, None, Time::default());
    bench.pass(200);

    let timestamps: Vec<u32> = bench.sent.iter().map(|sent| sent.1.timestamp).collect();
    assert_eq!(
        timestamps
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .collect::<Vec<_>>(),
        [160; 2]
    );
    assert!(bench.sent[0].1.marker);
    assert_eq!(
        bench.events,
        [Event {
            side: Side::A,
            kind: EventKind::PlayEnded
        }]
    );
    assert!(!bench.session.is_active());
}

#[test]
fn what_is_played_replaces_what_the_other_leg_sends() {
    let mut bench = Bench::new(pcma(Side::A), pcma(Side::B));
    let audio = Audio::new(vec![1000; 160]).expect("samples");
    bench
        .session
        .play(Side::B, audio, true, None, Time::default());
    bench.speak(Side::A, 1, 5);
    bench.session.stop_play(Side::B);
    bench.speak(Side::A, 6, 1);

    let payloads: Vec<bool> = bench
        .sent
        .iter()
        .map(|sent| sent.2 == [0xd5; 160])
        .collect();
    assert_eq!(payloads.iter().filter(|relayed| **relayed).count(), 1);
    assert_eq!(payloads.last(), Some(&true));
}

#[test]
fn fax_is_relayed_as_it_is_and_what_is_no_fax_is_dropped() {
    let fax = |side| LegSettings {
        fax: true,
        ..pcma(side)
    };
    let mut bench = Bench::new(fax(Side::A), fax(Side::B));
    let mut relay = |bytes: &[u8]| {
        let mut buffer = [0; 64];
        buffer[..bytes.len()].copy_from_slice(bytes);
        let mut datagram = Datagram::new(&mut buffer, bytes.len());
        let place = (Side::A, Component::Rtp);
        let from = address(Side::A);
        let verdict = bench.session.receive(
            place,
            from,
            &mut datagram,
            Time::default(),
            &mut bench.events,
        );
        verdict.map(|forward| (forward.map(|forward| forward.to), datagram.bytes().to_vec()))
    };
    let udptl = [0, 1, 2, 0xaa, 0xbb, 0, 0];

    assert_eq!(relay(&udptl), Ok((Some(address(Side::B)), udptl.to_vec())));
    assert_eq!(relay(&[0, 1, 99, 0]), Err(Dropped::Malformed));
    assert_eq!(bench.session.counters(Side::A).received.packets, 1);
    assert_eq!(bench.session.counters(Side::B).sent.packets, 1);
}

/// Packets of a key's tone and of the silence after it, in A-law.
fn pressed(key: char) -> Vec<[u8; 160]> {
    let mut sound = [0; 1600];
    let key = Key::from_char(key).expect("a key");
    trunkline_rtp::DualTone::new(key, 8000)
        .expect("a tone")
        .fill(&mut sound[..800]);
    let coded = sound.map(|sample| G711::new(Law::A).compress(sample));
    coded.as_chunks::<160>().0.to_vec()
}

fn hearing_tones(side: Side) -> LegSettings {
    let dtmf = DtmfSettings {
        receive_events: true,
        receive_inband: true,
        ..DtmfSettings::default()
    };
    LegSettings { dtmf, ..pcma(side) }
}

#[test]
fn med06_a_tone_towards_a_leg_of_any_form_is_told_and_passed_on_as_it_is() {
    let mut bench = Bench::new(hearing_tones(Side::A), pcma(Side::B));
    for (number, payload) in (1..).zip(pressed('5')) {
        bench.receive(
            Side::A,
            &packet(8, number, 160 * u32::from(number), &payload),
        );
    }

    assert_eq!(bench.digits(), [(Side::A, '5')]);
    assert_eq!(bench.sent.len(), 10);
}

#[test]
fn med06_rule_2_the_form_of_the_first_digit_is_the_only_one_from_then_on() {
    let mut bench = Bench::new(hearing_tones(Side::A), pcma(Side::B));
    bench.receive(Side::A, &packet(101, 1, 160, &event('1', true, 640)));
    for (number, payload) in (2..).zip(pressed('5')) {
        bench.receive(
            Side::A,
            &packet(8, number, 160 * u32::from(number), &payload),
        );
    }
    bench.receive(Side::A, &packet(101, 20, 4_800, &event('2', true, 640)));

    assert_eq!(bench.digits(), [(Side::A, '1'), (Side::A, '2')]);
}

fn inband(side: Side) -> LegSettings {
    let dtmf = DtmfSettings {
        send: DigitForm::Inband,
        forward: true,
        ..DtmfSettings::default()
    };
    LegSettings { dtmf, ..pcma(side) }
}

#[test]
fn med06_an_event_towards_inband_is_ended_and_becomes_a_tone_of_the_same_length() {
    let mut bench = Bench::new(terminating(Side::A), inband(Side::B));
    bench.receive(Side::A, &packet(101, 2, 320, &event('5', true, 960)));
    bench.pass(300);

    assert!(bench.sent.iter().all(|sent| sent.1.payload_type == 8));
    assert_eq!(bench.sound(Side::B, Law::A).len(), 960);
}

#[test]
fn med06_a_tone_towards_events_is_sent_as_an_event_beside_the_voice() {
    let mut bench = Bench::new(hearing_tones(Side::A), terminating(Side::B));
    for (number, payload) in (1..).zip(pressed('5')) {
        let timestamp = 160 * u32::from(number);
        bench.receive(Side::A, &packet(8, number, timestamp, &payload));
        bench.pass(20);
    }
    bench.pass(300);

    let kinds = |kind| {
        bench
            .sent
            .iter()
            .filter(|sent| sent.1.payload_type == kind)
            .count()
    };
    assert_eq!(bench.digits(), [(Side::A, '5')]);
    assert!(
        kinds(8) >= 5 && kinds(101) >= 4,
        "{} and {}",
        kinds(8),
        kinds(101)
    );
}

#[test]
fn med06_a_tone_towards_tones_is_told_and_passes_in_the_voice_alone() {
    let mut bench = Bench::new(hearing_tones(Side::A), inband(Side::B));
    for (number, payload) in (1..).zip(pressed('5')) {
        let timestamp = 160 * u32::from(number);
        bench.receive(Side::A, &packet(8, number, timestamp, &payload));
        bench.pass(20);
    }
    bench.pass(300);

    let payloads: Vec<_> = bench.sent.iter().map(|sent| sent.2.clone()).collect();
    assert_eq!(bench.digits(), [(Side::A, '5')]);
    assert_eq!(payloads, pressed('5'));
}
