//! Requests and responses.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString, PyTuple};
use trunkline_sip::{
    Defect, Essentials, Message, Refusal, RequestHead, StartLine, has_line_break, print,
};

use crate::addresses::NameAddr;
use crate::errors::{local, malformed_message, not_sip};
use crate::headers::Headers;
use crate::text::Text;
use crate::uri;

const VERSION: &[u8] = b"SIP/2.0";

/// Parse the one message in a datagram; what follows its body is dropped (section 18.3).
#[pyfunction]
#[pyo3(signature = (data, /))]
pub(crate) fn parse_datagram(py: Python<'_>, data: &[u8]) -> PyResult<Py<PyAny>> {
    to_python(py, trunkline_sip::parse_datagram(data))
}

/// Parse a message whose head and body are already apart.
#[pyfunction]
#[pyo3(signature = (head, body, /))]
pub(crate) fn parse_framed(py: Python<'_>, head: &[u8], body: &[u8]) -> PyResult<Py<PyAny>> {
    to_python(py, trunkline_sip::parse_framed(head, body))
}

fn to_python(py: Python<'_>, read: Result<Message<'_>, Refusal<'_>>) -> PyResult<Py<PyAny>> {
    let (message, defect) = match read {
        Ok(message) => (message, None),
        Err(Refusal::NotSip(text)) => return Err(not_sip(text)),
        Err(Refusal::Malformed(defect, message)) => (*message, Some(defect)),
    };
    match Parts::from(message) {
        Parts::Request(request) => {
            let request = request.into_python(py, None)?;
            match defect {
                Some(defect) => Err(malformed_message(py, defect, Some(request))),
                None => Ok(request.into_any()),
            }
        }
        Parts::Response(response) => match defect {
            Some(defect) => Err(malformed_message(py, defect, None)),
            None => Ok(response.into_python(py, None)?.into_any()),
        },
    }
}

/// A message that was read, and nothing of it in Python yet.
pub(crate) enum Parts<'a> {
    Request(RequestParts<'a>),
    Response(ResponseParts<'a>),
}

pub(crate) struct RequestParts<'a> {
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) headers: trunkline_sip::Headers,
    body: &'a [u8],
}

pub(crate) struct ResponseParts<'a> {
    pub(crate) status: u16,
    reason: Vec<u8>,
    pub(crate) headers: trunkline_sip::Headers,
    body: &'a [u8],
}

impl<'a> From<Message<'a>> for Parts<'a> {
    fn from(message: Message<'a>) -> Self {
        let Message {
            start,
            headers,
            body,
        } = message;
        match start {
            StartLine::Request { method, target } => Self::Request(RequestParts {
                method,
                target,
                headers,
                body,
            }),
            StartLine::Response { status, reason } => Self::Response(ResponseParts {
                status,
                reason,
                headers,
                body,
            }),
        }
    }
}

impl RequestParts<'_> {
    /// The request as Python has it; `read` is what a check has read.
    pub(crate) fn into_python(
        self,
        py: Python<'_>,
        read: Option<Essentials>,
    ) -> PyResult<Py<Request>> {
        let request = Request {
            method: Text::from(self.method).into_pyobject(py)?.unbind(),
            target: Text::from(self.target).into_pyobject(py)?.unbind(),
            headers: Headers::read(py, self.headers, read)?,
            body: PyBytes::new(py, self.body).unbind(),
        };
        Py::new(py, request)
    }
}

impl ResponseParts<'_> {
    /// The response as Python has it; `read` is what a check has read.
    pub(crate) fn into_python(
        self,
        py: Python<'_>,
        read: Option<Essentials>,
    ) -> PyResult<Py<Response>> {
        let response = Response {
            status: self.status,
            reason: Text::from(self.reason).into_pyobject(py)?.unbind(),
            headers: Headers::read(py, self.headers, read)?,
            body: PyBytes::new(py, self.body).unbind(),
        };
        Py::new(py, response)
    }
}

/// Check the header fields every request needs, and its Request-URI.
#[pyfunction]
#[pyo3(signature = (request, /))]
pub(crate) fn check_request(request: &Bound<'_, Request>) -> PyResult<()> {
    let py = request.py();
    let refuse = |defect| malformed_message(py, defect, Some(request.clone().unbind()));
    let known = request.borrow();
    let method = known.method.bind(py).extract::<Text<'_>>()?;
    let target = known.target.bind(py).extract::<Text<'_>>()?;
    let mut headers = known.headers.borrow_mut(py);
    let read = trunkline_sip::check_request_fields(&method.0, &headers.lines);
    let read = read.map_err(|error| refuse(Defect::from(error)))?;
    trunkline_sip::check_target(&target.0).map_err(refuse)?;
    headers.remember(py, read)
}

