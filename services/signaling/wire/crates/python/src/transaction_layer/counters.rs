//! What the layer counts.

use pyo3::prelude::*;

/// What the layer has seen, as plain numbers that only grow.
#[pyclass(get_all, set_all, module = "trunkline_signaling.sip._wire")]
#[derive(Default)]
pub(crate) struct Counters {
    pub(super) requests_received: u64,
    pub(super) responses_received: u64,
    pub(super) requests_sent: u64,
    pub(super) responses_sent: u64,
    pub(super) copies_received: u64,
    pub(super) not_sip: u64,
    pub(super) malformed: u64,
    pub(super) stray_responses: u64,
    pub(crate) stray_acks: u64,
    pub(super) merged: u64,
    pub(super) timeouts: u64,
}

#[pymethods]
impl Counters {
    #[new]
    fn new() -> Self {
        Self::default()
    }
}
