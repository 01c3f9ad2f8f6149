//! Dialogs, as their users see them.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use pyo3::{PyTraverseError, PyVisit};
use trunkline_sip::Unacknowledged;

use crate::addresses::NameAddr;
use crate::class::Class;
use crate::errors::{local, malformed, malformed_message};
use crate::headers::printable;
use crate::message::{Request, Response};
use crate::text::Text;
use crate::transactions::ServerTransaction;
use crate::uri;

static DIALOG_ID: Class = Class::new("trunkline_signaling.sip.dialog", "DialogId");
static DIALOG_STATE: Class = Class::new("trunkline_signaling.sip.dialog", "DialogState");

/// A response of ours that waits for an acknowledgement, and what it takes to send it again.
pub(crate) struct Waiting {
    pub(crate) state: Unacknowledged,
    pub(crate) data: Py<PyBytes>,
    pub(crate) transaction: Py<ServerTransaction>,
}

/// What a response of ours waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Awaited {
    Ack,
    Prack,
}

/// A BYE of ours that has to wait, and its owner.
pub(crate) struct Bye {
    pub(crate) request: Py<Request>,
    pub(crate) owner: Option<Py<PyAny>>,
}

/// One side's view of a dialog.
#[pyclass(module = "trunkline_signaling.sip._wire")]
pub(crate) struct Dialog {
    pub(crate) core: trunkline_sip::Dialog,
    /// By which its layer knows it; 0 while none does.
    pub(crate) number: u64,
    #[pyo3(get, set)]
    pub(crate) flow: Py<PyAny>,
    #[pyo3(get, set)]
    pub(crate) owner: Option<Py<PyAny>>,
    /// Our last 2xx to an INVITE, until its ACK comes.
    pub(crate) answer: Option<Waiting>,
    /// What ends the dialog as soon as its 2xx is repeated no more.
    pub(crate) bye: Option<Bye>,
    /// Our last reliable provisional response.
    pub(crate) provisional: Option<Waiting>,
}

#[pymethods]
impl Dialog {
    #[staticmethod]
    fn of_server(
        request: &Bound<'_, Request>,
        flow: &Bound<'_, PyAny>,
        local_tag: &Bound<'_, PyString>,
        contact: &Bound<'_, PyString>,
    ) -> PyResult<Self> {
        Self::opened_by(request, flow, &line("To", local_tag)?, contact)
    }

    #[staticmethod]
    pub(crate) fn of_client(
        request: &Bound<'_, Request>,
        response: &Bound<'_, Response>,
        flow: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let py = request.py();
        let (request, response) = (request.borrow(), response.borrow());
        let target = request.target.bind(py).extract::<Text<'_>>()?;
        let core = trunkline_sip::Dialog::of_client(
            &target.0,
            &request.headers.borrow(py).lines,
            &response.headers.borrow(py).lines,
            response.is_success(),
        );
        let core = core.map_err(|error| malformed_message(py, error.into(), None))?;
        Ok(Self::new(core, flow))
    }

    #[getter]
    fn id(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let id = &self.core.id;
        let words = [&id.call_id, &id.local_tag, &id.remote_tag];
        let [call_id, local_tag, remote_tag] = words.map(|word| Text::from(&word[..]));
        DIALOG_ID.make(py, (call_id, local_tag, remote_tag))
    }

