//! From bytes to messages and back (RFC 3261 sections 7 and 18.3).
//!
//! Only the frame is judged here: start line, header lines, body length.

use std::borrow::Cow;

use crate::error::{Defect, MalformedValue, Refusal};
use crate::grammar::{cut, is_blank, is_token, parse_uint, split_where, words};
use crate::header_name::HeaderName;
use crate::headers::Headers;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const VERSION: &[u8] = b"SIP/2.0";
/// Ten times the longest torture message.
const MAX_LINES: usize = 500;

/// A message and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    pub start: StartLine,
    pub headers: Headers,
    pub body: &'a [u8],
}

/// What tells a request from a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartLine {
    Request {
        method: Vec<u8>,
        target: Vec<u8>,
    },
    Response {
        /// 100 to 699.
        status: u16,
        reason: Vec<u8>,
    },
}

/// Read the one message in a datagram; what follows its body is dropped (section 18.3).
///
/// # Errors
///
/// What is no SIP, and a message with a defect.
pub fn parse_datagram(data: &[u8]) -> Result<Message<'_>, Refusal<'_>> {
    let start = data.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
    let data = &data[start.unwrap_or(data.len())..];
    let mut ends = data.windows(END_OF_HEAD.len());
    if let Some(end) = ends.position(|bytes| bytes == END_OF_HEAD) {
        return parse_framed(&data[..end], &data[end + END_OF_HEAD.len()..]);
    }
    // RFC 4475's own baddn forgets the empty line, as some peers do.
    let head = data.strip_suffix(b"\r\n");
    parse_framed(
        head.ok_or(Refusal::NotSip("the datagram ends inside a line"))?,
        b"",
    )
}

/// Read a message whose head and body are already apart.
///
/// # Errors
///
/// What is no SIP, and a message with a defect.
pub fn parse_framed<'a>(head: &[u8], body: &'a [u8]) -> Result<Message<'a>, Refusal<'a>> {
    let (start, headers, defect) = read_head(&unfold(head)).map_err(Refusal::NotSip)?;
    let mut message = Message {
        start,
        headers,
        body: b"",
    };
    let fitted = match defect {
        Some(defect) => Err(defect),
        None => fit(&mut message.headers, body),
    };
    match fitted {
        Ok(body) => {
            message.body = body;
            Ok(message)
        }
        Err(defect) => Err(Refusal::Malformed(defect, Box::new(message))),
    }
}

/// Print a message, Content-Length included.
#[must_use]
pub fn print(start_line: &[&[u8]], headers: &Headers, body: &[u8]) -> Vec<u8> {
    let lines: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let mut out = Vec::with_capacity(lines + body.len() + 100);
    for (index, word) in start_line.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    for (name, value) in headers.iter() {
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
    }
    out.extend_from_slice(format!("\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}

/// Make one line of each folded one (section 7.3.1).
fn unfold(head: &[u8]) -> Cow<'_, [u8]> {
    let folds = |bytes: &[u8]| matches!(bytes, [b'\r', b'\n', b' ' | b'\t']);
    let mut unfolded = Vec::new();
    let mut rest = head;
    while let Some(end) = rest.windows(3).position(folds) {
        unfolded.extend_from_slice(&rest[..end]);
        unfolded.push(b' ');
        (_, rest) = split_where(&rest[end + 2..], |byte| !is_blank(byte));
    }
    if rest.len() == head.len() {
        return Cow::Borrowed(head);
    }
    unfolded.extend_from_slice(rest);
    Cow::Owned(unfolded)
}

fn read_head(head: &[u8]) -> Result<(StartLine, Headers, Option<Defect>), &'static str> {
    let (start_line, mut rest) = split_line(head)?;
    let (start, mut defect) = read_start_line(start_line)?;
    let mut first_of_fields = None;
    let mut headers = Headers::with_capacity(16);
    let mut lines = 1;
    while let Some(text) = rest {
        let (line, behind) = split_line(text)?;
        rest = behind;
        lines += 1;
        if lines > MAX_LINES {
            return Err("more than 500 header fields");
        }
        if let Err(found) = headers.read_line(line) {
            first_of_fields.get_or_insert(found);
        }
    }
    if first_of_fields.is_some() {
        defect = first_of_fields;
    }
    Ok((start, headers, defect))
}

/// Cut the first line off; behind the last there is nothing.
fn split_line(text: &[u8]) -> Result<(&[u8], Option<&[u8]>), &'static str> {
    let (line, rest) = split_where(text, |byte| matches!(byte, b'\r' | b'\n'));
    match rest.strip_prefix(b"\r\n") {
        None if rest.is_empty() => Ok((line, None)),
        // Passed on, it could begin a header field for the next parser.
        None => Err("a lone CR or LF"),
        behind => Ok((line, behind)),
    }
}

