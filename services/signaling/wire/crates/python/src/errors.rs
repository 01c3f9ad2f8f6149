//! Errors, as `sip/errors.py` has them.

use pyo3::prelude::*;
use pyo3::types::PyString;
use trunkline_sip::{Defect, Reason};

use crate::message::Request;
use crate::text::Text;

mod python {
    pyo3::import_exception!(trunkline_signaling.sip.errors, LocalProtocolError);
    pyo3::import_exception!(trunkline_signaling.sip.errors, MalformedMessage);
    pyo3::import_exception!(trunkline_signaling.sip.errors, MalformedValue);
    pyo3::import_exception!(trunkline_signaling.sip.errors, NotSip);
}

pub(crate) fn malformed(error: trunkline_sip::MalformedValue) -> PyErr {
    let found: Text<'static> = error.found.into();
    python::MalformedValue::new_err((
        error.expected.into_owned(),
        found,
        error.header.into_owned(),
    ))
}

/// Name the header field in an error that a parser written in Python raised.
pub(crate) fn within(py: Python<'_>, error: PyErr, header: Text<'_>) -> PyErr {
    if !error.is_instance_of::<python::MalformedValue>(py) {
        return error;
    }
    let value = error.value(py);
    let named = || -> PyResult<PyErr> {
        let parts = (
            value.getattr("expected")?.unbind(),
            value.getattr("found")?.unbind(),
            header.into_pyobject(py)?.unbind(),
        );
        Ok(python::MalformedValue::new_err(parts))
    };
    named().unwrap_or_else(|error| error)
}

pub(crate) fn not_sip(text: &'static str) -> PyErr {
    python::NotSip::new_err(text)
}

pub(crate) fn local(text: String) -> PyErr {
    python::LocalProtocolError::new_err(text)
}

/// The error for a message with a defect; `request` is what can be answered.
pub(crate) fn malformed_message(
    py: Python<'_>,
    defect: Defect,
    request: Option<Py<Request>>,
) -> PyErr {
    match explain(py, defect.reason) {
        Ok(text) => python::MalformedMessage::new_err((text.unbind(), defect.status, request)),
        Err(error) => error,
    }
}

/// A defect in words.
pub(crate) fn explain(py: Python<'_>, reason: Reason) -> PyResult<Bound<'_, PyString>> {
    match reason {
        Reason::Text(text) => Text::from(text).into_pyobject(py),
        Reason::Value(value) => malformed(value).value(py).str(),
    }
}
