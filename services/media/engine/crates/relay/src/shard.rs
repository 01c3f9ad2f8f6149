//! One relay thread: its sockets, its sessions, its loop.
//!
//! The loop takes commands, then what is readable, then the time. A wait tells of many sockets; each is
//! read once, and told again while it has more: a flooded one doesn't keep the others waiting.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use trunkline_rtp::{Counters, Datagram, Event, Forward, Session, Side, Time};

use crate::clock::Clock;
use crate::command::{Command, Outbox, ShardLoad};
use crate::fact::{Fact, FactKind, SessionId};
use crate::sockets::{BUFFER, Place, Sockets};
use crate::sys::{Notifier, Poller, thread_cpu_time};

/// How often silences are judged: well under the 200 ms in which they must be told (MED-12).
const TICK: Duration = Duration::from_millis(50);
/// Over how long a thread's load is averaged.
const LOAD_WINDOW: Duration = Duration::from_secs(1);
/// Sockets that one wait may return.
const READY: usize = 512;
/// How often packets of our own are looked for, while any session makes some.
const PACE: Duration = Duration::from_millis(5);
const WAKE: u64 = u64::MAX;

struct Relayed {
    id: SessionId,
    session: Session,
    sockets: Sockets,
    /// Whether it is among the active ones.
    listed: bool,
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
    buffer: Box<[u8; BUFFER]>,
    events: Vec<Event>,
    /// Sessions that make packets of their own.
    active: Vec<usize>,
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
        poller.add(wake.as_ref(), WAKE)?;
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
            buffer: Box::new([0; BUFFER]),
            events: Vec::with_capacity(64),
            active: Vec::new(),
            told: false,
            datagrams: 0,
            window: (clock.now(), Duration::ZERO),
        })
    }

    /// Relay until told to stop.
    pub fn run(mut self) {
        let mut tick = self.clock.now() + TICK;
        let mut pace = tick;
        loop {
            let deadline = if self.active.is_empty() { tick } else { pace };
            let ready = self.wait(deadline);
            // Commands come first: a packet sent after an answer is to meet the answered session.
            // Tokens of sessions that are closed by them find nobody.
            if (0..ready).any(|index| self.poller.token(index) == WAKE) {
                self.wake.clear();
            }
            if !self.obey() {
                return;
            }
            self.relay_ready(ready);
            let now = self.clock.now();
            if now >= pace {
                pace = now + PACE;
                self.send_own(now);
            }
            if now >= tick {
                tick = now + TICK;
                self.tick(now);
            }
            if std::mem::take(&mut self.told) {
                self.outbox.notifier.notify();
            }
        }
    }

    /// Wait until something is readable or `deadline` has come.
    fn wait(&mut self, deadline: Time) -> usize {
        let rounded_down = Duration::from_millis(1);
        self.poller
            .wait(deadline.since(self.clock.now()) + rounded_down)
    }

    /// Relay what the last wait found readable.
    fn relay_ready(&mut self, ready: usize) {
        let now = self.clock.now();
        for index in 0..ready {
            match self.poller.token(index) {
                WAKE => {}
                token => self.relay(token, now),
            }
        }
    }

    fn relay(&mut self, token: u64, now: Time) {
        let (slot, place) = parse_token(token);
        let Some(relayed) = self.slots[slot].as_deref_mut() else {
            return;
        };
        let Some(received) = relayed.sockets.receive(place, &mut self.buffer) else {
            return;
        };
        self.datagrams += 1;
        if received.cut {
            return relayed.session.receive_oversized(place.side);
        }
        let mut datagram = Datagram::new(&mut self.buffer[..], received.length);
        let port = (place.side, place.component);
        let verdict =
            relayed
                .session
                .receive(port, received.from, &mut datagram, now, &mut self.events);
        if let Ok(Some(forward)) = verdict {
            relayed.send(place.side.other(), forward, datagram.bytes());
            relayed
                .sockets
                .settle(place.side.other(), &self.poller, first_token(slot));
        }
        if relayed.session.is_active() {
            relayed.send_due(&mut self.buffer, now, &mut self.events);
            self.activate(slot);
        }
        self.tell_events(slot, now);
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
        self.activate(slot); // a digit may have to be sent on
    }

    fn tell(&mut self, session: SessionId, at: Time, kind: FactKind) {
        self.told = true;
        // Nobody listens only while the engine is being dropped.
        let _ = self.outbox.facts.send(Fact { session, at, kind });
    }

    /// Carry out the commands; false when told to stop.
    fn obey(&mut self) -> bool {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Open(id, opening) => self.open(id, *opening),
                Command::Update(id, legs) => {
                    let now = self.clock.now();
                    if let Some(relayed) = self.find(id) {
                        for (side, leg) in Side::BOTH.into_iter().zip(*legs) {
                            relayed.session.update(side, leg.settings, leg.relearn, now);
                        }
                    }
                }
                Command::Protect(id, side, protection) => {
                    if let Some(relayed) = self.find(id) {
                        relayed.session.protect(side, protection);
                    }
                }
                Command::Listen(id, tap) => {
                    if let Some(relayed) = self.find(id) {
                        relayed.session.listen(Some(tap));
                    }
                }
                Command::Play(id, side, audio, looped, limit) => {
                    let now = self.clock.now();
                    self.make(id, |session| session.play(side, audio, looped, limit, now));
                }
                Command::StopPlay(id, side) => self.make(id, |session| session.stop_play(side)),
                Command::SendDigit(id, side, digit) => {
                    let now = self.clock.now();
                    self.make(id, |session| {
                        session.send_digit(side, digit, now);
                    });
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

    /// Change a session so that it may make packets of its own.
    fn make(&mut self, id: SessionId, change: impl FnOnce(&mut Session)) {
        if let Some(relayed) = self.find(id) {
            change(&mut relayed.session);
            let slot = self.by_id[&id];
            self.activate(slot);
        }
    }

    fn activate(&mut self, slot: usize) {
        if let Some(relayed) = self.slots[slot].as_deref_mut()
            && relayed.session.is_active()
            && !std::mem::replace(&mut relayed.listed, true)
        {
            self.active.push(slot);
        }
    }

    /// Send what sessions make of their own and is due.
    fn send_own(&mut self, now: Time) {
        let mut active = std::mem::take(&mut self.active);
        active.retain(|&slot| {
            let Some(relayed) = self.slots[slot].as_deref_mut() else {
                return false;
            };
            relayed.send_due(&mut self.buffer, now, &mut self.events);
            relayed.listed = relayed.session.is_active();
            let goes_on = relayed.listed;
            self.tell_events(slot, now);
            goes_on
        });
        self.active.append(&mut active);
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
        sockets
            .watch(&self.poller, first_token(slot))
            .expect("room in the epoll set");
        self.slots[slot] = Some(Box::new(Relayed {
            id,
            session,
            sockets,
            listed: false,
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
        self.tell(id, self.clock.now(), FactKind::Closed(relayed.counters()));
    }

    fn tick(&mut self, now: Time) {
        for slot in 0..self.slots.len() {
            if let Some(relayed) = self.slots[slot].as_deref_mut() {
                relayed.session.tick(now, &mut self.events);
                self.tell_events(slot, now);
                self.activate(slot); // a report may be due
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

    fn send(&mut self, side: Side, forward: Forward, datagram: &[u8]) {
        if !self.sockets.send(side, forward, datagram) {
            self.session.send_failed(side, forward.component);
        }
    }

    /// Send every packet that the session makes and that is due.
    fn send_due(&mut self, buffer: &mut [u8; BUFFER], now: Time, events: &mut Vec<Event>) {
        loop {
            let mut datagram = Datagram::new(buffer, 0);
            let Some((side, forward)) = self.session.poll(&mut datagram, now, events) else {
                return;
            };
            self.send(side, forward, datagram.bytes());
        }
    }
}

/// The token of a session's first socket.
const fn first_token(slot: usize) -> u64 {
    slot as u64 * Place::COUNT
}

const fn parse_token(token: u64) -> (usize, Place) {
    let slot = (token / Place::COUNT) as usize;
    (slot, Place::of(token % Place::COUNT))
}
