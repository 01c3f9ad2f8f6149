//! The dual tones of the dial (ITU-T Q.23), at a level that every receiver takes (Q.24).

use std::f64::consts::TAU;

use super::Key;

pub(super) const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
pub(super) const HIGH: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// Rows of the dial from the top, columns from the left.
pub(super) const DIAL: [&str; 4] = ["123A", "456B", "789C", "*0#D"];
/// Peak of each tone: -9 dBm0 for the low group and -7 dBm0 for the high one, which lines weaken
/// more. A sine of full scale has 3.14 dBm0 (G.711).
const LOW_PEAK: f64 = 8_098.0;
const HIGH_PEAK: f64 = 10_195.0;

/// The tone of one key, sample by sample.
#[derive(Clone, Copy, Debug)]
pub struct DualTone {
    low: f64,
    high: f64,
    /// Seconds.
    at: f64,
    step: f64,
}

impl DualTone {
    /// The tone of a key; a hook flash has none.
    #[must_use]
    pub fn new(key: Key, sample_rate: u32) -> Option<Self> {
        let name = char::from(key);
        let row = DIAL.iter().position(|row| row.contains(name))?;
        let column = DIAL[row].find(name)?;
        let step = 1.0 / f64::from(sample_rate);
        Some(Self {
            low: LOW[row],
            high: HIGH[column],
            at: 0.0,
            step,
        })
    }

    /// Fill `samples` with what comes next.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            let low = LOW_PEAK * (TAU * self.low * self.at).sin();
            let high = HIGH_PEAK * (TAU * self.high * self.at).sin();
            *sample = (low + high) as i16;
            self.at += self.step;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The power of one frequency, by Goertzel's algorithm.
    fn power(samples: &[i16], frequency: f64) -> f64 {
        let coefficient = 2.0 * (TAU * frequency / 8000.0).cos();
        let (mut one, mut two) = (0.0, 0.0);
        for &sample in samples {
            (one, two) = (f64::from(sample) + coefficient * one - two, one);
        }
        one * one + two * two - coefficient * one * two
    }

    #[test]
    fn key_5_is_770_and_1336_hertz() {
        let mut samples = [0; 800];
        let key = Key::from_char('5').expect("a key");
        DualTone::new(key, 8000).expect("a tone").fill(&mut samples);

        let strongest = |group: [f64; 4]| {
            group
                .into_iter()
                .max_by(|a, b| power(&samples, *a).total_cmp(&power(&samples, *b)))
        };
        assert_eq!(
            (strongest(LOW), strongest(HIGH)),
            (Some(770.0), Some(1336.0))
        );
    }

    #[test]
    fn a_hook_flash_has_no_tone() {
        assert!(DualTone::new(Key::from_char('!').expect("a key"), 8000).is_none());
    }
}
