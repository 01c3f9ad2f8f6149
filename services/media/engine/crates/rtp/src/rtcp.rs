//! RTCP compound packets: enough to tell them from RTP and to refuse what is not RTCP
//! (RFC 3550 sections 6.4 and A.2, RFC 5761 section 4), to read reports and to write one.

use std::fmt;

use crate::origin::NAME;

const VERSION: u8 = 2;
const HEADER: usize = 4;
pub(crate) const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
/// The item of a source description that has the canonical name.
const CNAME: u8 = 1;
/// Where report blocks begin in a packet's body: after the sender, and its own account.
const SENDER_REPORT_BLOCKS: usize = 24;
const RECEIVER_REPORT_BLOCKS: usize = 4;
const BLOCK: usize = 24;

/// Whether a datagram on a multiplexed port is RTCP (RFC 5761 section 4: types 192 to 223).
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if first >> 6 == VERSION)
}

/// Why a datagram is not RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedRtcp {
    /// Fewer than eight bytes: no header with a sender.
    Short,
    /// A packet's version is not two.
    Version,
    /// A packet's type is not one of RTCP's.
    Type,
    /// The packets' lengths don't add up to the datagram's.
    Length,
}

impl fmt::Display for MalformedRtcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "shorter than a header and its sender, 8 bytes",
            Self::Version => "version is not 2",
            Self::Type => "packet type is not between 192 and 223",
            Self::Length => "lengths of the packets don't add up to the datagram",
        })
    }
}

impl std::error::Error for MalformedRtcp {}

/// One packet of a compound: its type, its five-bit count, and what follows the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtcpPacket<'a> {
    /// Packet type: 200 SR, 201 RR, 202 SDES, 203 BYE, 204 APP.
    pub packet_type: u8,
    /// Reception reports or sources, by type.
    pub count: u8,
    /// The bytes after the four of the header.
    pub body: &'a [u8],
}

/// A validated compound: every length fits. Reduced-size RTCP (RFC 5506) is let through.
#[derive(Clone, Debug)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

impl<'a> Compound<'a> {
    /// Validate `datagram` as RTCP.
    ///
    /// # Errors
    /// [`MalformedRtcp`], when the datagram is not a chain of RTCP packets.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, MalformedRtcp> {
        if datagram.len() < 2 * HEADER {
            return Err(MalformedRtcp::Short);
        }
        let mut rest = datagram;
        while !rest.is_empty() {
            (_, rest) = split(rest)?;
        }
        Ok(Self { rest: datagram })
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = RtcpPacket<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (packet, rest) = split(self.rest).ok()?;
        self.rest = rest;
        Some(packet)
    }
}

fn split(datagram: &[u8]) -> Result<(RtcpPacket<'_>, &[u8]), MalformedRtcp> {
    let Some(header) = datagram.first_chunk::<HEADER>() else {
        return Err(MalformedRtcp::Length);
    };
    if header[0] >> 6 != VERSION {
        return Err(MalformedRtcp::Version);
    }
    if !(192..=223).contains(&header[1]) {
        return Err(MalformedRtcp::Type);
    }
    let length = HEADER + 4 * usize::from(u16::from_be_bytes([header[2], header[3]]));
    let body = datagram.get(HEADER..length).ok_or(MalformedRtcp::Length)?;
    let packet = RtcpPacket {
        packet_type: header[1],
        count: header[0] & 0x1f,
        body,
    };
    Ok((packet, &datagram[length..]))
}

/// What a report block says of a source that is received (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) ssrc: u32,
    /// Since the last report, in 256ths.
    pub(crate) fraction_lost: u8,
    /// In all, in 24 bits.
    pub(crate) lost: u32,
    /// The highest sequence number, with its cycles.
    pub(crate) highest: u32,
    /// In units of the clock rate.
    pub(crate) jitter: u32,
    /// The middle of the NTP time of the source's last report. Zero when there was none.
    pub(crate) last_report: u32,
    /// How long ago that came, in 1/65536 s.
    pub(crate) since_last_report: u32,
}

impl Block {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let [fraction_lost, lost @ ..] = word(bytes, 4)?.to_be_bytes();
        Some(Self {
            ssrc: word(bytes, 0)?,
            fraction_lost,
            lost: u32::from_be_bytes([0, lost[0], lost[1], lost[2]]),
            highest: word(bytes, 8)?,
            jitter: word(bytes, 12)?,
            last_report: word(bytes, 16)?,
            since_last_report: word(bytes, 20)?,
        })
    }

    fn words(self) -> [u32; BLOCK / 4] {
        [
            self.ssrc,
            u32::from(self.fraction_lost) << 24 | self.lost,
            self.highest,
            self.jitter,
            self.last_report,
            self.since_last_report,
        ]
    }
}

