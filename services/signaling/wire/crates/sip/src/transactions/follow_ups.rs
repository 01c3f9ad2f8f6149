//! Requests that belong to the transaction of an INVITE: its CANCEL, and the ACK for a failure.

use crate::error::MalformedValue;
use crate::header_name::HeaderName;
use crate::headers::Headers;

/// The header fields of the CANCEL of an INVITE: same branch, From, To and `CSeq` number (section 9.1).
///
/// # Errors
///
/// An INVITE without Via or `CSeq`.
pub fn cancel_fields(invite: &Headers) -> Result<Headers, MalformedValue> {
    let fields = [
        "Route",
        "Max-Forwards",
        "From",
        "To",
        "Call-ID",
        "Reason",
        "Session-ID",
    ];
    follow_up(invite, "CANCEL", fields.map(|name| (invite, name)))
}

/// The header fields of the ACK for a failure: same branch, To of the response (section 17.1.1.3).
///
/// # Errors
///
/// An INVITE without Via or `CSeq`.
pub fn ack_fields(invite: &Headers, response: &Headers) -> Result<Headers, MalformedValue> {
    let fields = [
        (invite, "From"),
        (invite, "Call-ID"),
        (invite, "Route"),
        (invite, "Max-Forwards"),
        (invite, "Session-ID"),
        (response, "To"),
    ];
    follow_up(invite, "ACK", fields)
}

fn follow_up<'a>(
    invite: &Headers,
    method: &str,
    fields: impl IntoIterator<Item = (&'a Headers, &'static str)>,
) -> Result<Headers, MalformedValue> {
    let via = HeaderName::canonical("Via");
    let topmost = invite.topmost(&via)?;
    let topmost = topmost.ok_or_else(|| MalformedValue::absent("Via"))?;
    let mut follow_up = Headers::with_capacity(10);
    follow_up.add(via, topmost.to_vec());
    for (message, name) in fields {
        follow_up.copy_from(message, &HeaderName::canonical(name));
    }
    let cseq = format!("{} {method}", invite.cseq()?.number);
    follow_up.add(HeaderName::canonical("CSeq"), cseq.into_bytes());
    Ok(follow_up)
}
