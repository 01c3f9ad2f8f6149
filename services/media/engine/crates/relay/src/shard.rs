//! One relay thread: its sockets, its sessions, its loop.
//!
//! The loop takes commands, then what is readable, then the time. A wait tells of many sockets; each is
//! read once, and told again while it has more: a flooded one doesn't keep the others waiting.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use trunkline_rtp::{Counters, Datagram, Event, Forward, Session, Side, Time};

use crate::clock::Clock;
use crate::command::{Command, Outbox, ShardLoad, Slot};
use crate::fact::{Fact, FactKind, SessionId};
use crate::sockets::{BUFFER, Place, Sockets};
use crate::sys::{EpollSet, Notifier, Poller, thread_cpu_time};

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
    sessions: usize,
    buffer: Box<[u8; BUFFER]>,
    events: Vec<Event>,
    /// Sessions that make packets of their own.
    active: Vec<Slot>,
    told: bool,
    datagrams: u64,
    window: (Time, Duration),
}

impl Shard {
    /// A shard with nothing to relay.
    pub fn new(
        clock: Clock,
        watched: Arc<EpollSet>,
        wake: Arc<Notifier>,
        commands: Receiver<Command>,
        outbox: Outbox,
        load: Arc<ShardLoad>,
    ) -> std::io::Result<Self> {
        watched.add(wake.as_ref(), WAKE)?;
        Ok(Self {
            clock,
            poller: Poller::new(watched, READY),
            wake,
            commands,
            outbox,
            load,
            slots: Vec::new(),
            sessions: 0,
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
            tick = tick.min(now + self.period()); // the first session ends a rest
            if now >= pace {
                pace = now + PACE;
                self.send_own(now);
            }
            if now >= tick {
                tick = now + self.period();
                self.tick(now);
            }
            if std::mem::take(&mut self.told) {
                self.outbox.notifier.notify();
            }
        }
    }

    /// How often to tick: without a session only the load is to be published.
    const fn period(&self) -> Duration {
        if self.sessions == 0 {
            LOAD_WINDOW
        } else {
            TICK
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
                .settle(place.side.other(), self.poller.set(), first_token(slot));
        }
        if relayed.session.is_active() {
            relayed.send_due(&mut self.buffer, now, &mut self.events);
            self.activate(slot);
        }
        self.tell_events(slot, now);
    }

    fn tell_events(&mut self, slot: Slot, now: Time) {
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
                Command::Open(slot, id, opening) => self.open(slot, id, *opening),
                Command::Update(slot, legs) => {
                    let now = self.clock.now();
                    if let Some(relayed) = self.find(slot) {
                        for (side, leg) in Side::BOTH.into_iter().zip(*legs) {
                            relayed.session.update(side, leg.settings, leg.relearn, now);
                        }
                    }
                }
                Command::Protect(slot, side, protection) => {
                    if let Some(relayed) = self.find(slot) {
                        relayed.session.protect(side, protection);
                    }
                }
                Command::Listen(slot, tap) => {
                    if let Some(relayed) = self.find(slot) {
                        relayed.session.listen(Some(tap));
                    }
                }
                Command::Play(slot, side, audio, looped, limit) => {
                    let now = self.clock.now();
                    self.make(slot, |session| {
                        session.play(side, audio, looped, limit, now);
                    });
                }
                Command::StopPlay(slot, side) => {
                    self.make(slot, |session| session.stop_play(side));
                }
                Command::SendDigit(slot, side, digit) => {
                    let now = self.clock.now();
                    self.make(slot, |session| {
                        session.send_digit(side, digit, now);
                    });
                }
                Command::Query(slot) => {
                    if let Some(relayed) = self.find(slot) {
                        let (id, counters) = (relayed.id, relayed.counters());
                        self.tell(id, self.clock.now(), FactKind::Counters(counters));
                    }
                }
                Command::Close(slot) => self.close(slot),
                Command::Stop => return false,
            }
        }
        true
    }

    /// Change a session so that it may make packets of its own.
    fn make(&mut self, slot: Slot, change: impl FnOnce(&mut Session)) {
        if let Some(relayed) = self.find(slot) {
            change(&mut relayed.session);
            self.activate(slot);
        }
    }

    fn activate(&mut self, slot: Slot) {
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

    fn find(&mut self, slot: Slot) -> Option<&mut Relayed> {
        self.slots.get_mut(slot)?.as_deref_mut()
    }

    fn open(&mut self, slot: Slot, id: SessionId, (session, sockets): (Session, Sockets)) {
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        self.slots[slot] = Some(Box::new(Relayed {
            id,
            session,
            sockets,
            listed: false,
        }));
        self.sessions += 1;
    }

    fn close(&mut self, slot: Slot) {
        let Some(relayed) = self.slots.get_mut(slot).and_then(Option::take) else {
            return;
        };
        self.sessions -= 1;
        let closed = FactKind::Closed(relayed.counters());
        self.tell(relayed.id, self.clock.now(), closed);
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
pub const fn first_token(slot: Slot) -> u64 {
    slot as u64 * Place::COUNT
}

const fn parse_token(token: u64) -> (Slot, Place) {
    let slot = (token / Place::COUNT) as Slot;
    (slot, Place::of(token % Place::COUNT))
}
