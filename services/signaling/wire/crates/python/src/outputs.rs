//! What the SIP core hands out, in the classes of `sip/outputs.py`.

use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// A class of that module.
pub(crate) struct Class {
    name: &'static str,
    class: PyOnceLock<Py<PyAny>>,
}

impl Class {
    const fn new(name: &'static str) -> Self {
        let class = PyOnceLock::new();
        Self { name, class }
    }

    /// An instance with these fields, which stand in `sip/outputs.py`.
    pub(crate) fn make<'py>(
        &self,
        py: Python<'py>,
        fields: impl PyCallArgs<'py>,
    ) -> PyResult<Py<PyAny>> {
        let module = "trunkline_signaling.sip.outputs";
        let class = self.class.import(py, module, self.name)?;
        Ok(class.call1(fields)?.unbind())
    }
}

pub(crate) static TRANSMIT: Class = Class::new("Transmit");
pub(crate) static REQUEST_RECEIVED: Class = Class::new("RequestReceived");
pub(crate) static REFUSAL_DUE: Class = Class::new("RefusalDue");
pub(crate) static CANCEL_RECEIVED: Class = Class::new("CancelReceived");
pub(crate) static ACK_RECEIVED: Class = Class::new("AckReceived");
pub(crate) static RESPONSE_RECEIVED: Class = Class::new("ResponseReceived");
pub(crate) static REQUEST_TIMED_OUT: Class = Class::new("RequestTimedOut");
pub(crate) static ACK_TIMED_OUT: Class = Class::new("AckTimedOut");
pub(crate) static TRANSPORT_FAILED: Class = Class::new("TransportFailed");
