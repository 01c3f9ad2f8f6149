//! SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966), and whatever other scheme turns up.
//!
//! Parts are held unescaped and escaped again when printed, so `%61lice` equals `alice`.

use crate::error::MalformedValue;
use crate::grammar::{cut, is_space, parse_host_port, write_host_port};
use crate::params::Params;

// RFC 3261 section 25.1: what each part adds to the unreserved characters.
const USER: &[u8] = b"&=+$,;?/";
const PASSWORD: &[u8] = b"&=+$,";
const PARAM: &[u8] = b"[]/:&+$";
const HEADER: &[u8] = b"[]/?:+$";

/// Name and value of a header field that a URI asks for.
pub type UriHeader = (Vec<u8>, Vec<u8>);

/// A URI of any scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uri {
    Sip(SipUri),
    Tel(TelUri),
    Other(OtherUri),
}

impl Uri {
    /// Read a URI.
    ///
    /// # Errors
    ///
    /// What is none, or breaks the rules of its scheme.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedValue> {
        let (scheme, rest) = cut(text, b':');
        let rest = rest.unwrap_or_default();
        if rest.is_empty() || !is_scheme(scheme) || !is_fit(text) {
            return Err(MalformedValue::new("a URI", text));
        }
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_slice() {
            b"sip" => SipUri::parse_rest(false, rest).map(Self::Sip),
            b"sips" => SipUri::parse_rest(true, rest).map(Self::Sip),
            b"tel" => TelUri::parse(rest).map(Self::Tel),
            _ => Ok(Self::Other(OtherUri {
                scheme,
                rest: rest.to_vec(),
            })),
        }
    }

    /// Print the URI.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Sip(uri) => uri.write(out),
            Self::Tel(uri) => uri.write(out),
            Self::Other(uri) => uri.write(out),
        }
    }
}

/// A `sip:` or `sips:` URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipUri {
    /// Host name or address; an IPv6 address without its brackets.
    pub host: Vec<u8>,
    pub user: Option<Vec<u8>>,
    pub port: Option<u16>,
    pub params: Params,
    pub password: Option<Vec<u8>>,
    /// What follows the question mark.
    pub headers: Vec<UriHeader>,
    /// Whether the scheme is `sips`.
    pub secure: bool,
}

impl SipUri {
    /// Read a URI that must be `sip:` or `sips:`.
    ///
    /// # Errors
    ///
    /// What is no such URI.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedValue> {
        match Uri::parse(text)? {
            Uri::Sip(uri) => Ok(uri),
            _ => Err(MalformedValue::new("a SIP URI", text)),
        }
    }

    fn parse_rest(secure: bool, rest: &[u8]) -> Result<Self, MalformedValue> {
        let (userinfo, behind) = match cut(rest, b'@') {
            (userinfo, Some(behind)) => (Some(userinfo), behind),
            (all, None) => (None, all),
        };
        let (user, password) = match userinfo.map(|text| cut(text, b':')) {
            Some((b"", _)) => return Err(MalformedValue::new("a user before the @", rest)),
            Some((user, password)) => (Some(user), password),
            None => (None, None),
        };
        let (behind, headers) = cut(behind, b'?');
        let (hostport, params) = cut(behind, b';');
        let (host, port) = parse_host_port(hostport)?;
        Ok(Self {
            host: host.into_bytes(),
            user: user.map(unescape).transpose()?,
            port,
            params: parse_params(params.unwrap_or_default())?,
            password: password.map(unescape).transpose()?,
            headers: headers.map(parse_headers).transpose()?.unwrap_or_default(),
            secure,
        })
    }

    /// `sip` or `sips`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.secure { "sips" } else { "sip" }
    }

    /// The port, or the default of the scheme.
    #[must_use]
    pub fn effective_port(&self) -> u16 {
        self.port.unwrap_or(if self.secure { 5061 } else { 5060 })
    }

    /// The user part without the telephone parameters behind it (section 19.1.6); empty without one.
    #[must_use]
    pub fn number(&self) -> &[u8] {
        cut(self.user.as_deref().unwrap_or_default(), b';').0
    }

    /// Tell whether a router of this address leaves the Request-URI alone (section 19.1.1).
    #[must_use]
    pub fn is_loose_router(&self) -> bool {
        self.params.get(b"lr").is_some()
    }

    /// Print the URI.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.secure { b"sips:" } else { b"sip:" });
        if let Some(user) = &self.user {
            escape(out, user, USER);
            if let Some(password) = &self.password {
                out.push(b':');
                escape(out, password, PASSWORD);
            }
            out.push(b'@');
        }
        write_host_port(out, &self.host, self.port);
        for (name, value) in self.params.iter() {
            out.push(b';');
            escape(out, name, PARAM);
            if let Some(value) = value {
                out.push(b'=');
                escape(out, value, PARAM);
            }
        }
        let mut mark = b'?';
        for (name, value) in &self.headers {
            out.push(mark);
            escape(out, name, HEADER);
            out.push(b'=');
            escape(out, value, HEADER);
            mark = b'&';
        }
    }
}

