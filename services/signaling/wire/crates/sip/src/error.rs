//! What peers do wrong.

use std::borrow::Cow;

use crate::message::Message;

/// A value that does not follow its grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedValue {
    pub expected: Cow<'static, str>,
    pub found: Vec<u8>,
    /// The header field; empty for a bare value.
    pub header: Cow<'static, str>,
}

impl MalformedValue {
    pub(crate) fn new(expected: impl Into<Cow<'static, str>>, found: &[u8]) -> Self {
        Self {
            expected: expected.into(),
            found: found.to_vec(),
            header: Cow::Borrowed(""),
        }
    }

    /// The error for a header field that is not there.
    pub fn absent(header: impl Into<Cow<'static, str>>) -> Self {
        Self::new("this header field", b"none").within(header)
    }

    /// Say in which header field the value stands.
    #[must_use]
    pub fn within(self, header: impl Into<Cow<'static, str>>) -> Self {
        Self {
            header: header.into(),
            ..self
        }
    }
}

/// What is wrong with a message that could be read well enough to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    pub reason: Reason,
    /// What a request is answered with.
    pub status: u16,
}

/// A defect in words, or the value that is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    Text(Vec<u8>),
    Value(MalformedValue),
}

impl Defect {
    pub(crate) fn new(text: impl Into<Vec<u8>>) -> Self {
        Self {
            reason: Reason::Text(text.into()),
            status: 400,
        }
    }
}

impl From<MalformedValue> for Defect {
    fn from(value: MalformedValue) -> Self {
        Self {
            reason: Reason::Value(value),
            status: 400,
        }
    }
}

/// Why bytes are no message to act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// Nothing to answer.
    NotSip(&'static str),
    /// A defect, and the message as far as it could be read.
    Malformed(Defect, Box<Message<'a>>),
}
