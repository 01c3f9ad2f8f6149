//! Keys out of dual tones in the voice (ITU-T Q.23, Q.24), by Goertzel's algorithm.
//!
//! Sound is judged in blocks of 12.75 ms. A key begins with two like blocks and ends with two that
//! are not; that, the twist, the lead over the other tones of a group and the share of all energy
//! keep speech from being taken for keys.

use std::f32::consts::TAU;
use std::time::Duration;

use super::tone::{DIAL, HIGH, LOW};
use super::{Digit, Key};
use crate::audio::AUDIO_RATE;
use crate::codec::{Decoder, MOST_SAMPLES};

/// Samples of a block: the tones fall near the middle of their bins.
const BLOCK: usize = 102;
const BLOCK_SPAN: Duration = Duration::from_micros(12_750);
/// Sum of squares of a block at -42 dBm0, below which nobody dials.
const QUIETEST: f32 = BLOCK as f32 * 180.0 * 180.0 / 2.0;
/// The high tone may be 4 dB above the low one, and 8 dB below (Q.24).
const REVERSE_TWIST: f32 = 2.512;
const NORMAL_TWIST: f32 = 6.310;
/// A tone leads the others of its group by 8 dB.
const LEAD: f32 = 6.310;
/// Both tones have this share of a block's energy.
const SHARE: f32 = 0.82;

/// Listens to one peer's voice.
pub(crate) struct InbandReceiver {
    decoder: Box<dyn Decoder>,
    samples: Box<[i16]>,
    block: Block,
    before: Option<Key>,
    key: Option<(Key, Duration)>,
    missed: bool,
}

impl InbandReceiver {
    /// A receiver for the voice that `decoder` makes.
    pub(crate) fn new(decoder: Box<dyn Decoder>) -> Self {
        Self {
            decoder,
            samples: vec![0; MOST_SAMPLES].into(),
            block: Block::default(),
            before: None,
            key: None,
            missed: false,
        }
    }

    /// Hear a payload. Returns the key that it ends.
    pub(crate) fn hear(&mut self, payload: &[u8]) -> Option<Digit> {
        let count = self.decoder.decode(payload, &mut self.samples);
        let mut ended = None;
        for index in 0..count {
            if self.block.add(self.samples[index]) {
                let heard = std::mem::take(&mut self.block).judge();
                ended = self.judge(heard).or(ended);
            }
        }
        ended
    }

    fn judge(&mut self, heard: Option<Key>) -> Option<Digit> {
        let again = heard.is_some() && heard == self.before;
        self.before = heard;
        match &mut self.key {
            Some((key, duration)) if Some(*key) == heard => {
                self.missed = false;
                *duration += BLOCK_SPAN;
                None
            }
            Some(_) if !self.missed => {
                self.missed = true;
                None
            }
            _ => {
                let ended = self
                    .key
                    .take()
                    .map(|(key, duration)| Digit { key, duration });
                self.missed = false;
                if again {
                    self.key = heard.map(|key| (key, 2 * BLOCK_SPAN));
                }
                ended
            }
        }
    }
}

/// The filters of eight tones over the samples of a block so far.
#[derive(Clone, Debug, Default)]
struct Block {
    tones: [(f32, f32); 8],
    energy: f32,
    count: usize,
}

impl Block {
    /// Add a sample; true when the block is full.
    fn add(&mut self, sample: i16) -> bool {
        let sample = f32::from(sample);
        for ((one, two), coefficient) in self.tones.iter_mut().zip(COEFFICIENTS.iter()) {
            (*one, *two) = (sample + coefficient * *one - *two, *one);
        }
        self.energy += sample * sample;
        self.count += 1;
        self.count == BLOCK
    }

    /// The key whose tones the block has.
    fn judge(self) -> Option<Key> {
        let mut powers = [0.0; 8];
        for (power, ((one, two), coefficient)) in powers
            .iter_mut()
            .zip(self.tones.iter().zip(COEFFICIENTS.iter()))
        {
            *power = one * one + two * two - coefficient * one * two;
        }
        let (low, row) = leader(&powers[..4])?;
        let (high, column) = leader(&powers[4..])?;
        // A tone of the block's whole energy has a power of BLOCK / 2 times that.
        let both = (low + high) / (BLOCK as f32 / 2.0);
        let is_key = self.energy >= QUIETEST
            && high <= low * REVERSE_TWIST
            && low <= high * NORMAL_TWIST
            && both >= SHARE * self.energy;
        let name = char::from(DIAL[row].as_bytes()[column]);
        if is_key { Key::from_char(name) } else { None }
    }
}

