//! The header fields of a message: values as they came, by name.

use std::ops::Range;

use crate::cseq::CSeq;
use crate::error::{Defect, MalformedValue};
use crate::grammar::{cut, lower, parse_uint, split_values, trim, trim_blanks};
use crate::header_name::HeaderName;
use crate::media_type::MediaType;
use crate::name_addr::NameAddr;
use crate::via::Via;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    name: HeaderName,
    value: Vec<u8>,
}

/// Lines in the order in which their names first appeared: those of one name stand together.
#[derive(Debug, Clone, Default)]
pub struct Headers(Vec<Line>);

/// Equal are the same lines by name, whichever name comes first.
impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self
                .names()
                .all(|name| self.lines(name).eq(other.lines(name)))
    }
}

impl Eq for Headers {}

impl Headers {
    pub(crate) fn with_capacity(lines: usize) -> Self {
        Self(Vec::with_capacity(lines))
    }

    /// All lines, as name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8])> {
        self.0
            .iter()
            .map(|line| (&line.name, line.value.as_slice()))
    }

    /// Each name once.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.0
            .chunk_by(|one, next| one.name == next.name)
            .map(|lines| &lines[0].name)
    }

    /// The values of a field, one for each line; commas are not split.
    pub fn lines(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        self.0[self.place(name)]
            .iter()
            .map(|line| line.value.as_slice())
    }

    /// The first line of a field.
    #[must_use]
    pub fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        let line = self.0.iter().find(|line| line.name == *name)?;
        Some(&line.value)
    }

    /// Tell whether a field is there.
    #[must_use]
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// All values of a field, lines split at their commas.
    ///
    /// # Errors
    ///
    /// A line whose quotes or brackets nothing closes.
    pub fn values(&self, name: &HeaderName) -> Result<Vec<&[u8]>, MalformedValue> {
        let mut values = Vec::new();
        for line in self.lines(name) {
            values.append(&mut split_values(line).map_err(|error| error.within(name.clone()))?);
        }
        Ok(values)
    }

    /// The topmost value of a field, be it a line or a part of one; None if the field is absent.
    ///
    /// # Errors
    ///
    /// A line whose quotes or brackets nothing closes.
    pub fn topmost(&self, name: &HeaderName) -> Result<Option<&[u8]>, MalformedValue> {
        match self.get(name) {
            Some(line) if line.contains(&b',') && !name.is_single_valued() => {
                let values = split_values(line).map_err(|error| error.within(name.clone()))?;
                Ok(values.first().copied())
            }
            line => Ok(line),
        }
    }

    /// All values in lower case: option tags, methods and the like. What is no token is among them as
    /// it came; tokens hold no comma, not even in quotes.
    pub fn tokens(&self, name: &HeaderName) -> impl Iterator<Item = Vec<u8>> {
        self.lines(name)
            .flat_map(|line| line.split(|byte| *byte == b','))
            .map(trim)
            .filter(|value| !value.is_empty())
            .map(lower)
    }

    /// Replace a field by these values, one line each; without any, remove it.
    pub fn set(&mut self, name: &HeaderName, values: impl IntoIterator<Item = Vec<u8>>) {
        let place = self.place(name);
        let lines = values.into_iter().map(|value| Line {
            name: name.clone(),
            value,
        });
        self.0.splice(place, lines);
    }

    /// Add a line below the others of its name.
    pub fn add(&mut self, name: HeaderName, value: Vec<u8>) {
        let end = self.place(&name).end;
        self.0.insert(end, Line { name, value });
    }

    /// Add a line above the others of its name, as a Via goes; a new name goes to the top.
    pub fn push(&mut self, name: HeaderName, value: Vec<u8>) {
        let place = self.place(&name);
        let top = if place.is_empty() { 0 } else { place.start };
        self.0.insert(top, Line { name, value });
    }

    /// Put `value` in the place of the topmost one, be it a line or a part of one. An absent field
    /// stays absent.
    ///
    /// # Errors
    ///
    /// A line whose quotes or brackets nothing closes.
    pub fn replace_topmost(
        &mut self,
        name: &HeaderName,
        mut value: Vec<u8>,
    ) -> Result<(), MalformedValue> {
        let Some(line) = self.0.iter_mut().find(|line| line.name == *name) else {
            return Ok(());
        };
        if line.value.contains(&b',') {
            let values = split_values(&line.value).map_err(|error| error.within(name.clone()))?;
            for below in &values[1..] {
                value.extend_from_slice(b", ");
                value.extend_from_slice(below);
            }
        }
        line.value = value;
        Ok(())
    }

    /// Take a field of another message over, in place of our own.
    pub fn copy_from(&mut self, other: &Self, name: &HeaderName) {
        self.set(name, []);
        self.0.extend_from_slice(&other.0[other.place(name)]);
    }

    /// What a response repeats (RFC 3261 section 8.2.6.2): all Vias and, where a malformed request has
    /// one of them twice, the first From, To, Call-ID and `CSeq`. `to_tag` is added where To has none.
    #[must_use]
    pub fn echoed(&self, to_tag: &[u8]) -> Self {
        let mut echo = Self::with_capacity(8);
        echo.copy_from(self, &HeaderName::canonical("Via"));
        for name in ["From", "To", "Call-ID", "CSeq"].map(HeaderName::canonical) {
            if let Some(line) = self.0.iter().find(|line| line.name == name) {
                echo.0.push(line.clone());
            }
        }
        if !to_tag.is_empty() && !self.has_to_tag() {
            let to = HeaderName::canonical("To");
            if let Some(line) = echo.0.iter_mut().find(|line| line.name == to) {
                line.value.extend_from_slice(b";tag=");
                line.value.extend_from_slice(to_tag);
            }
        }
        echo
    }

    /// Tell whether To has a tag; what can't be read is repeated as it came.
    fn has_to_tag(&self) -> bool {
        match self.get(&HeaderName::canonical("To")) {
            Some(to) if to.contains(&b';') => {
                NameAddr::parse(to).map_or(true, |to| to.tag().is_some())
            }
            _ => false,
        }
    }

    /// The topmost Via.
    ///
    /// # Errors
    ///
    /// None, or a malformed one.
    pub fn via(&self) -> Result<Via, MalformedValue> {
        self.require("Via", Via::parse)
    }

    /// From.
    ///
    /// # Errors
    ///
    /// None, or a malformed one.
    pub fn from(&self) -> Result<NameAddr, MalformedValue> {
        self.require("From", NameAddr::parse)
    }

    /// To.
    ///
    /// # Errors
    ///
    /// None, or a malformed one.
    pub fn to(&self) -> Result<NameAddr, MalformedValue> {
        self.require("To", NameAddr::parse)
    }

    /// Call-ID: one word, compared byte by byte (section 20.8).
    ///
    /// # Errors
    ///
    /// None, or a malformed one.
    pub fn call_id(&self) -> Result<Vec<u8>, MalformedValue> {
        self.require("Call-ID", |line| {
            let blank = line.iter().any(|byte| matches!(byte, b' ' | b'\t'));
            if blank || line.is_empty() {
                return Err(MalformedValue::new("one word", line));
            }
            Ok(line.to_vec())
        })
    }

    /// `CSeq`.
    ///
    /// # Errors
    ///
    /// None, or a malformed one.
    pub fn cseq(&self) -> Result<CSeq, MalformedValue> {
        self.require("CSeq", CSeq::parse)
    }

    /// Max-Forwards, 0 to 255 (section 20.22); None if the field is absent.
    ///
    /// # Errors
    ///
    /// What is no such number.
    pub fn max_forwards(&self) -> Result<Option<u8>, MalformedValue> {
        self.parse("Max-Forwards", |line| {
            parse_uint(trim(line), u8::MAX, "hops")
        })
    }

    /// Expires, in seconds (section 20.19); None if the field is absent.
    ///
    /// # Errors
    ///
    /// What is no number of 32 bits.
    pub fn expires(&self) -> Result<Option<u32>, MalformedValue> {
        self.parse("Expires", |line| {
            parse_uint(trim(line), u32::MAX, "seconds")
        })
    }

    /// The topmost Contact; None if the field is absent. `Contact: *` is no address.
    ///
    /// # Errors
    ///
    /// A malformed one.
    pub fn contact(&self) -> Result<Option<NameAddr>, MalformedValue> {
        self.parse("Contact", NameAddr::parse)
    }

    /// Content-Type; None if the field is absent.
    ///
    /// # Errors
    ///
    /// A malformed one.
    pub fn content_type(&self) -> Result<Option<MediaType>, MalformedValue> {
        self.parse("Content-Type", MediaType::parse)
    }

    pub(crate) fn require<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&[u8]) -> Result<T, MalformedValue>,
    ) -> Result<T, MalformedValue> {
        self.parse(name, parse)?
            .ok_or_else(|| MalformedValue::absent(name))
    }

    fn parse<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&[u8]) -> Result<T, MalformedValue>,
    ) -> Result<Option<T>, MalformedValue> {
        let value = self.topmost(&HeaderName::canonical(name))?;
        value
            .map(parse)
            .transpose()
            .map_err(|error| error.within(name))
    }

    /// Where the lines of a name stand; at the end if there are none.
    fn place(&self, name: &HeaderName) -> Range<usize> {
        let Some(start) = self.0.iter().position(|line| line.name == *name) else {
            return self.0.len()..self.0.len();
        };
        let count = self.0[start..]
            .iter()
            .take_while(|line| line.name == *name)
            .count();
        start..start + count
    }

    /// Read a header line into its place, there also if it is one too many.
    pub(crate) fn read_line(&mut self, line: &[u8]) -> Result<(), Defect> {
        let (spelling, value) = cut(line, b':');
        let name = HeaderName::parse(spelling)?;
        let Some(value) = value else {
            let name = name.as_str().as_bytes();
            return Err(MalformedValue::new("a colon behind a header name", name).into());
        };
        let again = name.is_single_valued() && self.contains(&name);
        self.add(name.clone(), trim_blanks(value).to_vec());
        if again {
            return Err(Defect::new(format!(
                "{name}: expected one value, found several"
            )));
        }
        Ok(())
    }
}
