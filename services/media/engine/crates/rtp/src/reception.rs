//! What one leg received: loss, jitter and order by RFC 3550 appendices A.1, A.3 and A.8.

use std::time::Duration;

use crate::packet::Header;
use crate::sequence::delta;
use crate::time::Time;

/// A jump ahead by this much or more is a restart, not loss (RFC 3550 section A.1).
const MAX_DROPOUT: i16 = 3000;
/// A packet older than this many is a restart, not reordering (RFC 3550 section A.1).
const MAX_MISORDER: i16 = 100;
/// A transit change beyond this is a clock that jumped, not jitter.
const MAX_TRANSIT_SECONDS: i64 = 5;
/// The sequence starts one cycle up, so that a packet before the first has a place.
const FIRST_CYCLE: u32 = 0x1_0000;
const NANOS_PER_SECOND: u128 = 1_000_000_000;

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

#[derive(Clone, Debug)]
struct Source {
    ssrc: u32,
    first: u32,
    highest: u32,
    received: u64,
    reordered: u64,
    duplicates: u64,
    /// Bit n is set when `highest - n` has been received.
    seen: u64,
    /// The sequence number after one that jumped; a second in a row makes it a restart.
    restart_at: Option<u16>,
    clock_rate: u32,
    transit: Option<i64>,
    /// Scaled by 16, as in RFC 3550 section A.8.
    jitter: u64,
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

impl Source {
    fn new(header: &Header, clock_rate: u32) -> Self {
        let first = FIRST_CYCLE | u32::from(header.sequence_number);
        Self {
            ssrc: header.ssrc,
            first,
            highest: first,
            received: 1,
            reordered: 0,
            duplicates: 0,
            seen: 1,
            restart_at: None,
            clock_rate,
            transit: None,
            jitter: 0,
        }
    }

    /// Find the packet's place in the sequence; false when the sender has begun a new one.
    fn place(&mut self, sequence_number: u16) -> bool {
        let steps = delta(sequence_number, self.highest as u16);
        if steps >= MAX_DROPOUT || steps <= -MAX_MISORDER {
            let restarts = self.restart_at == Some(sequence_number);
            self.restart_at = Some(sequence_number.wrapping_add(1));
            return !restarts;
        }
        self.restart_at = None;
        if steps > 0 {
            self.advance(steps.unsigned_abs());
        } else {
            self.look_back(steps.unsigned_abs());
        }
        true
    }

    fn advance(&mut self, steps: u16) {
        self.highest = self.highest.wrapping_add(u32::from(steps));
        self.seen = self.seen.checked_shl(u32::from(steps)).unwrap_or(0) | 1;
        self.received += 1;
    }

    fn look_back(&mut self, age: u16) {
        let bit = 1_u64.checked_shl(u32::from(age)).unwrap_or(0);
        if self.seen & bit != 0 {
            self.duplicates += 1;
            return;
        }
        self.seen |= bit;
        self.received += 1;
        self.reordered += 1;
        self.first = self.first.min(self.highest.wrapping_sub(u32::from(age)));
    }

    /// RFC 3550 section A.8, in units of the clock rate.
    fn time(&mut self, header: &Header, clock_rate: u32, now: Time) {
        if self.clock_rate != clock_rate {
            (self.clock_rate, self.transit, self.jitter) = (clock_rate, None, 0);
        }
        let arrival = u128::from(now.nanos()) * u128::from(clock_rate) / NANOS_PER_SECOND;
        let transit = i64::from((arrival as u32).wrapping_sub(header.timestamp));
        if let Some(before) = self.transit.replace(transit) {
            let change = i64::from((transit - before) as i32).abs();
            if change < MAX_TRANSIT_SECONDS * i64::from(clock_rate) {
                self.jitter = self.jitter + change.unsigned_abs() - ((self.jitter + 8) >> 4);
            }
        }
    }

    fn jitter(&self) -> Duration {
        let units = u128::from(self.jitter >> 4);
        Duration::from_nanos((units * NANOS_PER_SECOND / u128::from(self.clock_rate)) as u64)
    }

    fn expected(&self) -> u64 {
        u64::from(self.highest - self.first) + 1
    }

    fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    fn account(&self) -> Account {
        Account {
            ssrc: self.ssrc,
            expected: self.expected() as u32,
            received: self.received as u32,
            highest: self.highest.wrapping_sub(FIRST_CYCLE),
            jitter: (self.jitter >> 4) as u32,
        }
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
