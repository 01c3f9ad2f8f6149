//! All dialogs of one element: finds the one for a request, and repeats what transactions don't.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit};
use trunkline_sip::{Deadlines, DialogId, DialogState, HeaderName, Repetition, Unacknowledged};

use crate::dialog::{Awaited, Bye, Dialog, Waiting};
use crate::errors::malformed_message;
use crate::flow;
use crate::headers::{Headers, printable};
use crate::kept::Kept;
use crate::message::{Request, Response};
use crate::outputs::Output;
use crate::text::Text;
use crate::transaction_layer::{Received, TransactionLayer};
use crate::transactions::{ClientTransaction, ServerTransaction};

/// Dialogs above transactions (RFC 3261 sections 12 and 13, RFC 3262).
#[pyclass(module = "trunkline_signaling.sip._wire")]
pub(crate) struct DialogLayer {
    #[pyo3(get)]
    transactions: Py<TransactionLayer>,
    mark: Vec<u8>,
    /// How many dialogs have begun: the number of the last one.
    begun: u64,
    dialogs: Kept<DialogId, Dialog>,
    /// Those of an INVITE of ours, by the number of its transaction.
    early: HashMap<u64, Vec<Py<Dialog>>>,
    deadlines: Deadlines<(u64, Awaited)>,
}

#[pymethods]
impl DialogLayer {
    #[new]
    #[pyo3(signature = (transactions, mark=None))]
    fn new(
        transactions: Py<TransactionLayer>,
        mark: Option<&Bound<'_, PyString>>,
    ) -> PyResult<Self> {
        let mark = mark.map(|mark| printable(&b"To"[..].into(), mark));
        Ok(Self {
            transactions,
            mark: mark.transpose()?.unwrap_or_default(),
            begun: 0,
            dialogs: Kept::new(),
            early: HashMap::new(),
            deadlines: Deadlines::default(),
        })
    }

    fn __len__(&self) -> usize {
        self.dialogs.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let all: Vec<_> = self.dialogs.iter().collect();
        PyList::new(py, all)?.try_iter()
    }

    #[getter]
    fn holds_byes(&self, py: Python<'_>) -> bool {
        let mut dialogs = self.dialogs.iter();
        dialogs.any(|dialog| dialog.borrow(py).bye.is_some())
    }

    fn receive(&mut self, data: Received<'_>, flow: &Bound<'_, PyAny>, now: f64) -> PyResult<()> {
        self.pass_down(flow.py(), now, |below| below.take(data, flow, now))
    }

    fn on_timer(&mut self, py: Python<'_>, now: f64) -> PyResult<()> {
        self.pass_down(py, now, |below| below.on_timer(py, now))?;
        while let Some((number, awaited)) = self.pop_due(py, now)? {
            if let Some(dialog) = self.dialogs.get(py, number) {
                self.repeat(&dialog, awaited, now)?;
            }
        }
        Ok(())
    }

    fn transport_failed(&mut self, flow: &Bound<'_, PyAny>, now: f64) -> PyResult<()> {
        self.pass_down(flow.py(), now, |below| below.transport_failed(flow))
    }

