//! Session keys from the master key and salt (RFC 3711 section 4.3, RFC 7714 section 11).

use aes::cipher::{BlockCipherEncrypt, BlockSizeUser, KeyInit, consts::U16};
use aes::{Aes128, Aes256};

use crate::counter_mode;

/// Which key is derived (RFC 3711 section 4.3.2).
#[derive(Clone, Copy, Debug)]
pub(super) enum Label {
    RtpEncryption = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpEncryption = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
}

/// The pseudo-random function over one master key, with a derivation rate of zero.
pub(super) struct Derivation {
    cipher: MasterCipher,
    /// The salt in the upper 112 of 128 bits: shorter ones are filled with zeroes at their end.
    salt: u128,
}

#[allow(clippy::large_enum_variant)] // lives for one derivation
enum MasterCipher {
    Aes128(Aes128),
    Aes256(Aes256),
}

impl Derivation {
    pub(super) fn new(key: &[u8], salt: &[u8]) -> Self {
        let cipher = if key.len() == 32 {
            MasterCipher::Aes256(Aes256::new_from_slice(key).expect("32 bytes"))
        } else {
            MasterCipher::Aes128(Aes128::new_from_slice(key).expect("16 bytes"))
        };
        let mut block = [0; 16];
        block[..salt.len()].copy_from_slice(salt);
        Self {
            cipher,
            salt: u128::from_be_bytes(block),
        }
    }

    /// Derive the key of `label`.
    pub(super) fn derive<const N: usize>(&self, label: Label) -> [u8; N] {
        // The label stands above 48 bits of index, and all of it above the 16 of the counter.
        let first = self.salt ^ (label as u128) << 64;
        match &self.cipher {
            MasterCipher::Aes128(cipher) => keystream(cipher, first),
            MasterCipher::Aes256(cipher) => keystream(cipher, first),
        }
    }
}

fn keystream<C, const N: usize>(cipher: &C, first: u128) -> [u8; N]
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut key = [0; N];
    counter_mode::apply(cipher, first, &mut key);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3711 appendix B.3.
    #[test]
    fn rfc3711_b3_key_derivation() {
        let key = 0xE1F9_7A0D_3E01_8BE0_D64F_A32C_06DE_4139_u128.to_be_bytes();
        let salt = &0x0EC6_75AD_498A_FEEB_B696_0B3A_ABE6_u128.to_be_bytes()[2..];
        let derivation = Derivation::new(&key, salt);

        assert_eq!(
            u128::from_be_bytes(derivation.derive(Label::RtpEncryption)),
            0xC61E_7A93_744F_39EE_1073_4AFE_3FF7_A087
        );
        assert_eq!(
            derivation.derive::<14>(Label::RtpSalt),
            0x30CB_BC08_863D_8C85_D49D_B34A_9AE1_u128.to_be_bytes()[2..]
        );
        assert_eq!(
            derivation.derive::<20>(Label::RtpAuthentication)[..16],
            0xCEBE_321F_6FF7_716B_6FD4_AB49_AF25_6A15_u128.to_be_bytes()
        );
    }
}
