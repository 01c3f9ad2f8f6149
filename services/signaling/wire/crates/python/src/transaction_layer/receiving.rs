//! What comes from peers: finds the transaction of a message, or begins one.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use trunkline_sip::{
    ClientKey, Defect, Essentials, HeaderName, Heard, MergeKey, Refusal, Server, ServerKey, State,
    ack_fields, check_request_fields, check_target, note_source, parse_datagram, parse_framed,
};

use super::{TransactionLayer, not_allowed};
use crate::errors::{explain, malformed};
use crate::flow;
use crate::headers::Headers;
use crate::message::{Parts, Request, RequestParts, ResponseParts};
use crate::outputs::Output;
use crate::text::Text;
use crate::transactions::{ClientTransaction, ServerTransaction};

/// How much of a defect's explanation is sent back.
const MAX_REASON: usize = 100;

/// A datagram, or a frame of a stream.
#[derive(FromPyObject)]
pub(crate) enum Received<'py> {
    Datagram(Bound<'py, PyBytes>),
    Frame(Bound<'py, PyBytes>, Bound<'py, PyBytes>),
}

impl TransactionLayer {
    /// Take what came, whatever it holds.
    pub(crate) fn take(
        &mut self,
        data: Received<'_>,
        flow: &Bound<'_, PyAny>,
        now: f64,
    ) -> PyResult<()> {
        let read = match &data {
            Received::Datagram(data) => parse_datagram(data.as_bytes()),
            Received::Frame(head, body) => parse_framed(head.as_bytes(), body.as_bytes()),
        };
        let (message, defect) = match read {
            Ok(message) => (message, None),
            Err(Refusal::Malformed(defect, message)) => (*message, Some(defect)),
            Err(Refusal::NotSip(_)) => {
                self.count(flow.py()).not_sip += 1;
                return Ok(());
            }
        };
        match (Parts::from(message), defect) {
            (Parts::Request(request), None) => self.receive_request(request, flow, now),
            (Parts::Request(request), Some(defect)) => self.reject(request, defect, flow),
            (Parts::Response(response), None) => self.receive_response(response, flow, now),
            (Parts::Response(_), Some(_)) => {
                self.count(flow.py()).malformed += 1;
                Ok(())
            }
        }
    }

    fn receive_request(
        &mut self,
        mut request: RequestParts<'_>,
        flow: &Bound<'_, PyAny>,
        now: f64,
    ) -> PyResult<()> {
        let py = flow.py();
        self.count(py).requests_received += 1;
        let (host, port) = flow::remote(flow)?;
        let (key, read) = match check(&mut request, &host, port) {
            Ok(checked) => checked,
            Err(defect) => return self.reject(request, defect, flow),
        };
        match self.servers.find(py, &key) {
            known if request.method == b"ACK" => {
                self.receive_ack(known.as_ref(), request, read, flow, now)
            }
            Some(transaction) => {
                self.count(py).copies_received += 1;
                let mut server = transaction.borrow_mut();
                if server.machine.receive_copy().map_err(not_allowed)? {
                    self.repeat(py, &server);
                }
                Ok(())
            }
            None => self.receive_new(key, request, read, flow, now),
        }
    }

    fn receive_ack(
        &mut self,
        known: Option<&Bound<'_, ServerTransaction>>,
        ack: RequestParts<'_>,
        read: Essentials,
        flow: &Bound<'_, PyAny>,
        now: f64,
    ) -> PyResult<()> {
        let py = flow.py();
        let passed_up = if let Some(transaction) = known {
            let mut server = transaction.borrow_mut();
            let passed_up = server.machine.receive_ack(now).map_err(not_allowed)?;
            self.settle_server(&server);
            passed_up
        } else {
            let in_dialog = read.to.tag().is_some();
            self.count(py).stray_acks += u64::from(!in_dialog);
            in_dialog
        };
        if passed_up {
            let ack = ack.into_python(py, Some(read))?;
            let received = Output::AckReceived(ack, flow.clone().unbind());
            self.out.push(received);
        }
        Ok(())
    }