/// Check the header fields every response needs.
#[pyfunction]
#[pyo3(signature = (response, /))]
pub(crate) fn check_response(response: &Bound<'_, Response>) -> PyResult<()> {
    let py = response.py();
    let known = response.borrow();
    let mut headers = known.headers.borrow_mut(py);
    match Essentials::read(&headers.lines) {
        Ok(read) => headers.remember(py, read),
        Err(error) => Err(malformed_message(py, error.into(), None)),
    }
}

/// A SIP request. `target` is the Request-URI as text; `request_uri` parses it.
#[pyclass(get_all, set_all, module = "trunkline_signaling.sip._wire")]
pub(crate) struct Request {
    pub(crate) method: Py<PyString>,
    pub(crate) target: Py<PyString>,
    pub(crate) headers: Py<Headers>,
    body: Py<PyBytes>,
}

#[pymethods]
impl Request {
    #[new]
    #[pyo3(signature = (method, target, headers=None, body=None))]
    fn new(
        py: Python<'_>,
        method: Py<PyString>,
        target: Py<PyString>,
        headers: Option<Py<Headers>>,
        body: Option<Py<PyBytes>>,
    ) -> PyResult<Self> {
        Ok(Self {
            method,
            target,
            headers: or_empty(py, headers)?,
            body: or_no_body(py, body),
        })
    }

    #[getter]
    fn request_uri(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        uri::parse_uri(py, self.target.bind(py).extract()?)
    }

    #[getter(from_tag)]
    fn tag_of_from<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        tag(py, &self.headers.borrow_mut(py).from_(py)?)
    }

    #[getter(to_tag)]
    fn tag_of_to<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        tag(py, &self.headers.borrow_mut(py).to(py)?)
    }

    #[pyo3(signature = (status, reason=None, *, to_tag=None, body=None))]
    fn reply(
        &self,
        py: Python<'_>,
        status: u16,
        reason: Option<Bound<'_, PyString>>,
        to_tag: Option<Text<'_>>,
        body: Option<Py<PyBytes>>,
    ) -> PyResult<Response> {
        let reason = match reason {
            Some(reason) if reason.is_truthy()? => reason.unbind(),
            _ => reason_phrase(py, status)?,
        };
        Ok(Response {
            status,
            reason,
            headers: self.echoed(py, to_tag.as_ref().map_or(b"", |tag| &tag.0))?,
            body: or_no_body(py, body),
        })
    }

    pub(crate) fn encode<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let method = self.method.bind(py).extract::<Text<'_>>()?;
        let target = self.target.bind(py).extract::<Text<'_>>()?;
        encode(
            py,
            [&method.0, &target.0, VERSION],
            &self.headers,
            &self.body,
        )
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = other.py();
        match other.cast::<Self>() {
            Ok(other) => self.parts(py)?.eq(other.borrow().parts(py)?),
            Err(_) => Ok(false),
        }
    }

    fn __str__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let method: Text<'_> = self.method.bind(py).extract()?;
        let target: Text<'_> = self.target.bind(py).extract()?;
        Text::from([&method.0[..], &target.0].join(&b' ')).into_pyobject(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Request{}", self.parts(py)?.repr()?))
    }
}

impl Request {
    /// A request of a dialog.
    pub(crate) fn build(
        method: &Bound<'_, PyString>,
        head: RequestHead,
        body: Option<Py<PyBytes>>,
    ) -> PyResult<Self> {
        let py = method.py();
        Ok(Self {
            method: method.clone().unbind(),
            target: Text::from(head.target).into_pyobject(py)?.unbind(),
            headers: Py::new(py, Headers::from(head.headers))?,
            body: or_no_body(py, body),
        })
    }

    /// Another request to the same target, without a body.
    pub(crate) fn follow_up(
        &self,
        py: Python<'_>,
        method: &str,
        headers: trunkline_sip::Headers,
    ) -> PyResult<Self> {
        Ok(Self {
            method: PyString::new(py, method).unbind(),
            target: self.target.clone_ref(py),
            headers: Py::new(py, Headers::from(headers))?,
            body: or_no_body(py, None),
        })
    }

    /// A response to it; `to_tag` is added where To has none.
    pub(crate) fn answer(&self, py: Python<'_>, status: u16, to_tag: &[u8]) -> PyResult<Response> {
        Response::build(
            py,
            status,
            self.headers.borrow(py).lines.echoed(to_tag),
            None,
        )
    }