    fn next_deadline(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        let below = self.transactions.try_borrow(py)?.next_deadline();
        let both = below.into_iter().chain(self.deadlines.next());
        Ok(both.reduce(f64::min))
    }

    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.below(py)?.drain(py)
    }

    fn named<'py>(
        &self,
        py: Python<'py>,
        dialog_id: (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>),
    ) -> PyResult<Option<Bound<'py, Dialog>>> {
        let (call_id, local_tag, remote_tag) = &dialog_id;
        let dialog_id = DialogId {
            call_id: call_id.extract::<Text<'_>>()?.into_bytes(),
            local_tag: local_tag.extract::<Text<'_>>()?.into_bytes(),
            remote_tag: remote_tag.extract::<Text<'_>>()?.into_bytes(),
        };
        Ok(self.dialogs.find(py, &dialog_id))
    }

    fn accept<'py>(
        &mut self,
        transaction: &Bound<'py, ServerTransaction>,
        contact: &Bound<'_, PyString>,
    ) -> PyResult<Bound<'py, Dialog>> {
        let py = transaction.py();
        let tag = self.transactions.try_borrow(py)?.new_tag(py)?;
        let tag = [tag.as_bytes(), &self.mark].concat();
        let server = transaction.borrow();
        let dialog =
            Dialog::opened_by(server.request.bind(py), server.flow.bind(py), &tag, contact)?;
        let dialog = Bound::new(py, dialog)?;
        self.keep(&dialog);
        Ok(dialog)
    }

    fn establish<'py>(
        &mut self,
        event: (
            Bound<'py, ClientTransaction>,
            Bound<'py, Response>,
            Bound<'py, PyAny>,
        ),
    ) -> PyResult<Bound<'py, Dialog>> {
        let (transaction, response, flow) = event;
        let py = flow.py();
        let client = transaction.borrow();
        let number = client.number;
        let is_success = response.borrow().is_success();
        let dialog_id = opened_id(client.request.bind(py), &response)?;
        let dialog = if let Some(known) = self.dialogs.find(py, &dialog_id) {
            let headers = response.borrow().headers.clone_ref(py);
            let mut dialog = known.borrow_mut();
            let updated = dialog.core.update(&headers.borrow(py).lines, is_success);
            updated.map_err(|error| malformed_message(py, error.into(), None))?;
            drop(dialog);
            known
        } else {
            let dialog = Dialog::of_client(client.request.bind(py), &response, &flow)?;
            let dialog = Bound::new(py, dialog)?;
            self.keep(&dialog);
            let early = self.early.entry(number).or_default();
            early.push(dialog.clone().unbind());
            dialog
        };
        if is_success {
            self.end_early(py, number, Some(&dialog));
        }
        Ok(dialog)
    }

    fn answer(
        &mut self,
        dialog: &Bound<'_, Dialog>,
        transaction: &Bound<'_, ServerTransaction>,
        response: &Bound<'_, Response>,
        now: f64,
    ) -> PyResult<()> {
        let mut known = dialog.borrow_mut();
        known.core.confirm();
        if let Some(provisional) = &mut known.provisional {
            provisional.state.stop(); // its PRACK may still come (RFC 3262 section 3)
        }
        drop(known);
        let waiting = self.respond(transaction, response, None, now)?;
        self.keep(dialog);
        let mut known = dialog.borrow_mut();
        self.note(known.number, Awaited::Ack, &waiting);
        known.answer = Some(waiting);
        known.bye = None;
        Ok(())
    }

    fn respond_reliably(
        &mut self,
        dialog: &Bound<'_, Dialog>,
        transaction: &Bound<'_, ServerTransaction>,
        response: &Bound<'_, Response>,
        now: f64,
    ) -> PyResult<()> {
        let rseq = dialog.borrow().next_rseq();
        require_prack(&mut response.borrow().headers.borrow_mut(dialog.py()), rseq);
        let waiting = self.respond(transaction, response, Some(rseq), now)?;
        let mut known = dialog.borrow_mut();
        self.note(known.number, Awaited::Prack, &waiting);
        known.provisional = Some(waiting);
        Ok(())
    }

    fn send_bye(
        &self,
        dialog: &Bound<'_, Dialog>,
        bye: &Bound<'_, Request>,
        owner: Option<Py<PyAny>>,
        now: f64,
    ) -> PyResult<()> {
        let py = dialog.py();
        let mut known = dialog.borrow_mut();
        if known.answer.is_some() {
            known.bye = Some(Bye {
                request: bye.clone().unbind(),
                owner,
            });
            return Ok(());
        }
        let flow = known.flow.bind(py).clone();
        drop(known);
        let below = self.transactions.bind(py);
        let transaction = TransactionLayer::send_request(below, bye, &flow, now, None)?;
        transaction.borrow_mut().owner = owner;
        Ok(())
    }

    fn terminate(&mut self, dialog: &Bound<'_, Dialog>) {
        let mut known = dialog.borrow_mut();
        known.core.state = DialogState::Terminated;
        known.owner = None;
        known.provisional = None;
        if known.answer.is_none() {
            self.dialogs.remove(&known.core.id, known.number);
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.transactions)?;
        let mut all = self.dialogs.iter().chain(self.early.values().flatten());
        all.try_for_each(|dialog| visit.call(dialog))
    }

    fn __clear__(&mut self) {
        self.dialogs = Kept::new();
        self.early.clear();
    }
}