fn read_start_line(line: &[u8]) -> Result<(StartLine, Option<Defect>), &'static str> {
    let (first, rest) = cut(line, b' ');
    let rest = rest.unwrap_or_default();
    if first.eq_ignore_ascii_case(VERSION) {
        let (status, reason) = cut(rest, b' ');
        return Ok((
            StartLine::Response {
                status: parse_status(status).ok_or("no status code from 100 to 699")?,
                reason: reason.unwrap_or_default().to_vec(),
            },
            None,
        ));
    }
    match rest
        .strip_suffix(VERSION)
        .and_then(|rest| rest.strip_suffix(b" "))
    {
        Some(target) if !target.is_empty() && !target.contains(&b' ') && is_token(first) => Ok((
            StartLine::Request {
                method: first.to_vec(),
                target: target.to_vec(),
            },
            None,
        )),
        _ => read_odd_request_line(line),
    }
}

fn parse_status(text: &[u8]) -> Option<u16> {
    match text {
        [b'1'..=b'6', b'0'..=b'9', b'0'..=b'9'] => str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

fn read_odd_request_line(line: &[u8]) -> Result<(StartLine, Option<Defect>), &'static str> {
    let words: Vec<_> = words(line).collect();
    let [method, target @ .., version] = words.as_slice() else {
        return Err("no start line");
    };
    let named = version
        .get(..4)
        .is_some_and(|name| name.eq_ignore_ascii_case(b"SIP/"));
    let blanks = line.split(|byte| *byte == b' ').count() - 1;
    if blanks < 2 || target.is_empty() || !is_token(method) || !named {
        return Err("no start line");
    }
    let defect = if !version.eq_ignore_ascii_case(VERSION) {
        let found = &version[..version.len().min(20)];
        Some(Defect {
            status: 505,
            ..Defect::new([b"expected SIP/2.0, found ", found].concat())
        })
    } else if line != [method, target[0], version].join(&b' ') {
        Some(Defect::new("expected single spaces in the request line"))
    } else {
        None
    };
    let start = StartLine::Request {
        method: method.to_vec(),
        target: target.join(&b' '),
    };
    Ok((start, defect))
}

/// Cut the body where Content-Length says. That is the frame's, not the message's: [`print`] writes one
/// that fits the body.
fn fit<'a>(headers: &mut Headers, body: &'a [u8]) -> Result<&'a [u8], Defect> {
    let name = HeaderName::canonical("Content-Length");
    let length = content_length(headers, &name);
    headers.set(&name, []);
    let Some(length) = length? else {
        return Ok(body);
    };
    usize::try_from(length)
        .ok()
        .and_then(|end| body.get(..end))
        .ok_or_else(|| {
            let found = body.len();
            Defect::new(format!(
                "Content-Length is {length}, but {found} bytes follow"
            ))
        })
}

fn content_length(headers: &Headers, name: &HeaderName) -> Result<Option<u32>, MalformedValue> {
    let mut values = headers.lines(name);
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.any(|value| value != first) {
        let all: Vec<_> = headers.lines(name).collect();
        let found = all.join(b", ".as_slice());
        return Err(MalformedValue::new("one value", &found).within(name.clone()));
    }
    parse_uint(first, u32::MAX, "a length").map(Some)
}
