//! What one leg received: loss, jitter and order by RFC 3550 appendices A.1, A.3 and A.8.

mod source;

use std::time::Duration;

use self::source::Source;
use crate::packet::Header;
use crate::time::Time;

/// A snapshot of [`Reception`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceptionCounters {
    /// Packets expected by sequence number and never seen.
    pub lost: u64,
    /// Packets that came after a later one.
    pub reordered: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Interarrival jitter.
    pub jitter: Duration,
    /// The greatest interarrival jitter so far.
    pub jitter_max: Duration,
}

/// What a report says of one source (RFC 3550 section 6.4.1). Counts are modulo 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) ssrc: u32,
    pub(crate) expected: u32,
    pub(crate) received: u32,
    /// The highest sequence number, with its cycles.
    pub(crate) highest: u32,
    /// In units of the clock rate.
    pub(crate) jitter: u32,
}

/// The receiver's state for the synchronization source now heard.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    source: Option<Source>,
    closed: Closed,
    jitter_max: Duration,
}

/// Sums of the sources that ended: a new SSRC, or a restart of the sequence.
#[derive(Clone, Copy, Debug, Default)]
struct Closed {
    lost: u64,
    reordered: u64,
    duplicates: u64,
}

impl Reception {
    /// Take the header of one received packet.
    pub fn receive(&mut self, header: &Header, clock_rate: u32, now: Time) {
        match &mut self.source {
            Some(source) if source.ssrc == header.ssrc => {
                if source.place(header.sequence_number) {
                    source.time(header, clock_rate, now);
                } else {
                    self.restart(header, clock_rate, now);
                }
            }
            _ => self.restart(header, clock_rate, now),
        }
        self.jitter_max = self.jitter_max.max(self.jitter());
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counters(&self) -> ReceptionCounters {
        let mut sums = self.closed;
        if let Some(source) = &self.source {
            sums.add(source);
        }
        ReceptionCounters {
            lost: sums.lost,
            reordered: sums.reordered,
            duplicates: sums.duplicates,
            jitter: self.jitter(),
            jitter_max: self.jitter_max,
        }
    }

    /// The synchronization source last heard.
    #[must_use]
    pub fn ssrc(&self) -> Option<u32> {
        self.source.as_ref().map(|source| source.ssrc)
    }

    /// What a report says of the source now heard.
    pub(crate) fn account(&self) -> Option<Account> {
        self.source.as_ref().map(Source::account)
    }

    fn jitter(&self) -> Duration {
        self.source.as_ref().map_or(Duration::ZERO, Source::jitter)
    }

    fn restart(&mut self, header: &Header, clock_rate: u32, now: Time) {
        if let Some(source) = &self.source {
            self.closed.add(source);
        }
        let mut source = Source::new(header, clock_rate);
        source.time(header, clock_rate, now);
        self.source = Some(source);
    }
}

impl Closed {
    fn add(&mut self, source: &Source) {
        self.lost += source.lost();
        self.reordered += source.reordered;
        self.duplicates += source.duplicates;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 8000;

    fn header(sequence_number: u16, timestamp: u32) -> Header {
        Header {
            padding: false,
            marker: false,
            payload_type: 0,
            sequence_number,
            timestamp,
            ssrc: 1,
            payload_start: 12,
        }
    }

    fn receive(sequence: &[u16]) -> ReceptionCounters {
        let mut reception = Reception::default();
        for &number in sequence {
            let ticks = u64::from(number);
            let now = Time::from_millis(20 * ticks);
            reception.receive(&header(number, 160 * u32::from(number)), RATE, now);
        }
        reception.counters()
    }

    #[test]
    fn an_even_stream_has_no_loss_and_no_jitter() {
        let counters = receive(&[1, 2, 3, 4, 5]);

        assert_eq!(counters, ReceptionCounters::default());
    }

    #[test]
    fn a_gap_is_lost_until_the_late_packet_fills_it() {
        assert_eq!(receive(&[1, 2, 5]).lost, 2);

        let filled = receive(&[1, 2, 5, 3, 4]);
        assert_eq!((filled.lost, filled.reordered), (0, 2));
    }

    #[test]
    fn a_packet_before_the_first_has_a_place() {
        let counters = receive(&[10, 9, 11]);

        assert_eq!((counters.lost, counters.reordered), (0, 1));
    }

    #[test]
    fn a_packet_that_comes_twice_is_a_duplicate_and_not_a_gain() {
        let counters = receive(&[1, 2, 2, 4]);

        assert_eq!((counters.lost, counters.duplicates), (1, 1));
    }

    #[test]
    fn the_sequence_wraps_without_loss() {
        assert_eq!(receive(&[65_534, 65_535, 0, 1]).lost, 0);
    }

    #[test]
    fn a_restarted_sequence_is_not_counted_as_loss() {
        assert_eq!(receive(&[1, 2, 20_000, 20_001, 20_002]).lost, 0);
    }

    #[test]
    fn one_stray_sequence_number_restarts_nothing() {
        assert_eq!(receive(&[1, 2, 20_000, 3, 4]).lost, 0);
    }

    #[test]
    fn a_new_source_keeps_what_the_old_one_lost() {
        let mut reception = Reception::default();
        reception.receive(&header(1, 0), RATE, Time::default());
        reception.receive(&header(4, 480), RATE, Time::default());
        let other = Header {
            ssrc: 2,
            ..header(900, 0)
        };

        reception.receive(&other, RATE, Time::default());

        assert_eq!((reception.counters().lost, reception.ssrc()), (2, Some(2)));
    }

    #[test]
    fn jitter_follows_the_recursion_of_rfc3550() {
        let mut reception = Reception::default();
        reception.receive(&header(1, 0), RATE, Time::from_millis(0));
        reception.receive(&header(2, 160), RATE, Time::from_millis(36));

        // 16 ms late are 128 units; a sixteenth of that, 8 units, is 1 ms.
        assert_eq!(reception.counters().jitter, Duration::from_millis(1));
    }
}
