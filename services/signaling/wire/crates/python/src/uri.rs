//! URIs.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use trunkline_sip::Uri;

use crate::errors::malformed;
use crate::params::{Params, to_dict};
use crate::text::{Text, printed, shown};

/// Parse a URI of any scheme.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn parse_uri(py: Python<'_>, text: Text<'_>) -> PyResult<Py<PyAny>> {
    to_python(py, Uri::parse(&text.0).map_err(malformed)?)
}

/// Parse a URI that must be `sip:` or `sips:`.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(crate) fn parse_sip_uri(text: Text<'_>) -> PyResult<SipUri> {
    trunkline_sip::SipUri::parse(&text.0)
        .map(SipUri)
        .map_err(malformed)
}

pub(crate) fn to_python(py: Python<'_>, uri: Uri) -> PyResult<Py<PyAny>> {
    Ok(match uri {
        Uri::Sip(uri) => Py::new(py, SipUri(uri))?.into_any(),
        Uri::Tel(uri) => Py::new(py, TelUri(uri))?.into_any(),
        Uri::Other(uri) => Py::new(py, OtherUri(uri))?.into_any(),
    })
}

pub(crate) fn from_python(uri: &Bound<'_, PyAny>) -> PyResult<Uri> {
    if let Ok(uri) = uri.cast::<SipUri>() {
        return Ok(Uri::Sip(uri.get().0.clone()));
    }
    if let Ok(uri) = uri.cast::<TelUri>() {
        return Ok(Uri::Tel(uri.get().0.clone()));
    }
    match uri.cast::<OtherUri>() {
        Ok(uri) => Ok(Uri::Other(uri.get().0.clone())),
        Err(_) => Err(PyTypeError::new_err("expected a URI")),
    }
}

/// A `sip:` or `sips:` URI.
#[pyclass(frozen, eq, module = "trunkline_signaling.sip._wire")]
#[derive(Clone, PartialEq)]
pub(crate) struct SipUri(trunkline_sip::SipUri);

#[pymethods]
impl SipUri {
    #[new]
    #[pyo3(signature = (host, user=None, port=None, params=None, password=None, headers=None, scheme="sip"))]
    fn new(
        host: Text<'_>,
        user: Option<Text<'_>>,
        port: Option<u16>,
        params: Option<Params>,
        password: Option<Text<'_>>,
        headers: Option<&Bound<'_, PyTuple>>,
        scheme: &str,
    ) -> PyResult<Self> {
        let secure = match scheme {
            "sip" => false,
            "sips" => true,
            _ => return Err(PyValueError::new_err("scheme is sip or sips")),
        };
        let mut fields = Vec::new();
        for pair in headers.into_iter().flatten() {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
            let name = name.extract::<Text<'_>>()?.into_bytes();
            fields.push((name, value.extract::<Text<'_>>()?.into_bytes()));
        }
        Ok(Self(trunkline_sip::SipUri {
            host: host.into_bytes(),
            user: user.map(Text::into_bytes),
            port,
            params: params.map(|params| params.0).unwrap_or_default(),
            password: password.map(Text::into_bytes),
            headers: fields,
            secure,
        }))
    }

    #[getter]
    fn host(&self) -> Text<'_> {
        self.0.host.as_slice().into()
    }

    #[getter]
    fn user(&self) -> Option<Text<'_>> {
        self.0.user.as_deref().map(Text::from)
    }

    #[getter]
    fn port(&self) -> Option<u16> {
        self.0.port
    }

    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        to_dict(py, &self.0.params)
    }

    #[getter]
    fn password(&self) -> Option<Text<'_>> {
        self.0.password.as_deref().map(Text::from)
    }

    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let headers = self.0.headers.iter();
        let pairs = headers.map(|(name, value)| (Text::from(&name[..]), Text::from(&value[..])));
        PyTuple::new(py, pairs.collect::<Vec<_>>())
    }

    #[getter]
    fn scheme(&self) -> &'static str {
        self.0.scheme()
    }

    #[getter]
    fn effective_port(&self) -> u16 {
        self.0.effective_port()
    }

    #[getter]
    fn number(&self) -> Text<'_> {
        self.0.number().into()
    }

    #[getter]
    fn is_loose_router(&self) -> bool {
        self.0.is_loose_router()
    }

    fn with_user(&self, user: Option<Text<'_>>) -> Self {
        let mut uri = self.0.clone();
        uri.user = user.map(Text::into_bytes);
        Self(uri)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        (self.user(), self.host(), self.port())
            .into_pyobject(py)?
            .hash()
    }

    fn __str__(&self) -> Text<'static> {
        printed(|out| self.0.write(out))
    }

    fn __repr__(&self) -> String {
        shown("SipUri", &self.__str__())
    }
}

/// A `tel:` URI (RFC 3966).
#[pyclass(frozen, eq, module = "trunkline_signaling.sip._wire")]
#[derive(Clone, PartialEq)]
pub(crate) struct TelUri(trunkline_sip::TelUri);

#[pymethods]
impl TelUri {
    #[new]
    #[pyo3(signature = (number, params=None))]
    fn new(number: Text<'_>, params: Option<Params>) -> Self {
        Self(trunkline_sip::TelUri {
            number: number.into_bytes(),
            params: params.map(|params| params.0).unwrap_or_default(),
        })
    }

    #[getter]
    fn number(&self) -> Text<'_> {
        self.0.number.as_slice().into()
    }

    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        to_dict(py, &self.0.params)
    }

    #[getter]
    fn user(&self) -> Text<'_> {
        self.number()
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.number().into_pyobject(py)?.hash()
    }

    fn __str__(&self) -> Text<'static> {
        printed(|out| self.0.write(out))
    }

    fn __repr__(&self) -> String {
        shown("TelUri", &self.__str__())
    }
}

/// A URI of a scheme we don't speak, kept as it came.
#[pyclass(frozen, eq, module = "trunkline_signaling.sip._wire")]
#[derive(Clone, PartialEq)]
pub(crate) struct OtherUri(trunkline_sip::OtherUri);

#[pymethods]
impl OtherUri {
    #[new]
    fn new(scheme: Text<'_>, rest: Text<'_>) -> Self {
        Self(trunkline_sip::OtherUri {
            scheme: scheme.into_bytes(),
            rest: rest.into_bytes(),
        })
    }

    #[getter]
    fn scheme(&self) -> Text<'_> {
        self.0.scheme.as_slice().into()
    }

    #[getter]
    fn rest(&self) -> Text<'_> {
        self.0.rest.as_slice().into()
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        (self.scheme(), self.rest()).into_pyobject(py)?.hash()
    }

    fn __str__(&self) -> Text<'static> {
        printed(|out| self.0.write(out))
    }

    fn __repr__(&self) -> String {
        shown("OtherUri", &self.__str__())
    }
}
