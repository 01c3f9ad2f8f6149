//! Names of header fields: one spelling for each, whatever case or compact form came in.

use std::borrow::Cow;
use std::fmt;

use crate::error::MalformedValue;
use crate::grammar::{is_token, trim_blanks_end};

/// The names most messages have, and those whose spelling isn't each word capitalized.
const SPELLINGS: [&str; 47] = [
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Contact",
    "Content-Length",
    "Content-Type",
    "Max-Forwards",
    "User-Agent",
    "Allow",
    "Supported",
    "Record-Route",
    "Route",
    "Server",
    "Session-ID",
    "Session-Expires",
    "Min-SE",
    "Expires",
    "Require",
    "Reason",
    "RAck",
    "RSeq",
    "P-Asserted-Identity",
    "Remote-Party-ID",
    "Privacy",
    "Diversion",
    "History-Info",
    "Authorization",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "WWW-Authenticate",
    "MIME-Version",
    "SIP-ETag",
    "SIP-If-Match",
    "Content-ID",
    "Warning",
    "P-DCS-Billing-Info",
    "P-DCS-LAES",
    "P-DCS-OSPS",
    "P-DCS-Redirect",
    "P-DCS-Trace-Party-ID",
    "P-Charging-Function-Addresses",
    "P-RTP-Stat",
    "X-RTP-Stat",
    "Accept",
    "Date",
];

/// The name of a header field in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderName(Cow<'static, str>);

impl HeaderName {
    /// A name in its one spelling already.
    #[must_use]
    pub const fn canonical(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// Read a name in any spelling: `v` and `VIA` are `Via`, `x-foo` is `X-Foo`.
    ///
    /// # Errors
    ///
    /// What is no token. Blanks before the colon are allowed (RFC 3261 section 7.3.1).
    pub fn parse(spelling: &[u8]) -> Result<Self, MalformedValue> {
        let name = trim_blanks_end(spelling);
        if let [letter] = name
            && let Some(name) = expand(*letter)
        {
            return Ok(Self::canonical(name));
        }
        let mut known = SPELLINGS.iter();
        if let Some(known) = known.find(|known| known.as_bytes().eq_ignore_ascii_case(name)) {
            return Ok(Self::canonical(known));
        }
        if !is_token(name) {
            return Err(MalformedValue::new("a header name", spelling));
        }
        Ok(Self(Cow::Owned(capitalized(name))))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tell whether one value is one even if it holds a comma, and two in a message are a defect.
    #[must_use]
    pub fn is_single_valued(&self) -> bool {
        matches!(
            self.as_str(),
            "From" | "To" | "Call-ID" | "CSeq" | "Max-Forwards" | "Content-Type" | "Expires"
        )
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl From<HeaderName> for Cow<'static, str> {
    fn from(name: HeaderName) -> Self {
        name.0
    }
}

/// RFC 3261 section 7.3.3 and the IANA registry of compact forms.
const fn expand(letter: u8) -> Option<&'static str> {
    Some(match letter.to_ascii_lowercase() {
        b'a' => "Accept-Contact",
        b'b' => "Referred-By",
        b'c' => "Content-Type",
        b'd' => "Request-Disposition",
        b'e' => "Content-Encoding",
        b'f' => "From",
        b'i' => "Call-ID",
        b'j' => "Reject-Contact",
        b'k' => "Supported",
        b'l' => "Content-Length",
        b'm' => "Contact",
        b'n' => "Identity-Info",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b't' => "To",
        b'u' => "Allow-Events",
        b'v' => "Via",
        b'x' => "Session-Expires",
        b'y' => "Identity",
        _ => return None,
    })
}

/// A token with each of its words capitalized.
fn capitalized(token: &[u8]) -> String {
    let mut begins = true;
    let letters = token.iter().map(|byte| {
        let letter = if begins {
            byte.to_ascii_uppercase()
        } else {
            byte.to_ascii_lowercase()
        };
        begins = *byte == b'-';
        char::from(letter)
    });
    letters.collect()
}
