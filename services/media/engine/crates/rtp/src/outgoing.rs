//! The RTP stream that a leg is sent, made of another leg's packets and of our own.
//!
//! Relayed packets keep their sender's SSRC and timestamps. What we put in between (DTMF, tones)
//! continues that stream, and what we take out leaves no gap: later packets are renumbered.

use std::time::Duration;

use crate::packet::Header;
use crate::time::Time;

/// Where the stream stands, and by how much relayed packets are renumbered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outgoing {
    last: Option<Last>,
    /// Added to the sequence numbers of relayed packets.
    shift: u16,
    /// Set after packets of ours: the next relayed packet follows on the last one sent.
    resume: bool,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    ssrc: u32,
    sequence_number: u16,
    timestamp: u32,
    at: Time,
}

impl Outgoing {
    /// The stream's source. None before its first packet.
    pub(crate) fn ssrc(&self) -> Option<u32> {
        self.last.map(|last| last.ssrc)
    }

    /// Number a relayed packet, and return its sequence number.
    pub(crate) fn relay(&mut self, header: &Header, now: Time) -> u16 {
        let continues = self.last.is_some_and(|last| last.ssrc == header.ssrc);
        match self.last {
            Some(last) if continues && self.resume => {
                let next = last.sequence_number.wrapping_add(1);
                self.shift = next.wrapping_sub(header.sequence_number);
            }
            _ if !continues => self.shift = 0,
            _ => {}
        }
        self.resume = false;
        let sequence_number = header.sequence_number.wrapping_add(self.shift);
        let (ssrc, timestamp) = (header.ssrc, header.timestamp);
        self.last = Some(Last {
            ssrc,
            sequence_number,
            timestamp,
            at: now,
        });
        sequence_number
    }

    /// Number a packet that was made of relayed ones: it follows on the last one sent.
    pub(crate) fn follow(&mut self, header: &Header, now: Time) -> u16 {
        self.resume = true;
        let sequence_number = self.relay(header, now);
        self.resume = true;
        sequence_number
    }

    /// What is added to the number of the next relayed packet, unless that follows on one of ours.
    pub(crate) fn shift(&self) -> Option<u16> {
        Some(self.shift).filter(|_| !self.resume)
    }

    /// A relayed packet is not sent on: the next one takes its number.
    pub(crate) const fn swallow(&mut self) {
        self.shift = self.shift.wrapping_sub(1);
    }

    /// Number a packet of ours that is due at `at`. `seed` serves where nothing was sent yet.
    pub(crate) fn originate(&mut self, clock_rate: u32, seed: u32, at: Time) -> Originated {
        let originated = self.last.map_or(
            Originated {
                ssrc: seed,
                sequence_number: seed as u16,
                timestamp: seed.rotate_left(16),
            },
            |last| Originated {
                ssrc: last.ssrc,
                sequence_number: last.sequence_number.wrapping_add(1),
                timestamp: last
                    .timestamp
                    .wrapping_add(units(at.since(last.at), clock_rate)),
            },
        );
        let Originated {
            ssrc,
            sequence_number,
            timestamp,
        } = originated;
        self.last = Some(Last {
            ssrc,
            sequence_number,
            timestamp,
            at,
        });
        self.resume = true;
        originated
    }
}

/// What the header of a packet of ours says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Originated {
    pub(crate) ssrc: u32,
    pub(crate) sequence_number: u16,
    /// In units of the clock rate.
    pub(crate) timestamp: u32,
}

/// A span in units of the clock rate.
pub(crate) fn units(span: Duration, clock_rate: u32) -> u32 {
    (span.as_nanos() * u128::from(clock_rate) / 1_000_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_millis(0);

    fn header(ssrc: u32, sequence_number: u16) -> Header {
        Header {
            padding: false,
            marker: false,
            payload_type: 8,
            sequence_number,
            timestamp: 160 * u32::from(sequence_number),
            ssrc,
            payload_start: 12,
        }
    }

    #[test]
    fn a_relayed_stream_keeps_its_numbers() {
        let mut outgoing = Outgoing::default();

        assert_eq!(outgoing.relay(&header(1, 65_535), START), 65_535);
        assert_eq!(outgoing.relay(&header(1, 0), START), 0);
    }

    #[test]
    fn what_is_put_in_between_shifts_what_follows() {
        let mut outgoing = Outgoing::default();
        outgoing.relay(&header(1, 10), START);

        assert_eq!(outgoing.originate(8000, 99, START).sequence_number, 11);
        assert_eq!(outgoing.relay(&header(1, 11), START), 12);
        assert_eq!(outgoing.relay(&header(1, 13), START), 14);
    }

    #[test]
    fn what_is_taken_out_leaves_no_gap() {
        let mut outgoing = Outgoing::default();
        outgoing.relay(&header(1, 10), START);
        outgoing.swallow();

        assert_eq!(outgoing.relay(&header(1, 12), START), 11);
    }

    #[test]
    fn another_source_begins_with_its_own_numbers() {
        let mut outgoing = Outgoing::default();
        outgoing.relay(&header(1, 10), START);
        outgoing.swallow();

        assert_eq!(outgoing.relay(&header(2, 700), START), 700);
    }

    #[test]
    fn our_own_stream_begins_where_nothing_was_sent() {
        let originated = Outgoing::default().originate(8000, 0x0001_0005, START);

        assert_eq!(
            (originated.ssrc, originated.sequence_number),
            (0x0001_0005, 5)
        );
    }

    #[test]
    fn our_timestamps_follow_the_clock_from_the_last_packet() {
        let mut outgoing = Outgoing::default();
        outgoing.relay(&header(1, 10), START);

        assert_eq!(
            outgoing
                .originate(8000, 9, Time::from_millis(100))
                .timestamp,
            1_600 + 800
        );
        assert_eq!(
            outgoing
                .originate(8000, 9, Time::from_millis(120))
                .timestamp,
            1_600 + 960
        );
    }
}
