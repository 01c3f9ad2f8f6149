//! From, To, Contact, Route and their kind: `"Name" <uri>;parameters` (RFC 3261 section 20.10).

use crate::error::MalformedValue;
use crate::grammar::{
    cut, is_token, quoted_end, split_where, trim, trim_start, unescape_quoted, write_quoted,
};
use crate::params::Params;
use crate::uri::Uri;

/// An address with an optional display name and header parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    pub uri: Uri,
    pub display_name: Vec<u8>,
    /// Header parameters (`tag`, `expires`, `q`, ...), not those of the URI.
    pub params: Params,
}

impl NameAddr {
    /// Read name-addr or addr-spec.
    ///
    /// # Errors
    ///
    /// What is neither.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedValue> {
        if !text.contains(&b'<') {
            return parse_addr_spec(text);
        }
        let parts = split(text).ok_or_else(|| MalformedValue::new("an address", text))?;
        Ok(Self {
            uri: Uri::parse(trim(parts.uri))?,
            display_name: parts.display_name,
            params: parts
                .params
                .map(Params::parse)
                .transpose()?
                .unwrap_or_default(),
        })
    }

    /// The tag of From or To.
    #[must_use]
    pub fn tag(&self) -> Option<&[u8]> {
        self.params.value(b"tag")
    }

    /// Print the address.
    pub fn write(&self, out: &mut Vec<u8>) {
        if !self.display_name.is_empty() {
            if is_plain_name(&self.display_name) {
                out.extend_from_slice(&self.display_name);
            } else {
                write_quoted(out, &self.display_name);
            }
            out.push(b' ');
        }
        out.push(b'<');
        self.uri.write(out);
        out.push(b'>');
        self.params.write(out);
    }
}

struct Parts<'a> {
    display_name: Vec<u8>,
    uri: &'a [u8],
    params: Option<&'a [u8]>,
}

fn split(text: &[u8]) -> Option<Parts<'_>> {
    let (display_name, rest) = split_name(trim_start(text))?;
    let rest = trim_start(rest).strip_prefix(b"<")?;
    let (uri, rest) = split_where(rest, |byte| matches!(byte, b'<' | b'>'));
    let (b"", params) = cut(trim_start(rest.strip_prefix(b">")?), b';') else {
        return None;
    };
    (!uri.is_empty()).then_some(Parts {
        display_name,
        uri,
        params,
    })
}

fn split_name(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    if let Some(inside) = text.strip_prefix(b"\"") {
        let end = quoted_end(inside)?;
        return Some((unescape_quoted(&inside[..end]), &inside[end + 1..]));
    }
    let (name, rest) = split_where(text, |byte| b"<>\",;:\\@()[]?=/{}".contains(&byte));
    Some((trim(name).to_vec(), rest))
}

/// Read an address without angle brackets: all parameters are the header's, and a comma or a question
/// mark may not stand in the URI (section 20).
fn parse_addr_spec(text: &[u8]) -> Result<NameAddr, MalformedValue> {
    let (uri, params) = cut(text, b';');
    if uri.iter().any(|byte| matches!(byte, b'?' | b',')) {
        return Err(MalformedValue::new(
            "angle brackets around such a URI",
            text,
        ));
    }
    let params = params
        .map(|params| Params::parse(trim(params)))
        .transpose()?;
    Ok(NameAddr {
        uri: Uri::parse(trim(uri))?,
        display_name: Vec::new(),
        params: params.unwrap_or_default(),
    })
}

/// Tell whether a display name needs no quotes: tokens with blanks or tabs between them.
fn is_plain_name(name: &[u8]) -> bool {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    !name.first().is_none_or(blank)
        && !name.last().is_none_or(blank)
        && name
            .split(blank)
            .all(|word| word.is_empty() || is_token(word))
}
