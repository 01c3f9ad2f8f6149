//! Every parser of what the network sends: any bytes give a value or an error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trunkline_rtp::{Compound, EventPayload, Header, is_rtcp, is_udptl};

fuzz_target!(|datagram: &[u8]| {
    if let Ok(header) = Header::parse(datagram) {
        assert!(header.payload_start <= datagram.len());
        let _ = EventPayload::parse(&datagram[header.payload_start..]);
    }
    if let Ok(compound) = Compound::parse(datagram) {
        let bytes: usize = compound.map(|packet| 4 + packet.body.len()).sum();
        assert_eq!(bytes, datagram.len());
    }
    let _ = (is_rtcp(datagram), is_udptl(datagram));
});
