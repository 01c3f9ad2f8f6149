//! Encryption and authentication of single packets whose index is known.

use aes::Aes128;
use aes::cipher::KeyInit;
use aes_gcm::aead::{AeadInOut, Nonce, Tag};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::derivation::{Derivation, Label};
use super::suite::{BadSrtpKey, Suite};
use super::{ENCRYPTED, RTCP_HEADER, RTCP_INDEX};
use crate::counter_mode;
use crate::packet::Header;
use crate::protection::Rejected;

const SHA1_80: usize = 10;
const SHA1_32: usize = 4;
const GCM_TAG: usize = 16;

/// The transform of one direction, with its session keys for RTP and RTCP.
#[allow(clippy::large_enum_variant)] // one a direction of an SRTP leg, behind its box
pub(super) enum Transform {
    CounterMode {
        rtp: CounterMode,
        rtcp: CounterMode,
        rtp_tag: usize,
    },
    Gcm128 {
        rtp: Galois<Aes128Gcm>,
        rtcp: Galois<Aes128Gcm>,
    },
    Gcm256 {
        rtp: Galois<Aes256Gcm>,
        rtcp: Galois<Aes256Gcm>,
    },
}

impl Transform {
    pub(super) fn new(suite: Suite, key: &[u8]) -> Result<Self, BadSrtpKey> {
        let (key, salt) = suite.split(key)?;
        let keys = Derivation::new(key, salt);
        let counter_mode = |rtp_tag| Self::CounterMode {
            rtp: CounterMode::new(
                &keys.derive(Label::RtpEncryption),
                &keys.derive::<20>(Label::RtpAuthentication),
                &keys.derive(Label::RtpSalt),
            ),
            rtcp: CounterMode::new(
                &keys.derive(Label::RtcpEncryption),
                &keys.derive::<20>(Label::RtcpAuthentication),
                &keys.derive(Label::RtcpSalt),
            ),
            rtp_tag,
        };
        let salts = || (keys.derive(Label::RtpSalt), keys.derive(Label::RtcpSalt));
        Ok(match suite {
            Suite::AesCm128HmacSha1_80 => counter_mode(SHA1_80),
            Suite::AesCm128HmacSha1_32 => counter_mode(SHA1_32),
            Suite::AeadAes128Gcm => Self::Gcm128 {
                rtp: Galois::new(&keys.derive::<16>(Label::RtpEncryption), salts().0),
                rtcp: Galois::new(&keys.derive::<16>(Label::RtcpEncryption), salts().1),
            },
            Suite::AeadAes256Gcm => Self::Gcm256 {
                rtp: Galois::new(&keys.derive::<32>(Label::RtpEncryption), salts().0),
                rtcp: Galois::new(&keys.derive::<32>(Label::RtcpEncryption), salts().1),
            },
        })
    }

    /// Bytes that sealing adds to RTP.
    pub(super) const fn rtp_tag(&self) -> usize {
        match self {
            Self::CounterMode { rtp_tag, .. } => *rtp_tag,
            Self::Gcm128 { .. } | Self::Gcm256 { .. } => GCM_TAG,
        }
    }

    /// Bytes of the tag that sealing adds to RTCP, beside the index.
    pub(super) const fn rtcp_tag(&self) -> usize {
        match self {
            Self::CounterMode { .. } => SHA1_80,
            Self::Gcm128 { .. } | Self::Gcm256 { .. } => GCM_TAG,
        }
    }

