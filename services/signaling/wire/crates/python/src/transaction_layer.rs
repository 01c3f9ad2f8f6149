//! All transactions of one element: finds the one for a message, and does what it wants done.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::mem::take;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyIterator, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit, intern};
use trunkline_sip::{
    BRANCH_MAGIC, Client, ClientKey, Defect, Due, Essentials, HeaderName, Heard, MergeKey,
    NotAllowed, Refusal, Server, ServerKey, State, ack_fields, cancel_fields, check_request_fields,
    check_target, note_source, parse_datagram, parse_framed,
};

use crate::errors::{explain, local, malformed};
use crate::flow;
use crate::headers::Headers;
use crate::message::{Parts, Request, RequestParts, Response, ResponseParts};
use crate::outputs;
use crate::text::Text;
use crate::timing::Timing;
use crate::transactions::{ClientTransaction, ServerTransaction};

/// How much of a defect's explanation is sent back.
const MAX_REASON: usize = 100;

type Deadlines = trunkline_sip::Deadlines<u64>;

/// What the layer has seen, as plain numbers that only grow.
#[pyclass(get_all, set_all, module = "trunkline_signaling.sip._wire")]
#[derive(Default)]
pub(crate) struct Counters {
    requests_received: u64,
    responses_received: u64,
    requests_sent: u64,
    responses_sent: u64,
    copies_received: u64,
    not_sip: u64,
    malformed: u64,
    stray_responses: u64,
    stray_acks: u64,
    merged: u64,
    timeouts: u64,
}

#[pymethods]
impl Counters {
    #[new]
    fn new() -> Self {
        Self::default()
    }
}

/// A datagram, or a frame of a stream.
#[derive(FromPyObject)]
enum Received<'py> {
    Datagram(Bound<'py, PyBytes>),
    Frame(Bound<'py, PyBytes>, Bound<'py, PyBytes>),
}

/// Transactions of one kind, by what their messages share and by the order in which they began.
struct Kept<K, T> {
    numbers: HashMap<Arc<K>, u64>,
    transactions: BTreeMap<u64, Py<T>>,
}

impl<K: Eq + Hash, T> Kept<K, T> {
    fn new() -> Self {
        Self {
            numbers: HashMap::new(),
            transactions: BTreeMap::new(),
        }
    }

    fn insert(&mut self, key: Arc<K>, number: u64, transaction: Py<T>) {
        self.numbers.insert(key, number);
        self.transactions.insert(number, transaction);
    }

    fn find<'py>(&self, py: Python<'py>, key: &K) -> Option<Bound<'py, T>> {
        self.get(py, *self.numbers.get(key)?)
    }

    fn get<'py>(&self, py: Python<'py>, number: u64) -> Option<Bound<'py, T>> {
        Some(self.transactions.get(&number)?.bind(py).clone())
    }

    /// Forget a transaction; tell whether it was still known.
    fn remove(&mut self, key: &K, number: u64) -> bool {
        if self.numbers.get(key) == Some(&number) {
            self.numbers.remove(key);
        }
        self.transactions.remove(&number).is_some()
    }
}

/// Sends requests, matches responses, absorbs copies (RFC 3261 sections 8, 9, 17 and 18).
#[pyclass(module = "trunkline_signaling.sip._wire")]
pub(crate) struct TransactionLayer {
    #[pyo3(get, set)]
    timing: Py<Timing>,
    #[pyo3(get, set)]
    answers_strangers: bool,
    #[pyo3(get)]
    counters: Py<Counters>,
    random: Py<PyAny>,
    sent_by: Option<Py<PyAny>>,
    /// How many transactions have begun: the number of the last one.
    begun: u64,
    clients: Kept<ClientKey, ClientTransaction>,
    servers: Kept<ServerKey, ServerTransaction>,
    first_paths: HashSet<Arc<MergeKey>>,
    deadlines: Deadlines,
    out: Vec<Py<PyAny>>,
}

#[pymethods]
impl TransactionLayer {
    #[new]
    #[pyo3(signature = (random, timing=None, sent_by=None))]
    fn new(
        py: Python<'_>,
        random: Py<PyAny>,
        timing: Option<Py<Timing>>,
        sent_by: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        Ok(Self {
            timing: timing.map_or_else(|| Py::new(py, Timing::default()), Ok)?,
            answers_strangers: true,
            counters: Py::new(py, Counters::default())?,
            random,
            sent_by,
            begun: 0,
            clients: Kept::new(),
            servers: Kept::new(),
            first_paths: HashSet::new(),
            deadlines: Deadlines::default(),
            out: Vec::new(),
        })
    }

    fn __len__(&self) -> usize {
        self.clients.transactions.len() + self.servers.transactions.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let all = PyList::empty(py);
        for transaction in self.clients.transactions.values() {
            all.append(transaction)?;
        }
        for transaction in self.servers.transactions.values() {
            all.append(transaction)?;
        }
        all.try_iter()
    }

