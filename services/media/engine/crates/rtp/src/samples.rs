//! Samples, spans and units of timestamps in each other's terms.

use std::time::Duration;

/// How many samples a span has.
pub(crate) fn samples(span: Duration, sample_rate: u32) -> usize {
    (span.as_micros() * u128::from(sample_rate) / 1_000_000) as usize
}

/// How long so many samples are.
pub(crate) fn span(samples: usize, sample_rate: u32) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(sample_rate))
}

/// Timestamp units of so many samples.
pub(crate) fn units(samples: usize, clock_rate: u32, sample_rate: u32) -> u32 {
    (samples as u64 * u64::from(clock_rate) / u64::from(sample_rate)) as u32
}

/// Samples of so many timestamp units.
pub(crate) fn samples_of(units: i32, clock_rate: u32, sample_rate: u32) -> i64 {
    i64::from(units) * i64::from(sample_rate) / i64::from(clock_rate)
}
