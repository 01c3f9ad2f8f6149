//! The payload encryption of MED-01: XOR, RC4 and AES-128, between two systems that share a key.
//!
//! Only the RTP payload changes, never its length; nothing is authenticated and RTCP stays plain.
//! It is not SRTP. Each packet is enciphered by itself, so loss and reordering are harmless.

use std::fmt;

use aes::Aes128;
use aes::cipher::KeyInit;

use crate::counter_mode;
use crate::packet::Header;
use crate::protection::{Datagram, Protection, Rejected};

const AES128_KEY: usize = 16;
const RC4_STATE: usize = 256;
const RC4_LONGEST_KEY: usize = 32;
/// More than any payload.
const XOR_PATTERN: usize = 2048;

/// A cipher whose second application undoes the first: all of MED-01's are.
pub trait PayloadCipher: Send {
    /// Encipher or decipher the payload of the packet with this header.
    fn apply(&self, header: &Header, payload: &mut [u8]);
}

/// A key that the cipher can't take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPayloadKey {
    /// XOR needs at least one byte.
    EmptyXor,
    /// RC4 takes 1 to 32 bytes.
    Rc4Length(usize),
    /// AES-128 takes exactly 16 bytes.
    Aes128Length(usize),
}

impl fmt::Display for BadPayloadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyXor => f.write_str("key is empty; XOR needs at least 1 byte"),
            Self::Rc4Length(length) => write!(f, "key has {length} bytes; RC4 takes 1 to 32"),
            Self::Aes128Length(length) => {
                write!(f, "key has {length} bytes; AES128 takes exactly 16")
            }
        }
    }
}

impl std::error::Error for BadPayloadKey {}

/// Byte i of the payload XOR byte i of the key, which is used cyclically.
pub struct Xor {
    pattern: Box<[u8]>,
}

impl Xor {
    /// A cipher with this key.
    ///
    /// # Errors
    /// [`BadPayloadKey::EmptyXor`].
    pub fn new(key: &[u8]) -> Result<Self, BadPayloadKey> {
        if key.is_empty() {
            return Err(BadPayloadKey::EmptyXor);
        }
        Ok(Self {
            pattern: key.iter().copied().cycle().take(XOR_PATTERN).collect(),
        })
    }
}

impl PayloadCipher for Xor {
    fn apply(&self, _: &Header, payload: &mut [u8]) {
        for (byte, key) in payload.iter_mut().zip(&self.pattern) {
            *byte ^= key;
        }
    }
}

/// RC4, begun anew with each packet. Its scheduled state is kept and copied.
pub struct Rc4 {
    scheduled: [u8; RC4_STATE],
}

impl Rc4 {
    /// A cipher with this key.
    ///
    /// # Errors
    /// [`BadPayloadKey::Rc4Length`].
    pub fn new(key: &[u8]) -> Result<Self, BadPayloadKey> {
        if key.is_empty() || key.len() > RC4_LONGEST_KEY {
            return Err(BadPayloadKey::Rc4Length(key.len()));
        }
        let mut scheduled = std::array::from_fn(|index| index as u8);
        let mut swap = 0_u8;
        for index in 0..RC4_STATE {
            swap = swap
                .wrapping_add(scheduled[index])
                .wrapping_add(key[index % key.len()]);
            scheduled.swap(index, usize::from(swap));
        }
        Ok(Self { scheduled })
    }
}

impl PayloadCipher for Rc4 {
    fn apply(&self, _: &Header, payload: &mut [u8]) {
        let mut state = self.scheduled;
        let (mut index, mut swap) = (0_u8, 0_u8);
        for byte in payload {
            index = index.wrapping_add(1);
            swap = swap.wrapping_add(state[usize::from(index)]);
            state.swap(usize::from(index), usize::from(swap));
            let sum = state[usize::from(index)].wrapping_add(state[usize::from(swap)]);
            *byte ^= state[usize::from(sum)];
        }
    }
}

/// AES-128 in counter mode. The counter block is SSRC (4 bytes), timestamp (4), sequence number (2),
/// two zero bytes and the block's number (4, from 0), all big-endian.
pub struct Aes128Counter {
    cipher: Aes128,
}

impl Aes128Counter {
    /// A cipher with this key.
    ///
    /// # Errors
    /// [`BadPayloadKey::Aes128Length`].
    pub fn new(key: &[u8]) -> Result<Self, BadPayloadKey> {
        let key: [u8; AES128_KEY] = key
            .try_into()
            .map_err(|_| BadPayloadKey::Aes128Length(key.len()))?;
        Ok(Self {
            cipher: Aes128::new(&key.into()),
        })
    }
}

impl PayloadCipher for Aes128Counter {
    fn apply(&self, header: &Header, payload: &mut [u8]) {
        let first = u128::from(header.ssrc) << 96
            | u128::from(header.timestamp) << 64
            | u128::from(header.sequence_number) << 48;
        counter_mode::apply(&self.cipher, first, payload);
    }
}

/// A leg whose RTP payloads are enciphered both ways by `C`.
pub struct PayloadProtection<C>(pub C);

impl<C: PayloadCipher> PayloadProtection<C> {
    fn apply(&self, datagram: &mut Datagram<'_>) -> Result<(), Rejected> {
        let header = Header::parse(datagram.bytes()).map_err(|_| Rejected::Malformed)?;
        self.0
            .apply(&header, &mut datagram.bytes_mut()[header.payload_start..]);
        Ok(())
    }
}

