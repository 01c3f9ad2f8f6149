//! Every parser of what the network sends: any bytes give a value or an error.

use trunkline_rtp::{Compound, EventPayload, Header, is_rtcp, is_udptl};

/// Parse a datagram as everything it could be.
///
/// # Panics
/// When a parser believes a length that is a lie.
pub fn parsers(datagram: &[u8]) {
    if let Ok(header) = Header::parse(datagram) {
        assert!(header.payload_start <= datagram.len());
        let _ = EventPayload::parse(&datagram[header.payload_start..]);
    }
    if let Ok(compound) = Compound::parse(datagram) {
        let bytes: usize = compound.map(|packet| 4 + packet.body.len()).sum();
        assert_eq!(bytes, datagram.len());
    }
    let _ = (is_rtcp(datagram), is_udptl(datagram));
}
