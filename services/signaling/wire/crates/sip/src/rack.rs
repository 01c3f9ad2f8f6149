//! The `RAck` and `RSeq` header fields (RFC 3262 section 7).

use crate::cseq::CSeq;
use crate::error::MalformedValue;
use crate::grammar::{cut, parse_uint, trim, write_uint};

/// What a PRACK acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RAck {
    pub rseq: u32,
    pub cseq: CSeq,
}

impl RAck {
    /// Read `776656 1 INVITE`.
    ///
    /// # Errors
    ///
    /// What is no response number and `CSeq`.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedValue> {
        let (rseq, cseq) = cut(trim(text), b' ');
        Ok(Self {
            rseq: parse_rseq(rseq)?,
            cseq: CSeq::parse(cseq.unwrap_or_default())?,
        })
    }

    /// Print the value.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_uint(out, u64::from(self.rseq));
        out.push(b' ');
        self.cseq.write(out);
    }
}

/// Read the number of a reliable provisional response.
pub(crate) fn parse_rseq(text: &[u8]) -> Result<u32, MalformedValue> {
    parse_uint(trim(text), u32::MAX, "a response number")
}
