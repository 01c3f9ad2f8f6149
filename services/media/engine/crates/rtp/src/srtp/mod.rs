//! SRTP and SRTCP (RFC 3711), and their AEAD transforms (RFC 7714), with keys from SDES (RFC 4568).
//!
//! A packet is believed only after its tag has been verified; then its index is marked as seen.
//! Key derivation rate zero, no MKI, as every SDES peer has it.

mod derivation;
mod suite;
mod transform;
mod window;

pub use suite::{BadSrtpKey, Suite};

use crate::packet::Header;
use crate::protection::{Datagram, Protection, Rejected};
use transform::Transform;
use window::Streams;

/// Bytes of an RTCP header with its sender, which stay plain.
const RTCP_HEADER: usize = 8;
/// Bytes of the E bit and the SRTCP index.
const RTCP_INDEX: usize = 4;
const ENCRYPTED: u32 = 1 << 31;

/// One leg's SRTP: a key for what it receives and one for what it sends.
pub struct Srtp {
    received: Flow,
    sent: Flow,
}

/// One direction.
struct Flow {
    transform: Transform,
    rtp: Streams,
    rtcp: Streams,
}

impl Srtp {
    /// Keys are the master key followed by the master salt, as `a=crypto` has them.
    ///
    /// # Errors
    /// [`BadSrtpKey`], when a key has not the suite's length.
    pub fn new(suite: Suite, receive_key: &[u8], send_key: &[u8]) -> Result<Self, BadSrtpKey> {
        Ok(Self {
            received: Flow::new(suite, receive_key)?,
            sent: Flow::new(suite, send_key)?,
        })
    }
}

impl Flow {
    fn new(suite: Suite, key: &[u8]) -> Result<Self, BadSrtpKey> {
        let transform = Transform::new(suite, key)?;
        Ok(Self {
            transform,
            rtp: Streams::default(),
            rtcp: Streams::default(),
        })
    }
}

impl Protection for Srtp {
    fn open_rtp(&mut self, datagram: &mut Datagram<'_>) -> Result<(), Rejected> {
        let header = Header::parse(datagram.bytes()).map_err(|_| Rejected::Malformed)?;
        let flow = &mut self.received;
        let index = flow.rtp.guess(header.ssrc, header.sequence_number);
        flow.rtp.check(header.ssrc, index)?;
        let length = flow
            .transform
            .open_rtp(datagram.bytes_mut(), &header, index)?;
        flow.rtp.mark(header.ssrc, index);
        datagram.resize(length)
    }

    fn seal_rtp(&mut self, datagram: &mut Datagram<'_>) -> Result<(), Rejected> {
        let header = Header::parse(datagram.bytes()).map_err(|_| Rejected::Malformed)?;
        let flow = &mut self.sent;
        let index = flow.rtp.guess(header.ssrc, header.sequence_number);
        let plain = datagram.bytes().len();
        datagram.resize(plain + flow.transform.rtp_tag())?;
        flow.transform
            .seal_rtp(datagram.bytes_mut(), &header, index, plain);
        flow.rtp.mark(header.ssrc, index);
        Ok(())
    }

    fn open_rtcp(&mut self, datagram: &mut Datagram<'_>) -> Result<(), Rejected> {
        let flow = &mut self.received;
        let ssrc = rtcp_sender(datagram.bytes())?;
        let word = flow.transform.rtcp_index_word(datagram.bytes())?;
        let index = u64::from(word & !ENCRYPTED);
        flow.rtcp.check(ssrc, index)?;
        let length = flow.transform.open_rtcp(datagram.bytes_mut(), ssrc, word)?;
        flow.rtcp.mark(ssrc, index);
        datagram.resize(length)
    }

    fn seal_rtcp(&mut self, datagram: &mut Datagram<'_>) -> Result<(), Rejected> {
        let flow = &mut self.sent;
        let ssrc = rtcp_sender(datagram.bytes())?;
        let index = flow.rtcp.next(ssrc);
        let plain = datagram.bytes().len();
        datagram.resize(plain + RTCP_INDEX + flow.transform.rtcp_tag())?;
        let word = index as u32 & !ENCRYPTED | ENCRYPTED;
        flow.transform
            .seal_rtcp(datagram.bytes_mut(), ssrc, word, plain);
        flow.rtcp.mark(ssrc, index);
        Ok(())
    }
}

fn rtcp_sender(datagram: &[u8]) -> Result<u32, Rejected> {
    let header = datagram
        .first_chunk::<RTCP_HEADER>()
        .ok_or(Rejected::Malformed)?;
    Ok(u32::from_be_bytes([
        header[4], header[5], header[6], header[7],
    ]))
}

#[cfg(test)]
mod tests;
