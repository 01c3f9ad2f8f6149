//! Crypto suites by their SDES names (RFC 4568 section 6.2, RFC 7714 section 14.2).

use std::fmt;
use std::str::FromStr;

/// What protects the packets of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// AES-128 in counter mode, HMAC-SHA1 cut to 80 bits.
    AesCm128HmacSha1_80,
    /// The same, cut to 32 bits for RTP; RTCP keeps 80 (RFC 3711 section 5.2).
    AesCm128HmacSha1_32,
    /// AES-128 in Galois/counter mode.
    AeadAes128Gcm,
    /// AES-256 in Galois/counter mode.
    AeadAes256Gcm,
}

/// Keys that the suite can't take, or a suite that isn't offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadSrtpKey {
    /// The key and salt together have another length.
    Length {
        /// The suite's name.
        suite: &'static str,
        /// Bytes needed.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
    /// Nobody here speaks this suite.
    Suite(String),
}

impl fmt::Display for BadSrtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length {
                suite,
                expected,
                actual,
            } => {
                write!(
                    f,
                    "key and salt have {actual} bytes; {suite} takes {expected}"
                )
            }
            Self::Suite(name) => {
                write!(f, "crypto suite {name:?} is not offered; there are ")?;
                f.write_str(&Suite::ALL.map(Suite::name).join(", "))
            }
        }
    }
}

impl std::error::Error for BadSrtpKey {}

impl Suite {
    /// Every suite, the strongest first.
    pub const ALL: [Self; 4] = [
        Self::AeadAes256Gcm,
        Self::AeadAes128Gcm,
        Self::AesCm128HmacSha1_80,
        Self::AesCm128HmacSha1_32,
    ];

    /// The suite's name in `a=crypto`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// Bytes of the master key.
    #[must_use]
    pub const fn key_length(self) -> usize {
        if matches!(self, Self::AeadAes256Gcm) {
            32
        } else {
            16
        }
    }

    /// Bytes of the master salt.
    #[must_use]
    pub const fn salt_length(self) -> usize {
        if matches!(self, Self::AeadAes128Gcm | Self::AeadAes256Gcm) {
            12
        } else {
            14
        }
    }

    /// Split what `a=crypto` has into master key and master salt.
    pub(super) fn split(self, key: &[u8]) -> Result<(&[u8], &[u8]), BadSrtpKey> {
        let expected = self.key_length() + self.salt_length();
        if key.len() != expected {
            return Err(BadSrtpKey::Length {
                suite: self.name(),
                expected,
                actual: key.len(),
            });
        }
        Ok(key.split_at(self.key_length()))
    }
}

impl FromStr for Suite {
    type Err = BadSrtpKey;

    fn from_str(name: &str) -> Result<Self, BadSrtpKey> {
        Self::ALL
            .into_iter()
            .find(|suite| suite.name() == name)
            .ok_or_else(|| BadSrtpKey::Suite(name.to_owned()))
    }
}
