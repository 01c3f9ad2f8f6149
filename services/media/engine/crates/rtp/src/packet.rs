//! The RTP header (RFC 3550 section 5.1). The payload is left alone: it may be encrypted.

use std::fmt;

use crate::outgoing::Originated;
use crate::protection::Datagram;

/// Bytes of the fixed header.
pub const RTP_HEADER: usize = 12;

const VERSION: u8 = 2;

/// Why a datagram is not RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Fewer than twelve bytes.
    Short,
    /// The version is not two.
    Version,
    /// The CSRC list or the header extension is longer than the datagram.
    Lists,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "shorter than the fixed header of 12 bytes",
            Self::Version => "version is not 2",
            Self::Lists => "CSRC list or extension runs past the datagram",
        })
    }
}

impl std::error::Error for Malformed {}

/// The fields of one RTP header, and where its payload begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The padding bit; the count stands in the last byte, which may be encrypted.
    pub padding: bool,
    /// The marker bit: for voice, the first packet of a talkspurt (RFC 3551 section 4.1).
    pub marker: bool,
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence_number: u16,
    /// Timestamp, in units of the clock rate.
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: u32,
    /// Offset of the first byte after the CSRC list and the extension.
    pub payload_start: usize,
}

impl Header {
    /// Parse the header of `datagram`.
    ///
    /// # Errors
    /// [`Malformed`], when the datagram is no RTP version 2.
    pub fn parse(datagram: &[u8]) -> Result<Self, Malformed> {
        let Some(fixed) = datagram.first_chunk::<RTP_HEADER>() else {
            return Err(Malformed::Short);
        };
        if fixed[0] >> 6 != VERSION {
            return Err(Malformed::Version);
        }
        Ok(Self {
            padding: fixed[0] & 0x20 != 0,
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence_number: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            payload_start: payload_start(datagram, fixed[0])?,
        })
    }
}

impl Header {
    /// The header of a packet of ours.
    pub(crate) const fn originated(of: Originated, payload_type: u8, marker: bool) -> Self {
        Self {
            padding: false,
            marker,
            payload_type,
            sequence_number: of.sequence_number,
            timestamp: of.timestamp,
            ssrc: of.ssrc,
            payload_start: RTP_HEADER,
        }
    }

    /// Write a whole packet with this header, which has neither CSRC list nor extension.
    pub(crate) fn write(&self, datagram: &mut Datagram<'_>, payload: &[u8]) {
        datagram.resize_to_room();
        let bytes = datagram.bytes_mut();
        bytes[RTP_HEADER..RTP_HEADER + payload.len()].copy_from_slice(payload);
        self.write_fixed(bytes);
        datagram
            .resize(RTP_HEADER + payload.len())
            .expect("it was just written");
    }

    /// Write the fixed header before a payload that is in place, without CSRC list and extension.
    pub(crate) fn write_fixed(&self, packet: &mut [u8]) {
        packet[0] = VERSION << 6;
        packet[8..RTP_HEADER].copy_from_slice(&self.ssrc.to_be_bytes());
        self.rewrite(packet);
    }

    /// Write what relaying may change: payload type, sequence number and timestamp.
    pub(crate) fn rewrite(&self, packet: &mut [u8]) {
        packet[1] = u8::from(self.marker) << 7 | self.payload_type;
        packet[2..4].copy_from_slice(&self.sequence_number.to_be_bytes());
        packet[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
    }
}

fn payload_start(datagram: &[u8], first: u8) -> Result<usize, Malformed> {
    let mut start = RTP_HEADER + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let words = datagram.get(start + 2..start + 4).ok_or(Malformed::Lists)?;
        start += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    if start > datagram.len() {
        return Err(Malformed::Lists);
    }
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: [u8; 16] = [
        0x80, 0x88, 0, 7, 0, 0, 0, 160, 1, 2, 3, 4, 0xd5, 0xd5, 0xd5, 0xd5,
    ];

    #[test]
    fn a_plain_header_gives_its_fields() {
        let header = Header::parse(&PACKET).expect("a valid packet");

        assert_eq!(
            header,
            Header {
                padding: false,
                marker: true,
                payload_type: 8,
                sequence_number: 7,
                timestamp: 160,
                ssrc: 0x0102_0304,
                payload_start: 12,
            }
        );
    }

    #[test]
    fn the_payload_begins_after_the_csrc_list_and_the_extension() {
        let mut packet = [0_u8; 12 + 8 + 4 + 4 + 1];
        packet[0] = 0x92;
        packet[23] = 1;

        assert_eq!(
            Header::parse(&packet).map(|header| header.payload_start),
            Ok(28)
        );
    }

    #[test]
    fn lists_that_run_past_the_datagram_are_malformed() {
        let mut csrc = PACKET;
        csrc[0] = 0x8f;
        let mut extension = PACKET;
        extension[0] = 0x90;

        assert_eq!(Header::parse(&csrc), Err(Malformed::Lists));
        assert_eq!(Header::parse(&extension), Err(Malformed::Lists));
    }

    #[test]
    fn every_datagram_of_one_byte_value_gives_a_header_or_an_error() {
        for value in 0..=u8::MAX {
            for length in 0..64 {
                let datagram = vec![value; length];
                if let Ok(header) = Header::parse(&datagram) {
                    assert!(header.payload_start <= length);
                }
            }
        }
    }
}