    /// Verify and decrypt in place; the length of what is plain.
    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header: &Header,
        index: u64,
    ) -> Result<usize, Rejected> {
        let start = header.payload_start;
        match self {
            Self::CounterMode { rtp, rtp_tag, .. } => {
                let plain = without(packet, *rtp_tag, start)?;
                rtp.verify(packet, plain, &roc(index))?;
                rtp.apply(header.ssrc, index, &mut packet[start..plain]);
                Ok(plain)
            }
            Self::Gcm128 { rtp, .. } => rtp.open(packet, start, rtp_nonce(header.ssrc, index), &[]),
            Self::Gcm256 { rtp, .. } => rtp.open(packet, start, rtp_nonce(header.ssrc, index), &[]),
        }
    }

    /// Encrypt the first `plain` bytes in place and write the tag after them.
    pub(super) fn seal_rtp(&self, packet: &mut [u8], header: &Header, index: u64, plain: usize) {
        let start = header.payload_start;
        match self {
            Self::CounterMode { rtp, rtp_tag, .. } => {
                rtp.apply(header.ssrc, index, &mut packet[start..plain]);
                let tag = rtp.tag(&packet[..plain], &roc(index));
                packet[plain..].copy_from_slice(&tag[..*rtp_tag]);
            }
            Self::Gcm128 { rtp, .. } => {
                rtp.seal(packet, start, plain, rtp_nonce(header.ssrc, index), &[]);
            }
            Self::Gcm256 { rtp, .. } => {
                rtp.seal(packet, start, plain, rtp_nonce(header.ssrc, index), &[]);
            }
        }
    }

    /// The E bit and the index that a sealed RTCP packet carries.
    pub(super) fn rtcp_index_word(&self, packet: &[u8]) -> Result<u32, Rejected> {
        let after = match self {
            Self::CounterMode { .. } => SHA1_80,
            Self::Gcm128 { .. } | Self::Gcm256 { .. } => 0, // RFC 7714 puts the index last
        };
        let end = without(packet, after + RTCP_INDEX, RTCP_HEADER)? + RTCP_INDEX;
        let word = packet[..end]
            .last_chunk::<RTCP_INDEX>()
            .ok_or(Rejected::Malformed)?;
        Ok(u32::from_be_bytes(*word))
    }

    /// Verify and decrypt RTCP in place; the length of what is plain.
    pub(super) fn open_rtcp(
        &self,
        packet: &mut [u8],
        ssrc: u32,
        word: u32,
    ) -> Result<usize, Rejected> {
        match self {
            Self::CounterMode { rtcp, .. } => {
                let plain = without(packet, RTCP_INDEX + SHA1_80, RTCP_HEADER)?;
                rtcp.verify(packet, plain + RTCP_INDEX, &[])?;
                if word & ENCRYPTED != 0 {
                    let index = u64::from(word & !ENCRYPTED);
                    rtcp.apply(ssrc, index, &mut packet[RTCP_HEADER..plain]);
                }
                Ok(plain)
            }
            Self::Gcm128 { rtcp, .. } => rtcp.open_rtcp(packet, ssrc, word),
            Self::Gcm256 { rtcp, .. } => rtcp.open_rtcp(packet, ssrc, word),
        }
    }

    /// Encrypt the first `plain` bytes of RTCP in place, and write index and tag after them.
    pub(super) fn seal_rtcp(&self, packet: &mut [u8], ssrc: u32, word: u32, plain: usize) {
        match self {
            Self::CounterMode { rtcp, .. } => {
                let index = u64::from(word & !ENCRYPTED);
                rtcp.apply(ssrc, index, &mut packet[RTCP_HEADER..plain]);
                let end = plain + RTCP_INDEX;
                packet[plain..end].copy_from_slice(&word.to_be_bytes());
                let tag = rtcp.tag(&packet[..end], &[]);
                packet[end..].copy_from_slice(&tag[..SHA1_80]);
            }
            Self::Gcm128 { rtcp, .. } => rtcp.seal_rtcp(packet, ssrc, word, plain),
            Self::Gcm256 { rtcp, .. } => rtcp.seal_rtcp(packet, ssrc, word, plain),
        }
    }
}

/// AES-CM with HMAC-SHA1 (RFC 3711 sections 4.1.1 and 4.2.1).
pub(super) struct CounterMode {
    cipher: Aes128,
    mac: Hmac<Sha1>,
    /// The session salt in the upper 112 bits.
    salt: u128,
}

impl CounterMode {
    fn new(key: &[u8; 16], authentication_key: &[u8], salt: &[u8; 14]) -> Self {
        let mut block = [0; 16];
        block[..salt.len()].copy_from_slice(salt);
        Self {
            cipher: Aes128::new(&(*key).into()),
            mac: Hmac::new_from_slice(authentication_key).expect("HMAC takes any length"),
            salt: u128::from_be_bytes(block),
        }
    }

    fn apply(&self, ssrc: u32, index: u64, payload: &mut [u8]) {
        let first = self.salt ^ u128::from(ssrc) << 64 ^ u128::from(index) << 16;
        counter_mode::apply(&self.cipher, first, payload);
    }

    fn tag(&self, authenticated: &[u8], roc: &[u8]) -> [u8; 20] {
        let mut mac = self.mac.clone();
        mac.update(authenticated);
        mac.update(roc);
        mac.finalize().into_bytes().into()
    }

    /// Compare what follows the first `end` bytes with their tag, in constant time.
    fn verify(&self, packet: &[u8], end: usize, roc: &[u8]) -> Result<(), Rejected> {
        let (authenticated, tag) = packet.split_at(end);
        let mut mac = self.mac.clone();
        mac.update(authenticated);
        mac.update(roc);
        mac.verify_truncated_left(tag)
            .map_err(|_| Rejected::Unauthentic)
    }
}

