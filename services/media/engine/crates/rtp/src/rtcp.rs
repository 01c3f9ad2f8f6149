//! RTCP compound packets: enough to tell them from RTP and to refuse what is not RTCP
//! (RFC 3550 sections 6.4 and A.2, RFC 5761 section 4).

use std::fmt;

const VERSION: u8 = 2;
const HEADER: usize = 4;

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
