//! The engine's clock: monotonic for deciding, anchored once to the wall for telling.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use trunkline_rtp::Time;

/// Counts from the engine's start.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    unix_at_start: Duration,
}

impl Clock {
    /// A clock that reads zero now.
    #[must_use]
    pub fn start() -> Self {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            start: Instant::now(),
            unix_at_start: wall,
        }
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::from_nanos(self.start.elapsed().as_nanos() as u64)
    }

    /// The Unix time at which it read zero.
    #[must_use]
    pub const fn unix_at_start(&self) -> Duration {
        self.unix_at_start
    }

    /// `time` as nanoseconds since 1970.
    #[must_use]
    pub fn unix_nanos(&self, time: Time) -> u128 {
        self.unix_at_start.as_nanos() + u128::from(time.nanos())
    }
}