/// AES-GCM (RFC 7714).
pub(super) struct Galois<A> {
    cipher: A,
    salt: [u8; 12],
}

impl<A: AeadInOut + KeyInit> Galois<A> {
    pub(super) fn new(key: &[u8], salt: [u8; 12]) -> Self {
        Self {
            cipher: A::new_from_slice(key).expect("the suite's key length"),
            salt,
        }
    }

    /// Bytes up to `start`, and then `more`, are authenticated and stay plain.
    fn open(
        &self,
        packet: &mut [u8],
        start: usize,
        nonce: [u8; 12],
        more: &[u8],
    ) -> Result<usize, Rejected> {
        let plain = without(packet, GCM_TAG, start)?;
        let (rest, tag) = packet.split_at_mut(plain);
        let (header, payload) = rest.split_at_mut(start);
        let tag = Tag::<A>::try_from(&*tag).map_err(|_| Rejected::Malformed)?;
        let mut scratch = [0; RTCP_HEADER + RTCP_INDEX];
        let associated = associated(header, more, &mut scratch);
        self.cipher
            .decrypt_inout_detached(&self.nonce(nonce), associated, payload.into(), &tag)
            .map_err(|_| Rejected::Unauthentic)?;
        Ok(plain)
    }

    pub(super) fn seal(
        &self,
        packet: &mut [u8],
        start: usize,
        plain: usize,
        nonce: [u8; 12],
        more: &[u8],
    ) {
        let (rest, place) = packet.split_at_mut(plain);
        let (header, payload) = rest.split_at_mut(start);
        let mut scratch = [0; RTCP_HEADER + RTCP_INDEX];
        let associated = associated(header, more, &mut scratch);
        let tag = self
            .cipher
            .encrypt_inout_detached(&self.nonce(nonce), associated, payload.into())
            .expect("a datagram is shorter than GCM's limit");
        place[..GCM_TAG].copy_from_slice(&tag);
    }

    /// RFC 7714 section 9: header, ciphertext, tag, then E bit and index in the clear.
    fn open_rtcp(&self, packet: &mut [u8], ssrc: u32, word: u32) -> Result<usize, Rejected> {
        if word & ENCRYPTED == 0 {
            return Err(Rejected::Unauthentic); // nobody here sends RTCP in the clear beside a key
        }
        let end = without(packet, RTCP_INDEX, RTCP_HEADER)?;
        let nonce = rtcp_nonce(ssrc, word);
        self.open(&mut packet[..end], RTCP_HEADER, nonce, &word.to_be_bytes())
    }

    fn seal_rtcp(&self, packet: &mut [u8], ssrc: u32, word: u32, plain: usize) {
        let index = word.to_be_bytes();
        self.seal(packet, RTCP_HEADER, plain, rtcp_nonce(ssrc, word), &index);
        packet[plain + GCM_TAG..].copy_from_slice(&index);
    }

    fn nonce(&self, nonce: [u8; 12]) -> Nonce<A> {
        let mut salted = Nonce::<A>::default();
        for ((byte, nonce), salt) in salted.iter_mut().zip(nonce).zip(self.salt) {
            *byte = nonce ^ salt;
        }
        salted
    }
}

/// Join what is authenticated and stays plain; RTP has nothing but its header.
fn associated<'a>(header: &'a [u8], more: &[u8], scratch: &'a mut [u8]) -> &'a [u8] {
    if more.is_empty() {
        return header;
    }
    scratch[..header.len()].copy_from_slice(header);
    scratch[header.len()..].copy_from_slice(more);
    scratch
}

/// The length of `packet` without `tail` bytes at its end, which must leave `least`.
const fn without(packet: &[u8], tail: usize, least: usize) -> Result<usize, Rejected> {
    match packet.len().checked_sub(tail) {
        Some(length) if length >= least => Ok(length),
        _ => Err(Rejected::Malformed),
    }
}

/// The rollover counter: the index above its 16 bits of sequence number.
const fn roc(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

/// RFC 7714 section 8.1: two zero bytes, SSRC, rollover counter, sequence number.
pub(super) fn rtp_nonce(ssrc: u32, index: u64) -> [u8; 12] {
    let nonce = u128::from(ssrc) << 48 | u128::from(index);
    *nonce
        .to_be_bytes()
        .last_chunk()
        .expect("twelve of sixteen bytes")
}

/// RFC 7714 section 9.1: two zero bytes, SSRC, two zero bytes, index.
fn rtcp_nonce(ssrc: u32, word: u32) -> [u8; 12] {
    rtp_nonce(ssrc, u64::from(word & !ENCRYPTED))
}
