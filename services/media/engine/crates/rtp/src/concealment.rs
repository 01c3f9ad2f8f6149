//! Sound in place of lost packets, for codecs that have none of their own: the last pitch period
//! goes on and fades, after ITU-T G.711 appendix I.
//!
//! The appendix delays all sound by 3.75 ms to smooth the beginning of a gap. Here nothing is
//! delayed: what is put in begins at the level where the sound stopped.

/// Lowest and highest pitch that is looked for, in hertz.
const LOWEST_PITCH: usize = 66;
const HIGHEST_PITCH: usize = 200;
/// Over how much of the past a pitch is judged.
const JUDGED_MILLIS: usize = 20;
/// The substitute is whole for as long, then fades, and is silent after [`SILENT_MILLIS`].
const WHOLE_MILLIS: usize = 10;
const SILENT_MILLIS: usize = 60;
/// What comes after a gap blends with what was put in for as long.
const BLEND_MILLIS: usize = 5;

/// Keeps the last sound, and makes more of it.
#[derive(Debug)]
pub(crate) struct Concealment {
    /// Samples in a millisecond.
    millisecond: usize,
    /// The last sound, the newest at the end.
    history: Box<[f32]>,
    /// The period that goes on, while there is a gap.
    period: Vec<f32>,
    place: usize,
    /// Samples put in since the last sound.
    missing: usize,
    /// What smooths the step from the last sound to the period, and by how much it shrinks.
    step: (f32, f32),
}

impl Concealment {
    /// Nothing heard, of sound of this rate.
    pub(crate) fn new(sample_rate: u32) -> Self {
        let longest = sample_rate as usize / LOWEST_PITCH;
        let millisecond = sample_rate as usize / 1_000;
        Self {
            millisecond,
            history: vec![0.0; 2 * longest + JUDGED_MILLIS * millisecond].into(),
            period: Vec::with_capacity(longest),
            place: 0,
            missing: 0,
            step: (0.0, 0.0),
        }
    }

    /// Hear a packet's sound. After a gap its beginning is blended with what was put in.
    pub(crate) fn hear(&mut self, samples: &mut [i16]) {
        if self.missing > 0 {
            let length = (BLEND_MILLIS * self.millisecond).min(samples.len());
            for (index, sample) in samples[..length].iter_mut().enumerate() {
                let share = (index + 1) as f32 / (length + 1) as f32;
                let blended = f32::from(*sample) * share + self.next() * (1.0 - share);
                *sample = blended as i16;
            }
            self.missing = 0;
        }
        self.remember(samples);
    }

    /// Put sound in place of what was lost.
    pub(crate) fn fill(&mut self, samples: &mut [i16]) {
        if self.missing == 0 {
            self.begin();
        }
        for sample in &mut *samples {
            *sample = self.next() as i16;
        }
        self.remember(samples);
    }

    fn next(&mut self) -> f32 {
        let whole = WHOLE_MILLIS * self.millisecond;
        let fading = (SILENT_MILLIS - WHOLE_MILLIS) * self.millisecond;
        let faded = self.missing.saturating_sub(whole) as f32 / fading as f32;
        let sample = self.period[self.place] + self.step.0;
        self.step.0 *= self.step.1;
        self.place = (self.place + 1) % self.period.len();
        self.missing += 1;
        sample * (1.0 - faded).max(0.0)
    }

    /// Take the last pitch period. Its end is blended with what stood before it, so that it goes
    /// over into its own beginning.
    fn begin(&mut self) {
        let length = self.pitch();
        let end = self.history.len();
        self.period.clear();
        self.period.extend(&self.history[end - length..]);
        let blended = length / 4;
        for index in 0..blended {
            let share = (index + 1) as f32 / (blended + 1) as f32;
            let before = self.history[end - length - blended + index];
            let sample = &mut self.period[length - blended + index];
            *sample = *sample * (1.0 - share) + before * share;
        }
        let stopped = self.history[end - 1] - self.history[end - length - 1];
        self.step = (stopped, 1.0 - 4.0 / blended as f32);
        self.place = 0;
    }

    /// Samples of the period by which the last sound is most like what came before it.
    fn pitch(&self) -> usize {
        let second = 1_000 * self.millisecond;
        let judged = JUDGED_MILLIS * self.millisecond;
        let recent = &self.history[self.history.len() - judged..];
        let likeness = |lag: usize| {
            let end = self.history.len() - lag;
            let before = &self.history[end - judged..end];
            let (mut product, mut energy) = (0.0, 1.0);
            for (now, then) in recent.iter().zip(before) {
                product += now * then;
                energy += then * then;
            }
            product / f32::sqrt(energy)
        };
        (second / HIGHEST_PITCH..=second / LOWEST_PITCH)
            .max_by(|a, b| likeness(*a).total_cmp(&likeness(*b)))
            .expect("there is at least one lag")
    }

    fn remember(&mut self, samples: &[i16]) {
        let newest = &samples[samples.len().saturating_sub(self.history.len())..];
        self.history.copy_within(newest.len().., 0);
        let start = self.history.len() - newest.len();
        for (place, sample) in self.history[start..].iter_mut().zip(newest) {
            *place = f32::from(*sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    const RATE: u32 = 8_000;

    fn tone(frequency: f32, samples: std::ops::Range<usize>) -> Vec<i16> {
        let angle = |n: usize| TAU * frequency * n as f32 / RATE as f32;
        samples.map(|n| (8_000.0 * angle(n).sin()) as i16).collect()
    }

    fn heard(frequency: f32) -> Concealment {
        let mut concealment = Concealment::new(RATE);
        concealment.hear(&mut tone(frequency, 0..800));
        concealment
    }

    #[test]
    fn a_tone_goes_on_over_a_gap_of_ten_milliseconds() {
        for frequency in [200.0, 440.0, 1_000.0] {
            let mut filled = [0; 80];
            heard(frequency).fill(&mut filled);

            let wrong = tone(frequency, 800..880)
                .iter()
                .zip(filled)
                .map(|(one, other)| f64::from(one - other).powi(2))
                .sum::<f64>();
            let level = (wrong / 80.0).sqrt() / 8_000.0;
            assert!(level < 0.15, "{frequency} Hz: error of {level:.2}");
        }
    }

    #[test]
    fn a_gap_begins_and_ends_without_a_click() {
        let mut concealment = heard(300.0);
        let mut sound = tone(300.0, 700..800);
        let mut filled = [0; 240];
        concealment.fill(&mut filled);
        let mut after = tone(300.0, 1_040..1_200);
        concealment.hear(&mut after);
        sound.extend(filled);
        sound.extend(after);

        let steepest = sound.windows(2).map(|pair| (pair[1] - pair[0]).abs()).max();
        assert!(steepest < Some(2_600), "{steepest:?}"); // the tone's own is 1,885
    }

    #[test]
    fn a_long_gap_fades_to_silence() {
        let mut filled = [0; 640];
        heard(300.0).fill(&mut filled);

        assert_eq!(filled[480..], [0; 160]);
    }

    #[test]
    fn silence_is_concealed_by_silence() {
        let mut filled = [7; 160];
        Concealment::new(RATE).fill(&mut filled);

        assert_eq!(filled, [0; 160]);
    }
}
