//! The Content-Type header field (RFC 3261 section 20.15).

use crate::error::MalformedValue;
use crate::grammar::{cut, lower, trim, words};
use crate::params::Params;

/// A media type and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    /// `type/subtype` as written.
    pub value: Vec<u8>,
    pub params: Params,
}

impl MediaType {
    /// Read `type/subtype;name=value`.
    ///
    /// # Errors
    ///
    /// What has no value, and malformed parameters.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedValue> {
        let (value, params) = cut(text, b';');
        let value = trim(value);
        if value.is_empty() {
            return Err(MalformedValue::new("a value", text));
        }
        Ok(Self {
            value: value.to_vec(),
            params: params.map(Params::parse).transpose()?.unwrap_or_default(),
        })
    }

    /// `type/subtype` in lower case, without parameters or white space.
    #[must_use]
    pub fn essence(&self) -> Vec<u8> {
        lower(&words(&self.value).collect::<Vec<_>>().concat())
    }

    /// Print the value.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.value);
        self.params.write(out);
    }
}
