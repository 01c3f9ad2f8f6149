//! What the SIP core hands out, at last in the classes of `sip/outputs.py`.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::{PyTraverseError, PyVisit};

use crate::class::Class;
use crate::dialog::Dialog;
use crate::message::{Request, Response};
use crate::transactions::{ClientTransaction, ServerTransaction};

/// Bytes to send, and along which flow.
pub(crate) struct Transmit {
    pub(crate) data: Py<PyBytes>,
    pub(crate) flow: Py<PyAny>,
}

impl Transmit {
    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            data: self.data.clone_ref(py),
            flow: self.flow.clone_ref(py),
        }
    }
}

/// An output that is nothing of Python's until somebody takes it.
pub(crate) enum Output {
    Transmit(Transmit),
    RequestReceived(Py<ServerTransaction>, Py<Request>),
    RefusalDue {
        request: Py<Request>,
        response: Py<Response>,
        flow: Py<PyAny>,
        transaction: Option<Py<ServerTransaction>>,
    },
    CancelReceived(Py<ServerTransaction>, Py<Request>),
    AckReceived(Py<Request>, Py<PyAny>),
    ResponseReceived(Py<ClientTransaction>, Py<Response>, Py<PyAny>),
    RequestTimedOut(Py<ClientTransaction>),
    AckTimedOut(Py<ServerTransaction>),
    TransportFailed(Py<ClientTransaction>),
    DialogRequestReceived(Py<Dialog>, Py<ServerTransaction>, Py<Request>),
    AnswerAcknowledged(Py<Dialog>, Py<Request>),
    AnswerTimedOut(Py<Dialog>),
    ProvisionalTimedOut(Py<Dialog>),
}

impl Output {
    pub(crate) fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Transmit(Transmit { data, flow }) => TRANSMIT.make(py, (data, flow)),
            Self::RequestReceived(transaction, request) => {
                REQUEST_RECEIVED.make(py, (transaction, request))
            }
            Self::RefusalDue {
                request,
                response,
                flow,
                transaction,
            } => REFUSAL_DUE.make(py, (request, response, flow, transaction)),
            Self::CancelReceived(transaction, request) => {
                CANCEL_RECEIVED.make(py, (transaction, request))
            }
            Self::AckReceived(request, flow) => ACK_RECEIVED.make(py, (request, flow)),
            Self::ResponseReceived(transaction, response, flow) => {
                RESPONSE_RECEIVED.make(py, (transaction, response, flow))
            }
            Self::RequestTimedOut(transaction) => REQUEST_TIMED_OUT.make(py, (transaction,)),
            Self::AckTimedOut(transaction) => ACK_TIMED_OUT.make(py, (transaction,)),
            Self::TransportFailed(transaction) => TRANSPORT_FAILED.make(py, (transaction,)),
            Self::DialogRequestReceived(dialog, transaction, request) => {
                DIALOG_REQUEST_RECEIVED.make(py, (dialog, transaction, request))
            }
            Self::AnswerAcknowledged(dialog, request) => {
                ANSWER_ACKNOWLEDGED.make(py, (dialog, request))
            }
            Self::AnswerTimedOut(dialog) => ANSWER_TIMED_OUT.make(py, (dialog,)),
            Self::ProvisionalTimedOut(dialog) => PROVISIONAL_TIMED_OUT.make(py, (dialog,)),
        }
    }

    /// Visit what may lead back to whoever holds the output.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Transmit(Transmit { flow, .. }) | Self::AckReceived(_, flow) => visit.call(flow),
            Self::RequestReceived(transaction, _)
            | Self::CancelReceived(transaction, _)
            | Self::AckTimedOut(transaction) => visit.call(transaction),
            Self::RefusalDue {
                flow, transaction, ..
            } => {
                visit.call(flow)?;
                visit.call(transaction)
            }
            Self::ResponseReceived(transaction, _, flow) => {
                visit.call(transaction)?;
                visit.call(flow)
            }
            Self::RequestTimedOut(transaction) | Self::TransportFailed(transaction) => {
                visit.call(transaction)
            }
            Self::DialogRequestReceived(dialog, transaction, _) => {
                visit.call(dialog)?;
                visit.call(transaction)
            }
            Self::AnswerAcknowledged(dialog, _)
            | Self::AnswerTimedOut(dialog)
            | Self::ProvisionalTimedOut(dialog) => visit.call(dialog),
        }
    }
}

const fn output(name: &'static str) -> Class {
    Class::new("trunkline_signaling.sip.outputs", name)
}

static TRANSMIT: Class = output("Transmit");
static REQUEST_RECEIVED: Class = output("RequestReceived");
static REFUSAL_DUE: Class = output("RefusalDue");
static CANCEL_RECEIVED: Class = output("CancelReceived");
static ACK_RECEIVED: Class = output("AckReceived");
static RESPONSE_RECEIVED: Class = output("ResponseReceived");
static REQUEST_TIMED_OUT: Class = output("RequestTimedOut");
static ACK_TIMED_OUT: Class = output("AckTimedOut");
static TRANSPORT_FAILED: Class = output("TransportFailed");
static DIALOG_REQUEST_RECEIVED: Class = output("DialogRequestReceived");
static ANSWER_ACKNOWLEDGED: Class = output("AnswerAcknowledged");
static ANSWER_TIMED_OUT: Class = output("AnswerTimedOut");
static PROVISIONAL_TIMED_OUT: Class = output("ProvisionalTimedOut");