impl<C: PayloadCipher> Protection for PayloadProtection<C> {
    fn open_rtp(&mut self, datagram: &mut Datagram<'_>) -> Result<(), Rejected> {
        self.apply(datagram)
    }

    fn seal_rtp(&mut self, datagram: &mut Datagram<'_>) -> Result<(), Rejected> {
        self.apply(datagram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 12] = [
        0x80, 0x08, 0x12, 0x34, 0, 0, 0xa0, 0, 0xde, 0xca, 0xfb, 0xad,
    ];
    const KEY: &[u8] = b"0123456789abcdef";
    const VECTOR_XOR: [u8; 20] = [
        0xe5, 0xe4, 0xe7, 0xe6, 0xe1, 0xe0, 0xe3, 0xe2, 0xed, 0xec, 0xb4, 0xb7, 0xb6, 0xb1, 0xb0,
        0xb3, 0xe5, 0xe4, 0xe7, 0xe6,
    ];
    const VECTOR_RC4: [u8; 20] = [
        0x51, 0xbd, 0x95, 0x8c, 0x28, 0x9b, 0x75, 0x4d, 0xdc, 0x23, 0x8f, 0x4b, 0x15, 0x46, 0x86,
        0x90, 0x37, 0x38, 0xfd, 0x05,
    ];
    const VECTOR_AES128: [u8; 20] = [
        0xa3, 0x06, 0xea, 0x8f, 0x3a, 0xd7, 0xc8, 0x1c, 0x91, 0xcd, 0x19, 0xef, 0x46, 0x4a, 0xf0,
        0x56, 0x38, 0x01, 0xc3, 0x8d,
    ];

    fn packet(payload: &[u8]) -> Vec<u8> {
        [&HEADER[..], payload].concat()
    }

    fn sealed(cipher: impl PayloadCipher, payload: &[u8]) -> Vec<u8> {
        let mut bytes = packet(payload);
        let length = bytes.len();
        PayloadProtection(cipher)
            .seal_rtp(&mut Datagram::new(&mut bytes, length))
            .expect("a valid packet");
        bytes
    }

    fn ciphers() -> [Box<dyn PayloadCipher>; 3] {
        [
            Box::new(Xor::new(KEY).expect("a key")),
            Box::new(Rc4::new(KEY).expect("a key")),
            Box::new(Aes128Counter::new(KEY).expect("a key")),
        ]
    }

    #[test]
    fn med01_acceptance_a_xor_with_ab() {
        let cipher = Xor::new(b"AB").expect("a key");

        assert_eq!(sealed(cipher, &[0; 4])[12..], [0x41, 0x42, 0x41, 0x42]);
    }

    #[test]
    fn med01_acceptance_b_deciphering_undoes_enciphering() {
        for cipher in ciphers() {
            for length in [0, 1, 15, 16, 17, 160] {
                let plain: Vec<u8> = (0..length).map(|index| index as u8).collect();
                let header = Header::parse(&HEADER).expect("a header");
                let mut payload = plain.clone();
                cipher.apply(&header, &mut payload);
                cipher.apply(&header, &mut payload);
                assert_eq!(payload, plain);
            }
        }
    }

    #[test]
    fn med01_acceptance_c_keys_of_other_lengths_are_refused() {
        assert_eq!(Xor::new(b"").err(), Some(BadPayloadKey::EmptyXor));
        assert_eq!(Rc4::new(b"").err(), Some(BadPayloadKey::Rc4Length(0)));
        assert_eq!(Rc4::new(&[1; 33]).err(), Some(BadPayloadKey::Rc4Length(33)));
        assert_eq!(
            Aes128Counter::new(&KEY[1..]).err(),
            Some(BadPayloadKey::Aes128Length(15))
        );
    }

    #[test]
    fn med01_acceptance_e_the_header_stays_as_it_is() {
        let cipher = Aes128Counter::new(KEY).expect("a key");

        assert_eq!(sealed(cipher, &[0; 160])[..12], HEADER);
    }

    #[test]
    fn csrc_list_and_extension_stay_as_they_are() {
        let mut bytes = [0_u8; 32];
        bytes[0] = 0x91;
        bytes[19] = 1;
        let length = bytes.len();

        PayloadProtection(Xor::new(b"\xff").expect("a key"))
            .seal_rtp(&mut Datagram::new(&mut bytes, length))
            .expect("a valid packet");

        assert_eq!(
            bytes[1..24],
            [[0; 18].as_slice(), &[1, 0, 0, 0, 0]].concat()
        );
        assert_eq!(bytes[24..], [0xff; 8]);
    }

    #[test]
    fn rc4_gives_the_keystream_everybody_knows() {
        let cipher = Rc4::new(b"Key").expect("a key");

        assert_eq!(
            sealed(cipher, b"Plaintext")[12..],
            [0xbb, 0xf3, 0x16, 0xe8, 0xd9, 0x40, 0xaf, 0x0a, 0xd3]
        );
    }

    /// The vectors of docs/media-encryption.md, made with another implementation of the ciphers.
    #[test]
    fn the_published_vectors_hold() {
        let plain = [0xd5; 20];
        let expected = [VECTOR_XOR, VECTOR_RC4, VECTOR_AES128];

        for (cipher, expected) in ciphers().into_iter().zip(expected) {
            let mut payload = plain;
            cipher.apply(&Header::parse(&HEADER).expect("a header"), &mut payload);
            assert_eq!(payload, expected);
        }
    }
}
