//! Digits towards a peer, one after the other: event packets by RFC 4733, or spans of tone.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Digit, DigitForm, DualTone, EventPayload, Key};
use crate::outgoing::units;
use crate::time::Time;

/// Between two packets of a digit.
const INTERVAL: Duration = Duration::from_millis(20);
const PACKETS_A_SECOND: u32 = 50;
/// How often the end is reported (RFC 4733 section 2.5.1.4).
const ENDS: u8 = 3;
/// Between two digits.
const PAUSE: Duration = Duration::from_millis(60);
/// Digits that may wait; more are refused.
const MOST_WAITING: usize = 64;
/// -10 dBm0.
const VOLUME: u8 = 10;

/// A packet that is due.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    /// A report of an event. All of an event's reports have the timestamp of its first.
    Event { payload: EventPayload, first: bool },
    /// A packet's length of tone, which has been made.
    Tone,
}

/// The digits that one leg is still to be sent.
#[derive(Debug, Default)]
pub(crate) struct DigitSender {
    waiting: VecDeque<Digit>,
    current: Option<Sending>,
    next_at: Time,
}

#[derive(Debug)]
struct Sending {
    key: Key,
    form: DigitForm,
    duration: Duration,
    elapsed: Duration,
    ends_left: u8,
    tone: Option<DualTone>,
}

impl DigitSender {
    /// Queue a digit; false when too many wait.
    pub(crate) fn push(&mut self, digit: Digit, now: Time) -> bool {
        if self.waiting.len() >= MOST_WAITING {
            return false;
        }
        if self.current.is_none() && self.waiting.is_empty() {
            self.next_at = self.next_at.max(now);
        }
        self.waiting.push_back(digit);
        true
    }

    /// Whether nothing is to be sent.
    pub(crate) fn is_idle(&self) -> bool {
        self.current.is_none() && self.waiting.is_empty()
    }

    /// Whether a digit is being sent, in place of voice.
    pub(crate) const fn is_sending(&self) -> bool {
        self.current.is_some()
    }

    /// The packet that is due, if one is, and since when. A tone fills `samples`: 20 ms of them.
    pub(crate) fn poll(
        &mut self,
        form: DigitForm,
        clock_rate: u32,
        samples: &mut [i16],
        now: Time,
    ) -> Option<(Due, Time)> {
        if now < self.next_at {
            return None;
        }
        if self.current.is_none() {
            let sample_rate = samples.len() as u32 * PACKETS_A_SECOND;
            self.current = Some(Sending::new(self.waiting.pop_front()?, form, sample_rate));
        }
        let at = self.next_at;
        let sending = self.current.as_mut()?;
        let due = sending.step(clock_rate, samples);
        self.next_at = at + INTERVAL;
        if sending.ends_left == 0 {
            self.current = None;
            self.next_at = at + PAUSE;
        }
        Some((due, at))
    }
}

impl Sending {
    fn new(digit: Digit, form: DigitForm, sample_rate: u32) -> Self {
        let tone = match form {
            DigitForm::Inband => DualTone::new(digit.key, sample_rate),
            DigitForm::Event => None,
        };
        let (key, duration) = (digit.key, digit.duration);
        Self {
            key,
            form,
            duration,
            elapsed: Duration::ZERO,
            ends_left: ENDS,
            tone,
        }
    }

    fn step(&mut self, clock_rate: u32, samples: &mut [i16]) -> Due {
        let first = self.elapsed.is_zero();
        self.elapsed += INTERVAL;
        let over = self.elapsed >= self.duration;
        if self.form == DigitForm::Inband {
            self.ends_left = if over { 0 } else { ENDS };
            match &mut self.tone {
                Some(tone) => tone.fill(samples),
                None => samples.fill(0),
            }
            return Due::Tone;
        }
        if over {
            self.ends_left -= 1;
        }
        let duration = units(self.elapsed.min(self.duration), clock_rate).min(0xffff) as u16;
        let payload = EventPayload {
            key: self.key,
            end: over,
            volume: VOLUME,
            duration,
        };
        Due::Event { payload, first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digit(name: char, millis: u64) -> Digit {
        let key = Key::from_char(name).expect("a key");
        Digit {
            key,
            duration: Duration::from_millis(millis),
        }
    }

    fn events(sender: &mut DigitSender, until: u64) -> Vec<(u64, u8, bool, u16)> {
        (0..until)
            .step_by(5)
            .filter_map(|millis| {
                let now = Time::from_millis(millis);
                match sender.poll(DigitForm::Event, 8000, &mut [0; 160], now)? {
                    (Due::Event { payload, .. }, _) => {
                        Some((millis, payload.key.code(), payload.end, payload.duration))
                    }
                    (Due::Tone, _) => None,
                }
            })
            .collect()
    }

    #[test]
    fn med06_acceptance_b_the_last_three_reports_of_an_event_are_its_end() {
        let mut sender = DigitSender::default();
        sender.push(digit('5', 80), Time::default());

        assert_eq!(
            events(&mut sender, 500),
            [
                (0, 5, false, 160),
                (20, 5, false, 320),
                (40, 5, false, 480),
                (60, 5, true, 640),
                (80, 5, true, 640),
                (100, 5, true, 640),
            ]
        );
        assert!(sender.is_idle());
    }

    #[test]
    fn digits_go_one_after_the_other_with_a_pause() {
        let mut sender = DigitSender::default();
        sender.push(digit('1', 40), Time::default());
        sender.push(digit('2', 40), Time::default());

        let beginnings: Vec<_> = events(&mut sender, 1_000)
            .into_iter()
            .filter(|report| report.3 == 160)
            .map(|report| (report.0, report.1))
            .collect();

        assert_eq!(beginnings, [(0, 1), (120, 2)]);
    }

    #[test]
    fn a_flood_of_digits_is_refused() {
        let mut sender = DigitSender::default();
        let taken = (0..1_000)
            .filter(|_| sender.push(digit('1', 40), Time::default()))
            .count();

        assert_eq!(taken, MOST_WAITING);
    }
}