impl RtcpPacket<'_> {
    /// The report blocks of a sender's or receiver's report; of others, none.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Block> {
        let start = match self.packet_type {
            SENDER_REPORT => SENDER_REPORT_BLOCKS,
            RECEIVER_REPORT => RECEIVER_REPORT_BLOCKS,
            _ => self.body.len(),
        };
        let blocks = self.body.get(start..).unwrap_or_default();
        let counted = blocks.chunks_exact(BLOCK).take(usize::from(self.count));
        counted.filter_map(Block::parse)
    }
}

/// What a sender says of its own stream (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct SenderAccount {
    pub(crate) ntp_time: u64,
    /// The same instant, in units of the clock rate.
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

/// A compound of one report and its sender's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) ssrc: u32,
    /// None makes it a receiver's report.
    pub(crate) sender: Option<SenderAccount>,
    pub(crate) block: Option<Block>,
    pub(crate) name: [u8; NAME],
}

impl Report {
    /// Write the compound, and return its length.
    pub(crate) fn write(self, buffer: &mut [u8]) -> usize {
        let count = u8::from(self.block.is_some());
        let (packet_type, account) = match self.sender {
            Some(account) => (SENDER_REPORT, Some(account.words())),
            None => (RECEIVER_REPORT, None),
        };
        let account = account.into_iter().flatten();
        let blocks = self.block.map(Block::words).into_iter().flatten();
        let report = [self.ssrc].into_iter().chain(account).chain(blocks);
        let description = [self.ssrc].into_iter().chain(self.item());
        let length = write_packet(buffer, (packet_type, count), report);
        length + write_packet(&mut buffer[length..], (SOURCE_DESCRIPTION, 1), description)
    }

    /// The name's item, and the zeros that end the chunk.
    fn item(&self) -> [u32; NAME / 4 + 1] {
        let mut bytes = [0; NAME + HEADER];
        bytes[..2].copy_from_slice(&[CNAME, NAME as u8]);
        bytes[2..2 + NAME].copy_from_slice(&self.name);
        std::array::from_fn(|n| word(&bytes, 4 * n).unwrap_or_default())
    }
}

impl SenderAccount {
    fn words(self) -> [u32; 5] {
        [
            (self.ntp_time >> 32) as u32,
            self.ntp_time as u32,
            self.timestamp,
            self.packets,
            self.octets,
        ]
    }
}

/// Write a packet of words, and return its length.
fn write_packet(
    buffer: &mut [u8],
    (packet_type, count): (u8, u8),
    body: impl Iterator<Item = u32>,
) -> usize {
    let mut words = 0;
    for (word, room) in body.zip(buffer[HEADER..].chunks_exact_mut(4)) {
        room.copy_from_slice(&word.to_be_bytes());
        words += 1;
    }
    let [high, low] = u16::to_be_bytes(words);
    buffer[..HEADER].copy_from_slice(&[VERSION << 6 | count, packet_type, high, low]);
    HEADER + 4 * usize::from(words)
}

/// The 32 bits that begin at a byte.
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_RR: [u8; 8] = [0x80, 201, 0, 1, 1, 2, 3, 4];
    const SDES: [u8; 8] = [0x81, 202, 0, 1, 1, 2, 3, 4];

    #[test]
    fn a_compound_gives_its_packets_in_order() {
        let datagram = [EMPTY_RR, SDES].concat();

        let types: Vec<u8> = Compound::parse(&datagram)
            .expect("a valid compound")
            .map(|p| p.packet_type)
            .collect();

        assert_eq!(types, [201, 202]);
    }

    #[test]
    fn a_length_past_the_datagram_is_malformed() {
        let mut datagram = EMPTY_RR;
        datagram[3] = 2;

        assert_eq!(
            Compound::parse(&datagram).err(),
            Some(MalformedRtcp::Length)
        );
    }

    #[test]
    fn voice_with_the_marker_bit_is_not_taken_for_rtcp() {
        let marked_pcma = [0x80, 0x88, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];

        assert!(is_rtcp(&EMPTY_RR));
        assert!(!is_rtcp(&marked_pcma));
    }

    #[test]
    fn every_datagram_of_one_byte_value_gives_a_compound_or_an_error() {
        for value in 0..=u8::MAX {
            for length in 0..64 {
                let datagram = vec![value; length];
                if let Ok(compound) = Compound::parse(&datagram) {
                    assert!(compound.count() > 0);
                }
            }
        }
    }
}
