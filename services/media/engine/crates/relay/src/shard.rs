//! One relay thread: its sockets, its sessions, its loop.
//!
//! The loop takes commands, then what is readable, then the time. A wait tells of many sockets; each is
//! read once, and told again while it has more: a flooded one doesn't keep the others waiting.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use trunkline_rtp::{
    Component, Counters, Datagram, Event, Forward, Header, Session, Side, Time, is_rtcp,
};

use crate::clock::Clock;
use crate::command::{Command, Outbox, ShardLoad, Slot};
use crate::fact::{Fact, FactKind, SessionId};
use crate::kernel::{Offload, PlainStream};
use crate::sockets::{BUFFER, Place, Received, Sockets};
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
/// The first byte of RTP without padding, extension and contributing sources: what the kernel relays.
const PLAIN: u8 = 0x80;

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
    offload: Option<Offload>,
    commands: Receiver<Command>,
    outbox: Outbox,
    load: Arc<ShardLoad>,
    slots: Vec<Option<Box<Relayed>>>,
    /// Sockets that ended sessions have left in their slots.
    parked: HashMap<Slot, Sockets>,
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
    /// A shard with nothing to relay; the kernel may relay plain streams for it.
    pub fn new(
        clock: Clock,
        watched: Arc<EpollSet>,
        wake: Arc<Notifier>,
        offload: Option<Offload>,
        commands: Receiver<Command>,
        outbox: Outbox,
        load: Arc<ShardLoad>,
    ) -> std::io::Result<Self> {
        watched.add(wake.as_ref(), WAKE)?;
        Ok(Self {
            clock,
            poller: Poller::new(watched, READY),
            wake,
            offload,
            commands,
            outbox,
            load,
            slots: Vec::new(),
            parked: HashMap::new(),
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
            self.take_relayed();
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
            return self.drop_stray(slot, place);
        };
        let Some(received) = relayed.sockets.receive(place, &mut self.buffer) else {
            return;
        };
        self.datagrams += 1;
        if received.cut {
            return relayed.session.receive_oversized(place.side);
        }
        if relayed.is_passed_flow(place, &received, &self.buffer[..received.length]) {
            self.load.passed_up.fetch_add(1, Ordering::Relaxed);
            self.end_flow(slot, place.side);
        }
        let Some(relayed) = self.slots[slot].as_deref_mut() else {
            return;
        };
        let mut datagram = Datagram::new(&mut self.buffer[..], received.length);
        let port = (place.side, place.component);
        let verdict =
            relayed
                .session
                .receive(port, received.from, &mut datagram, now, &mut self.events);
        let length = datagram.bytes().len();
        if self.offload.is_some() {
            self.review_flows(slot, now);
        }
        if let Ok(Some(forward)) = verdict {
            self.send_on(slot, (place.side, received.from), forward, length, now);
        }
        self.send_due(slot, now);
        self.tell_events(slot, now);
    }

    /// Read what has come to a parked socket. It is nobody's.
    fn drop_stray(&mut self, slot: Slot, place: Place) {
        if let Some(sockets) = self.parked.get_mut(&slot) {
            sockets.receive(place, &mut self.buffer);
        }
    }

    /// Send the packet in the buffer that came from a side and an address, by a shortcut from now on if its
    /// stream has settled.
    fn send_on(
        &mut self,
        slot: Slot,
        origin: (Side, SocketAddr),
        forward: Forward,
        length: usize,
        now: Time,
    ) {
        let Some(relayed) = self.slots[slot].as_deref_mut() else {
            return;
        };
        let (packet, to) = (&self.buffer[..length], origin.0.other());
        if relayed.sockets.has_settled(to, forward) {
            let offload = self.offload.as_ref();
            if !offload.is_some_and(|one| relayed.offload(one, slot, origin, packet, now)) {
                let set = self.poller.set();
                relayed.sockets.connect(to, set, first_token(slot));
            }
        }
        relayed.send(to, forward, packet);
    }

    /// Send what a session makes of its own and is due.
    fn send_due(&mut self, slot: Slot, now: Time) {
        let Some(relayed) = self.slots[slot].as_deref_mut() else {
            return;
        };
        if relayed.session.is_active() {
            relayed.send_due(&mut self.buffer, now, &mut self.events);
            self.activate(slot);
        }
    }

    /// Take note of what the kernel has relayed.
    fn take_relayed(&mut self) {
        let mut count = 0;
        while let Some(record) = self.offload.as_mut().and_then(Offload::next) {
            count += 1;
            let (slot, side) = parse_flow_name(record.name);
            let slots = self.slots.get_mut(slot);
            let Some(relayed) = slots.and_then(Option::as_deref_mut) else {
                continue;
            };
            if flow_name(relayed.id, slot, side) != record.name {
                continue; // the session has been closed since
            }
            let Ok(header) = Header::parse(&record.header) else {
                continue; // the kernel relays nothing else
            };
            let at = self.clock.at(record.at);
            relayed.sockets.flow_is_used(side);
            let (id, mut events) = (relayed.id, Vec::new());
            relayed
                .session
                .note_relayed(side, &header, record.length, at, &mut events);
            for event in events {
                self.tell(id, at, FactKind::Event(event));
            }
        }
        if count > 0 {
            self.datagrams += count;
            self.load.offloaded.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Let the kernel relay nothing of a session, and take note of what it has relayed until then.
    fn end_flows(&mut self, slot: Slot) {
        for side in Side::BOTH {
            self.end_flow(slot, side);
        }
    }

    /// The same of what one side sends.
    fn end_flow(&mut self, slot: Slot, side: Side) {
        if self
            .find(slot)
            .is_some_and(|one| one.sockets.end_flow(side))
        {
            self.take_relayed();
        }
    }

    /// End the flows of a session whose packets would go another way by now.
    fn end_rerouted_flows(&mut self, slot: Slot) {
        for side in Side::BOTH {
            let flow = self.find(slot).and_then(|one| one.sockets.flow_from(side));
            if flow.is_some_and(|flow| !flow.goes_as_before()) {
                self.end_flow(slot, side);
            }
        }
    }

    /// End the flows of a session whose packets somebody here has to see from now on.
    fn review_flows(&mut self, slot: Slot, now: Time) {
        for side in Side::BOTH {
            if self
                .find(slot)
                .is_some_and(|one| !one.is_still_plain(side, now))
            {
                self.end_flow(slot, side);
            }
        }
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
            if let Some(slot) = command.redirects() {
                self.end_flows(slot);
            }
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
                Command::Close(slot, parks) => self.close(slot, parks),
                Command::Vacate(slot, taker) => {
                    if let Some(sockets) = self.parked.remove(&slot) {
                        let _ = taker.send(sockets); // else they are closed here
                    }
                }
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

    fn open(&mut self, slot: Slot, id: SessionId, (session, own): (Session, Option<Sockets>)) {
        let Some(sockets) = own.or_else(|| self.parked.remove(&slot)) else {
            return;
        };
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

    fn close(&mut self, slot: Slot, parks: bool) {
        let Some(relayed) = self.slots.get_mut(slot).and_then(Option::take) else {
            return;
        };
        self.sessions -= 1;
        let closed = FactKind::Closed(relayed.counters());
        self.tell(relayed.id, self.clock.now(), closed);
        if parks {
            self.parked.insert(slot, relayed.sockets.at_rest());
        }
    }

    fn tick(&mut self, now: Time) {
        let offload = self.offload.as_mut();
        let rerouted = offload.is_some_and(Offload::routes_have_changed);
        for slot in 0..self.slots.len() {
            if rerouted {
                self.end_rerouted_flows(slot);
            }
            if let Some(relayed) = self.slots[slot].as_deref_mut() {
                relayed.session.tick(now, &mut self.events);
                self.tell_events(slot, now);
                self.review_flows(slot, now);
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

    /// Whether a datagram that was read is one that a flow has let pass.
    fn is_passed_flow(&self, place: Place, received: &Received, datagram: &[u8]) -> bool {
        let flow = self.sockets.flow_from(place.side);
        flow.is_some_and(|flow| flow.stream().from == received.from)
            && place.component == Component::Rtp
            && !is_rtcp(datagram)
    }

    /// Whether nobody here has to see what `side` sends, if the kernel relays it.
    fn is_still_plain(&self, side: Side, now: Time) -> bool {
        self.sockets.flow_from(side).is_none_or(|flow| {
            let stream = flow.stream();
            let (from, header) = (stream.from, &stream.header);
            self.session.relays_plainly(side, from, header, now) == Some(stream.plain)
        })
    }

    /// Let the kernel relay what `side` sends from now on, of which `packet` has just been relayed; whether it does.
    fn offload(
        &mut self,
        offload: &Offload,
        slot: Slot,
        (side, from): (Side, SocketAddr),
        packet: &[u8],
        now: Time,
    ) -> bool {
        let header = Header::parse(packet).ok().filter(|_| packet[0] == PLAIN);
        let plain = header.and_then(|header| {
            let plain = self.session.relays_plainly(side, from, &header, now)?;
            Some((header, plain))
        });
        let Some((header, plain)) = plain else {
            return false;
        };
        let name = flow_name(self.id, slot, side);
        self.sockets
            .offload(side.other(), |[at, by], type_of_service| {
                offload.install(PlainStream {
                    name,
                    from,
                    received_at: at,
                    header,
                    sent_from: by,
                    plain,
                    type_of_service,
                })
            })
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

/// The name of the flow of what `side` of a session sends. Sessions of one slot have others: four thousand million
/// come and go before one has the same.
const fn flow_name(id: SessionId, slot: Slot, side: Side) -> u64 {
    id << 32 | (slot as u64) << 1 | side as u64
}

const fn parse_flow_name(name: u64) -> (Slot, Side) {
    let slot = (name as u32 >> 1) as Slot;
    (slot, if name & 1 == 0 { Side::A } else { Side::B })
}

const fn parse_token(token: u64) -> (Slot, Place) {
    let slot = (token / Place::COUNT) as Slot;
    (slot, Place::of(token % Place::COUNT))
}