impl DialogLayer {
    fn below<'py>(&self, py: Python<'py>) -> PyResult<PyRefMut<'py, TransactionLayer>> {
        Ok(self.transactions.bind(py).try_borrow_mut()?)
    }

    /// Let transactions take an input, and sift what came of it, even if not all of it could be done.
    fn pass_down(
        &mut self,
        py: Python<'_>,
        now: f64,
        input: impl FnOnce(&mut TransactionLayer) -> PyResult<()>,
    ) -> PyResult<()> {
        let mut below = self.below(py)?;
        let before = below.out.len();
        let done = input(&mut below);
        let fresh = below.out.split_off(before);
        drop(below);
        self.sift(py, fresh, now)?;
        done
    }

    fn tell(&self, py: Python<'_>, output: Output) -> PyResult<()> {
        self.below(py)?.out.push(output);
        Ok(())
    }

    /// Pass on what transactions tell, as far as it isn't dealt with here.
    fn sift(&mut self, py: Python<'_>, outputs: Vec<Output>, now: f64) -> PyResult<()> {
        for output in outputs {
            match output {
                Output::RequestReceived(transaction, request) => {
                    self.receive_request(py, transaction, request, now)?;
                }
                Output::AckReceived(ack, _) => self.receive_ack(py, ack, now)?,
                output => {
                    if let Some(number) = failed_invite(py, &output) {
                        self.end_early(py, number, None);
                    }
                    self.tell(py, output)?;
                }
            }
        }
        Ok(())
    }

    fn receive_request(
        &mut self,
        py: Python<'_>,
        transaction: Py<ServerTransaction>,
        request: Py<Request>,
        now: f64,
    ) -> PyResult<()> {
        let Some(dialog) = self.find(py, &request)? else {
            return self.tell(py, Output::RequestReceived(transaction, request));
        };
        let taken = dialog.borrow_mut().take(py, &request.borrow(py))?;
        if let Err(status) = taken {
            let refusal = request.borrow(py).answer(py, status, b"")?;
            return self.below(py)?.answer(transaction.bind(py), &refusal, now);
        }
        let received = Output::DialogRequestReceived(dialog.unbind(), transaction, request);
        self.tell(py, received)
    }

    fn receive_ack(&mut self, py: Python<'_>, ack: Py<Request>, now: f64) -> PyResult<()> {
        let cseq = ack.borrow(py).headers.borrow_mut(py).cseq(py)?;
        let number = cseq.get().0.number;
        let dialog = self.find(py, &ack)?.filter(|dialog| {
            let dialog = dialog.borrow();
            let answer = dialog.answer.as_ref();
            answer.is_some_and(|answer| answer.state.is_answered_by(number))
        });
        let Some(dialog) = dialog else {
            let below = self.below(py)?;
            below.count(py).stray_acks += 1;
            return Ok(());
        };
        self.tell(py, Output::AnswerAcknowledged(dialog.clone().unbind(), ack))?;
        self.release(&dialog, now)
    }

    /// The dialog a request belongs to.
    fn find<'py>(
        &self,
        py: Python<'py>,
        request: &Py<Request>,
    ) -> PyResult<Option<Bound<'py, Dialog>>> {
        let request = request.borrow(py);
        let mut headers = request.headers.borrow_mut(py);
        let to = headers.to(py)?;
        if to.get().0.tag().is_none() {
            return Ok(None);
        }
        let from = headers.from_(py)?;
        let call_id = call_id(py, &mut headers)?;
        let dialog_id = DialogId::new(call_id, &to.get().0, &from.get().0);
        Ok(self.dialogs.find(py, &dialog_id))
    }

    /// Keep a dialog, if it isn't kept already.
    fn keep(&mut self, dialog: &Bound<'_, Dialog>) {
        let mut known = dialog.borrow_mut();
        let kept = self.dialogs.get(dialog.py(), known.number);
        if kept.is_some_and(|kept| kept.is(dialog)) {
            return;
        }
        self.begun += 1;
        known.number = self.begun;
        let dialog_id = Arc::clone(&known.core.id);
        self.dialogs
            .insert(dialog_id, self.begun, dialog.clone().unbind());
    }

    /// Send a response that is to be acknowledged.
    fn respond(
        &self,
        transaction: &Bound<'_, ServerTransaction>,
        response: &Bound<'_, Response>,
        rseq: Option<u32>,
        now: f64,
    ) -> PyResult<Waiting> {
        let py = transaction.py();
        let mut below = self.below(py)?;
        below.answer(transaction, &response.borrow(), now)?;
        let timing = Arc::clone(&below.timing.get().0);
        drop(below);
        let server = transaction.borrow();
        let reliable = flow::is_reliable(server.flow.bind(py))?;
        let copies = Repetition::new(&timing, reliable, now);
        let invite = server.request.borrow(py);
        let cseq = invite.headers.borrow_mut(py).cseq(py)?.get().0.clone();
        Ok(Waiting {
            state: match rseq {
                Some(rseq) => Unacknowledged::provisional(cseq, rseq, copies),
                None => Unacknowledged::answer(cseq, copies),
            },
            data: server.data(py).unbind(),
            transaction: transaction.clone().unbind(),
        })
    }

    /// Note when a response goes out again, if it does.
    fn note(&mut self, number: u64, awaited: Awaited, waiting: &Waiting) {
        if let Some(deadline) = waiting.state.deadline() {
            self.deadlines.update((number, awaited), deadline);
        }
    }

    fn pop_due(&mut self, py: Python<'_>, now: f64) -> PyResult<Option<(u64, Awaited)>> {
        let dialogs = &self.dialogs;
        self.deadlines.pop_due(now, |(number, awaited)| {
            let dialog = dialogs.get(py, number);
            Ok(dialog.and_then(|dialog| dialog.borrow().waiting(awaited)?.state.deadline()))
        })
    }

    fn repeat(&mut self, dialog: &Bound<'_, Dialog>, awaited: Awaited, now: f64) -> PyResult<()> {
        let py = dialog.py();
        let mut known = dialog.borrow_mut();
        let number = known.number;
        let Some(waiting) = known.waiting_mut(awaited) else {
            return Ok(());
        };
        if waiting.state.advance() {
            self.note(number, awaited, waiting);
            let server = waiting.transaction.borrow(py);
            let (data, flow) = (waiting.data.bind(py), server.flow.bind(py));
            self.below(py)?.transmit(data, flow);
            return Ok(());
        }
        drop(known);
        let timed_out = dialog.clone().unbind();
        match awaited {
            Awaited::Ack => {
                self.tell(py, Output::AnswerTimedOut(timed_out))?;
                self.release(dialog, now)
            }
            Awaited::Prack => self.tell(py, Output::ProvisionalTimedOut(timed_out)),
        }
    }

    /// Repeat a 2xx no more: what waited for this happens to its dialog.
    fn release(&mut self, dialog: &Bound<'_, Dialog>, now: f64) -> PyResult<()> {
        let py = dialog.py();
        let mut known = dialog.borrow_mut();
        known.answer = None;
        let bye = known.bye.take();
        if known.core.state == DialogState::Terminated {
            self.dialogs.remove(&known.core.id, known.number);
        }
        drop(known);
        match bye {
            Some(bye) => self.send_bye(dialog, bye.request.bind(py), bye.owner, now),
            None => Ok(()),
        }
    }

    fn end_early(&mut self, py: Python<'_>, invite: u64, survivor: Option<&Bound<'_, Dialog>>) {
        for dialog in self.early.remove(&invite).into_iter().flatten() {
            if survivor.is_none_or(|survivor| !survivor.is(&dialog)) {
                self.terminate(dialog.bind(py));
            }
        }
    }
}

