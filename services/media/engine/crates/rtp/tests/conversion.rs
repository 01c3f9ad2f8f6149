//! Voice of one codec made voice of another: what is lost, late, silent or cut otherwise.

mod support;

use std::time::Duration;

use support::{Bench, event, level, packet, pcma, pcmu, tone};
use trunkline_rtp::{Audio, Encoding, Law, LegSettings, Side, Time, VoiceFormat};

const MU: Law = Law::Mu;

/// Packets of 20 ms of a tone of 300 Hz, but for those that `lost` names.
fn speak(bench: &mut Bench, packets: std::ops::Range<u16>, lost: &[u16]) {
    for number in packets {
        if !lost.contains(&number) {
            let start = 160 * usize::from(number);
            let payload = tone(Law::A, 300.0, start..start + 160);
            let timestamp = start as u32;
            bench.receive(Side::A, &packet(8, number, timestamp, &payload));
        }
        bench.pass(20);
    }
}

fn asking_for(packet_time: u64) -> LegSettings {
    let voice = VoiceFormat {
        encoding: Encoding::Pcmu,
        payload_type: 0,
        clock_rate: 8000,
        packet_time: Some(Duration::from_millis(packet_time)),
    };
    LegSettings {
        voice: Some(voice),
        ..pcmu(Side::B)
    }
}

fn timestamps(bench: &Bench) -> Vec<u32> {
    let heard = bench.heard(Side::B);
    heard.iter().map(|sent| sent.1.timestamp).collect()
}

#[test]
fn a_lost_packet_is_concealed_and_the_stream_has_no_gap() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    speak(&mut bench, 0..20, &[10]);

    let sound = bench.sound(Side::B, MU);
    assert_eq!(bench.sequence_numbers(), (0..20).collect::<Vec<u16>>());
    assert_eq!(
        timestamps(&bench),
        (0..20).map(|n| 160 * n).collect::<Vec<u32>>()
    );
    assert!(level(&sound[1_600..1_760]) > 0.7 * level(&sound[..1_600]));
}

#[test]
fn what_is_concealed_sounds_like_what_was_lost() {
    let (mut whole, mut lossy) = (
        Bench::new(pcma(Side::A), pcmu(Side::B)),
        Bench::new(pcma(Side::A), pcmu(Side::B)),
    );
    speak(&mut whole, 0..50, &[]);
    speak(&mut lossy, 0..50, &[10, 30]);

    let (whole, lossy) = (whole.sound(Side::B, MU), lossy.sound(Side::B, MU));
    let wrong: Vec<i16> = whole.iter().zip(&lossy).map(|(a, b)| a - b).collect();
    let ratio = 20.0 * (level(&whole) / level(&wrong)).log10();
    assert!(ratio > 15.0, "{ratio:.1} dB"); // silence in its place would give 14
}

#[test]
fn a_long_loss_is_concealed_for_60_ms_and_left_out_beyond() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    speak(&mut bench, 0..30, &[10, 11, 12, 13, 14, 15, 16, 17]);

    let steps: Vec<u32> = timestamps(&bench)
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .collect();
    assert_eq!(
        steps
            .iter()
            .filter(|step| **step != 160)
            .collect::<Vec<_>>(),
        [&960]
    );
    assert_eq!(timestamps(&bench).last(), Some(&(29 * 160)));
    assert_eq!(bench.heard(Side::B).len(), 25);
}

#[test]
fn a_packet_that_comes_after_its_successor_is_too_late() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    for number in [1_u16, 2, 4, 3, 5, 5] {
        bench.receive(
            Side::A,
            &packet(8, number, 160 * u32::from(number), &[0xd5; 160]),
        );
    }

    assert_eq!(bench.sequence_numbers(), [1, 2, 3, 4, 5]);
}

#[test]
fn a_pause_without_loss_is_left_out_and_not_concealed() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    bench.receive(Side::A, &packet(8, 1, 160, &[0xd5; 160]));
    bench.receive(Side::A, &packet(8, 2, 8_000, &[0xd5; 160]));

    assert_eq!(timestamps(&bench), [160, 8_000]);
}

#[test]
fn digits_between_voice_are_neither_loss_nor_gap() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    speak(&mut bench, 0..5, &[]);
    bench.receive(Side::A, &packet(101, 5, 800, &event('5', false, 160)));
    bench.receive(Side::A, &packet(101, 6, 800, &event('5', true, 320)));
    speak(&mut bench, 7..10, &[]);

    assert_eq!(bench.sequence_numbers(), (0..10).collect::<Vec<u16>>());
    assert_eq!(timestamps(&bench)[5..8], [800, 800, 1_120]);
}

