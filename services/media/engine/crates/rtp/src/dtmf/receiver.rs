//! Keys out of event packets: one for each event, however often it is reported or how much is lost.

use std::time::Duration;

use super::{Digit, EventPayload, Key};
use crate::time::Time;

/// An event without its end is over when it has not been reported for this long.
const LOST_END: Duration = Duration::from_millis(200);

/// The event now heard from one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EventReceiver {
    current: Option<Current>,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    /// All reports of an event have its beginning as their timestamp.
    timestamp: u32,
    key: Key,
    /// In units of the clock rate.
    duration: u16,
    ended: bool,
    heard: Time,
}

impl EventReceiver {
    /// Take a report. Returns the key that it ends, its own or the one before, whose end was lost.
    pub(crate) fn receive(
        &mut self,
        report: EventPayload,
        timestamp: u32,
        clock_rate: u32,
        now: Time,
    ) -> Option<Digit> {
        let repeated = self
            .current
            .is_some_and(|current| current.timestamp == timestamp);
        let before = if repeated { None } else { self.end(clock_rate) };
        let current = self.current.filter(|_| repeated);
        let was = current.map_or(0, |current| current.duration);
        let ended = current.is_some_and(|current| current.ended);
        let duration = report.duration.max(was);
        self.current = Some(Current {
            timestamp,
            key: report.key,
            duration,
            ended,
            heard: now,
        });
        before.or_else(|| {
            if report.end {
                self.end(clock_rate)
            } else {
                None
            }
        })
    }

    /// The key whose reports have ceased without an end.
    pub(crate) fn tick(&mut self, clock_rate: u32, now: Time) -> Option<Digit> {
        let silent = self
            .current
            .is_some_and(|current| now.since(current.heard) >= LOST_END);
        if silent { self.end(clock_rate) } else { None }
    }

    fn end(&mut self, clock_rate: u32) -> Option<Digit> {
        let current = self.current.as_mut().filter(|current| !current.ended)?;
        current.ended = true;
        let micros = u64::from(current.duration) * 1_000_000 / u64::from(clock_rate);
        Some(Digit {
            key: current.key,
            duration: Duration::from_micros(micros),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 8000;

    fn report(code: u8, duration: u16, end: bool) -> EventPayload {
        EventPayload {
            key: Key::from_code(code).expect("a key"),
            end,
            volume: 10,
            duration,
        }
    }

    fn digits(reports: &[(u32, EventPayload)]) -> Vec<(char, u128)> {
        let mut receiver = EventReceiver::default();
        reports
            .iter()
            .filter_map(|(at, report)| receiver.receive(*report, *at, RATE, Time::default()))
            .map(|digit| (digit.key.into(), digit.duration.as_millis()))
            .collect()
    }

    #[test]
    fn an_event_is_one_key_however_often_its_end_is_repeated() {
        let end = (0, report(5, 800, true));

        assert_eq!(
            digits(&[(0, report(5, 160, false)), end, end, end]),
            [('5', 100)]
        );
    }

    #[test]
    fn a_key_counts_although_only_its_last_end_came_through() {
        assert_eq!(digits(&[(0, report(5, 800, true))]), [('5', 100)]);
    }

    #[test]
    fn the_same_key_pressed_twice_is_two_keys() {
        let presses = [(0, report(5, 800, true)), (2_000, report(5, 400, true))];

        assert_eq!(digits(&presses), [('5', 100), ('5', 50)]);
    }

    #[test]
    fn a_key_whose_end_was_lost_ends_with_the_next_one() {
        assert_eq!(
            digits(&[(0, report(1, 320, false)), (2_000, report(2, 160, false))]),
            [('1', 40)]
        );
    }

    #[test]
    fn a_key_whose_reports_cease_is_over() {
        let mut receiver = EventReceiver::default();
        receiver.receive(report(1, 320, false), 0, RATE, Time::default());

        assert_eq!(receiver.tick(RATE, Time::from_millis(199)), None);
        assert!(receiver.tick(RATE, Time::from_millis(200)).is_some());
        assert_eq!(receiver.tick(RATE, Time::from_millis(400)), None);
    }
}