/// A `tel:` URI (RFC 3966): the number as written and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelUri {
    pub number: Vec<u8>,
    pub params: Params,
}

impl TelUri {
    fn parse(rest: &[u8]) -> Result<Self, MalformedValue> {
        let (number, params) = cut(rest, b';');
        Ok(Self {
            number: number.to_vec(),
            params: parse_params(params.unwrap_or_default())?,
        })
    }

    /// Print the URI.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"tel:");
        out.extend_from_slice(&self.number);
        for (name, value) in self.params.iter() {
            out.push(b';');
            out.extend_from_slice(name);
            if let Some(value) = value {
                out.push(b'=');
                escape(out, value, PARAM);
            }
        }
    }
}

/// A URI of a scheme we don't speak, kept as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherUri {
    pub scheme: Vec<u8>,
    pub rest: Vec<u8>,
}

impl OtherUri {
    /// Print the URI.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.scheme);
        out.push(b':');
        out.extend_from_slice(&self.rest);
    }
}

fn is_scheme(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic)
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-'))
}

/// Tell whether nothing in `text` would end a URI.
fn is_fit(text: &[u8]) -> bool {
    let ends = |byte: &u8| is_space(*byte) || matches!(byte, b'<' | b'>' | b'"');
    !text.iter().any(ends)
        && (text.is_ascii()
            || !String::from_utf8_lossy(text)
                .chars()
                .any(char::is_whitespace))
}

fn parse_params(text: &[u8]) -> Result<Params, MalformedValue> {
    if text.is_empty() {
        return Ok(Params::default());
    }
    Params::parse_plain(text, unescape)?.ok_or_else(|| MalformedValue::new("URI parameters", text))
}

fn parse_headers(text: &[u8]) -> Result<Vec<UriHeader>, MalformedValue> {
    let mut headers = Vec::new();
    for part in text.split(|byte| *byte == b'&') {
        match cut(part, b'=') {
            (name, Some(value)) if !name.is_empty() => {
                headers.push((unescape(name)?, unescape(value)?));
            }
            _ => return Err(MalformedValue::new("URI headers", text)),
        }
    }
    Ok(headers)
}

fn escape(out: &mut Vec<u8>, text: &[u8], allowed: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(byte) || allowed.contains(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[
                b'%',
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]);
        }
    }
}

fn unescape(text: &[u8]) -> Result<Vec<u8>, MalformedValue> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'%' {
            plain.push(*byte);
            continue;
        }
        let escaped = || MalformedValue::new("two hexadecimal digits behind %", text);
        let (digits, behind) = rest.split_at_checked(2).ok_or_else(escaped)?;
        let high = hex(digits[0]).ok_or_else(escaped)?;
        plain.push(high << 4 | hex(digits[1]).ok_or_else(escaped)?);
        rest = behind;
    }
    Ok(plain)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
