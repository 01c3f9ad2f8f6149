//! What every element checks before it acts on a message (RFC 3261 sections 8.1.1, 8.2 and 16.3).

use crate::cseq::CSeq;
use crate::error::{Defect, MalformedValue};
use crate::headers::Headers;
use crate::name_addr::NameAddr;
use crate::uri::Uri;
use crate::via::Via;

/// The header fields that every message needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Essentials {
    pub via: Via,
    pub from: NameAddr,
    pub to: NameAddr,
    pub call_id: Vec<u8>,
    pub cseq: CSeq,
}

impl Essentials {
    /// Read them.
    ///
    /// # Errors
    ///
    /// One that is absent or malformed.
    pub fn read(headers: &Headers) -> Result<Self, MalformedValue> {
        Ok(Self {
            via: headers.via()?,
            from: headers.from()?,
            to: headers.to()?,
            call_id: headers.call_id()?,
            cseq: headers.cseq()?,
        })
    }
}

/// Check the header fields every request needs. A malformed Max-Forwards or Expires is refused; an
/// absent Max-Forwards is not, as RFC 2543 peers send none.
///
/// # Errors
///
/// What the request is to be refused for.
pub fn check_request_fields(
    method: &[u8],
    headers: &Headers,
) -> Result<Essentials, MalformedValue> {
    let essentials = Essentials::read(headers)?;
    headers.max_forwards()?;
    headers.expires()?;
    if essentials.cseq.method != method {
        let expected = format!("method {}", String::from_utf8_lossy(method));
        return Err(MalformedValue::new(expected, &essentials.cseq.method).within("CSeq"));
    }
    Ok(essentials)
}

/// Check the Request-URI.
///
/// # Errors
///
/// What the request is to be refused for.
pub fn check_target(target: &[u8]) -> Result<(), Defect> {
    match Uri::parse(target)? {
        Uri::Other(uri) => Err(Defect {
            status: 416,
            ..Defect::new([b"expected a known scheme, found '", &uri.scheme[..], b"'"].concat())
        }),
        Uri::Sip(uri) if !uri.headers.is_empty() => {
            let expected = "a Request-URI without headers (section 19.1.1)";
            Err(MalformedValue::new(expected, target).into())
        }
        _ => Ok(()),
    }
}
