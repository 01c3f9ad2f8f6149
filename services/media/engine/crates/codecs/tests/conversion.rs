//! Sessions that convert by the codecs of this machine: silence, loss and bandwidth.
//!
//! `make setup-tests` installs the libraries: a test without its codec fails.

#[path = "../../rtp/tests/support/mod.rs"]
mod support;

use std::f64::consts::TAU;
use std::sync::Arc;

use support::{Bench, level, packet, pcmu, settings, tone};
use trunkline_codecs::Installed;
use trunkline_rtp::{AmrModes, Codecs, Encoding, Law, LegSettings, NARROWBAND, Side, WIDEBAND};

const ALIGNED_AMR: Encoding = Encoding::Amr {
    aligned: true,
    modes: AmrModes::ALL,
};
fn g729(side: Side) -> LegSettings {
    settings(side, Encoding::G729, 18, None)
}

fn g722(side: Side) -> LegSettings {
    settings(side, Encoding::G722, 9, None)
}

fn opus(side: Side) -> LegSettings {
    let mut leg = settings(side, Encoding::OPUS, 111, None);
    leg.voice.as_mut().expect("a voice").clock_rate = 48_000;
    leg
}

/// A session between two legs.
fn bench(a: LegSettings, b: LegSettings) -> Bench {
    let installed = Installed::find();
    for leg in [a, b] {
        let encoding = leg.voice.expect("a voice").encoding;
        let decoder = installed.decoder(encoding, NARROWBAND);
        assert!(decoder.is_some(), "{encoding:?}: make setup-tests");
    }
    Bench::with(Arc::new(installed), a, b)
}

/// Packets of 20 ms of sound in an encoding.
fn coded(encoding: Encoding, sound: &[i16], sample_rate: u32) -> Vec<Vec<u8>> {
    let encoder = Installed::find().encoder(encoding, sample_rate);
    let mut encoder = encoder.expect("a codec that was there before");
    let packets = sound.chunks_exact(sample_rate as usize / 50);
    let code = |packet: &[i16]| {
        let mut payload = [0; 1024];
        let length = encoder.encode(packet, &mut payload);
        payload[..length].to_vec()
    };
    packets.map(code).collect()
}

fn sine(frequency: f64, sample_rate: u32, seconds: f64) -> Vec<i16> {
    let angle = |n: usize| TAU * frequency * n as f64 / f64::from(sample_rate);
    let length = (f64::from(sample_rate) * seconds) as usize;
    (0..length)
        .map(|n| (8000.0 * angle(n).sin()) as i16)
        .collect()
}

/// Let leg A say packets of 20 ms, but for those that `lost` names.
fn say(bench: &mut Bench, leg: &LegSettings, payloads: &[Vec<u8>], lost: &[usize]) {
    let voice = leg.voice.expect("a voice");
    for (number, payload) in payloads.iter().enumerate() {
        if !lost.contains(&number) {
            let timestamp = number as u32 * voice.clock_rate / 50;
            let packet = packet(voice.payload_type, number as u16, timestamp, payload);
            bench.receive(Side::A, &packet);
        }
        bench.pass(20);
    }
}

/// Root mean square of one frequency in the last second.
fn part(samples: &[i16], frequency: f64, sample_rate: u32) -> f64 {
    let settled = &samples[samples.len() - sample_rate as usize..];
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (n, sample) in settled.iter().enumerate() {
        let angle = TAU * frequency * n as f64 / f64::from(sample_rate);
        real += f64::from(*sample) * angle.cos();
        imaginary += f64::from(*sample) * angle.sin();
    }
    real.hypot(imaginary) / settled.len() as f64 * 2_f64.sqrt()
}

/// What leg B hears, decoded.
fn heard(bench: &Bench, encoding: Encoding, sample_rate: u32) -> Vec<i16> {
    let decoder = Installed::find().decoder(encoding, sample_rate);
    let mut decoder = decoder.expect("a codec that was there before");
    let mut sound = Vec::new();
    for sent in bench.heard(Side::B) {
        let mut samples = [0; 4_000];
        let count = decoder.decode(&sent.2, &mut samples);
        sound.extend_from_slice(&samples[..count]);
    }
    sound
}

/// A packet of G.729 whose last frame is a silence descriptor (annex B).
fn with_silence(voice: &[u8]) -> Vec<u8> {
    [voice, &[0x2a, 0x54]].concat()
}

#[test]
fn med05_a_silence_descriptor_becomes_noise_where_the_other_codec_has_none() {
    let mut bench = bench(g729(Side::A), pcmu(Side::B));
    let mut payloads = coded(Encoding::G729, &sine(300.0, NARROWBAND, 0.2), NARROWBAND);
    let last = payloads.last_mut().expect("packets");
    *last = with_silence(last);
    say(&mut bench, &g729(Side::A), &payloads, &[]);
    let spoken = bench.heard(Side::B).len();
    bench.pass(400);

    let noise = &bench.heard(Side::B)[spoken..];
    assert!(noise.len() >= 18, "{} packets", noise.len());
    assert!(noise.iter().all(|sent| sent.2.len() == 160));
    let sound = bench.sound(Side::B, Law::Mu);
    assert!(level(&sound[sound.len() - 1_600..]) > 1.0);
}

