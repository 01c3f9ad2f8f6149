//! Sockets of ended sessions, kept bound and watched for the sessions to come.
//!
//! Making, binding, watching and closing four sockets is most of what a session costs. So the sockets of an
//! ended one stay where they are, in its slot, where what strays in is read and dropped, and the next session
//! takes slot, ports and sockets over once their quarantine is over. Their pairs are in use as far as the
//! pool knows.

use std::collections::{HashMap, VecDeque};
use std::os::fd::RawFd;

use trunkline_rtp::Time;

use crate::command::Slot;
use crate::opening::LocalPorts;

/// What an ended session has left.
#[derive(Debug, PartialEq, Eq)]
pub struct Parked {
    /// Its place on its thread, which has the sockets.
    pub slot: Slot,
    /// The ports of both legs.
    pub ports: [LocalPorts; 2],
    /// The sockets, to be emptied before they are used again.
    pub descriptors: [RawFd; 4],
    /// When the quarantine of the ports is over.
    pub rested: Time,
}

/// Indices of the local addresses of both legs.
type Addresses = [usize; 2];

/// What the ended sessions of one thread have left, up to a number.
pub struct Parking {
    most: usize,
    count: usize,
    /// In the order in which their quarantine ends.
    places: HashMap<Addresses, VecDeque<Parked>>,
}

impl Parking {
    /// Room for the sockets of `most` sessions.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            count: 0,
            places: HashMap::new(),
        }
    }

    /// Sessions whose sockets are here.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Whether those of one more may stay.
    pub const fn has_room(&self) -> bool {
        self.count < self.most
    }

    /// Those that could be taken now.
    pub fn rested(&self, now: Time) -> usize {
        let rested = |row: &VecDeque<Parked>| row.partition_point(|one| one.rested <= now);
        self.places.values().map(rested).sum()
    }

    /// Keep what a session has left.
    pub fn park(&mut self, parked: Parked) {
        let addresses = parked.ports.map(|ports| ports.address);
        self.places.entry(addresses).or_default().push_back(parked);
        self.count += 1;
    }

    /// Take what has rested for longest on the addresses of two legs.
    pub fn take(&mut self, addresses: Addresses, now: Time) -> Option<Parked> {
        let row = self.places.get_mut(&addresses)?;
        if row.front()?.rested > now {
            return None;
        }
        self.count -= 1;
        row.pop_front()
    }

    /// Take one that has rested and has ports on `address`, whatever its other leg.
    pub fn take_with(&mut self, address: usize, now: Time) -> Option<Parked> {
        let with_it = |addresses: &&Addresses| addresses.contains(&address);
        let all: Vec<Addresses> = self.places.keys().filter(with_it).copied().collect();
        all.into_iter()
            .find_map(|addresses| self.take(addresses, now))
    }

    /// Take them all.
    pub fn clear(&mut self) -> impl Iterator<Item = Parked> {
        self.count = 0;
        std::mem::take(&mut self.places).into_values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parked(slot: Slot, addresses: Addresses, rested: u64) -> Parked {
        Parked {
            slot,
            ports: addresses.map(|address| LocalPorts {
                address,
                rtp: 10_000,
            }),
            descriptors: [0; 4],
            rested: Time::from_millis(rested),
        }
    }

    fn slot(parked: Option<Parked>) -> Option<Slot> {
        parked.map(|one| one.slot)
    }

    #[test]
    fn what_has_rested_for_longest_comes_first_and_nothing_before_it_has_rested() {
        let mut parking = Parking::new(2);
        parking.park(parked(7, [0, 0], 1_000));
        parking.park(parked(8, [0, 0], 2_000));

        assert_eq!(slot(parking.take([0, 0], Time::from_millis(999))), None);
        assert_eq!(parking.rested(Time::from_millis(1_999)), 1);
        assert_eq!(
            slot(parking.take([0, 0], Time::from_millis(2_000))),
            Some(7)
        );
        assert_eq!(
            slot(parking.take([0, 0], Time::from_millis(2_000))),
            Some(8)
        );
    }

    #[test]
    fn a_session_takes_only_what_is_on_its_addresses_in_their_order() {
        let mut parking = Parking::new(2);
        parking.park(parked(7, [0, 1], 0));

        assert_eq!(slot(parking.take([0, 0], Time::default())), None);
        assert_eq!(slot(parking.take([1, 0], Time::default())), None);
        assert_eq!(slot(parking.take([0, 1], Time::default())), Some(7));
    }

    #[test]
    fn room_is_made_by_any_that_has_ports_on_the_address() {
        let mut parking = Parking::new(1);
        parking.park(parked(7, [0, 1], 0));

        assert_eq!(slot(parking.take_with(2, Time::default())), None);
        assert_eq!(slot(parking.take_with(1, Time::default())), Some(7));
    }

    #[test]
    fn a_full_parking_has_room_again_once_one_is_taken_or_all_are() {
        let mut parking = Parking::new(1);
        assert!(parking.has_room());
        parking.park(parked(7, [0, 0], 0));
        assert!(!parking.has_room());

        assert_eq!(slot(parking.take([0, 0], Time::default())), Some(7));
        assert!(parking.has_room());
        parking.park(parked(8, [0, 0], 9_000));

        assert_eq!(parking.clear().map(|one| one.slot).collect::<Vec<_>>(), [8]);
        assert_eq!((parking.count(), parking.has_room()), (0, true));
    }
}
