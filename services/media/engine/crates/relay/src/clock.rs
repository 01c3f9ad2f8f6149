//! The engine's clock: monotonic for deciding, anchored once to the wall for telling.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use trunkline_rtp::Time;

/// Counts from the engine's start.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    unix_nanos_at_start: u128,
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
            unix_nanos_at_start: wall.as_nanos(),
        }
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::from_nanos(self.start.elapsed().as_nanos() as u64)
    }

    /// `time` as nanoseconds since 1970.
    #[must_use]
    pub fn unix_nanos(&self, time: Time) -> u128 {
        self.unix_nanos_at_start + u128::from(time.nanos())
    }
}
