//! The engine's clock: monotonic for deciding, anchored once to the wall for telling.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use trunkline_rtp::Time;

use crate::sys::monotonic_time;

/// Counts from the engine's start.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// On the system's monotonic clock.
    start: Duration,
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
            start: monotonic_time(),
            unix_at_start: wall,
        }
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Time {
        self.at(monotonic_time())
    }

    /// An instant of the system's monotonic clock.
    #[must_use]
    pub fn at(&self, monotonic: Duration) -> Time {
        Time::from_nanos(monotonic.saturating_sub(self.start).as_nanos() as u64)
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
