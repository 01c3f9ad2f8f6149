//! The pool of port pairs of one local address (MED-13): an even port for RTP, the next for RTCP.
//!
//! Pairs are handed out in the order in which they were freed, and none before its quarantine is
//! over: a late packet of an old call meets a closed port, not a new call.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::time::Duration;

use trunkline_rtp::Time;

/// The range of ports of the relay; it begins even and ends odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    first: u16,
    last: u16,
}

/// A range that MED-13 refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortRangeError {
    /// The first port is odd: RTP takes the even ones.
    OddStart,
    /// There is no pair between the first and the last port.
    Empty,
}

impl fmt::Display for PortRangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OddStart => "port range begins with an odd port; RTP takes even ones",
            Self::Empty => "port range holds no pair of ports; the first must be below the last",
        })
    }
}

impl std::error::Error for PortRangeError {}

impl PortRange {
    /// The range from `first` to `last`, both included.
    ///
    /// # Errors
    /// [`PortRangeError`], when it begins odd or holds no pair.
    pub const fn new(first: u16, last: u16) -> Result<Self, PortRangeError> {
        if !first.is_multiple_of(2) {
            return Err(PortRangeError::OddStart);
        }
        if last <= first || first == 0 {
            return Err(PortRangeError::Empty);
        }
        Ok(Self { first, last })
    }

    /// Whether a pair with this even port is in it.
    #[must_use]
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port < self.last
    }

    fn pairs(self) -> impl Iterator<Item = u16> {
        (self.first..self.last).step_by(2)
    }
}

/// Pairs by their even port: free, resting or in use.
#[derive(Debug)]
pub struct PortPool {
    range: PortRange,
    quarantine: Duration,
    /// Each with the instant from which it may be used; in the order of those.
    free: VecDeque<(u16, Time)>,
    used: HashSet<u16>,
}

impl PortPool {
    /// A pool with every pair of `range` free, each of which rests for `quarantine` after its use.
    #[must_use]
    pub fn new(range: PortRange, quarantine: Duration) -> Self {
        let free = range.pairs().map(|port| (port, Time::default())).collect();
        Self {
            range,
            quarantine,
            free,
            used: HashSet::new(),
        }
    }

    /// Pairs in all.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.range.pairs().count()
    }

    /// Pairs neither in use nor in quarantine.
    #[must_use]
    pub fn available(&self, now: Time) -> usize {
        self.free.partition_point(|&(_, from)| from <= now)
    }

    /// Take the pair that has been free for longest.
    pub fn take(&mut self, now: Time) -> Option<u16> {
        let &(port, from) = self.free.front()?;
        if from > now {
            return None;
        }
        self.free.pop_front();
        self.used.insert(port);
        Some(port)
    }

    /// Put a pair that was used into quarantine.
    pub fn give_back(&mut self, port: u16, now: Time) {
        self.put_back(port, self.rested(now));
    }

    /// Put a pair back whose quarantine ends at an instant.
    pub fn put_back(&mut self, port: u16, rested: Time) {
        if self.used.remove(&port) && self.range.contains(port) {
            let place = self.free.partition_point(|&(_, from)| from <= rested);
            self.free.insert(place, (port, rested));
        }
    }

    /// When the quarantine of a pair is over that is freed now.
    #[must_use]
    pub fn rested(&self, now: Time) -> Time {
        now + self.quarantine
    }

    /// The ports that are handed out.
    #[must_use]
    pub const fn range(&self) -> PortRange {
        self.range
    }

    /// Hand out the pairs of `range` from now on. Those in use elsewhere are kept until given back.
    pub fn change(&mut self, range: PortRange) {
        let resting = self
            .free
            .iter()
            .filter(|(port, _)| range.contains(*port))
            .copied();
        let known: HashSet<u16> = self.free.iter().map(|&(port, _)| port).collect();
        let fresh = range
            .pairs()
            .filter(|port| !known.contains(port) && !self.used.contains(port))
            .map(|port| (port, Time::default()));
        self.free = fresh.chain(resting).collect();
        self.range = range;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARANTINE: Duration = Duration::from_secs(5);

    fn pool(first: u16, last: u16) -> PortPool {
        PortPool::new(PortRange::new(first, last).expect("a range"), QUARANTINE)
    }

    #[test]
    fn four_ports_hold_the_two_legs_of_one_call() {
        let mut pool = pool(10_000, 10_003);

        assert_eq!(pool.take(Time::default()), Some(10_000));
        assert_eq!(pool.take(Time::default()), Some(10_002));
        assert_eq!(pool.take(Time::default()), None);
    }

    #[test]
    fn a_freed_pair_rests_for_the_quarantine() {
        let mut pool = pool(10_000, 10_001);
        let port = pool.take(Time::default()).expect("a pair");
        pool.give_back(port, Time::from_millis(1_000));

        assert_eq!(pool.take(Time::from_millis(5_999)), None);
        assert_eq!(pool.available(Time::from_millis(5_999)), 0);
        assert_eq!(pool.take(Time::from_millis(6_000)), Some(10_000));
    }

    #[test]
    fn the_pair_freed_first_is_used_first() {
        let mut pool = pool(10_000, 10_005);
        pool.take(Time::default());
        pool.give_back(10_000, Time::default());

        assert_eq!(pool.take(Time::from_millis(9_000)), Some(10_002));
    }

    #[test]
    fn a_range_that_begins_odd_or_runs_backwards_is_refused() {
        assert_eq!(
            PortRange::new(10_001, 20_000),
            Err(PortRangeError::OddStart)
        );
        assert_eq!(PortRange::new(20_000, 10_000), Err(PortRangeError::Empty));
        assert_eq!(PortRange::new(20_000, 20_000), Err(PortRangeError::Empty));
    }

    #[test]
    fn an_even_last_port_has_no_partner_and_is_left_out() {
        assert_eq!(pool(10_000, 10_002).capacity(), 1);
    }

    #[test]
    fn a_changed_range_hands_out_no_pair_twice_and_forgets_those_outside() {
        let mut pool = pool(10_000, 10_003);
        let used = pool.take(Time::default()).expect("a pair");
        pool.change(PortRange::new(10_000, 10_001).expect("a range"));

        assert_eq!(pool.take(Time::default()), None);
        pool.give_back(used, Time::default());
        assert_eq!(pool.take(Time::from_millis(5_000)), Some(10_000));
    }
}
