//! One relay thread: its sockets, its sessions, its loop.
//!
//! The loop takes what is readable, then commands, then the time. Sockets are watched edge-triggered
//! and read with `recvmmsg` until they are empty, which saves a system call for each packet.

use std::collections::HashMap;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use trunkline_rtp::{
    Component, Counters, Datagram, Event, LegSettings, Protection, Session, Side, Time,
};

use crate::clock::Clock;
use crate::fact::{Fact, FactKind, SessionId};
use crate::sys::{BATCH, Batch, Notifier, Poller, Trigger, thread_cpu_time};

/// How often silences are judged: well under the 200 ms in which they must be told (MED-12).
const TICK: Duration = Duration::from_millis(50);
/// Over how long a thread's load is averaged.
const LOAD_WINDOW: Duration = Duration::from_secs(1);
/// Sockets that one wait may return.
const READY: usize = 512;
/// Full batches read from one socket before the others have their turn.
const TURNS: usize = 4;
const WAKE: u64 = u64::MAX;

/// A session's sockets: RTP and RTCP of leg A, then of leg B.
pub type Sockets = [UdpSocket; 4];

/// What the control plane asks of a shard.
pub enum Command {
    /// Relay a new session.
    Open(SessionId, Box<(Session, Sockets)>),
    /// Take a new offer or answer on one leg; the last says whether to learn the source anew.
    Update(SessionId, Side, LegSettings, bool),
    /// Let one leg wear another cipher on the wire, or none.
    Protect(SessionId, Side, Option<Box<dyn Protection>>),
    /// Tell the counters.
    Query(SessionId),
    /// End the session and tell its last counters.
    Close(SessionId),
    /// End the thread.
    Stop,
}

/// How busy a shard is; written by its thread about once a second.
#[derive(Debug, Default)]
pub struct ShardLoad {
    /// Thousandths of a core.
    pub busy_permille: AtomicU32,
    /// Datagrams received since the start.
    pub datagrams: AtomicU64,
}

/// Where facts go, and the notifier beside it.
#[derive(Clone)]
pub struct Outbox {
    /// The queue.
    pub facts: Sender<Fact>,
    /// Wakes the control plane.
    pub notifier: Arc<Notifier>,
}

struct Relayed {
    id: SessionId,
    session: Session,
    sockets: Sockets,
}

/// The state of one relay thread.
pub struct Shard {
    clock: Clock,
    poller: Poller,
    wake: Arc<Notifier>,
    commands: Receiver<Command>,
    outbox: Outbox,
    load: Arc<ShardLoad>,
    slots: Vec<Option<Box<Relayed>>>,
    vacant: Vec<usize>,
    by_id: HashMap<SessionId, usize>,
    batch: Batch,
    events: Vec<Event>,
    /// Sockets that had more to read when their turn was over.
    unfinished: Vec<u64>,
    told: bool,
    datagrams: u64,
    window: (Time, Duration),
}

impl Shard {
    /// A shard with nothing to relay.
    pub fn new(
        clock: Clock,
        wake: Arc<Notifier>,
        commands: Receiver<Command>,
        outbox: Outbox,
        load: Arc<ShardLoad>,
    ) -> std::io::Result<Self> {
        let poller = Poller::new(READY)?;
        poller.add(wake.as_ref(), WAKE, Trigger::Level)?;
        Ok(Self {
            clock,
            poller,
            wake,
            commands,
            outbox,
            load,
            slots: Vec::new(),
            vacant: Vec::new(),
            by_id: HashMap::new(),
            batch: Batch::new(),
            events: Vec::with_capacity(64),
            unfinished: Vec::with_capacity(64),
            told: false,
            datagrams: 0,
            window: (clock.now(), Duration::ZERO),
        })
    }

    /// Relay until told to stop.
    pub fn run(mut self) {
        let mut tick = self.clock.now() + TICK;
        loop {
            let woken = self.relay_ready(tick);
            if woken && !self.obey() {
                return;
            }
            let now = self.clock.now();
            if now >= tick {
                tick = now + TICK;
                self.tick(now);
            }
            if std::mem::take(&mut self.told) {
                self.outbox.notifier.notify();
            }
        }
    }

    /// Relay what is readable; true when there are commands.
    fn relay_ready(&mut self, tick: Time) -> bool {
        let pending = std::mem::take(&mut self.unfinished);
        let timeout = if pending.is_empty() {
            tick.since(self.clock.now())
        } else {
            Duration::ZERO
        };
        let ready = self.poller.wait(timeout + Duration::from_millis(1));
        let now = self.clock.now();
        let mut woken = false;
        for index in 0..ready {
            match self.poller.token(index) {
                WAKE => woken = true,
                token => self.relay(token, now),
            }
        }
        for &token in &pending {
            self.relay(token, now);
        }
        woken
    }

    fn relay(&mut self, token: u64, now: Time) {
        let (slot, side, component) = parse_token(token);
        for _ in 0..TURNS {
            let Some(relayed) = self.slots[slot].as_deref_mut() else {
                return;
            };
            let count = self
                .batch
                .receive(&relayed.sockets[socket_index(side, component)]);
            for index in 0..count {
                relay_one(
                    relayed,
                    &mut self.batch,
                    index,
                    (side, component),
                    now,
                    &mut self.events,
                );
            }
            flush(relayed, &mut self.batch, side.other());
            self.datagrams += count as u64;
            self.tell_events(slot, now);
            if count < BATCH {
                return;
            }
        }
        self.unfinished.push(token);
    }

