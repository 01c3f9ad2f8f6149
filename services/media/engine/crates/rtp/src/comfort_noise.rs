//! Comfort noise (RFC 3389): noise of the level and spectrum that a peer without voice describes.

/// Reflection coefficients that are obeyed: what G.711 appendix II uses at most.
const MOST_COEFFICIENTS: usize = 12;
/// Root mean square at 0 dBov: that of the loudest square wave.
const FULL_SCALE: f32 = 32_768.0;

/// Makes noise.
#[derive(Clone, Debug, Default)]
pub(crate) struct ComfortNoise {
    /// Root mean square of the excitation.
    gain: f32,
    reflection: [f32; MOST_COEFFICIENTS],
    memory: [f32; MOST_COEFFICIENTS],
    seed: u32,
}

impl ComfortNoise {
    /// Follow a payload of RFC 3389 section 3: a level, and coefficients if any. An empty payload
    /// changes nothing.
    pub(crate) fn describe(&mut self, payload: &[u8]) {
        let Some((level, coefficients)) = payload.split_first() else {
            return;
        };
        self.reflection = [0.0; MOST_COEFFICIENTS];
        for (reflection, byte) in self.reflection.iter_mut().zip(coefficients) {
            *reflection = 258.0 * (f32::from((*byte).min(254)) - 127.0) / 32_768.0;
        }
        // The filter amplifies: what goes in is quieter by as much.
        let share: f32 = self.reflection.iter().map(|k| 1.0 - k * k).product();
        let decibels = f32::from(level & 0x7f);
        self.gain = FULL_SCALE * 10_f32.powf(-decibels / 20.0) * share.max(0.0).sqrt();
    }

    /// Make noise.
    pub(crate) fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            *sample = self.next() as i16; // as casts saturate
        }
    }

    /// An all-pole lattice filter of white noise.
    fn next(&mut self) -> f32 {
        let mut forward = self.gain * self.white();
        for stage in (0..MOST_COEFFICIENTS).rev() {
            let backward = self.memory[stage];
            forward -= self.reflection[stage] * backward;
            if let Some(after) = self.memory.get_mut(stage + 1) {
                *after = backward + self.reflection[stage] * forward;
            }
        }
        self.memory[0] = forward;
        forward
    }

    /// Of variance one: a uniform distribution.
    fn white(&mut self) -> f32 {
        self.seed = self
            .seed
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        self.seed.cast_signed() as f32 / 2_147_483_648.0 * 3_f32.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(payload: &[u8]) -> Vec<i16> {
        let mut noise = ComfortNoise::default();
        noise.describe(payload);
        let mut samples = vec![0; 8_000];
        noise.fill(&mut samples);
        samples
    }

    fn decibels(samples: &[i16]) -> f64 {
        let energy: f64 = samples
            .iter()
            .map(|sample| f64::from(*sample).powi(2))
            .sum();
        10.0 * (energy / samples.len() as f64 / 32_768_f64.powi(2)).log10()
    }

    #[test]
    fn the_level_is_what_was_described() {
        for level in [30, 50, 70] {
            let heard = decibels(&noise(&[level]));
            assert!(
                (heard + f64::from(level)).abs() < 1.0,
                "{level}: {heard:.1}"
            );
        }
    }

    #[test]
    fn coefficients_change_the_spectrum_and_not_the_level() {
        let samples = noise(&[40, 20]); // a first coefficient of -0.84: mostly low

        let steps: Vec<i16> = samples.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!((decibels(&samples) + 40.0).abs() < 1.0);
        assert!(decibels(&steps) < decibels(&samples) - 4.0);
    }

    #[test]
    fn no_payload_makes_the_filter_unstable() {
        for byte in 0..=u8::MAX {
            let samples = noise(&[
                0, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte,
            ]);
            assert_eq!(samples.len(), 8_000);
        }
    }

    #[test]
    fn without_a_description_there_is_silence() {
        assert!(noise(&[]).iter().all(|sample| *sample == 0));
    }
}
