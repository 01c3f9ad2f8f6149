//! The Via header field (RFC 3261 section 20.42, RFC 3581).

use crate::error::MalformedValue;
use crate::grammar::{
    cut, is_space, parse_host, parse_port, split_where, trim_start, write_host_port,
};
use crate::params::Params;

/// One hop of the way a response goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// `UDP`, `TCP`, `TLS`, ... in upper case.
    pub transport: Vec<u8>,
    pub host: Vec<u8>,
    pub port: Option<u16>,
    pub params: Params,
}

impl Via {
    /// Read one Via value.
    ///
    /// # Errors
    ///
    /// What is none.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedValue> {
        let parts = split(text)
            .ok_or_else(|| MalformedValue::new("SIP/2.0/transport host:port;parameters", text))?;
        Ok(Self {
            transport: parts.transport.to_ascii_uppercase(),
            host: parse_host(parts.host)?.into_bytes(),
            port: parts.port.map(parse_port).transpose()?,
            params: parts
                .params
                .map(Params::parse)
                .transpose()?
                .unwrap_or_default(),
        })
    }

    /// Print the value.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"SIP/2.0/");
        out.extend_from_slice(&self.transport);
        out.push(b' ');
        write_host_port(out, &self.host, self.port);
        self.params.write(out);
    }

    /// The branch parameter.
    #[must_use]
    pub fn branch(&self) -> Option<&[u8]> {
        self.params.value(b"branch")
    }

    /// Tell whether the sender asks for an answer to its source port (RFC 3581).
    #[must_use]
    pub fn wants_rport(&self) -> bool {
        self.params.get(b"rport").is_some()
    }

    /// A copy that tells where the request came from (RFC 3581 section 4).
    #[must_use]
    pub fn with_received(&self, host: &[u8], port: u16) -> Self {
        let mut via = self.clone();
        via.params.set(b"received".to_vec(), Some(host.to_vec()));
        if self.wants_rport() {
            let port = port.to_string().into_bytes();
            via.params.set(b"rport".to_vec(), Some(port));
        }
        via
    }
}

struct Parts<'a> {
    transport: &'a [u8],
    host: &'a [u8],
    port: Option<&'a [u8]>,
    params: Option<&'a [u8]>,
}

fn split(text: &[u8]) -> Option<Parts<'_>> {
    let (protocol, rest) = text.split_at_checked(3)?;
    let rest = trim_start(trim_start(rest).strip_prefix(b"/")?).strip_prefix(b"2.0")?;
    let rest = trim_start(trim_start(rest).strip_prefix(b"/")?);
    let (transport, rest) = split_where(rest, |byte| is_space(byte) || matches!(byte, b';' | b'/'));
    if !protocol.eq_ignore_ascii_case(b"SIP") || transport.is_empty() || !is_space(*rest.first()?) {
        return None;
    }
    let (host, rest) = split_host(trim_start(rest))?;
    let (port, rest) = split_port(trim_start(rest))?;
    let (b"", params) = cut(rest, b';') else {
        return None;
    };
    Some(Parts {
        transport,
        host,
        port,
        params,
    })
}

fn split_host(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if text.starts_with(b"[") {
        return Some(text.split_at(text.iter().position(|byte| *byte == b']')? + 1));
    }
    let (host, rest) = split_where(text, |byte| {
        is_space(byte) || matches!(byte, b':' | b';' | b'[' | b']' | b',')
    });
    (!host.is_empty()).then_some((host, rest))
}

fn split_port(text: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let Some(rest) = text.strip_prefix(b":") else {
        return Some((None, text));
    };
    let (port, rest) = split_where(trim_start(rest), |byte| !byte.is_ascii_digit());
    (!port.is_empty()).then(|| (Some(port), trim_start(rest)))
}
