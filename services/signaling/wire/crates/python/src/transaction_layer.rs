//! All transactions of one element: finds the one for a message, and does what it wants done.

use std::collections::{HashMap, HashSet};
use std::mem::take;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyIterator, PyList};
use pyo3::{PyTraverseError, PyVisit, intern};
use trunkline_sip::{
    BRANCH_MAGIC, Client, ClientKey, Due, HeaderName, MergeKey, NotAllowed, ServerKey, State,
    cancel_fields,
};

use crate::errors::{local, malformed};
use crate::flow;
use crate::kept::Kept;
use crate::message::{Request, Response};
use crate::outputs::{Output, Transmit};
use crate::text::Text;
use crate::timing::Timing;
use crate::transactions::{ClientTransaction, ServerTransaction};

mod counters;
mod receiving;

pub(crate) use counters::Counters;
pub(crate) use receiving::Received;

type Deadlines = trunkline_sip::Deadlines<u64>;

/// Sends requests, matches responses, absorbs copies (RFC 3261 sections 8, 9, 17 and 18).
#[pyclass(module = "trunkline_signaling.sip._wire")]
pub(crate) struct TransactionLayer {
    #[pyo3(get, set)]
    pub(crate) timing: Py<Timing>,
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
    pub(crate) out: Vec<Output>,
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
        self.clients.len() + self.servers.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let all = PyList::empty(py);
        for transaction in self.clients.iter() {
            all.append(transaction)?;
        }
        for transaction in self.servers.iter() {
            all.append(transaction)?;
        }
        all.try_iter()
    }

    pub(crate) fn drain<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let outputs = take(&mut self.out).into_iter();
        let outputs: PyResult<Vec<_>> = outputs.map(|output| output.into_python(py)).collect();
        PyList::new(py, outputs?)
    }

    pub(crate) fn next_deadline(&self) -> Option<f64> {
        self.deadlines.next()
    }

    pub(crate) fn on_timer(&mut self, py: Python<'_>, now: f64) -> PyResult<()> {
        while let Some(number) = self.pop_due(py, now)? {
            if let Some(transaction) = self.clients.get(py, number) {
                self.client_is_due(&transaction, now)?;
            } else if let Some(transaction) = self.servers.get(py, number) {
                self.server_is_due(&transaction, now)?;
            }
        }
        Ok(())
    }

    pub(crate) fn new_tag(&self, py: Python<'_>) -> PyResult<String> {
        random_word(self.random.bind(py))
    }

    fn receive(&mut self, data: Received<'_>, flow: &Bound<'_, PyAny>, now: f64) -> PyResult<()> {
        self.take(data, flow, now)
    }

    #[pyo3(signature = (request, flow, now, timing=None))]
    pub(crate) fn send_request<'py>(
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
        let transmit = Transmit {
            data: ack.encode(py)?.unbind(),
            flow: flow.clone().unbind(),
        };
        let to = ack.headers.borrow_mut(py).to(py)?;
        let tag = to.get().0.tag().map(<[u8]>::to_vec);
        let acks = &mut transaction.borrow_mut().acks;
        acks.insert(tag, transmit.clone_ref(py));
        slf.borrow_mut().out.push(Output::Transmit(transmit));
        Ok(())
    }

    pub(crate) fn transmit(&mut self, data: &Bound<'_, PyBytes>, flow: &Bound<'_, PyAny>) {
        self.out.push(Output::Transmit(Transmit {
            data: data.clone().unbind(),
            flow: flow.clone().unbind(),
        }));
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
        self.transmit(&response.borrow().encode(py)?, flow);
        Ok(())
    }

    pub(crate) fn transport_failed(&mut self, flow: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = flow.py();
        let way = flow::way(flow)?;
        let waiting = self.clients.iter();
        let waiting: Vec<_> = waiting.map(|one| one.bind(py).clone()).collect();
        for transaction in waiting {
            let mut client = transaction.borrow_mut();
            if client.machine.can_fail() && flow::way(client.flow.bind(py))?.eq(&way)? {
                client.machine.fail().map_err(not_allowed)?;
                self.settle_client(&client);
                let failed = Output::TransportFailed(transaction.clone().unbind());
                self.out.push(failed);
            }
        }
        Ok(())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.random)?;
        visit.call(&self.sent_by)?;
        for transaction in self.clients.iter() {
            visit.call(transaction)?;
        }
        for transaction in self.servers.iter() {
            visit.call(transaction)?;
        }
        self.out
            .iter()
            .try_for_each(|output| output.traverse(&visit))
    }

    fn __clear__(&mut self) {
        self.sent_by = None;
        self.clients = Kept::new();
        self.servers = Kept::new();
        self.out.clear();
    }
}

impl TransactionLayer {
    pub(crate) fn count<'a>(&'a self, py: Python<'a>) -> PyRefMut<'a, Counters> {
        self.counters.borrow_mut(py)
    }

    fn pop_due(&mut self, py: Python<'_>, now: f64) -> PyResult<Option<u64>> {
        let (clients, servers) = (&self.clients, &self.servers);
        self.deadlines.pop_due(now, |number| {
            Ok(match clients.get(py, number) {
                Some(client) => client.borrow().machine.deadline(),
                None => servers
                    .get(py, number)
                    .and_then(|server| server.borrow().machine.deadline()),
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
            Due::Copy => self.transmit(client.data.bind(py), client.flow.bind(py)),
            Due::GivenUp => {
                self.count(py).timeouts += 1;
                let timed_out = Output::RequestTimedOut(transaction.clone().unbind());
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
            Due::Copy => self.repeat(py, &server),
            Due::GivenUp => {
                self.count(py).timeouts += 1;
                let timed_out = Output::AckTimedOut(transaction.clone().unbind());
                self.out.push(timed_out);
            }
        }
        Ok(())
    }

    /// Send the last response again, if there is one.
    fn repeat(&mut self, py: Python<'_>, server: &ServerTransaction) {
        if let Some(sent) = &server.sent {
            self.transmit(sent.bind(py), server.flow.bind(py));
        }
    }

    pub(crate) fn answer(
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
        self.transmit(&data, server.flow.bind(py));
        server.sent = Some(data.unbind());
        if status > 100 {
            let headers = response.headers.borrow(py);
            let to = headers.lines.get(&HeaderName::canonical("To"));
            server.to = to.map(<[u8]>::to_vec);
        }
        self.settle_server(&server);
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
        self.transmit(&data, flow);
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

/// 64 random bits, for a branch or a tag (section 19.3).
fn random_word(random: &Bound<'_, PyAny>) -> PyResult<String> {
    let bits = random.call_method1(intern!(random.py(), "getrandbits"), (64,))?;
    Ok(format!("{:016x}", bits.extract::<u64>()?))
}

fn not_allowed(error: NotAllowed) -> PyErr {
    local(error.to_string())
}
