//! Waits.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// How long SIP waits: the resend list of SIG-08.
#[pyclass(frozen, eq, module = "trunkline_signaling.sip._wire")]
#[derive(Default, PartialEq)]
pub(crate) struct Timing(pub Arc<trunkline_sip::Timing>);

#[pymethods]
impl Timing {
    #[new]
    #[pyo3(signature = (resend=None))]
    fn new(resend: Option<&Bound<'_, PyTuple>>) -> PyResult<Self> {
        let Some(resend) = resend else {
            return Ok(Self::default());
        };
        let timing = trunkline_sip::Timing::new(resend.extract()?);
        let refuse = || format!("expected 1 to 20 waits of 0.1 to 32 s, found {resend}");
        let timing = timing.ok_or_else(|| PyValueError::new_err(refuse()))?;
        Ok(Self(Arc::new(timing)))
    }
}