    fn drain<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, take(&mut self.out))
    }

    fn next_deadline(&self) -> Option<f64> {
        self.deadlines.next()
    }

    fn on_timer(&mut self, py: Python<'_>, now: f64) -> PyResult<()> {
        while let Some(number) = self.pop_due(py, now)? {
            if let Some(transaction) = self.clients.get(py, number) {
                self.client_is_due(&transaction, now)?;
            } else if let Some(transaction) = self.servers.get(py, number) {
                self.server_is_due(&transaction, now)?;
            }
        }
        Ok(())
    }

    fn new_tag(&self, py: Python<'_>) -> PyResult<String> {
        random_word(self.random.bind(py))
    }

    fn receive(&mut self, data: Received<'_>, flow: &Bound<'_, PyAny>, now: f64) -> PyResult<()> {
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

    #[pyo3(signature = (request, flow, now, timing=None))]
    fn send_request<'py>(
        slf: &Bound<'py, Self>,
        request: &Bound<'py, Request>,
        flow: &Bound<'py, PyAny>,
        now: f64,
        timing: Option<&Bound<'py, Timing>>,
    ) -> PyResult<Bound<'py, ClientTransaction>> {
        let method = request.borrow().method.bind(slf.py()).clone();
        if method == "ACK" || method == "CANCEL" {
            return Err(local(format!("{method} is sent by send_ack or cancel")));
        }
        let branch = Self::push_via(slf, request, flow)?;
        let mut layer = slf.borrow_mut();
        let timing = timing.map_or_else(|| layer.timing.get(), Bound::get);
        let timing = Arc::clone(&timing.0);
        layer.start(request, branch, flow, now, timing)
    }

    fn send_ack(
        slf: &Bound<'_, Self>,
        transaction: &Bound<'_, ClientTransaction>,
        ack: &Bound<'_, Request>,
        flow: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = slf.py();
        if !transaction.borrow().machine.is_invite() {
            return Err(local("only an INVITE is acknowledged".to_owned()));
        }
        Self::push_via(slf, ack, flow)?;
        let ack = ack.borrow();
        let transmit = outputs::TRANSMIT.make(py, (ack.encode(py)?, flow))?;
        let to = ack.headers.borrow_mut(py).to(py)?;
        let tag = to.get().0.tag().map(<[u8]>::to_vec);
        let acks = &mut transaction.borrow_mut().acks;
        acks.insert(tag, transmit.clone_ref(py));
        slf.borrow_mut().out.push(transmit);
        Ok(())
    }

    fn transmit(&mut self, data: &Bound<'_, PyBytes>, flow: &Bound<'_, PyAny>) -> PyResult<()> {
        let transmit = outputs::TRANSMIT.make(flow.py(), (data, flow))?;
        self.out.push(transmit);
        Ok(())
    }

    fn cancel(&mut self, transaction: &Bound<'_, ClientTransaction>, now: f64) -> PyResult<()> {
        let mut client = transaction.borrow_mut();
        if !client.machine.is_invite() {
            return Err(local("only an INVITE can be cancelled".to_owned()));
        }
        if client.machine.cancel(now) {
            self.send_cancel(transaction.py(), &mut client, now)?;
        }
        self.settle_client(&client);
        Ok(())
    }

    fn abandon(&mut self, transaction: &Bound<'_, ClientTransaction>) {
        let mut client = transaction.borrow_mut();
        client.machine.terminate();
        self.settle_client(&client);
    }

    fn respond(
        &mut self,
        transaction: &Bound<'_, ServerTransaction>,
        response: &Bound<'_, Response>,
        now: f64,
    ) -> PyResult<()> {
        self.answer(transaction, &response.borrow(), now)
    }

    fn ignore(&mut self, transaction: &Bound<'_, ServerTransaction>) {
        let mut server = transaction.borrow_mut();
        server.machine.terminate();
        self.settle_server(&server);
    }

    fn send_stateless(
        &mut self,
        response: &Bound<'_, Response>,
        flow: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = flow.py();
        self.count(py).responses_sent += 1;
        self.transmit(&response.borrow().encode(py)?, flow)
    }

    fn transport_failed(&mut self, flow: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = flow.py();
        let way = flow::way(flow)?;
        let waiting = self.clients.transactions.values();
        let waiting: Vec<_> = waiting.map(|one| one.bind(py).clone()).collect();
        for transaction in waiting {
            let mut client = transaction.borrow_mut();
            if client.machine.can_fail() && flow::way(client.flow.bind(py))?.eq(&way)? {
                client.machine.fail().map_err(not_allowed)?;
                self.settle_client(&client);
                let failed = outputs::TRANSPORT_FAILED.make(py, (&transaction,))?;
                self.out.push(failed);
            }
        }
        Ok(())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.random)?;
        visit.call(&self.sent_by)?;
        for transaction in self.clients.transactions.values() {
            visit.call(transaction)?;
        }
        for transaction in self.servers.transactions.values() {
            visit.call(transaction)?;
        }
        self.out.iter().try_for_each(|output| visit.call(output))
    }

    fn __clear__(&mut self) {
        self.sent_by = None;
        self.clients = Kept::new();
        self.servers = Kept::new();
        self.out.clear();
    }
}