#[test]
fn med05_no_silence_descriptor_is_made_and_none_goes_on_to_another_codec() {
    let mut bench = bench(pcmu(Side::A), g729(Side::B));
    let silence = vec![vec![0xff; 160]; 100];
    say(&mut bench, &pcmu(Side::A), &silence, &[]);
    bench.receive(Side::A, &packet(13, 100, 16_000, &[60]));
    bench.pass(400);

    let heard = bench.heard(Side::B);
    assert!(heard.len() > 115);
    assert!(heard.iter().all(|sent| sent.2.len() == 20)); // a descriptor has 2 bytes
}

#[test]
fn med05_descriptors_of_g723_annex_a_become_noise_too() {
    let mut bench = bench(settings(Side::A, Encoding::G723, 4, None), pcmu(Side::B));
    let descriptor = [2, 0x55, 0x33, 0x0f];
    bench.receive(Side::A, &packet(4, 1, 240, &descriptor));
    bench.pass(400);

    assert!(bench.heard(Side::B).len() >= 10);
    assert!(
        bench
            .heard(Side::B)
            .iter()
            .all(|sent| sent.2.len() == 240 || sent.2.len() == 160)
    );
}

#[test]
fn med05_between_legs_of_one_codec_descriptors_pass() {
    let mut bench = bench(g729(Side::A), g729(Side::B));
    bench.receive(Side::A, &packet(18, 1, 160, &[0x2a, 0x54]));

    assert_eq!(bench.heard(Side::B)[0].2, [0x2a, 0x54]);
}

#[test]
fn a_lost_packet_is_concealed_by_the_codec_that_lost_it() {
    let amr = settings(Side::A, ALIGNED_AMR, 97, None);
    for leg in [g729(Side::A), g722(Side::A), opus(Side::A), amr] {
        let mut bench = bench(leg, pcmu(Side::B));
        let encoding = leg.voice.expect("a voice").encoding;
        let payloads = coded(encoding, &sine(300.0, NARROWBAND, 1.0), NARROWBAND);
        say(&mut bench, &leg, &payloads, &[30]);

        let sound = bench.sound(Side::B, Law::Mu);
        let (whole, concealed) = (level(&sound[3_200..4_800]), level(&sound[4_800..4_960]));
        assert_eq!(sound.len(), 8_000, "{encoding:?}");
        assert!(
            concealed > 0.4 * whole,
            "{encoding:?}: {concealed:.0} of {whole:.0}"
        );
    }
}

#[test]
fn wideband_stays_wideband_between_g722_and_opus() {
    for (a, b) in [
        (g722(Side::A), opus(Side::B)),
        (opus(Side::A), g722(Side::B)),
    ] {
        let mut bench = bench(a, b);
        let [from, to] = [a, b].map(|leg| leg.voice.expect("a voice").encoding);
        let mut sound = sine(1_000.0, WIDEBAND, 2.0);
        for (sample, high) in sound.iter_mut().zip(sine(5_500.0, WIDEBAND, 2.0)) {
            *sample = i16::midpoint(*sample, high);
        }
        say(&mut bench, &a, &coded(from, &sound, WIDEBAND), &[]);

        let heard = heard(&bench, to, WIDEBAND);
        for frequency in [1_000.0, 5_500.0] {
            let kept = part(&heard, frequency, WIDEBAND) / part(&sound, frequency, WIDEBAND);
            let decibels = 20.0 * kept.log10();
            assert!(
                decibels.abs() < 3.0,
                "{from:?} {frequency}: {decibels:.1} dB"
            );
        }
    }
}

#[test]
fn what_narrowband_can_t_hold_is_filtered_and_not_folded_back() {
    for leg in [g722(Side::A), opus(Side::A)] {
        let mut bench = bench(leg, pcmu(Side::B));
        let encoding = leg.voice.expect("a voice").encoding;
        let sound = sine(5_500.0, WIDEBAND, 2.0);
        say(&mut bench, &leg, &coded(encoding, &sound, WIDEBAND), &[]);

        let heard = bench.sound(Side::B, Law::Mu);
        let folded = part(&heard, 8_000.0 - 5_500.0, NARROWBAND);
        let decibels = 20.0 * (folded / part(&sound, 5_500.0, WIDEBAND)).log10();
        assert!(decibels < -30.0, "{encoding:?}: {decibels:.1} dB");
    }
}