/// The number of the transaction that an output ends without a 2xx.
fn failed_invite(py: Python<'_>, output: &Output) -> Option<u64> {
    match output {
        Output::ResponseReceived(transaction, response, _) => {
            (response.borrow(py).status >= 300).then(|| transaction.borrow(py).number)
        }
        Output::RequestTimedOut(transaction) | Output::TransportFailed(transaction) => {
            Some(transaction.borrow(py).number)
        }
        _ => None,
    }
}

/// The id of the dialog that a response opens, or has opened before.
fn opened_id(request: &Bound<'_, Request>, response: &Bound<'_, Response>) -> PyResult<DialogId> {
    let py = request.py();
    let remote = response.borrow().headers.borrow_mut(py).to(py)?;
    let request = request.borrow();
    let mut headers = request.headers.borrow_mut(py);
    let local = headers.from_(py)?;
    let call_id = call_id(py, &mut headers)?;
    Ok(DialogId::new(call_id, &local.get().0, &remote.get().0))
}

fn call_id(py: Python<'_>, headers: &mut Headers) -> PyResult<Vec<u8>> {
    let call_id = headers.call_id(py)?;
    Ok(call_id.bind(py).extract::<Text<'_>>()?.into_bytes())
}

/// Ask for the PRACK of a provisional response.
fn require_prack(headers: &mut Headers, rseq: u32) {
    let (require, number) = ["Require", "RSeq"].map(HeaderName::canonical).into();
    headers.lines.add(require, b"100rel".to_vec());
    headers.lines.set(&number, [rseq.to_string().into_bytes()]);
}
