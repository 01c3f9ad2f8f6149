//! `CSeq`, `RAck` and Content-Type.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::malformed;
use crate::params::{Params, to_dict};
use crate::text::{Text, printed, shown};

/// Sequence number and method (RFC 3261 section 20.16).
#[pyclass(frozen, eq, module = "trunkline_signaling.sip._wire")]
#[derive(Clone, PartialEq)]
pub(crate) struct CSeq(pub trunkline_sip::CSeq);

#[pymethods]
impl CSeq {
    #[new]
    fn new(number: u32, method: Text<'_>) -> Self {
        Self(trunkline_sip::CSeq {
            number,
            method: method.into_bytes(),
        })
    }

    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: Text<'_>) -> PyResult<Self> {
        trunkline_sip::CSeq::parse(&text.0)
            .map(Self)
            .map_err(malformed)
    }

    #[getter]
    fn number(&self) -> u32 {
        self.0.number
    }

    #[getter]
    fn method(&self) -> Text<'_> {
        self.0.method.as_slice().into()
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        (self.number(), self.method()).into_pyobject(py)?.hash()
    }

    fn __str__(&self) -> Text<'static> {
        printed(|out| self.0.write(out))
    }

    fn __repr__(&self) -> String {
        shown("CSeq", &self.__str__())
    }
}

/// What a PRACK acknowledges (RFC 3262 section 7.2).
#[pyclass(frozen, eq, module = "trunkline_signaling.sip._wire")]
#[derive(Clone, PartialEq)]
pub(crate) struct RAck(pub trunkline_sip::RAck);

#[pymethods]
impl RAck {
    #[new]
    fn new(rseq: u32, cseq: &CSeq) -> Self {
        let cseq = cseq.0.clone();
        Self(trunkline_sip::RAck { rseq, cseq })
    }

    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: Text<'_>) -> PyResult<Self> {
        trunkline_sip::RAck::parse(&text.0)
            .map(Self)
            .map_err(malformed)
    }

    #[getter]
    fn rseq(&self) -> u32 {
        self.0.rseq
    }

    #[getter]
    fn cseq(&self) -> CSeq {
        CSeq(self.0.cseq.clone())
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        let cseq = &self.0.cseq;
        (self.rseq(), cseq.number, Text::from(&cseq.method[..]))
            .into_pyobject(py)?
            .hash()
    }

    fn __str__(&self) -> Text<'static> {
        printed(|out| self.0.write(out))
    }

    fn __repr__(&self) -> String {
        shown("RAck", &self.__str__())
    }
}

/// Content-Type (RFC 3261 section 20.15).
#[pyclass(frozen, eq, module = "trunkline_signaling.sip._wire")]
#[derive(Clone, PartialEq)]
pub(crate) struct MediaType(pub trunkline_sip::MediaType);

#[pymethods]
impl MediaType {
    #[new]
    #[pyo3(signature = (value, params=None))]
    fn new(value: Text<'_>, params: Option<Params>) -> Self {
        Self(trunkline_sip::MediaType {
            value: value.into_bytes(),
            params: params.map(|params| params.0).unwrap_or_default(),
        })
    }

    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: Text<'_>) -> PyResult<Self> {
        trunkline_sip::MediaType::parse(&text.0)
            .map(Self)
            .map_err(malformed)
    }

    #[getter]
    fn value(&self) -> Text<'_> {
        self.0.value.as_slice().into()
    }

    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        to_dict(py, &self.0.params)
    }

    #[getter]
    fn essence(&self) -> Text<'static> {
        self.0.essence().into()
    }

    fn __str__(&self) -> Text<'static> {
        printed(|out| self.0.write(out))
    }

    fn __repr__(&self) -> String {
        shown("MediaType", &self.__str__())
    }
}