#[test]
fn narrowband_has_no_mirror_image_in_wideband() {
    for leg in [g722(Side::B), opus(Side::B)] {
        let mut bench = bench(pcmu(Side::A), leg);
        let encoding = leg.voice.expect("a voice").encoding;
        let packets: Vec<Vec<u8>> = (0..100)
            .map(|place| tone(Law::Mu, 2_500.0, 160 * place..160 * place + 160))
            .collect();
        say(&mut bench, &pcmu(Side::A), &packets, &[]);

        let heard = heard(&bench, encoding, WIDEBAND);
        let image = part(&heard, 8_000.0 - 2_500.0, WIDEBAND) / part(&heard, 2_500.0, WIDEBAND);
        let decibels = 20.0 * image.log10();
        assert!(decibels < -30.0, "{encoding:?}: {decibels:.1} dB");
    }
}

#[test]
fn timestamps_follow_the_clock_of_each_leg() {
    let mut bench = bench(opus(Side::A), pcmu(Side::B));
    let payloads = coded(Encoding::OPUS, &sine(300.0, NARROWBAND, 1.0), NARROWBAND);
    say(&mut bench, &opus(Side::A), &payloads, &[]);

    let timestamps: Vec<u32> = bench
        .heard(Side::B)
        .iter()
        .map(|sent| sent.1.timestamp)
        .collect();
    assert!(timestamps.windows(2).all(|pair| pair[1] - pair[0] == 160));
}

/// The modes of the AMR frames of one packet each that a leg was sent, octet-aligned.
fn modes(bench: &Bench, side: Side) -> Vec<u8> {
    let heard = bench.heard(side);
    heard.iter().map(|sent| sent.2[1] >> 3 & 15).collect()
}

#[test]
fn rfc4867_amr_is_spoken_in_the_mode_that_the_peer_asks_for_step_by_step() {
    let amr = Encoding::from_name("AMR", "octet-align=1;mode-set=0,2,4,7");
    let mut bench = bench(settings(Side::A, amr, 97, None), pcmu(Side::B));
    let wish = [2 << 4, 15 << 3 | 4];
    for number in 0..10 {
        bench.receive(
            Side::B,
            &packet(0, number, 160 * u32::from(number), &[0x33; 160]),
        );
    }
    bench.receive(Side::A, &packet(97, 1, 160, &wish));
    for number in 10..20 {
        bench.receive(
            Side::B,
            &packet(0, number, 160 * u32::from(number), &[0x33; 160]),
        );
    }

    let modes = modes(&bench, Side::A);
    assert_eq!(modes[..10], [7; 10]);
    assert_eq!(modes[10..], [4, 4, 2, 2, 2, 2, 2, 2, 2, 2]);
}

#[test]
fn rfc4867_a_mode_outside_of_the_agreed_set_is_not_spoken() {
    let amr = Encoding::from_name("AMR", "octet-align=1;mode-set=2,4");
    let mut bench = bench(settings(Side::A, amr, 97, None), pcmu(Side::B));
    bench.receive(Side::A, &packet(97, 1, 160, &[7 << 4, 15 << 3 | 4]));
    for number in 0..10 {
        bench.receive(
            Side::B,
            &packet(0, number, 160 * u32::from(number), &[0x33; 160]),
        );
    }

    assert_eq!(modes(&bench, Side::A), [4; 10]);
}

/// The audio bandwidth that the first byte of an Opus packet names (RFC 6716 table 2).
fn is_narrowband(payload: &[u8]) -> bool {
    matches!(payload[0] >> 3, 0..=3 | 16..=19)
}

#[test]
fn rfc7587_a_peer_that_plays_narrowband_is_sent_no_more() {
    for (parameters, narrowband) in [("maxplaybackrate=8000", true), ("", false)] {
        let mut leg = opus(Side::B);
        leg.voice.as_mut().expect("a voice").encoding = Encoding::from_name("opus", parameters);
        let mut bench = bench(g722(Side::A), leg);
        let sound = sine(1_000.0, WIDEBAND, 1.0);
        say(
            &mut bench,
            &g722(Side::A),
            &coded(Encoding::G722, &sound, WIDEBAND),
            &[],
        );

        let heard = bench.heard(Side::B);
        let last = &heard.last().expect("packets").2;
        assert_eq!(is_narrowband(last), narrowband, "{parameters:?}");
    }
}

#[test]
fn rfc7587_packets_repeat_the_last_one_where_the_peer_makes_use_of_it() {
    let bytes = |parameters| -> usize {
        let mut encoder = Installed::find()
            .encoder(Encoding::from_name("opus", parameters), NARROWBAND)
            .expect("libopus0: make setup-tests");
        let code = |packet: &[i16]| encoder.encode(packet, &mut [0; 1024]);
        sine(300.0, NARROWBAND, 1.0)
            .chunks_exact(160)
            .map(code)
            .sum()
    };

    assert_ne!(bytes("useinbandfec=1"), bytes("useinbandfec=0"));
}
