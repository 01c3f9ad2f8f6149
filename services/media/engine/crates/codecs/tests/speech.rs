//! Speech through every pair of codecs keeps its spectrum.
//!
//! The measure is the log-spectral distance over bands of a third of an octave: how many decibels
//! the power of a band is off, root mean square over the bands and blocks in which somebody speaks.
//! `make setup-tests` installs the libraries: a test without its codec fails.

#[path = "../../rtp/tests/support/mod.rs"]
mod support;

use std::f32::consts::TAU;
use std::sync::Arc;

use support::{Bench, packet, settings};
use trunkline_codecs::Installed;
use trunkline_rtp::{Codecs, Encoding, G711, Law, LegSettings, NARROWBAND, Side};

const SPEECH: &[u8] = include_bytes!("../../rtp/tests/data/speech.al");
/// Three seconds: long enough for all sounds, and short enough for all pairs.
const LENGTH: usize = 24_000;
/// Samples by which two sounds are laid over each other.
const LAID: usize = 4_000;
const BLOCK: usize = 256;
/// Edges of the bands in hertz.
const EDGES: [f32; 11] = [
    250.0, 315.0, 400.0, 500.0, 630.0, 800.0, 1_000.0, 1_250.0, 1_600.0, 2_000.0, 2_500.0,
];
const BANDS: usize = EDGES.len() - 1;
/// A band this far below the loudest of all is not heard.
const AUDIBLE: f32 = 30.0;
/// The longest delay of a pair of codecs, in samples.
const MOST_DELAY: usize = 480;
/// Decibels. The same sound through two codecs of low rates differs by no more.
const BOUND: f32 = 6.0;

const ENCODINGS: [(Encoding, u8); 9] = [
    (Encoding::Pcma, 8),
    (Encoding::Pcmu, 0),
    (Encoding::G729, 18),
    (Encoding::G723, 4),
    (Encoding::G722, 9),
    (Encoding::G726 { bits: 4 }, 102),
    (Encoding::Gsm, 3),
    (Encoding::OPUS, 111),
    (Encoding::AMR, 97),
];

fn leg(side: Side, (encoding, payload_type): (Encoding, u8)) -> LegSettings {
    let mut leg = settings(side, encoding, payload_type, None);
    if matches!(encoding, Encoding::Opus { .. }) {
        leg.voice.as_mut().expect("a voice").clock_rate = 48_000;
    }
    leg
}

fn speech() -> Vec<i16> {
    let spoken = SPEECH[8_000..][..LENGTH].iter();
    spoken.map(|byte| G711::new(Law::A).expand(*byte)).collect()
}

/// Speech as leg B hears it when leg A speaks it.
fn converted(installed: &Installed, from: (Encoding, u8), to: (Encoding, u8)) -> Vec<i16> {
    let mut encoder = installed.encoder(from.0, NARROWBAND).expect("a codec");
    let mut decoder = installed.decoder(to.0, NARROWBAND).expect("a codec");
    let here = leg(Side::A, from);
    let clock_rate = here.clock_rate() / NARROWBAND;
    let mut bench = Bench::with(Arc::new(installed.clone()), here, leg(Side::B, to));
    let length = encoder.frame().max(160);
    for (number, sound) in speech().chunks_exact(length).enumerate() {
        let mut payload = [0; 1024];
        let bytes = encoder.encode(sound, &mut payload);
        let timestamp = (number * length) as u32 * clock_rate;
        let packet = packet(from.1, number as u16, timestamp, &payload[..bytes]);
        bench.receive(Side::A, &packet);
    }
    let mut heard = Vec::new();
    for sent in bench.heard(Side::B) {
        let mut samples = [0; 4_000];
        let count = decoder.decode(&sent.2, &mut samples);
        heard.extend_from_slice(&samples[..count]);
    }
    heard
}

/// The delay at which two sounds are most alike.
fn delay(spoken: &[i16], heard: &[i16]) -> usize {
    let likeness = |delay: usize| -> f64 {
        let pairs = spoken[..LAID].iter().zip(&heard[delay..]);
        pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let delays = (0..MOST_DELAY).map(|delay| (delay, likeness(delay)));
    delays.max_by(|a, b| a.1.total_cmp(&b.1)).expect("delays").0
}

/// Decibels of each band of a block.
fn bands(block: &[i16]) -> [f32; BANDS] {
    let window = |n: usize| 0.5 - 0.5 * (TAU * n as f32 / BLOCK as f32).cos();
    let windowed: Vec<f32> = block
        .iter()
        .enumerate()
        .map(|(n, s)| f32::from(*s) * window(n))
        .collect();
    let width = NARROWBAND as f32 / BLOCK as f32;
    let mut powers = [1.0; BANDS];
    for bin in 1..BLOCK / 2 {
        let frequency = bin as f32 * width;
        let Some(band) = EDGES
            .windows(2)
            .position(|e| e[0] <= frequency && frequency < e[1])
        else {
            continue;
        };
        powers[band] += power(&windowed, frequency);
    }
    powers.map(|power| 10.0 * power.log10())
}

/// Power of one frequency, by Goertzel's algorithm.
fn power(block: &[f32], frequency: f32) -> f32 {
    let coefficient = 2.0 * (TAU * frequency / NARROWBAND as f32).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in block {
        (one, two) = (sample + coefficient * one - two, one);
    }
    one * one + two * two - coefficient * one * two
}

fn distance(spoken: &[i16], heard: &[i16]) -> f32 {
    let delay = delay(spoken, heard);
    let spectrum =
        |sound: &[i16]| -> Vec<[f32; BANDS]> { sound.chunks_exact(BLOCK).map(bands).collect() };
    let (spoken, heard) = (spectrum(spoken), spectrum(&heard[delay..]));
    let loudest = spoken.iter().flatten().fold(0.0_f32, |a, b| a.max(*b));
    let (mut sum, mut count) = (0.0, 0.0);
    for (one, other) in spoken.iter().flatten().zip(heard.iter().flatten()) {
        if *one > loudest - AUDIBLE {
            sum += (one - other).powi(2);
            count += 1.0;
        }
    }
    (sum / f32::max(count, 1.0)).sqrt()
}

#[test]
fn med03_speech_keeps_its_spectrum_through_every_pair_of_codecs() {
    let installed = Installed::find();
    let spoken = speech();
    for from in ENCODINGS {
        for to in ENCODINGS {
            let heard = converted(&installed, from, to);
            let far = distance(&spoken, &heard);
            assert!(far < BOUND, "{:?} to {:?}: {far:.1} dB", from.0, to.0);
        }
    }
}

#[test]
fn the_measure_tells_speech_from_silence_and_from_other_speech() {
    let spoken = speech();
    let other: Vec<i16> = spoken.iter().rev().copied().collect();
    let padded = |mut sound: Vec<i16>| {
        sound.resize(LENGTH + MOST_DELAY, 0);
        sound
    };

    assert!(distance(&spoken, &padded(spoken.clone())) < 0.1);
    assert!(distance(&spoken, &padded(other)) > 2.0 * BOUND);
    assert!(distance(&spoken, &padded(Vec::new())) > 2.0 * BOUND);
}
