//! The rules that header fields share, for those written in Python.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use trunkline_sip::HeaderName;

use crate::errors::malformed;
use crate::params::{Params, to_dict};
use crate::text::{Text, printed};

/// Tell whether `text` is a token.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn is_token(text: Text<'_>) -> bool {
    trunkline_sip::is_token(&text.0)
}

/// Return the decimal number `text`, at most `limit`.
#[pyfunction]
#[pyo3(signature = (text, limit=4_294_967_295, expected="a number"))]
pub(crate) fn parse_uint(text: Text<'_>, limit: u64, expected: &str) -> PyResult<u64> {
    trunkline_sip::parse_uint(&text.0, limit, expected).map_err(malformed)
}

/// Return `text` as a quoted-string.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn quote(text: Text<'_>) -> Text<'static> {
    trunkline_sip::quote(&text.0).into()
}

/// Resolve the quoted-pairs in `text`, the inside of a quoted-string.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn unescape_quoted(text: Text<'_>) -> Text<'static> {
    trunkline_sip::unescape_quoted(&text.0).into()
}

/// Parse `name=value;name`, the part behind the first semicolon.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn parse_params<'py>(py: Python<'py>, text: Text<'_>) -> PyResult<Bound<'py, PyDict>> {
    to_dict(
        py,
        &trunkline_sip::Params::parse(&text.0).map_err(malformed)?,
    )
}

/// Print parameters, each with its semicolon; values are quoted where they need it.
#[pyfunction]
#[pyo3(signature = (params, /))]
pub(crate) fn format_params(params: Params) -> Text<'static> {
    printed(|out| params.0.write(out))
}

/// Check a host name or address; an IPv6 reference loses its brackets.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn parse_host(text: Text<'_>) -> PyResult<String> {
    trunkline_sip::parse_host(&text.0).map_err(malformed)
}

/// Parse `host[:port]`.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn parse_host_port(text: Text<'_>) -> PyResult<(String, Option<u16>)> {
    trunkline_sip::parse_host_port(&text.0).map_err(malformed)
}

/// Print `host[:port]`, an IPv6 address in brackets.
#[pyfunction]
#[pyo3(signature = (host, port, /))]
pub(crate) fn format_host_port(host: Text<'_>, port: Option<u16>) -> Text<'static> {
    printed(|out| trunkline_sip::write_host_port(out, &host.0, port))
}

/// Return the one spelling of a header name: `v` and `VIA` are `Via`, `x-foo` is `X-Foo`.
#[pyfunction]
#[pyo3(signature = (name, /))]
pub(crate) fn canonical(name: Text<'_>) -> PyResult<String> {
    let name = HeaderName::parse(&name.0).map_err(malformed)?;
    Ok(name.as_str().to_owned())
}
