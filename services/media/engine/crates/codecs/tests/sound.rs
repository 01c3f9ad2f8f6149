//! What goes in must come out: tones keep frequency and level through every codec there is.
//!
//! `make setup-tests` installs the libraries: a test without its codec fails.

use std::f64::consts::TAU;

use trunkline_codecs::Installed;
use trunkline_rtp::{AmrModes, Codecs, Encoding, NARROWBAND};

const ALIGNED_AMR: Encoding = Encoding::Amr {
    aligned: true,
    modes: AmrModes::ALL,
};
const RATE: f64 = 8000.0;
const PEAK: f64 = 8000.0;
/// Two seconds: what codecs need to settle is cut off.
const LENGTH: usize = 16_000;
const SETTLED: usize = 4_000;

fn tone(frequency: f64) -> Vec<i16> {
    (0..LENGTH)
        .map(|n| (PEAK * (TAU * frequency * n as f64 / RATE).sin()) as i16)
        .collect()
}

/// Through the codec in packets of 20 ms.
fn heard(encoding: Encoding, sound: &[i16]) -> Vec<i16> {
    let installed = Installed::find();
    let (mut encoder, mut decoder) = (
        installed
            .encoder(encoding, NARROWBAND)
            .expect("setup-tests"),
        installed
            .decoder(encoding, NARROWBAND)
            .expect("setup-tests"),
    );
    let mut heard = Vec::new();
    let length = encoder.frame().max(160);
    for packet in sound.chunks_exact(length) {
        let (mut payload, mut samples) = ([0; 1024], [0; 1024]);
        let bytes = encoder.encode(packet, &mut payload);
        let count = decoder.decode(&payload[..bytes], &mut samples);
        assert_eq!(count, length, "{encoding:?}");
        heard.extend_from_slice(&samples[..count]);
    }
    heard
}

/// Peak of one frequency in a signal.
fn level(samples: &[i16], frequency: f64) -> f64 {
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let angle = TAU * frequency * n as f64 / RATE;
        real += f64::from(*sample) * angle.cos();
        imaginary += f64::from(*sample) * angle.sin();
    }
    2.0 * real.hypot(imaginary) / samples.len() as f64
}

fn keeps_tones(encoding: Encoding) {
    for frequency in [400.0, 1000.0, 2000.0] {
        let heard = heard(encoding, &tone(frequency));
        let decibels = 20.0 * (level(&heard[SETTLED..], frequency) / PEAK).log10();
        assert!(
            decibels.abs() < 2.0,
            "{encoding:?} {frequency} Hz: {decibels:.1} dB"
        );
    }
}

#[test]
fn g711_keeps_tones() {
    keeps_tones(Encoding::Pcma);
    keeps_tones(Encoding::Pcmu);
}

#[test]
fn g729_keeps_tones() {
    keeps_tones(Encoding::G729);
}

#[test]
fn gsm_keeps_tones() {
    keeps_tones(Encoding::Gsm);
}

#[test]
fn g722_keeps_tones() {
    keeps_tones(Encoding::G722);
}

#[test]
fn g723_keeps_tones() {
    keeps_tones(Encoding::G723);
}

#[test]
fn amr_keeps_tones_however_it_is_packed() {
    keeps_tones(Encoding::AMR);
    keeps_tones(ALIGNED_AMR);
}

#[test]
fn g726_keeps_tones_at_every_rate_but_the_lowest() {
    for bits in 3..=5 {
        keeps_tones(Encoding::G726 { bits });
    }
}

#[test]
fn opus_keeps_tones() {
    keeps_tones(Encoding::OPUS);
}

#[test]
fn silence_stays_silent() {
    for encoding in [
        Encoding::Pcma,
        Encoding::G729,
        Encoding::G723,
        Encoding::AMR,
        ALIGNED_AMR,
        Encoding::Gsm,
        Encoding::G722,
        Encoding::G726 { bits: 2 },
        Encoding::G726 { bits: 5 },
        Encoding::OPUS,
    ] {
        let heard = heard(encoding, &[0; 8_000]);
        let loudest = heard[SETTLED..]
            .iter()
            .map(|sample| sample.unsigned_abs())
            .max();
        assert!(loudest < Some(64), "{encoding:?}: {loudest:?}");
    }
}

#[test]
fn any_bytes_decode_to_sound_or_nothing() {
    let installed = Installed::find();
    for encoding in [
        Encoding::G729,
        Encoding::G723,
        Encoding::AMR,
        ALIGNED_AMR,
        Encoding::Gsm,
        Encoding::G722,
        Encoding::G726 { bits: 2 },
        Encoding::G726 { bits: 5 },
        Encoding::OPUS,
    ] {
        let decoder = installed.decoder(encoding, NARROWBAND);
        let mut decoder = decoder.expect("setup-tests");
        let mut noise = 1_u32;
        for length in (0..100).chain([400, 1400]) {
            let payload: Vec<u8> = (0..length)
                .map(|_| {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (noise >> 24) as u8
                })
                .collect();
            let mut samples = [0; 3_840];
            assert!(decoder.decode(&payload, &mut samples) <= samples.len());
        }
    }
}
