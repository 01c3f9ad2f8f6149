//! Silence on one direction of one leg (MED-08): armed at answer, judged on the engine's tick.

use std::time::Duration;

use crate::time::Time;

/// Tells when a direction has been without a packet for its limit, once for each silence.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch {
    limit: Option<Duration>,
    last: Time,
    silent: bool,
}

impl Watch {
    /// Judge from `now` on by `limit`; without one, nothing is judged.
    pub fn arm(&mut self, limit: Option<Duration>, now: Time) {
        if self.limit != limit {
            *self = Self {
                limit,
                last: now,
                silent: false,
            };
        }
    }

    /// A packet passed. Returns true when it ended a silence that was told.
    pub fn packet(&mut self, now: Time) -> bool {
        self.last = now;
        std::mem::take(&mut self.silent)
    }

    /// When the last packet passed, or judging began.
    pub(crate) const fn last(&self) -> Time {
        self.last
    }

    /// How long it has been silent, if that is over the limit and not yet told.
    pub fn judge(&mut self, now: Time) -> Option<Duration> {
        let silence = now.since(self.last);
        if self.silent || silence < self.limit? {
            return None;
        }
        self.silent = true;
        Some(silence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Option<Duration> = Some(Duration::from_secs(5));

    fn seconds(n: u64) -> Time {
        Time::from_millis(1000 * n)
    }

    #[test]
    fn an_unarmed_watch_is_never_silent() {
        assert_eq!(Watch::default().judge(seconds(1_000)), None);
    }

    #[test]
    fn silence_counts_from_the_arming_when_no_packet_came() {
        let mut watch = Watch::default();
        watch.arm(LIMIT, seconds(10));

        assert_eq!(watch.judge(seconds(14)), None);
        assert_eq!(watch.judge(seconds(15)), LIMIT);
    }

    #[test]
    fn a_silence_is_told_once_and_again_after_a_packet_ended_it() {
        let mut watch = Watch::default();
        watch.arm(LIMIT, seconds(0));
        watch.judge(seconds(5));

        assert_eq!(watch.judge(seconds(6)), None);
        assert!(watch.packet(seconds(7)));
        assert_eq!(watch.judge(seconds(12)), LIMIT);
    }

    #[test]
    fn arming_again_with_the_same_limit_forgives_nothing() {
        let mut watch = Watch::default();
        watch.arm(LIMIT, seconds(0));
        watch.arm(LIMIT, seconds(4));

        assert_eq!(watch.judge(seconds(5)), LIMIT);
    }

    #[test]
    fn a_leg_taken_off_hold_is_judged_from_then_on() {
        let mut watch = Watch::default();
        watch.arm(LIMIT, seconds(0));
        watch.arm(None, seconds(4));
        watch.arm(LIMIT, seconds(60));

        assert_eq!(watch.judge(seconds(64)), None);
    }
}