    fn tell_events(&mut self, slot: usize, now: Time) {
        if self.events.is_empty() {
            return;
        }
        let Some(id) = self.slots[slot].as_ref().map(|relayed| relayed.id) else {
            return;
        };
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            self.tell(id, now, FactKind::Event(event));
        }
        self.events = events;
    }

    fn tell(&mut self, session: SessionId, at: Time, kind: FactKind) {
        self.told = true;
        // Nobody listens only while the engine is being dropped.
        let _ = self.outbox.facts.send(Fact { session, at, kind });
    }

    /// Carry out the commands; false when told to stop.
    fn obey(&mut self) -> bool {
        self.wake.clear();
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Open(id, opening) => self.open(id, *opening),
                Command::Update(id, side, settings, relearn) => {
                    let now = self.clock.now();
                    if let Some(relayed) = self.find(id) {
                        relayed.session.update(side, settings, relearn, now);
                    }
                }
                Command::Protect(id, side, protection) => {
                    if let Some(relayed) = self.find(id) {
                        relayed.session.protect(side, protection);
                    }
                }
                Command::Query(id) => {
                    if let Some(relayed) = self.find(id) {
                        let counters = relayed.counters();
                        self.tell(id, self.clock.now(), FactKind::Counters(counters));
                    }
                }
                Command::Close(id) => self.close(id),
                Command::Stop => return false,
            }
        }
        true
    }

    fn find(&mut self, id: SessionId) -> Option<&mut Relayed> {
        let &slot = self.by_id.get(&id)?;
        self.slots[slot].as_deref_mut()
    }

    fn open(&mut self, id: SessionId, (session, sockets): (Session, Sockets)) {
        let slot = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        for (index, socket) in sockets.iter().enumerate() {
            let token = (slot * sockets.len() + index) as u64;
            self.poller
                .add(socket, token, Trigger::Edge)
                .expect("room in the epoll set");
        }
        self.slots[slot] = Some(Box::new(Relayed {
            id,
            session,
            sockets,
        }));
        self.by_id.insert(id, slot);
    }

    fn close(&mut self, id: SessionId) {
        let Some(slot) = self.by_id.remove(&id) else {
            return;
        };
        let Some(relayed) = self.slots[slot].take() else {
            return;
        };
        self.vacant.push(slot);
        self.unfinished
            .retain(|&token| parse_token(token).0 != slot);
        self.tell(id, self.clock.now(), FactKind::Closed(relayed.counters()));
    }

    fn tick(&mut self, now: Time) {
        for slot in 0..self.slots.len() {
            if let Some(relayed) = self.slots[slot].as_deref_mut() {
                relayed.session.tick(now, &mut self.events);
                self.tell_events(slot, now);
            }
        }
        self.publish_load(now);
    }

    fn publish_load(&mut self, now: Time) {
        let (since, cpu_before) = self.window;
        let span = now.since(since);
        if span < LOAD_WINDOW {
            return;
        }
        let cpu = thread_cpu_time();
        let busy = cpu.saturating_sub(cpu_before).as_secs_f64() / span.as_secs_f64();
        self.load
            .busy_permille
            .store((busy * 1000.0) as u32, Ordering::Relaxed);
        self.load.datagrams.store(self.datagrams, Ordering::Relaxed);
        self.window = (now, cpu);
    }
}

impl Relayed {
    fn counters(&self) -> Box<[Counters; 2]> {
        Box::new(Side::BOTH.map(|side| self.session.counters(side)))
    }
}

fn relay_one(
    relayed: &mut Relayed,
    batch: &mut Batch,
    index: usize,
    (side, component): (Side, Component),
    now: Time,
    events: &mut Vec<Event>,
) {
    let received = batch.received(index);
    let Some(from) = received.from.filter(|_| !received.cut) else {
        relayed.session.receive_oversized(side);
        return;
    };
    let mut datagram = Datagram::new(batch.buffer(index), received.length);
    let verdict = relayed
        .session
        .receive((side, component), from, &mut datagram, now, events);
    let length = datagram.bytes().len();
    if let Ok(forward) = verdict {
        batch.queue(index, length, forward.to, forward.component);
    }
}

/// Send what is queued towards `side`, from the port of its component.
fn flush(relayed: &mut Relayed, batch: &mut Batch, side: Side) {
    for component in [Component::Rtp, Component::Rtcp] {
        let failed = batch.send(&relayed.sockets[socket_index(side, component)], component);
        for _ in 0..failed {
            relayed.session.send_failed(side, component);
        }
    }
}

const fn socket_index(side: Side, component: Component) -> usize {
    2 * side as usize + component as usize
}

const fn parse_token(token: u64) -> (usize, Side, Component) {
    let side = if token & 2 == 0 { Side::A } else { Side::B };
    let component = if token & 1 == 0 {
        Component::Rtp
    } else {
        Component::Rtcp
    };
    ((token >> 2) as usize, side, component)
}