impl TransactionLayer {
    fn count<'a>(&'a self, py: Python<'a>) -> PyRefMut<'a, Counters> {
        self.counters.borrow_mut(py)
    }

    fn pop_due(&mut self, py: Python<'_>, now: f64) -> PyResult<Option<u64>> {
        let (clients, servers) = (&self.clients, &self.servers);
        self.deadlines.pop_due(now, |number| {
            Ok(match clients.transactions.get(&number) {
                Some(client) => client.borrow(py).machine.deadline(),
                None => servers
                    .transactions
                    .get(&number)
                    .and_then(|server| server.borrow(py).machine.deadline()),
            })
        })
    }

    fn client_is_due(
        &mut self,
        transaction: &Bound<'_, ClientTransaction>,
        now: f64,
    ) -> PyResult<()> {
        let py = transaction.py();
        let mut client = transaction.borrow_mut();
        let due = client.machine.on_timer(now).map_err(not_allowed)?;
        self.settle_client(&client);
        match due {
            Due::Nothing => {}
            Due::Copy => self.transmit(client.data.bind(py), client.flow.bind(py))?,
            Due::GivenUp => {
                self.count(py).timeouts += 1;
                let timed_out = outputs::REQUEST_TIMED_OUT.make(py, (transaction,))?;
                self.out.push(timed_out);
            }
        }
        Ok(())
    }

    fn server_is_due(
        &mut self,
        transaction: &Bound<'_, ServerTransaction>,
        now: f64,
    ) -> PyResult<()> {
        let py = transaction.py();
        let mut server = transaction.borrow_mut();
        let due = server.machine.on_timer(now).map_err(not_allowed)?;
        self.settle_server(&server);
        match due {
            Due::Nothing => {}
            Due::Copy => self.repeat(py, &server)?,
            Due::GivenUp => {
                self.count(py).timeouts += 1;
                let timed_out = outputs::ACK_TIMED_OUT.make(py, (transaction,))?;
                self.out.push(timed_out);
            }
        }
        Ok(())
    }