#[test]
fn what_was_replaced_by_a_sound_is_not_concealed_afterwards() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    speak(&mut bench, 0..5, &[]);
    let audio = Audio::new(vec![0; 800]).expect("samples");
    let now = Time::from_millis(bench.now);
    bench.session.play(Side::B, audio, false, None, now);
    speak(&mut bench, 5..15, &[]);

    let numbers = bench.sequence_numbers();
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
    assert_eq!(timestamps(&bench).last(), Some(&(14 * 160)));
}

#[test]
fn med03_the_packet_time_is_kept() {
    for milliseconds in [10_u32, 20, 30, 40, 60] {
        let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
        let length = 8 * milliseconds;
        for number in 0..5_u16 {
            let payload = vec![0xd5; length as usize];
            bench.receive(
                Side::A,
                &packet(8, number, length * u32::from(number), &payload),
            );
        }
        let lengths: Vec<usize> = bench
            .heard(Side::B)
            .iter()
            .map(|sent| sent.2.len())
            .collect();
        assert_eq!(lengths, [length as usize; 5], "{milliseconds} ms");
    }
}

#[test]
fn med03_a_peer_gets_the_packet_time_it_asks_for() {
    for (asked, packets) in [(20, 60), (30, 40), (40, 30), (60, 20)] {
        let mut bench = Bench::new(pcma(Side::A), asking_for(asked));
        speak(&mut bench, 0..60, &[]);

        let heard = bench.heard(Side::B);
        assert_eq!(heard.len(), packets, "{asked} ms");
        assert!(heard.iter().all(|sent| sent.2.len() == 8 * asked as usize));
        let numbers = bench.sequence_numbers();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
        let step = 8 * asked as u32;
        assert!(
            timestamps(&bench)
                .windows(2)
                .all(|pair| pair[1] - pair[0] == step)
        );
    }
}

#[test]
fn re_framing_changes_no_sample() {
    let (mut same, mut other) = (
        Bench::new(pcma(Side::A), pcmu(Side::B)),
        Bench::new(pcma(Side::A), asking_for(30)),
    );
    speak(&mut same, 0..60, &[]);
    speak(&mut other, 0..60, &[]);

    assert_eq!(same.sound(Side::B, MU), other.sound(Side::B, MU));
}

/// Ten minutes of talk in spurts of a second, each third followed by a second of comfort noise, with
/// a loss of one in a hundred and jitter of up to 15 ms.
#[test]
fn ten_minutes_do_not_drift() {
    let mut bench = Bench::new(pcma(Side::A), asking_for(30));
    let (mut number, mut behind) = (0_u16, 0_i64);
    for place in 0..30_000_u32 {
        let spurt = place / 50;
        let silent = spurt % 3 == 2;
        if silent && !place.is_multiple_of(50) {
            bench.pass(20);
            continue;
        }
        let jitter = u64::from(place * 7 % 4) * 5;
        bench.pass(jitter);
        if place % 100 != 37 {
            let payload: &[u8] = if silent { &[60] } else { &[0xd5; 160] };
            let payload_type = if silent { 13 } else { 8 };
            bench.receive(Side::A, &packet(payload_type, number, 160 * place, payload));
        }
        number = number.wrapping_add(1);
        bench.pass(20 - jitter);
        if let Some((_, header, _)) = bench.sent.last() {
            let end = i64::from(header.timestamp) + 240;
            behind = behind.max((i64::from(160 * (place + 1)) - end).abs());
        }
        bench.sent.drain(..bench.sent.len().saturating_sub(1));
    }

    assert!(behind <= 480, "{behind} samples"); // a packet in the making, and noise that came late
}

#[test]
fn rfc3389_comfort_noise_becomes_noise_in_the_other_codec_until_voice_comes() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    speak(&mut bench, 0..5, &[]);
    bench.receive(Side::A, &packet(13, 5, 800, &[50]));
    bench.pass(400);
    let noise = bench.sound(Side::B, MU).split_off(800);
    speak(&mut bench, 6..7, &[]);

    assert!(noise.len() >= 2_800, "{} samples", noise.len());
    let decibels = 20.0 * (level(&noise) / 32_768.0).log10();
    assert!((decibels + 50.0).abs() < 1.5, "{decibels:.1}");
    let numbers = bench.sequence_numbers();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert!(
        bench
            .heard(Side::B)
            .iter()
            .all(|sent| sent.1.payload_type == 0)
    );
}

#[test]
fn a_peer_that_never_speaks_again_gets_no_noise_for_ever() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    bench.receive(Side::A, &packet(13, 5, 800, &[50]));
    bench.pass(40_000);

    assert!(!bench.session.is_active());
    assert_eq!(bench.heard(Side::B).len(), 1_499);
}