/// The strongest of a group, if it leads.
fn leader(powers: &[f32]) -> Option<(f32, usize)> {
    let (place, &power) = powers
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))?;
    let leads = |(other, weaker): (usize, &f32)| other == place || weaker * LEAD <= power;
    powers
        .iter()
        .enumerate()
        .all(leads)
        .then_some((power, place))
}

static COEFFICIENTS: std::sync::LazyLock<[f32; 8]> = std::sync::LazyLock::new(|| {
    let mut coefficients = [0.0; 8];
    for (coefficient, frequency) in coefficients.iter_mut().zip(LOW.into_iter().chain(HIGH)) {
        *coefficient = 2.0 * (TAU * frequency as f32 / AUDIO_RATE as f32).cos();
    }
    coefficients
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{G711, Law};
    use crate::dtmf::DualTone;

    const LAW: G711 = G711::new(Law::A);

    fn receiver() -> InbandReceiver {
        InbandReceiver::new(Box::new(LAW))
    }

    /// Keys of 60 ms with pauses of 60 ms, in A-law packets of 20 ms, weakened by `decibels`.
    fn dialed(keys: &str, decibels: f64) -> Vec<Vec<u8>> {
        let gain = 10_f64.powf(-decibels / 20.0);
        let mut sound = vec![0; 480];
        for key in keys.chars() {
            let mut samples = [0; 480];
            let key = Key::from_char(key).expect("a key");
            DualTone::new(key, AUDIO_RATE)
                .expect("a tone")
                .fill(&mut samples);
            sound.extend(samples.map(|sample| (f64::from(sample) * gain) as i16));
            sound.extend([0; 480]);
        }
        let coded = |packet: &[i16]| packet.iter().map(|sample| LAW.compress(*sample)).collect();
        sound.chunks(160).map(coded).collect()
    }

    fn heard(packets: &[Vec<u8>]) -> String {
        let mut receiver = receiver();
        let digits = packets.iter().filter_map(|packet| receiver.hear(packet));
        digits.map(|digit| char::from(digit.key)).collect()
    }

    #[test]
    fn every_key_is_heard_loud_and_faint() {
        for decibels in [0.0, 12.0, 24.0] {
            let packets = dialed("123A456B789C*0#D", decibels);
            assert_eq!(heard(&packets), "123A456B789C*0#D", "{decibels} dB weaker");
        }
    }

    #[test]
    fn a_key_pressed_twice_is_two_keys() {
        assert_eq!(heard(&dialed("5550", 6.0)), "5550");
    }

    #[test]
    fn the_length_of_a_key_is_near_what_it_was() {
        let mut receiver = receiver();
        let digit = dialed("7", 0.0)
            .iter()
            .find_map(|packet| receiver.hear(packet));

        let millis = digit.expect("a key").duration.as_millis();
        assert!((40..=75).contains(&millis), "{millis} ms");
    }

    #[test]
    fn one_tone_alone_is_no_key() {
        let tone = |frequency: f64| -> Vec<Vec<u8>> {
            let step = f64::from(TAU) * frequency / f64::from(AUDIO_RATE);
            let sound: Vec<u8> = (0..4_000)
                .map(|n| LAW.compress((8_000.0 * (step * f64::from(n)).sin()) as i16))
                .collect();
            sound.chunks(160).map(<[u8]>::to_vec).collect()
        };

        assert_eq!(heard(&tone(697.0)), "");
        assert_eq!(heard(&tone(1_336.0)), "");
        assert_eq!(heard(&tone(425.0)), "");
    }

    #[test]
    fn med06_speech_is_not_taken_for_keys() {
        let speech = include_bytes!("../../tests/data/speech.al");
        let packets: Vec<Vec<u8>> = speech.chunks(160).map(<[u8]>::to_vec).collect();

        assert_eq!(heard(&packets), "");
    }

    #[test]
    fn med06_keys_of_100_ms_survive_the_loss_of_every_twentieth_packet() {
        let mut sound = Vec::new();
        for key in "0123456789".chars() {
            let mut samples = [0; 800];
            let key = Key::from_char(key).expect("a key");
            DualTone::new(key, AUDIO_RATE)
                .expect("a tone")
                .fill(&mut samples);
            sound.extend(samples);
            sound.extend([0; 800]);
        }
        let packets: Vec<Vec<u8>> = sound
            .chunks(160)
            .enumerate()
            .filter(|(number, _)| number % 20 != 7)
            .map(|(_, packet)| packet.iter().map(|sample| LAW.compress(*sample)).collect())
            .collect();

        assert_eq!(heard(&packets), "0123456789");
    }
}
