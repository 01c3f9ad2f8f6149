//! The `CSeq` header field (RFC 3261 section 20.16).

use crate::error::MalformedValue;
use crate::grammar::{is_token, parse_uint, words, write_uint};

const MAX_NUMBER: u32 = u32::MAX >> 1;

/// Sequence number and method.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// 0 to 2**31 - 1.
    pub number: u32,
    pub method: Vec<u8>,
}

impl CSeq {
    /// Read `4711 INVITE`.
    ///
    /// # Errors
    ///
    /// What is no number of 31 bits and a method.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedValue> {
        let mut parts = words(text);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(digits), Some(method), None) if is_token(method) => {
                let number = parse_uint(digits, MAX_NUMBER, "a sequence number")?;
                let method = method.to_vec();
                Ok(Self { number, method })
            }
            _ => Err(MalformedValue::new("a number and a method", text)),
        }
    }

    /// Print the value.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_uint(out, u64::from(self.number));
        out.push(b' ');
        out.extend_from_slice(&self.method);
    }
}
