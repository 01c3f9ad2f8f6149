//! Sound that is played to a leg: loaded once, shared by all who hear it.

use std::f64::consts::PI;
use std::sync::Arc;
use std::time::Duration;

use crate::codec::NARROWBAND;
use crate::time::Time;

/// The rate at which all sound is kept.
pub const AUDIO_RATE: u32 = NARROWBAND;

/// Mono sound of [`AUDIO_RATE`] samples a second.
#[derive(Clone, Debug)]
pub struct Audio {
    samples: Arc<[i16]>,
}

impl Audio {
    /// Sound of these samples. None without any.
    #[must_use]
    pub fn new(samples: Vec<i16>) -> Option<Self> {
        if samples.is_empty() {
            None
        } else {
            Some(Self {
                samples: samples.into(),
            })
        }
    }

    /// Sound of these samples of another rate. None without any.
    #[must_use]
    pub fn resampled(samples: &[i16], sample_rate: u32) -> Option<Self> {
        Self::new(resample(samples, sample_rate, AUDIO_RATE))
    }

    /// How long one round lasts.
    #[must_use]
    pub fn length(&self) -> Duration {
        let micros = self.samples.len() as u64 * 1_000_000 / u64::from(AUDIO_RATE);
        Duration::from_micros(micros)
    }
}

/// Zero crossings of the interpolating function on either side.
const CROSSINGS: f64 = 16.0;

/// Change the rate by band-limited interpolation: a windowed sinc, cut off below the lower rate's
/// half. For sounds that are loaded once; not for packets.
fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || from == 0 {
        return samples.to_vec();
    }
    let step = f64::from(from) / f64::from(to);
    let cutoff = 0.95 / step.max(1.0);
    let reach = CROSSINGS / cutoff;
    let length = (samples.len() as f64 / step) as usize;
    let at = |place: usize| {
        let center = place as f64 * step;
        let first = (center - reach).ceil().max(0.0) as usize;
        let last = ((center + reach) as usize).min(samples.len() - 1);
        let sum: f64 = (first..=last)
            .map(|index| {
                let distance = index as f64 - center;
                let window = 0.5 + 0.5 * (PI * distance / reach).cos();
                f64::from(samples[index]) * cutoff * sinc(cutoff * distance) * window
            })
            .sum();
        sum.round() as i16
    };
    (0..length).map(at).collect()
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

/// A sound on its way to one leg.
#[derive(Debug)]
pub(crate) struct Player {
    audio: Audio,
    place: usize,
    looped: bool,
    until: Option<Time>,
    next_at: Time,
}

impl Player {
    /// Play from `now`, for `limit` at most.
    pub(crate) fn new(audio: Audio, looped: bool, limit: Option<Duration>, now: Time) -> Self {
        Self {
            audio,
            place: 0,
            looped,
            until: limit.map(|limit| now + limit),
            next_at: now,
        }
    }

    /// Whether it has come to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.place >= self.audio.samples.len() || self.until.is_some_and(|end| self.next_at >= end)
    }

    /// Fill `samples` if a packet of them is due, and return since when. The end is filled up with
    /// silence.
    pub(crate) fn poll(&mut self, samples: &mut [i16], now: Time) -> Option<Time> {
        if now < self.next_at || self.is_over() {
            return None;
        }
        for sample in &mut *samples {
            *sample = self.audio.samples.get(self.place).copied().unwrap_or(0);
            self.place += 1;
            if self.looped && self.place >= self.audio.samples.len() {
                self.place = 0;
            }
        }
        let at = self.next_at;
        let micros = samples.len() as u64 * 1_000_000 / u64::from(AUDIO_RATE);
        self.next_at = at + Duration::from_micros(micros);
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(looped: bool, limit: Option<Duration>, packets: usize) -> Vec<i16> {
        let audio = Audio::new(vec![1; 240]).expect("samples");
        let mut player = Player::new(audio, looped, limit, Time::default());
        let mut heard = Vec::new();
        for packet in 0..packets {
            let mut samples = [7; 160];
            if player
                .poll(&mut samples, Time::from_millis(20 * packet as u64))
                .is_some()
            {
                heard.extend(samples);
            }
        }
        heard
    }

    #[test]
    fn the_end_is_filled_up_with_silence() {
        assert_eq!(play(false, None, 5), [vec![1; 240], vec![0; 80]].concat());
    }

    #[test]
    fn a_looped_sound_begins_again_without_a_gap() {
        assert_eq!(play(true, None, 5), [1; 800]);
    }

    #[test]
    fn a_limit_ends_even_a_looped_sound() {
        assert_eq!(play(true, Some(Duration::from_millis(40)), 5).len(), 320);
    }

    fn sine(frequency: f64, rate: u32) -> Vec<i16> {
        let step = 2.0 * PI * frequency / f64::from(rate);
        (0..rate)
            .map(|n| (10_000.0 * (f64::from(n) * step).sin()) as i16)
            .collect()
    }

    #[test]
    fn a_tone_keeps_frequency_and_level_through_another_rate() {
        let heard = resample(&sine(1000.0, 16_000), 16_000, 8000);

        let expected = sine(1000.0, 8000);
        let middle = 100..7_900;
        assert_eq!(heard.len(), 8000);
        for (heard, expected) in heard[middle.clone()].iter().zip(&expected[middle]) {
            assert!((heard - expected).abs() < 100, "{heard} {expected}");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_gone_rather_than_folded_down() {
        let heard = resample(&sine(6000.0, 16_000), 16_000, 8000);

        assert!(heard[100..7_900].iter().all(|sample| sample.abs() < 100));
    }

    #[test]
    fn a_packet_is_due_once() {
        let audio = Audio::new(vec![1; 800]).expect("samples");
        let mut player = Player::new(audio, false, None, Time::default());

        assert!(player.poll(&mut [0; 160], Time::from_millis(19)).is_some());
        assert!(player.poll(&mut [0; 160], Time::from_millis(19)).is_none());
    }
}
