//! One synchronization source: its sequence and its clock.

use std::time::Duration;

use super::Account;
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

#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) ssrc: u32,
    first: u32,
    highest: u32,
    received: u64,
    pub(super) reordered: u64,
    pub(super) duplicates: u64,
    /// Bit n is set when `highest - n` has been received.
    seen: u64,
    /// The sequence number after one that jumped; a second in a row makes it a restart.
    restart_at: Option<u16>,
    clock_rate: u32,
    transit: Option<i64>,
    /// Scaled by 16, as in RFC 3550 section A.8.
    jitter: u64,
}

impl Source {
    pub(super) fn new(header: &Header, clock_rate: u32) -> Self {
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
    pub(super) fn place(&mut self, sequence_number: u16) -> bool {
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
    pub(super) fn time(&mut self, header: &Header, clock_rate: u32, now: Time) {
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

    pub(super) fn jitter(&self) -> Duration {
        let units = u128::from(self.jitter >> 4);
        Duration::from_nanos((units * NANOS_PER_SECOND / u128::from(self.clock_rate)) as u64)
    }

    fn expected(&self) -> u64 {
        u64::from(self.highest - self.first) + 1
    }

    pub(super) fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    pub(super) fn account(&self) -> Account {
        Account {
            ssrc: self.ssrc,
            expected: self.expected() as u32,
            received: self.received as u32,
            highest: self.highest.wrapping_sub(FIRST_CYCLE),
            jitter: (self.jitter >> 4) as u32,
        }
    }
}