    #[getter]
    fn call_id(&self) -> Text<'_> {
        self.core.id.call_id[..].into()
    }

    #[getter]
    fn local(&self) -> PyResult<NameAddr> {
        self.core.local().map(NameAddr).map_err(malformed)
    }

    #[getter]
    fn remote(&self) -> PyResult<NameAddr> {
        self.core.remote().map(NameAddr).map_err(malformed)
    }

    #[getter]
    fn remote_target(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        uri::to_python(py, self.core.remote_target.clone())
    }

    #[getter]
    fn next_hop(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        uri::to_python(py, self.core.next_hop().clone())
    }

    #[getter]
    fn local_contact(&self) -> Text<'_> {
        self.core.local_contact[..].into()
    }

    #[setter]
    fn set_local_contact(&mut self, contact: &Bound<'_, PyString>) -> PyResult<()> {
        self.core.local_contact = line("Contact", contact)?;
        Ok(())
    }

    #[getter]
    fn local_cseq(&self) -> i64 {
        self.core.local_cseq
    }

    #[setter]
    fn set_local_cseq(&mut self, number: i64) {
        self.core.local_cseq = number;
    }

    #[getter]
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        DIALOG_STATE.get(py)?.getattr(self.core.state.name())
    }

    #[getter]
    fn unacknowledged(&self) -> bool {
        self.answer.is_some()
    }

    #[pyo3(signature = (method, body=None, content_type=None))]
    fn request(
        &mut self,
        method: &Bound<'_, PyString>,
        body: Option<Py<PyBytes>>,
        content_type: Option<&Bound<'_, PyString>>,
    ) -> PyResult<Request> {
        let name = line("CSeq", method)?;
        if matches!(&name[..], b"ACK" | b"CANCEL") {
            return Err(local(format!("{method} takes its CSeq from the INVITE")));
        }
        let content_type = content_type_of(body.as_ref(), content_type)?;
        let head = self.core.request(&name, content_type.as_deref());
        Request::build(method, head, body)
    }

    #[pyo3(signature = (invite, body=None, content_type=None))]
    fn ack(
        &self,
        invite: &Bound<'_, Request>,
        body: Option<Py<PyBytes>>,
        content_type: Option<&Bound<'_, PyString>>,
    ) -> PyResult<Request> {
        let py = invite.py();
        let content_type = content_type_of(body.as_ref(), content_type)?;
        let invite = invite.borrow();
        let invite = invite.headers.borrow(py);
        let head = self.core.ack(&invite.lines, content_type.as_deref());
        Request::build(&PyString::intern(py, "ACK"), head.map_err(malformed)?, body)
    }

    fn prack(&mut self, response: &Bound<'_, Response>) -> PyResult<Option<Request>> {
        let py = response.py();
        let response = response.borrow();
        let response = response.headers.borrow(py);
        let head = self.core.prack(&response.lines).map_err(malformed)?;
        let build = |head| Request::build(&PyString::intern(py, "PRACK"), head, None);
        head.map(build).transpose()
    }

    #[pyo3(signature = (request, status, body=None, content_type=None))]
    fn reply(
        &self,
        request: &Bound<'_, Request>,
        status: u16,
        body: Option<Py<PyBytes>>,
        content_type: Option<&Bound<'_, PyString>>,
    ) -> PyResult<Response> {
        let py = request.py();
        let content_type = content_type_of(body.as_ref(), content_type)?;
        let request = request.borrow();
        let headers = self.core.reply(
            &request.method.bind(py).extract::<Text<'_>>()?.0,
            &request.headers.borrow(py).lines,
            status,
            content_type.as_deref(),
        );
        Response::build(py, status, headers, body)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.flow)?;
        visit.call(&self.owner)?;
        for waiting in self.answer.iter().chain(&self.provisional) {
            visit.call(&waiting.transaction)?;
        }
        self.bye.iter().try_for_each(|bye| visit.call(&bye.owner))
    }

    fn __clear__(&mut self) {
        self.owner = None;
        self.answer = None;
        self.bye = None;
        self.provisional = None;
    }
}

impl Dialog {
    fn new(core: trunkline_sip::Dialog, flow: &Bound<'_, PyAny>) -> Self {
        Self {
            core,
            number: 0,
            flow: flow.clone().unbind(),
            owner: None,
            answer: None,
            bye: None,
            provisional: None,
        }
    }

    pub(crate) fn opened_by(
        request: &Bound<'_, Request>,
        flow: &Bound<'_, PyAny>,
        local_tag: &[u8],
        contact: &Bound<'_, PyString>,
    ) -> PyResult<Self> {
        let py = request.py();
        let contact = line("Contact", contact)?;
        let known = request.borrow();
        let headers = known.headers.borrow(py);
        let core = trunkline_sip::Dialog::of_server(&headers.lines, local_tag, contact);
        let refuse = |error: trunkline_sip::MalformedValue| {
            malformed_message(py, error.into(), Some(request.clone().unbind()))
        };
        Ok(Self::new(core.map_err(refuse)?, flow))
    }

    /// The number of our next reliable provisional response.
    pub(crate) fn next_rseq(&self) -> u32 {
        let last = self.provisional.as_ref();
        last.map_or(1, |last| last.state.next_rseq())
    }

    pub(crate) fn waiting(&self, awaited: Awaited) -> Option<&Waiting> {
        match awaited {
            Awaited::Ack => self.answer.as_ref(),
            Awaited::Prack => self.provisional.as_ref(),
        }
    }

    pub(crate) fn waiting_mut(&mut self, awaited: Awaited) -> Option<&mut Waiting> {
        match awaited {
            Awaited::Ack => self.answer.as_mut(),
            Awaited::Prack => self.provisional.as_mut(),
        }
    }

    /// Take a request of the peer; the inner error is the status that refuses it.
    pub(crate) fn take(&mut self, py: Python<'_>, request: &Request) -> PyResult<Result<(), u16>> {
        let method = request.method.bind(py).extract::<Text<'_>>()?;
        let provisional = self.provisional.as_mut().map(|waiting| &mut waiting.state);
        let headers = request.headers.borrow(py);
        let taken = self.core.take(&method.0, &headers.lines, provisional);
        if taken.is_ok() && *method.0 == *b"BYE" {
            self.bye = None;
        }
        Ok(taken)
    }
}

/// A text that is to stand in a header field.
fn line(name: &'static str, text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    printable(&name.as_bytes().into(), text)
}

/// The Content-Type of a message; one without a body has none.
fn content_type_of(
    body: Option<&Py<PyBytes>>,
    content_type: Option<&Bound<'_, PyString>>,
) -> PyResult<Option<Vec<u8>>> {
    match (body, content_type) {
        (Some(body), Some(content_type)) if !body.as_bytes(content_type.py()).is_empty() => {
            line("Content-Type", content_type).map(Some)
        }
        _ => Ok(None),
    }
}
