//! Sound that is played to a leg: loaded once, shared by all who hear it.

use std::sync::Arc;
use std::time::Duration;

use crate::time::Time;

/// The rate at which all sound is kept.
pub const AUDIO_RATE: u32 = 8000;

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

    /// How long one round lasts.
    #[must_use]
    pub fn length(&self) -> Duration {
        let micros = self.samples.len() as u64 * 1_000_000 / u64::from(AUDIO_RATE);
        Duration::from_micros(micros)
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

    #[test]
    fn a_packet_is_due_once() {
        let audio = Audio::new(vec![1; 800]).expect("samples");
        let mut player = Player::new(audio, false, None, Time::default());

        assert!(player.poll(&mut [0; 160], Time::from_millis(19)).is_some());
        assert!(player.poll(&mut [0; 160], Time::from_millis(19)).is_none());
    }
}
