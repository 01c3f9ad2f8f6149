//! Round trip between us and a peer, from the RTCP that passes (RFC 3550 section 6.4.1).
//!
//! Reports are the ends' own; we remember when a sender report went to the peer, and when its
//! receiver report comes back we know how long both ways took.

use std::time::Duration;

use crate::rtcp::{Compound, RtcpPacket};
use crate::time::Time;

/// Sender reports that may be under way: one every few seconds is sent.
const UNDER_WAY: usize = 4;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
/// Where report blocks begin in a packet's body: after the sender, and its own account.
const SENDER_REPORT_BLOCKS: usize = 24;
const RECEIVER_REPORT_BLOCKS: usize = 4;
const BLOCK: usize = 24;
/// The delay since the last report is in units of 1/65536 s.
const UNITS_A_SECOND: u64 = 65_536;

/// What is known about the way to one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RoundTrip {
    /// Middle 32 bits of the NTP time of each report, and when it was sent to the peer.
    sent: [Option<(u32, Time)>; UNDER_WAY],
    next: usize,
    latest: Option<Duration>,
}

impl RoundTrip {
    /// The latest round trip.
    pub(crate) const fn latest(&self) -> Option<Duration> {
        self.latest
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

    /// Look for answers to them in what came from the peer.
    pub(crate) fn receive(&mut self, compound: Compound<'_>, now: Time) {
        for block in compound.flat_map(blocks) {
            let (Some(report), Some(delay)) = (word(block, 16), word(block, 20)) else {
                continue;
            };
            let sent = self.sent.iter().flatten().find(|(time, _)| *time == report);
            let Some((_, at)) = sent.filter(|_| report != 0) else {
                continue;
            };
            let held = u64::from(delay) * 1_000_000_000 / UNITS_A_SECOND;
            self.latest = Some(now.since(*at).saturating_sub(Duration::from_nanos(held)));
        }
    }
}

fn blocks(packet: RtcpPacket<'_>) -> impl Iterator<Item = &[u8]> {
    let start = match packet.packet_type {
        SENDER_REPORT => SENDER_REPORT_BLOCKS,
        RECEIVER_REPORT => RECEIVER_REPORT_BLOCKS,
        _ => packet.body.len(),
    };
    let blocks = packet
        .body
        .get(start..)
        .unwrap_or_default()
        .chunks_exact(BLOCK);
    blocks.take(usize::from(packet.count))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
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
        let mut way = RoundTrip::default();
        way.send(
            compound(&sender_report(0x0000_1234_5678_0000)),
            Time::from_millis(1_000),
        );

        let answer = receiver_report(0x1234_5678, 65_536);
        way.receive(compound(&answer), Time::from_millis(2_080));

        assert_eq!(way.latest(), Some(Duration::from_millis(80)));
    }

    #[test]
    fn an_answer_to_nothing_tells_nothing() {
        let mut way = RoundTrip::default();
        way.receive(compound(&receiver_report(0, 0)), Time::from_millis(5));
        way.receive(compound(&receiver_report(7, 0)), Time::from_millis(5));

        assert_eq!(way.latest(), None);
    }
}
