//! Text between Python and Rust: bytes that are no UTF-8 are surrogates over there.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

const CODEC: (&str, &str) = ("utf-8", "surrogateescape");

/// Text as the bytes it is on the wire.
pub(crate) struct Text<'a>(pub Cow<'a, [u8]>);

impl Text<'_> {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_owned()
    }
}

impl<'a> From<&'a [u8]> for Text<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(Cow::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Text<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Cow::Owned(bytes))
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Text<'a> {
    type Error = PyErr;

    fn extract(text: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(text) = text.extract::<&'a str>() {
            return Ok(text.as_bytes().into());
        }
        let bytes = text.cast::<PyString>()?.call_method1("encode", CODEC)?;
        Ok(bytes.extract::<&[u8]>()?.to_vec().into())
    }
}

impl<'py> IntoPyObject<'py> for Text<'_> {
    type Target = PyString;
    type Output = Bound<'py, PyString>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        if let Ok(text) = str::from_utf8(&self.0) {
            return Ok(PyString::new(py, text));
        }
        let decoded = PyBytes::new(py, &self.0).call_method1("decode", CODEC)?;
        Ok(decoded.cast_into()?)
    }
}

/// Collect what `write` prints.
pub(crate) fn printed(write: impl FnOnce(&mut Vec<u8>)) -> Text<'static> {
    let mut out = Vec::with_capacity(128);
    write(&mut out);
    out.into()
}

/// What `repr` shows of a value that prints itself.
pub(crate) fn shown(class: &str, printed: &Text<'_>) -> String {
    format!("{class}.parse({:?})", String::from_utf8_lossy(&printed.0))
}