    fn receive_new(
        &mut self,
        key: ServerKey,
        request: RequestParts<'_>,
        read: Essentials,
        flow: &Bound<'_, PyAny>,
        now: f64,
    ) -> PyResult<()> {
        let py = flow.py();
        let cancelled = (request.method == b"CANCEL").then(|| key.clone().into_invite());
        let begins = cancelled.is_none() && read.to.tag().is_none();
        let path = begins.then(|| Arc::new(MergeKey::of_request(&read)));
        let path = path.filter(|path| self.first_paths.insert(Arc::clone(path)));
        let merged = begins && path.is_none();
        let timing = Arc::clone(&self.timing.get().0);
        let invite = request.method == b"INVITE";
        let machine = Server::new(invite, timing, flow::is_reliable(flow)?);
        let request = request.into_python(py, Some(read))?.into_bound(py);
        self.begun += 1;
        let key = Arc::new(key);
        let transaction = Bound::new(
            py,
            ServerTransaction {
                machine,
                number: self.begun,
                key: Arc::clone(&key),
                path,
                request: request.clone().unbind(),
                flow: flow.clone().unbind(),
                owner: None,
                sent: None,
                to: None,
            },
        )?;
        let kept = transaction.clone().unbind();
        self.servers.insert(key, self.begun, kept);
        if let Some(invite) = cancelled {
            self.receive_cancel(&invite, &transaction, &request, now)
        } else if merged {
            self.count(py).merged += 1;
            self.refuse(&transaction, &request, 482, now)
        } else {
            let received = Output::RequestReceived(transaction.unbind(), request.unbind());
            self.out.push(received);
            Ok(())
        }
    }

    fn receive_cancel(
        &mut self,
        invite: &ServerKey,
        own: &Bound<'_, ServerTransaction>,
        cancel: &Bound<'_, Request>,
        now: f64,
    ) -> PyResult<()> {
        let py = own.py();
        let Some(invite) = self.servers.find(py, invite) else {
            return self.refuse(own, cancel, 481, now);
        };
        let tag = self.new_tag(py)?;
        let response = cancel.borrow().answer(py, 200, tag.as_bytes())?;
        if let Some(to) = &invite.borrow().to {
            set(py, &response.headers, "To", to.clone());
        }
        self.answer(own, &response, now)?;
        if invite.borrow().machine.state() == State::Proceeding {
            let received = Output::CancelReceived(invite.unbind(), cancel.clone().unbind());
            self.out.push(received);
        }
        Ok(())
    }

    /// Refuse a request that any element refuses, if its sender is owed an answer.
    fn refuse(
        &mut self,
        transaction: &Bound<'_, ServerTransaction>,
        request: &Bound<'_, Request>,
        status: u16,
        now: f64,
    ) -> PyResult<()> {
        let py = transaction.py();
        let tag = self.new_tag(py)?;
        let response = request.borrow().answer(py, status, tag.as_bytes())?;
        if self.answers_strangers {
            return self.answer(transaction, &response, now);
        }
        self.out.push(Output::RefusalDue {
            request: request.clone().unbind(),
            response: Py::new(py, response)?,
            flow: transaction.borrow().flow.clone_ref(py),
            transaction: Some(transaction.clone().unbind()),
        });
        Ok(())
    }

