//! What a peer's reports tell of the way to it (RFC 3550 section 6.4.1): the round trip, and what
//! was lost of what it was sent.
//!
//! We remember when a sender report went to the peer, whoever wrote it; when the peer's report comes
//! back we know how long both ways took.

use std::time::Duration;

use crate::rtcp::{Block, Compound, SENDER_REPORT, word};
use crate::time::Time;

/// Sender reports that may be under way: one every few seconds is sent.
const UNDER_WAY: usize = 4;
/// The delay since the last report is in units of 1/65536 s.
const UNITS_A_SECOND: u64 = 65_536;
/// The sum of lost packets has 24 bits and a sign: more came than were expected.
const NEGATIVE: u32 = 0x80_0000;

/// What is known about the way to one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FarEnd {
    /// Middle 32 bits of the NTP time of each report, and when it was sent to the peer.
    sent: [Option<(u32, Time)>; UNDER_WAY],
    next: usize,
    round_trip: Option<Duration>,
    reception: Option<FarReception>,
}

/// What the peer last told of the stream that it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FarReception {
    pub(crate) lost: u32,
    /// In units of the clock rate.
    pub(crate) jitter: u32,
}

impl FarEnd {
    /// The latest round trip.
    pub(crate) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// What the peer last told of its reception.
    pub(crate) const fn reception(&self) -> Option<FarReception> {
        self.reception
    }

    /// Remember the sender reports of what is sent to the peer.
    pub(crate) fn send(&mut self, compound: Compound<'_>, now: Time) {
        for report in compound.filter(|packet| packet.packet_type == SENDER_REPORT) {
            if let Some(time) = word(report.body, 6) {
                self.sent[self.next] = Some((time, now));
                self.next = (self.next + 1) % UNDER_WAY;
            }
        }
    }

    /// Take what the peer tells. `source` is the stream that it is sent.
    pub(crate) fn receive(&mut self, compound: Compound<'_>, source: Option<u32>, now: Time) {
        for packet in compound {
            for block in packet.blocks() {
                self.take(block, source, now);
            }
        }
    }

    fn take(&mut self, block: Block, source: Option<u32>, now: Time) {
        if source == Some(block.ssrc) {
            self.reception = Some(FarReception {
                lost: if block.lost < NEGATIVE { block.lost } else { 0 },
                jitter: block.jitter,
            });
        }
        let mut sent = self.sent.iter().flatten();
        let answered = sent.find(|(time, _)| *time == block.last_report && *time != 0);
        if let Some((_, at)) = answered {
            let held = u64::from(block.since_last_report) * 1_000_000_000 / UNITS_A_SECOND;
            let trip = now.since(*at).saturating_sub(Duration::from_nanos(held));
            self.round_trip = Some(trip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender_report(ntp: u64) -> Vec<u8> {
        let mut packet = vec![0x80, 200, 0, 6, 0, 0, 0, 1];
        packet.extend(ntp.to_be_bytes());
        packet.extend([0; 12]);
        packet
    }

    fn receiver_report(last: u32, delay: u32) -> Vec<u8> {
        let mut packet = vec![0x81, 201, 0, 7, 0, 0, 0, 2];
        packet.extend([0; 16]);
        packet.extend(last.to_be_bytes());
        packet.extend(delay.to_be_bytes());
        packet
    }

    fn compound(packet: &[u8]) -> Compound<'_> {
        Compound::parse(packet).expect("RTCP")
    }

    #[test]
    fn an_answered_report_gives_the_round_trip_without_the_time_it_was_held() {
        let mut way = FarEnd::default();
        way.send(
            compound(&sender_report(0x0000_1234_5678_0000)),
            Time::from_millis(1_000),
        );

        let answer = receiver_report(0x1234_5678, 65_536);
        way.receive(compound(&answer), None, Time::from_millis(2_080));

        assert_eq!(way.round_trip(), Some(Duration::from_millis(80)));
    }

    #[test]
    fn an_answer_to_nothing_tells_nothing() {
        let mut way = FarEnd::default();
        way.receive(compound(&receiver_report(0, 0)), None, Time::from_millis(5));
        way.receive(compound(&receiver_report(7, 0)), None, Time::from_millis(5));

        assert_eq!(way.round_trip(), None);
    }

    #[test]
    fn what_the_peer_lost_is_heard_of_the_stream_it_is_sent_only() {
        let mut way = FarEnd::default();
        let mut report = receiver_report(0, 0);
        report[8..24].copy_from_slice(&[0, 0, 0, 7, 25, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 80]);
        way.receive(compound(&report), Some(8), Time::from_millis(5));
        assert_eq!(way.reception(), None);

        way.receive(compound(&report), Some(7), Time::from_millis(5));
        assert_eq!(
            way.reception(),
            Some(FarReception {
                lost: 3,
                jitter: 80
            })
        );
    }
}
