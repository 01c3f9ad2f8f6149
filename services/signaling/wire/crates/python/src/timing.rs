//! Waits and deadlines.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{PyTraverseError, PyVisit};

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

/// The copies of one message.
#[pyclass(module = "trunkline_signaling.sip._wire")]
pub(crate) struct Repetition(trunkline_sip::Repetition);

#[pymethods]
impl Repetition {
    #[new]
    fn new(timing: &Timing, reliable: bool, now: f64) -> Self {
        Self(trunkline_sip::Repetition::new(&timing.0, reliable, now))
    }

    #[getter]
    fn deadline(&self) -> f64 {
        self.0.deadline()
    }

    fn advance(&mut self) -> bool {
        self.0.advance()
    }
}

/// Who is due when.
#[pyclass(module = "trunkline_signaling.sip._wire")]
#[derive(Default)]
pub(crate) struct Deadlines {
    queue: trunkline_sip::Deadlines<usize>,
    /// What is queued, by its address.
    items: HashMap<usize, Py<PyAny>>,
}

#[pymethods]
impl Deadlines {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    #[pyo3(signature = (item, /))]
    fn update(&mut self, item: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Some(deadline) = deadline_of(item)? {
            let key = item.as_ptr().addr();
            let place = self.items.entry(key);
            place.or_insert_with(|| item.clone().unbind());
            self.queue.update(key, deadline);
        }
        Ok(())
    }

    fn next(&self) -> Option<f64> {
        self.queue.next()
    }

    #[pyo3(signature = (now, /))]
    fn pop_due(&mut self, py: Python<'_>, now: f64) -> PyResult<Option<Py<PyAny>>> {
        let items = &mut self.items;
        let due = self.queue.pop_due(now, |key| {
            let deadline = items.get(&key).map(|item| deadline_of(item.bind(py)));
            let deadline = deadline.transpose()?.flatten();
            if deadline.is_none() {
                items.remove(&key);
            }
            PyResult::Ok(deadline)
        })?;
        Ok(due.and_then(|key| self.items.remove(&key)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.items.values().try_for_each(|item| visit.call(item))
    }

    fn __clear__(&mut self) {
        self.items.clear();
    }
}

fn deadline_of(item: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
    item.getattr(intern!(item.py(), "deadline"))?.extract()
}