    /// Answer a defect without a transaction (section 8.2.7); an ACK is never answered.
    fn reject(
        &mut self,
        request: RequestParts<'_>,
        defect: Defect,
        flow: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = flow.py();
        self.count(py).malformed += 1;
        let via = HeaderName::canonical("Via");
        if request.method == b"ACK" || !request.headers.contains(&via) {
            return Ok(());
        }
        let request = request.into_python(py, None)?;
        let tag = self.new_tag(py)?;
        let response = request
            .borrow(py)
            .answer(py, defect.status, tag.as_bytes())?;
        let reason = explain(py, defect.reason)?;
        let reason = harmless(py, &reason.as_any().extract::<Text<'_>>()?)?;
        let warning = format!("399 trunkline \"{reason}\"");
        set(py, &response.headers, "Warning", warning.into_bytes());
        let response = Bound::new(py, response)?;
        if self.answers_strangers {
            return self.send_stateless(&response, flow);
        }
        self.out.push(Output::RefusalDue {
            request,
            response: response.unbind(),
            flow: flow.clone().unbind(),
            transaction: None,
        });
        Ok(())
    }

    fn receive_response(
        &mut self,
        response: ResponseParts<'_>,
        flow: &Bound<'_, PyAny>,
        now: f64,
    ) -> PyResult<()> {
        let py = flow.py();
        self.count(py).responses_received += 1;
        let Ok(read) = Essentials::read(&response.headers) else {
            self.count(py).malformed += 1;
            return Ok(());
        };
        let vias = response.headers.values(&HeaderName::canonical("Via"));
        let known = self.clients.find(py, &ClientKey::of_response(&read));
        let Some(transaction) = known.filter(|_| vias.is_ok_and(|vias| vias.len() == 1)) else {
            self.count(py).stray_responses += 1;
            return Ok(());
        };
        let mut client = transaction.borrow_mut();
        let heard = client
            .machine
            .receive(response.status, now)
            .map_err(not_allowed)?;
        let passed_up = match heard {
            Heard::Nothing => false,
            Heard::News => true,
            Heard::Success => {
                let tag = read.to.tag().map(<[u8]>::to_vec);
                let ack = client.acks.get(&tag).map(|ack| ack.clone_ref(py));
                let unknown = ack.is_none();
                self.out.extend(ack.map(Output::Transmit));
                unknown
            }
            Heard::Failure => {
                client.data = ack_for(py, &client, &response.headers)?;
                self.transmit(client.data.bind(py), client.flow.bind(py));
                true
            }
            Heard::FailureAgain => {
                self.transmit(client.data.bind(py), client.flow.bind(py));
                false
            }
        };
        if passed_up {
            let response = response.into_python(py, Some(read))?;
            let known = transaction.clone().unbind();
            let received = Output::ResponseReceived(known, response, flow.clone().unbind());
            self.out.push(received);
        }
        if client.machine.takes_cancel() {
            self.send_cancel(py, &mut client, now)?;
        }
        self.settle_client(&client);
        Ok(())
    }
}

/// Check a request, note in its Via where it came from, and tell what it shares with its copies.
fn check(
    request: &mut RequestParts<'_>,
    host: &[u8],
    port: u16,
) -> Result<(ServerKey, Essentials), Defect> {
    let mut read = check_request_fields(&request.method, &request.headers)?;
    check_target(&request.target)?;
    let key = ServerKey::of_request(&request.target, &read);
    note_source(&mut request.headers, &mut read, host, port)?;
    Ok((key, read))
}

fn ack_for(
    py: Python<'_>,
    client: &ClientTransaction,
    response: &trunkline_sip::Headers,
) -> PyResult<Py<PyBytes>> {
    let invite = client.request.borrow(py);
    let fields = ack_fields(&invite.headers.borrow(py).lines, response).map_err(malformed)?;
    let ack = invite.follow_up(py, "ACK", fields)?;
    Ok(ack.encode(py)?.unbind())
}

fn set(py: Python<'_>, headers: &Py<Headers>, name: &'static str, value: Vec<u8>) {
    let name = HeaderName::canonical(name);
    headers.borrow_mut(py).changing(&name).set(&name, [value]);
}

/// A text that fits into a quoted string: what is not printable, or special there, is a question mark.
fn harmless(py: Python<'_>, text: &Text<'_>) -> PyResult<String> {
    let chunks = text.0.utf8_chunks();
    let letters = chunks.flat_map(|chunk| {
        let defects = chunk.invalid().iter().map(|_| '?');
        chunk.valid().chars().chain(defects)
    });
    let fit = letters.take(MAX_REASON).map(|letter| {
        let printable = match letter {
            '"' | '\\' => false,
            ' '..='~' => true,
            letter => {
                let letter = PyString::new(py, letter.encode_utf8(&mut [0; 4]));
                letter.call_method0("isprintable")?.is_truthy()?
            }
        };
        Ok(if printable { letter } else { '?' })
    });
    fit.collect()
}
