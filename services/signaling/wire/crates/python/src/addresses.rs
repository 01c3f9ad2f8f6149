//! Via, and what From, To, Contact and Route hold.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::malformed;
use crate::params::{Params, to_dict};
use crate::text::{Text, printed, shown};
use crate::uri;

/// An address with an optional display name and header parameters.
#[pyclass(frozen, eq, module = "trunkline_signaling.sip._wire")]
#[derive(Clone, PartialEq)]
pub(crate) struct NameAddr(pub trunkline_sip::NameAddr);

#[pymethods]
impl NameAddr {
    #[new]
    #[pyo3(signature = (uri, display_name=None, params=None))]
    fn new(
        uri: &Bound<'_, PyAny>,
        display_name: Option<Text<'_>>,
        params: Option<Params>,
    ) -> PyResult<Self> {
        Ok(Self(trunkline_sip::NameAddr {
            uri: uri::from_python(uri)?,
            display_name: display_name.map(Text::into_bytes).unwrap_or_default(),
            params: params.map(|params| params.0).unwrap_or_default(),
        }))
    }

    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: Text<'_>) -> PyResult<Self> {
        trunkline_sip::NameAddr::parse(&text.0)
            .map(Self)
            .map_err(malformed)
    }

    #[getter]
    fn uri(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        uri::to_python(py, self.0.uri.clone())
    }

    #[getter]
    fn display_name(&self) -> Text<'_> {
        self.0.display_name.as_slice().into()
    }

    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        to_dict(py, &self.0.params)
    }

    #[getter]
    fn tag(&self) -> Option<Text<'_>> {
        self.0.tag().map(Text::from)
    }

    fn with_tag(&self, tag: Text<'_>) -> Self {
        let mut address = self.0.clone();
        address.params.set(b"tag".to_vec(), Some(tag.into_bytes()));
        Self(address)
    }

    fn __str__(&self) -> Text<'static> {
        printed(|out| self.0.write(out))
    }

    fn __repr__(&self) -> String {
        shown("NameAddr", &self.__str__())
    }
}

/// One hop of the way a response goes back.
#[pyclass(frozen, eq, module = "trunkline_signaling.sip._wire")]
#[derive(Clone, PartialEq)]
pub(crate) struct Via(pub trunkline_sip::Via);

#[pymethods]
impl Via {
    #[new]
    #[pyo3(signature = (transport, host, port=None, params=None))]
    fn new(transport: Text<'_>, host: Text<'_>, port: Option<u16>, params: Option<Params>) -> Self {
        Self(trunkline_sip::Via {
            transport: transport.into_bytes(),
            host: host.into_bytes(),
            port,
            params: params.map(|params| params.0).unwrap_or_default(),
        })
    }

    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: Text<'_>) -> PyResult<Self> {
        trunkline_sip::Via::parse(&text.0)
            .map(Self)
            .map_err(malformed)
    }

    #[getter]
    fn transport(&self) -> Text<'_> {
        self.0.transport.as_slice().into()
    }

    #[getter]
    fn host(&self) -> Text<'_> {
        self.0.host.as_slice().into()
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
    fn sent_by(&self) -> Text<'static> {
        printed(|out| trunkline_sip::write_host_port(out, &self.0.host, self.0.port))
    }

    #[getter]
    fn branch(&self) -> Option<Text<'_>> {
        self.0.branch().map(Text::from)
    }

    #[getter]
    fn wants_rport(&self) -> bool {
        self.0.wants_rport()
    }

    fn with_received(&self, host: Text<'_>, port: u16) -> Self {
        Self(self.0.with_received(&host.0, port))
    }

    fn __str__(&self) -> Text<'static> {
        printed(|out| self.0.write(out))
    }

    fn __repr__(&self) -> String {
        shown("Via", &self.__str__())
    }
}