    fn echoed(&self, py: Python<'_>, to_tag: &[u8]) -> PyResult<Py<Headers>> {
        let echoed = self.headers.borrow(py).lines.echoed(to_tag);
        Py::new(py, Headers::from(echoed))
    }

    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (&self.method, &self.target, &self.headers, &self.body).into_pyobject(py)
    }
}

/// A SIP response.
#[pyclass(get_all, set_all, module = "trunkline_signaling.sip._wire")]
pub(crate) struct Response {
    pub(crate) status: u16,
    reason: Py<PyString>,
    pub(crate) headers: Py<Headers>,
    body: Py<PyBytes>,
}

#[pymethods]
impl Response {
    #[new]
    #[pyo3(signature = (status, reason, headers=None, body=None))]
    fn new(
        py: Python<'_>,
        status: u16,
        reason: Py<PyString>,
        headers: Option<Py<Headers>>,
        body: Option<Py<PyBytes>>,
    ) -> PyResult<Self> {
        Ok(Self {
            status,
            reason,
            headers: or_empty(py, headers)?,
            body: or_no_body(py, body),
        })
    }

    #[getter(from_tag)]
    fn tag_of_from<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        tag(py, &self.headers.borrow_mut(py).from_(py)?)
    }

    #[getter(to_tag)]
    fn tag_of_to<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        tag(py, &self.headers.borrow_mut(py).to(py)?)
    }

    #[getter]
    fn method<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let cseq = self.headers.borrow_mut(py).cseq(py)?;
        Text::from(&cseq.get().0.method[..]).into_pyobject(py)
    }

    #[getter]
    fn is_provisional(&self) -> bool {
        self.status < 200
    }

    #[getter]
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn encode<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let status = self.status.to_string();
        let reason = self.reason.bind(py).extract::<Text<'_>>()?;
        encode(
            py,
            [VERSION, status.as_bytes(), &reason.0],
            &self.headers,
            &self.body,
        )
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = other.py();
        match other.cast::<Self>() {
            Ok(other) => self.parts(py)?.eq(other.borrow().parts(py)?),
            Err(_) => Ok(false),
        }
    }

    fn __str__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let reason: Text<'_> = self.reason.bind(py).extract()?;
        let status = self.status.to_string();
        Text::from([status.as_bytes(), &reason.0].join(&b' ')).into_pyobject(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Response{}", self.parts(py)?.repr()?))
    }
}

impl Response {
    /// A response with the phrase of its status.
    pub(crate) fn build(
        py: Python<'_>,
        status: u16,
        headers: trunkline_sip::Headers,
        body: Option<Py<PyBytes>>,
    ) -> PyResult<Self> {
        Ok(Self {
            status,
            reason: reason_phrase(py, status)?,
            headers: Py::new(py, Headers::from(headers))?,
            body: or_no_body(py, body),
        })
    }

    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (self.status, &self.reason, &self.headers, &self.body).into_pyobject(py)
    }
}

fn or_empty(py: Python<'_>, headers: Option<Py<Headers>>) -> PyResult<Py<Headers>> {
    headers.map_or_else(|| Py::new(py, Headers::default()), Ok)
}

fn or_no_body(py: Python<'_>, body: Option<Py<PyBytes>>) -> Py<PyBytes> {
    body.unwrap_or_else(|| PyBytes::new(py, b"").unbind())
}

fn tag<'py>(py: Python<'py>, address: &Py<NameAddr>) -> PyResult<Option<Bound<'py, PyString>>> {
    address
        .get()
        .0
        .tag()
        .map(|tag| Text::from(tag).into_pyobject(py))
        .transpose()
}

/// The phrase that goes with a status: the table is Python's.
fn reason_phrase(py: Python<'_>, status: u16) -> PyResult<Py<PyString>> {
    static PHRASE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let phrase = PHRASE.import(py, "trunkline_signaling.sip.methods", "reason_phrase")?;
    Ok(phrase.call1((status,))?.cast_into()?.unbind())
}

fn encode<'py>(
    py: Python<'py>,
    start_line: [&[u8]; 3],
    headers: &Py<Headers>,
    body: &Py<PyBytes>,
) -> PyResult<Bound<'py, PyBytes>> {
    if start_line.iter().any(|word| has_line_break(word)) {
        let line = Text::from(start_line.join(&b' '))
            .into_pyobject(py)?
            .repr()?;
        return Err(local(format!("a line break in the start line: {line}")));
    }
    let lines = &headers.borrow(py).lines;
    Ok(PyBytes::new(
        py,
        &print(&start_line, lines, body.as_bytes(py)),
    ))
}
