//! Our own reports on a leg whose voice is made here (RFC 3550 section 6).
//!
//! Where voice is converted, the other leg's reports would be untrue: its packets, its clock and its
//! losses are not those of this leg. Two participants never need more than the least interval, and
//! nobody comes or goes, so that timers are not reconsidered.

use std::time::Duration;

use crate::origin::Origin;
use crate::outgoing::units;
use crate::packet::Header;
use crate::reception::Account;
use crate::rtcp::{Block, Compound, Report, SENDER_REPORT, SenderAccount, word};
use crate::session::Side;
use crate::time::Time;

/// The least interval (RFC 3550 section 6.2); the first report comes after half of it.
const INTERVAL: Duration = Duration::from_secs(5);
/// By how much the randomized interval is too long on average, e - 3/2 (RFC 3550 section 6.3.1).
const COMPENSATION: f64 = std::f64::consts::E - 1.5;
/// Reports after the last packet by which one is no sender any more (RFC 3550 section 6.4).
const SENDER_FOR: u8 = 2;
/// Seconds from 1900, where NTP counts from, to 1970.
const NTP_AT_UNIX_EPOCH: u64 = 2_208_988_800;
/// The sum of lost packets has 24 bits and a sign.
const MOST_LOST: u32 = 0x7f_ffff;

/// What one leg's reports are made of.
pub(crate) struct Reports {
    origin: Origin,
    /// Our source where nothing was sent.
    ssrc: u32,
    random: u32,
    next_at: Option<Time>,
    due: bool,
    sent: Option<Sent>,
    /// Reports since the last packet.
    silent_for: u8,
    heard: Option<Heard>,
    told: Told,
}

/// The stream that the peer was sent.
#[derive(Clone, Copy)]
struct Sent {
    ssrc: u32,
    packets: u32,
    octets: u32,
    /// A timestamp, and when it was the present.
    timestamp: u32,
    at: Time,
}

/// The peer's last sender report.
#[derive(Clone, Copy)]
struct Heard {
    ssrc: u32,
    /// The middle of its NTP time.
    time: u32,
    at: Time,
}

/// What the last report said of the source that is heard.
#[derive(Clone, Copy, Default)]
struct Told {
    ssrc: u32,
    expected: u32,
    received: u32,
}

impl Reports {
    pub(crate) fn new(origin: Origin, side: Side) -> Self {
        let ssrc = origin.ssrc(side);
        Self {
            origin,
            ssrc,
            random: ssrc | 1, // xorshift never leaves zero
            next_at: None,
            due: false,
            sent: None,
            silent_for: 0,
            heard: None,
            told: Told::default(),
        }
    }

    /// Take note of a packet that goes to the peer.
    pub(crate) fn send(&mut self, header: &Header, octets: usize, is_voice: bool, now: Time) {
        let begun = Sent {
            ssrc: header.ssrc,
            packets: 0,
            octets: 0,
            timestamp: header.timestamp,
            at: now,
        };
        let known = self.sent.filter(|sent| sent.ssrc == header.ssrc);
        let mut sent = known.unwrap_or(begun);
        sent.packets = sent.packets.wrapping_add(1);
        sent.octets = sent.octets.wrapping_add(octets as u32);
        if is_voice {
            (sent.timestamp, sent.at) = (header.timestamp, now); // an event's stands still
        }
        self.sent = Some(sent);
        self.silent_for = 0;
    }

    /// Take note of the peer's sender reports.
    pub(crate) fn receive(&mut self, compound: Compound<'_>, now: Time) {
        for report in compound.filter(|packet| packet.packet_type == SENDER_REPORT) {
            if let (Some(ssrc), Some(time)) = (word(report.body, 0), word(report.body, 6)) {
                let at = now;
                self.heard = Some(Heard { ssrc, time, at });
            }
        }
    }

    /// Whether a report is to be written.
    pub(crate) const fn is_due(&self) -> bool {
        self.due
    }

    /// Let time pass, from the leg's first packet on. To be called a few times a second.
    pub(crate) fn tick(&mut self, now: Time) {
        match self.next_at {
            None => self.next_at = Some(now + self.interval() / 2),
            Some(next_at) => self.due |= now >= next_at,
        }
    }

