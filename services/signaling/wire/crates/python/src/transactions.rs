//! Transactions, as their users see them.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict, PyBytes};
use pyo3::{PyTraverseError, PyVisit};
use trunkline_sip::{Client, ClientKey, MergeKey, Server, ServerKey, State};

use crate::flow;
use crate::message::Request;
use crate::outputs::Transmit;
use crate::text::Text;

/// The enumeration of all states.
pub(crate) fn states(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static STATES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let states = STATES.get_or_try_init(py, || {
        let options = [("module", "trunkline_signaling.sip._wire")].into_py_dict(py)?;
        let names = State::ALL.map(State::name);
        let states = py.import("enum")?.getattr("Enum")?;
        PyResult::Ok(states.call(("State", names), Some(&options))?.unbind())
    })?;
    Ok(states.bind(py))
}

/// A request of ours and its responses.
#[pyclass(module = "trunkline_signaling.sip._wire")]
pub(crate) struct ClientTransaction {
    pub(crate) machine: Client,
    pub(crate) number: u64,
    pub(crate) name: Arc<ClientKey>,
    #[pyo3(get)]
    pub(crate) request: Py<Request>,
    #[pyo3(get)]
    pub(crate) flow: Py<PyAny>,
    #[pyo3(get, set)]
    pub(crate) owner: Option<Py<PyAny>>,
    /// The message that is repeated: the request, or the ACK for a failure.
    pub(crate) data: Py<PyBytes>,
    /// The ACK for each 2xx by its To tag, as it is sent.
    pub(crate) acks: HashMap<Option<Vec<u8>>, Transmit>,
}

#[pymethods]
impl ClientTransaction {
    #[getter]
    fn key(&self) -> (Text<'_>, Text<'_>) {
        (self.name.branch[..].into(), self.name.method[..].into())
    }

    #[getter]
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        states(py)?.getattr(self.machine.state().name())
    }

    #[getter]
    fn is_terminated(&self) -> bool {
        self.machine.state() == State::Terminated
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.flow)?;
        visit.call(&self.owner)?;
        let mut acks = self.acks.values();
        acks.try_for_each(|ack| visit.call(&ack.flow))
    }

    fn __clear__(&mut self) {
        self.owner = None;
        self.acks.clear();
    }
}

/// A request from a peer and our responses.
#[pyclass(module = "trunkline_signaling.sip._wire")]
pub(crate) struct ServerTransaction {
    pub(crate) machine: Server,
    pub(crate) number: u64,
    pub(crate) key: Arc<ServerKey>,
    /// Where the request is known by, if it came along this path first.
    pub(crate) path: Option<Arc<MergeKey>>,
    #[pyo3(get)]
    pub(crate) request: Py<Request>,
    #[pyo3(get)]
    pub(crate) flow: Py<PyAny>,
    #[pyo3(get, set)]
    pub(crate) owner: Option<Py<PyAny>>,
    /// The last response, which may be repeated.
    pub(crate) sent: Option<Py<PyBytes>>,
    /// To as our last response had it, with our tag.
    pub(crate) to: Option<Vec<u8>>,
}

#[pymethods]
impl ServerTransaction {
    #[setter]
    fn set_flow(&mut self, way: &Bound<'_, PyAny>) -> PyResult<()> {
        self.machine.set_reliable(flow::is_reliable(way)?);
        self.flow = way.clone().unbind();
        Ok(())
    }

    #[getter]
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        states(py)?.getattr(self.machine.state().name())
    }

    #[getter]
    fn is_terminated(&self) -> bool {
        self.machine.state() == State::Terminated
    }

    #[getter]
    pub(crate) fn data<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        match &self.sent {
            Some(sent) => sent.bind(py).clone(),
            None => PyBytes::new(py, b""),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.flow)?;
        visit.call(&self.owner)
    }

    fn __clear__(&mut self) {
        self.owner = None;
    }
}