    /// Send the last response again, if there is one.
    fn repeat(&mut self, py: Python<'_>, server: &ServerTransaction) -> PyResult<()> {
        match &server.sent {
            Some(sent) => self.transmit(sent.bind(py), server.flow.bind(py)),
            None => Ok(()),
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
                    self.repeat(py, &server)?;
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
            let received = outputs::ACK_RECEIVED.make(py, (ack, flow))?;
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
        let in_dialog = read.to.tag().is_some();
        let path =
            (cancelled.is_none() && !in_dialog).then(|| Arc::new(MergeKey::of_request(&read)));
        let merged = path
            .as_ref()
            .is_some_and(|path| self.first_paths.contains(path));
        let path = path.filter(|_| !merged);
        if let Some(path) = &path {
            self.first_paths.insert(Arc::clone(path));
        }
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
            let received = outputs::REQUEST_RECEIVED.make(py, (transaction, request))?;
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
            let received = outputs::CANCEL_RECEIVED.make(py, (invite, cancel))?;
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
        let flow = transaction.borrow().flow.clone_ref(py);
        let due = outputs::REFUSAL_DUE.make(py, (request, response, flow, transaction))?;
        self.out.push(due);
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
        let due = outputs::REFUSAL_DUE.make(py, (request, response, flow, py.None()))?;
        self.out.push(due);
        Ok(())
    }

    fn answer(
        &mut self,
        transaction: &Bound<'_, ServerTransaction>,
        response: &Response,
        now: f64,
    ) -> PyResult<()> {
        let py = transaction.py();
        self.count(py).responses_sent += 1;
        let data = response.encode(py)?;
        let mut server = transaction.borrow_mut();
        let status = response.status;
        server.machine.respond(status, now).map_err(not_allowed)?;
        self.transmit(&data, server.flow.bind(py))?;
        server.sent = Some(data.unbind());
        if status > 100 {
            let headers = response.headers.borrow(py);
            let to = headers.lines.get(&HeaderName::canonical("To"));
            server.to = to.map(<[u8]>::to_vec);
        }
        self.settle_server(&server);
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
                self.out.extend(ack);
                unknown
            }
            Heard::Failure => {
                client.data = ack_for(py, &client, &response.headers)?;
                self.transmit(client.data.bind(py), client.flow.bind(py))?;
                true
            }
            Heard::FailureAgain => {
                self.transmit(client.data.bind(py), client.flow.bind(py))?;
                false
            }
        };
        if passed_up {
            let response = response.into_python(py, Some(read))?;
            let received = outputs::RESPONSE_RECEIVED.make(py, (&transaction, response, flow))?;
            self.out.push(received);
        }
        if client.machine.takes_cancel() {
            self.send_cancel(py, &mut client, now)?;
        }
        self.settle_client(&client);
        Ok(())
    }

    fn start<'py>(
        &mut self,
        request: &Bound<'py, Request>,
        branch: Vec<u8>,
        flow: &Bound<'py, PyAny>,
        now: f64,
        timing: Arc<trunkline_sip::Timing>,
    ) -> PyResult<Bound<'py, ClientTransaction>> {
        let py = flow.py();
        let known = request.borrow();
        let method = known.method.bind(py).extract::<Text<'_>>()?.into_bytes();
        let data = known.encode(py)?;
        self.count(py).requests_sent += 1;
        self.transmit(&data, flow)?;
        let reliable = flow::is_reliable(flow)?;
        self.begun += 1;
        let machine = Client::new(method == b"INVITE", timing, reliable, now);
        let name = Arc::new(ClientKey { branch, method });
        let client = ClientTransaction {
            machine,
            number: self.begun,
            name: Arc::clone(&name),
            request: request.clone().unbind(),
            flow: flow.clone().unbind(),
            owner: None,
            data: data.unbind(),
            acks: HashMap::new(),
        };
        self.settle_client(&client);
        let transaction = Bound::new(py, client)?;
        let kept = transaction.clone().unbind();
        self.clients.insert(name, self.begun, kept);
        Ok(transaction)
    }

    fn send_cancel(
        &mut self,
        py: Python<'_>,
        client: &mut ClientTransaction,
        now: f64,
    ) -> PyResult<()> {
        let invite = client.request.borrow(py);
        let fields = cancel_fields(&invite.headers.borrow(py).lines).map_err(malformed)?;
        let cancel = Bound::new(py, invite.follow_up(py, "CANCEL", fields)?)?;
        let (branch, flow) = (client.name.branch.clone(), client.flow.bind(py));
        let timing = Arc::clone(&self.timing.get().0);
        self.start(&cancel, branch, flow, now, timing)?;
        client.machine.cancelled(now);
        Ok(())
    }

    /// Put a Via of ours on top of a request, and no other; return its branch.
    fn push_via(
        slf: &Bound<'_, Self>,
        request: &Bound<'_, Request>,
        flow: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<u8>> {
        let py = slf.py();
        let layer = slf.borrow();
        let branch = [BRANCH_MAGIC, random_word(layer.random.bind(py))?.as_bytes()].concat();
        let sent_by = layer.sent_by.as_ref().map(|sent_by| sent_by.clone_ref(py));
        drop(layer);
        let sent_by = match sent_by {
            Some(sent_by) => sent_by
                .call1(py, (flow,))?
                .extract::<Text<'_>>(py)?
                .into_bytes(),
            None => flow::local(flow)?.into_bytes(),
        };
        let transport = flow::transport(flow)?;
        let via = [
            b"SIP/2.0/",
            &transport[..],
            b" ",
            &sent_by,
            b";branch=",
            &branch,
            b";rport",
        ];
        let name = HeaderName::canonical("Via");
        let request = request.borrow();
        let mut headers = request.headers.borrow_mut(py);
        let lines = headers.changing(&name);
        lines.set(&name, []);
        lines.push(name, via.concat());
        Ok(branch)
    }

    /// Note a transaction's new deadline, or forget it.
    fn settle_client(&mut self, client: &ClientTransaction) {
        if client.machine.state() == State::Terminated {
            self.clients.remove(&client.name, client.number);
        } else if let Some(deadline) = client.machine.deadline() {
            self.deadlines.update(client.number, deadline);
        }
    }

    /// Note a transaction's new deadline, or forget it.
    fn settle_server(&mut self, server: &ServerTransaction) {
        if server.machine.state() != State::Terminated {
            if let Some(deadline) = server.machine.deadline() {
                self.deadlines.update(server.number, deadline);
            }
            return;
        }
        if self.servers.remove(&server.key, server.number)
            && let Some(path) = &server.path
        {
            self.first_paths.remove(path);
        }
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

/// 64 random bits, for a branch or a tag (section 19.3).
fn random_word(random: &Bound<'_, PyAny>) -> PyResult<String> {
    let bits = random.call_method1(intern!(random.py(), "getrandbits"), (64,))?;
    Ok(format!("{:016x}", bits.extract::<u64>()?))
}

fn not_allowed(error: NotAllowed) -> PyErr {
    local(error.to_string())
}