    /// Write the compound that is due, and return its length. `account` is of the source that is heard.
    pub(crate) fn write(
        &mut self,
        buffer: &mut [u8],
        account: Option<Account>,
        clock_rate: u32,
        now: Time,
    ) -> usize {
        self.due = false;
        self.next_at = Some(now + self.interval());
        let sender = self.sent.filter(|_| self.silent_for < SENDER_FOR);
        self.silent_for = self.silent_for.saturating_add(1);
        let report = Report {
            ssrc: self.sent.map_or(self.ssrc, |sent| sent.ssrc),
            sender: sender.map(|sent| self.sender(sent, clock_rate, now)),
            block: account.and_then(|account| self.block(account, now)),
            name: self.origin.canonical_name(),
        };
        report.write(buffer)
    }

    fn sender(&self, sent: Sent, clock_rate: u32, now: Time) -> SenderAccount {
        let elapsed = units(now.since(sent.at), clock_rate);
        SenderAccount {
            ntp_time: ntp_time(self.origin.unix_time(now)),
            timestamp: sent.timestamp.wrapping_add(elapsed),
            packets: sent.packets,
            octets: sent.octets,
        }
    }

    /// Nothing is said of a source that was silent since the last report.
    fn block(&mut self, account: Account, now: Time) -> Option<Block> {
        let told = Some(self.told).filter(|told| told.ssrc == account.ssrc);
        let told = told.unwrap_or_default();
        if account.received == told.received {
            return None;
        }
        let expected = account.expected.saturating_sub(told.expected);
        let lost = expected.saturating_sub(account.received.saturating_sub(told.received));
        self.told = Told {
            ssrc: account.ssrc,
            expected: account.expected,
            received: account.received,
        };
        let heard = self.heard.filter(|heard| heard.ssrc == account.ssrc);
        Some(Block {
            ssrc: account.ssrc,
            fraction_lost: (256 * u64::from(lost) / u64::from(expected.max(1))).min(255) as u8,
            lost: (account.expected.saturating_sub(account.received)).min(MOST_LOST),
            highest: account.highest,
            jitter: account.jitter,
            last_report: heard.map_or(0, |heard| heard.time),
            since_last_report: heard.map_or(0, |heard| fixed_point(now.since(heard.at))),
        })
    }

    /// A random span about [`INTERVAL`]: 0.5 to 1.5 times, compensated.
    fn interval(&mut self) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let share = 0.5 + f64::from(self.random) / f64::from(u32::MAX);
        INTERVAL.mul_f64(share / COMPENSATION)
    }
}

/// Seconds since 1900 in 32.32 bits. They begin anew in 2036, as NTP's do.
fn ntp_time(unix_time: Duration) -> u64 {
    let fraction = (u64::from(unix_time.subsec_nanos()) << 32) / 1_000_000_000;
    (unix_time.as_secs().wrapping_add(NTP_AT_UNIX_EPOCH)) << 32 | fraction
}

