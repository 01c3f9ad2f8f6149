//! Parameters, in their order: `;name=value;name`.

use std::collections::HashMap;

use crate::error::MalformedValue;
use crate::grammar::{
    cut, is_space, lower, quoted_end, split_where, trim_start, unescape_quoted, write_quoted,
};

/// From how many parameters on an index finds those of one name.
const MANY: usize = 16;

type Param = (Vec<u8>, Option<Vec<u8>>);

/// Parameters by lower-case name, values unquoted; None for one without a value. Of several with one
/// name the last holds, in the place of the first.
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<Param>);

/// Equal are the same parameters in any order.
impl PartialEq for Params {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.sorted() == other.sorted()
    }
}

impl Eq for Params {}

impl FromIterator<Param> for Params {
    fn from_iter<I: IntoIterator<Item = Param>>(params: I) -> Self {
        let given: Vec<_> = params.into_iter().collect();
        if given.len() > MANY {
            return Self(without_doubles(given));
        }
        let mut kept = Self(Vec::with_capacity(given.len()));
        for (name, value) in given {
            kept.set(name, value);
        }
        kept
    }
}

fn without_doubles(given: Vec<Param>) -> Vec<Param> {
    let mut kept: Vec<Param> = Vec::new();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    for (name, value) in given {
        if let Some(place) = places.get(&name) {
            kept[*place].1 = value;
        } else {
            places.insert(name.clone(), kept.len());
            kept.push((name, value));
        }
    }
    kept
}

impl Params {
    /// Read what stands behind the first semicolon.
    ///
    /// # Errors
    ///
    /// A parameter without a name, and quotes that nothing closes.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedValue> {
        if text.iter().any(|byte| matches!(byte, b'"' | b' ' | b'\t')) {
            return spaced(text).ok_or_else(|| MalformedValue::new("parameters", text));
        }
        Self::parse_plain(text, |part| Ok(part.to_vec()))?
            .ok_or_else(|| MalformedValue::new("parameters", text))
    }

    /// Read parameters that know no quotes, each part made plain; None where one has no name.
    pub(crate) fn parse_plain(
        text: &[u8],
        plain: impl Fn(&[u8]) -> Result<Vec<u8>, MalformedValue>,
    ) -> Result<Option<Self>, MalformedValue> {
        let mut params = Vec::new();
        for part in text.split(|byte| *byte == b';') {
            let (name, value) = cut(part, b'=');
            if name.is_empty() {
                return Ok(None);
            }
            params.push((lower(&plain(name)?), value.map(&plain).transpose()?));
        }
        Ok(Some(params.into_iter().collect()))
    }

    /// The value of a parameter, Some(None) where it has none; None where it is absent.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// The value of a parameter; None also where it has none.
    #[must_use]
    pub fn value(&self, name: &[u8]) -> Option<&[u8]> {
        self.get(name)?.as_deref()
    }

    /// Put a value in the place of the one there, or behind all others.
    pub fn set(&mut self, name: Vec<u8>, value: Option<Vec<u8>>) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(param) => param.1 = value,
            None => self.0.push((name, value)),
        }
    }

    fn sorted(&self) -> Vec<&Param> {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort();
        sorted
    }

    /// All, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&Vec<u8>, &Option<Vec<u8>>)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Print each with its semicolon; values are quoted where they need it.
    pub fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in self.iter() {
            out.push(b';');
            out.extend_from_slice(name);
            if let Some(value) = value {
                out.push(b'=');
                if needs_quotes(value) {
                    write_quoted(out, value);
                } else {
                    out.extend_from_slice(value);
                }
            }
        }
    }
}

fn needs_quotes(value: &[u8]) -> bool {
    let unsafe_byte = |byte: &u8| {
        is_space(*byte) || matches!(byte, b'"' | b',' | b';' | b'<' | b'>' | b'\\' | b'=' | b'?')
    };
    value.is_empty() || value.iter().any(unsafe_byte)
}

/// Read parameters between which there may be white space, and whose values may be quoted.
fn spaced(text: &[u8]) -> Option<Params> {
    let mut params = Vec::new();
    let mut left = Some(text);
    while let Some(text) = left {
        let (name, rest) = split_where(trim_start(text), |byte| byte == b'=' || ends_word(byte));
        let (value, rest) = read_value(trim_start(rest))?;
        if name.is_empty() {
            return None;
        }
        params.push((lower(name), value));
        left = match rest.split_first() {
            None => None,
            Some((b';', rest)) => Some(rest),
            Some(_) => return None,
        };
    }
    Some(params.into_iter().collect())
}

/// Read the value of a parameter behind its name, and the white space behind that.
fn read_value(text: &[u8]) -> Option<(Option<Vec<u8>>, &[u8])> {
    let Some(text) = text.strip_prefix(b"=") else {
        return Some((None, text));
    };
    let text = trim_start(text);
    if let Some(inside) = text.strip_prefix(b"\"") {
        let end = quoted_end(inside)?;
        let value = unescape_quoted(&inside[..end]);
        return Some((Some(value), trim_start(&inside[end + 1..])));
    }
    let (value, rest) = split_where(text, ends_word);
    Some((Some(value.to_vec()), trim_start(rest)))
}

fn ends_word(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b';' | b'"' | b',' | b'<' | b'>')
}
