//! The rules of RFC 3261 section 25.1 that more than one header field shares.

use std::net::Ipv6Addr;

use crate::error::MalformedValue;

/// Tell whether a byte is white space.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0x1c..=0x1f)
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
        )
}

/// Tell whether `text` is a token.
#[must_use]
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().copied().all(is_token_byte)
}

/// Tell whether `text` would end a line.
#[must_use]
pub fn has_line_break(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b'\r' | b'\n'))
}

/// `text` without white space at its ends.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    trim_start(trim_end(text))
}

pub(crate) fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_space(*byte));
    &text[start.unwrap_or(text.len())..]
}

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_space(*byte));
    &text[..end.map_or(0, |last| last + 1)]
}

pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `text` without blanks and tabs at its ends.
pub(crate) fn trim_blanks(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_blank(*byte));
    trim_blanks_end(&text[start.unwrap_or(text.len())..])
}

/// `text` without blanks and tabs at its end.
pub(crate) fn trim_blanks_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_blank(*byte));
    &text[..end.map_or(0, |last| last + 1)]
}

/// The words of `text` between white space.
pub(crate) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| is_space(*byte))
        .filter(|word| !word.is_empty())
}

/// What stands before the first `separator` and what behind it; None without one.
pub(crate) fn cut(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == separator) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// `text` in lower case, as far as it is text.
pub(crate) fn lower(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    match str::from_utf8(text) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => text.to_ascii_lowercase(),
    }
}

/// What stands before the first byte that `ends` it, and what from there on.
pub(crate) fn split_where(text: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| ends(*byte));
    text.split_at(end.unwrap_or(text.len()))
}

/// Read a decimal number of at most `limit`; `expected` names it in the error.
///
/// # Errors
///
/// What is no number, or a greater one.
pub fn parse_uint<N: Copy + Into<u64> + TryFrom<u64>>(
    text: &[u8],
    limit: N,
    expected: &str,
) -> Result<N, MalformedValue> {
    let limit = limit.into();
    let value = decimal(text).filter(|value| *value <= limit);
    value
        .and_then(|value| N::try_from(value).ok())
        .ok_or_else(|| MalformedValue::new(format!("{expected} from 0 to {limit}"), text))
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// Split a header value at the commas outside quotes and angle brackets (section 7.3.1).
///
/// # Errors
///
/// Quotes or brackets that nothing closes, and empty values beside them.
pub fn split_values(text: &[u8]) -> Result<Vec<&[u8]>, MalformedValue> {
    if !text.contains(&b',') {
        return Ok(vec![trim(text)]);
    }
    if !text.iter().any(|byte| matches!(byte, b'"' | b'<')) {
        return Ok(text.split(|byte| *byte == b',').map(trim).collect());
    }
    let mut values = Vec::new();
    let mut left = Some(text);
    while let Some(rest) = left {
        let end = value_end(rest)
            .filter(|end| *end > 0)
            .ok_or_else(|| MalformedValue::new("balanced quotes and angle brackets", text))?;
        values.push(trim(&rest[..end]));
        left = rest.get(end + 1..);
    }
    Ok(values)
}

/// Where the comma behind the first value of a list stands, or the list's end.
fn value_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at = match byte {
            b',' => return Some(at),
            b'"' => at + 1 + quoted_end(&text[at + 1..])? + 1,
            b'<' => at + 1 + text[at + 1..].iter().position(|byte| *byte == b'>')? + 1,
            _ => at + 1,
        };
    }
    Some(at)
}

/// Where the quote stands that closes a quoted-string, seen from behind the one that opens it.
pub(crate) fn quoted_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// `text` as a quoted-string.
#[must_use]
pub fn quote(text: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    write_quoted(&mut quoted, text);
    quoted
}

pub(crate) fn write_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// Resolve the quoted-pairs in `text`, the inside of a quoted-string.
#[must_use]
pub fn unescape_quoted(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => plain.push(*bytes.next().unwrap_or(byte)),
            _ => plain.push(*byte),
        }
    }
    plain
}

/// Check a host name or address; an IPv6 reference loses its brackets.
///
/// # Errors
///
/// What is neither.
pub fn parse_host(text: &[u8]) -> Result<String, MalformedValue> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !text.is_empty() && text.iter().all(plain) {
        return Ok(String::from_utf8_lossy(text).into_owned());
    }
    reference(text).ok_or_else(|| MalformedValue::new("a host name or address", text))
}

fn reference(text: &[u8]) -> Option<String> {
    let inside = text.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let address = without_odd_colon(str::from_utf8(inside).ok()?);
    address.parse::<Ipv6Addr>().ok().map(|_| address)
}

/// Take one colon from the three that RFC 3261's grammar allows before an IPv4 address by mistake
/// (RFC 5118 section 4.10).
fn without_odd_colon(address: &str) -> String {
    if let Some((before, behind)) = address.split_once(":::") {
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && behind.as_bytes().get(digits) == Some(&b'.') {
            return format!("{before}::{behind}");
        }
    }
    address.to_owned()
}

/// Read `host[:port]`.
///
/// # Errors
///
/// What is no host, and ports above 65535.
pub fn parse_host_port(text: &[u8]) -> Result<(String, Option<u16>), MalformedValue> {
    let (host, port) = match text.iter().position(|byte| *byte == b']') {
        Some(end) if text.starts_with(b"[") => {
            let (host, rest) = text.split_at(end + 1);
            match rest.split_first() {
                None => (host, None),
                Some((b':', port)) => (host, Some(port)),
                Some(_) => return Err(MalformedValue::new("a port behind the address", text)),
            }
        }
        None if text.starts_with(b"[") => (text, None),
        _ => cut(text, b':'),
    };
    Ok((parse_host(host)?, port.map(parse_port).transpose()?))
}

pub(crate) fn parse_port(text: &[u8]) -> Result<u16, MalformedValue> {
    parse_uint(text, u16::MAX, "a port")
}

/// Print `host[:port]`, an IPv6 address in brackets.
pub fn write_host_port(out: &mut Vec<u8>, host: &[u8], port: Option<u16>) {
    if host.contains(&b':') {
        out.push(b'[');
        out.extend_from_slice(host);
        out.push(b']');
    } else {
        out.extend_from_slice(host);
    }
    if let Some(port) = port {
        out.push(b':');
        write_uint(out, u64::from(port));
    }
}

pub(crate) fn write_uint(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(value.to_string().as_bytes());
}