/// A span in units of 1/65536 s.
fn fixed_point(span: Duration) -> u32 {
    ((span.as_nanos() << 16) / 1_000_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = Origin {
        seed: 77,
        unix_at_start: Duration::from_secs(1_700_000_000),
    };
    const ACCOUNT: Account = Account {
        ssrc: 9,
        expected: 100,
        received: 90,
        highest: 0x0001_0063,
        jitter: 5,
    };

    fn header(sequence_number: u16) -> Header {
        Header {
            padding: false,
            marker: false,
            payload_type: 0,
            sequence_number,
            timestamp: 160 * u32::from(sequence_number),
            ssrc: 0xabcd,
            payload_start: 12,
        }
    }

    fn seconds(n: u64) -> Time {
        Time::from_millis(1000 * n)
    }

    /// The words of the next report.
    fn report(reports: &mut Reports, account: Option<Account>, now: Time) -> Vec<u32> {
        let mut buffer = [0; 128];
        let length = reports.write(&mut buffer, account, 8000, now);
        Compound::parse(&buffer[..length]).expect("RTCP");
        let words = buffer[..length].as_chunks::<4>().0;
        words.iter().map(|word| u32::from_be_bytes(*word)).collect()
    }

    #[test]
    fn intervals_vary_about_five_seconds_and_the_first_is_half_as_long() {
        let mut reports = Reports::new(ORIGIN, Side::A);
        let spans: Vec<Duration> = (0..1000).map(|_| reports.interval()).collect();

        let mean = spans.iter().sum::<Duration>() / 1000;
        assert!(
            spans
                .iter()
                .all(|span| (2050..6200).contains(&span.as_millis()))
        );
        assert!((3900..4300).contains(&mean.as_millis()), "{mean:?}");
        reports.tick(seconds(0));
        assert!(reports.next_at.expect("armed") < Time::from_millis(3100));
    }

    #[test]
    fn a_report_is_due_once_its_time_has_come() {
        let mut reports = Reports::new(ORIGIN, Side::A);
        reports.tick(seconds(0));
        reports.tick(seconds(1));
        assert!(!reports.is_due());

        reports.tick(seconds(4));
        assert!(reports.is_due());
        report(&mut reports, None, seconds(4));
        assert!(!reports.is_due());
    }

    #[test]
    fn a_sender_accounts_for_its_stream_at_the_present() {
        let mut reports = Reports::new(ORIGIN, Side::A);
        reports.send(&header(1), 160, true, seconds(10));
        reports.send(&header(2), 4, false, seconds(11));

        let words = report(&mut reports, None, seconds(12));
        let ntp_seconds = (1_700_000_012 + NTP_AT_UNIX_EPOCH) as u32;
        assert_eq!(
            words[..7],
            [0x80c8_0006, 0xabcd, ntp_seconds, 0, 160 + 16_000, 2, 164]
        );
    }

    #[test]
    fn two_reports_after_its_last_packet_one_is_a_receiver() {
        let mut reports = Reports::new(ORIGIN, Side::A);
        reports.send(&header(1), 160, true, seconds(0));
        let types: Vec<u32> = (1..4)
            .map(|n| report(&mut reports, None, seconds(5 * n))[0] >> 16 & 0xff)
            .collect();

        assert_eq!(types, [200, 200, 201]);
    }

    #[test]
    fn a_report_says_what_was_lost_since_the_last_and_in_all() {
        let mut reports = Reports::new(ORIGIN, Side::A);
        let first = report(&mut reports, Some(ACCOUNT), seconds(5));
        let since = Account {
            expected: 200,
            received: 140,
            ..ACCOUNT
        };
        let second = report(&mut reports, Some(since), seconds(10));

        assert_eq!(
            first[..6],
            [0x81c9_0007, 77, 9, 25 << 24 | 0x0a, 0x0001_0063, 5]
        );
        assert_eq!(second[3], 128 << 24 | 0x3c);
    }

    #[test]
    fn nothing_is_said_of_a_source_that_has_fallen_silent() {
        let mut reports = Reports::new(ORIGIN, Side::A);
        report(&mut reports, Some(ACCOUNT), seconds(5));

        assert_eq!(
            report(&mut reports, Some(ACCOUNT), seconds(10))[0],
            0x80c9_0001
        );
    }

    #[test]
    fn a_peers_report_is_answered_with_how_long_it_was_held() {
        let mut reports = Reports::new(ORIGIN, Side::A);
        let mut peers = vec![0x80, 200, 0, 6, 0, 0, 0, 9];
        peers.extend(0x0000_1234_5678_0000_u64.to_be_bytes());
        peers.extend([0; 12]);
        reports.receive(Compound::parse(&peers).expect("RTCP"), seconds(3));

        let words = report(&mut reports, Some(ACCOUNT), Time::from_millis(4500));
        assert_eq!(words[6..8], [0x1234_5678, 65_536 + 32_768]);
    }

    #[test]
    fn a_report_ends_with_the_canonical_name() {
        let words = report(&mut Reports::new(ORIGIN, Side::A), None, seconds(5));

        assert_eq!(words[2..4], [0x81ca_0006, 77]);
        assert_eq!(words[4] >> 16, 0x0110);
        assert_eq!(words.len(), 9);
    }
}
