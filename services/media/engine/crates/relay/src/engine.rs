//! The control side of the relay: ports, sessions, and the threads that have them.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use trunkline_rtp::{
    Audio, Codecs, Digit, Encoding, Leg, NARROWBAND, Origin, Protection, Session, Side, Time,
};

use crate::clock::Clock;
use crate::command::{Command, Outbox, ShardLoad, Slot};
use crate::fact::{Fact, SessionId};
use crate::kernel::{KernelPath, Offload};
use crate::opening::{
    EngineSettings, LegOpening, LegUpdate, Load, LocalPorts, OpenError, Opened, StartError,
    UnknownSession,
};
use crate::parking::{Parked, Parking};
use crate::ports::{PortPool, PortRange};
use crate::recorder::Recorder;
use crate::shard::{Shard, first_token};
use crate::sockets::Sockets;
use crate::sys::{EpollSet, Notifier, bind_udp, empty};

/// Pairs tried for one leg before its address counts as full: other programs may hold some.
const BIND_ATTEMPTS: usize = 64;

struct Thread {
    commands: Sender<Command>,
    wake: Arc<Notifier>,
    watched: Arc<EpollSet>,
    /// Whether the kernel may relay packets of its sessions, which then wake nobody.
    offloads: bool,
    load: Arc<ShardLoad>,
    sessions: usize,
    /// Whether sessions are to end that it may not know of yet.
    closes: bool,
    /// Slots in all.
    slots: usize,
    /// Those that sessions have left with nothing in them.
    vacant: Vec<Slot>,
    /// Those that sessions have left with their sockets in them.
    parking: Parking,
    handle: Option<JoinHandle<()>>,
}

/// A leg's ports, RTP and RTCP, and their sockets.
struct Bound {
    ports: LocalPorts,
    sockets: [UdpSocket; 2],
}

struct Placement {
    thread: usize,
    slot: Slot,
    ports: [LocalPorts; 2],
    descriptors: [RawFd; 4],
    type_of_service: u8,
}

/// The media engine.
pub struct Engine {
    clock: Clock,
    addresses: Vec<IpAddr>,
    pools: Vec<PortPool>,
    type_of_service: u8,
    codecs: Arc<dyn Codecs>,
    /// After the threads: what they still hold of it is to be written.
    threads: Vec<Thread>,
    kernel_path: Option<Arc<KernelPath>>,
    recorder: Recorder,
    sessions: HashMap<SessionId, Placement>,
    next_session: SessionId,
    facts: Receiver<Fact>,
    notifier: Arc<Notifier>,
}

impl Engine {
    /// Start the relay threads.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(settings: &EngineSettings, codecs: Arc<dyn Codecs>) -> Result<Self, StartError> {
        let clock = Clock::start();
        let notifier = Arc::new(Notifier::new()?);
        let (sender, facts) = channel();
        let outbox = Outbox {
            facts: sender,
            notifier: Arc::clone(&notifier),
        };
        let count = settings.threads.max(1);
        let (kernel_path, offloads) = if settings.kernel_path.is_empty() {
            (None, Vec::new())
        } else {
            let (path, offloads) = KernelPath::attach(&settings.kernel_path, count)?;
            (Some(path), offloads)
        };
        let mut offloads = offloads.into_iter();
        let parked = settings.parked_sessions / count;
        let threads = (0..count)
            .map(|index| Thread::spawn(index, clock, offloads.next(), outbox.clone(), parked))
            .collect::<io::Result<_>>()?;
        let pool = |_: &IpAddr| PortPool::new(settings.ports, settings.quarantine);
        Ok(Self {
            clock,
            pools: settings.addresses.iter().map(pool).collect(),
            addresses: settings.addresses.clone(),
            type_of_service: settings.type_of_service,
            recorder: Recorder::start(clock, Arc::clone(&codecs), outbox)?,
            codecs,
            threads,
            kernel_path,
            sessions: HashMap::new(),
            next_session: 1,
            facts,
            notifier,
        })
    }

    /// Open a session of two legs, A's first, on the thread that has the fewest.
    ///
    /// # Errors
    /// [`OpenError`]; nothing is then open.
    pub fn open(&mut self, [a, b]: [LegOpening; 2]) -> Result<Opened, OpenError> {
        let now = self.clock.now();
        let thread = self.idlest().ok_or(OpenError::Stopped)?;
        let parked = self.threads[thread]
            .parking
            .take([a.address, b.address], now);
        if let Some(parked) = parked {
            let session = self.session(&[a, b], now);
            return self.reopen(thread, session, parked);
        }
        let bound_a = self.bind(Side::A, a.address, now)?;
        let bound_b = self.bind(Side::B, b.address, now).inspect_err(|_| {
            self.pools[a.address].give_back(bound_a.ports.rtp, now);
        })?;
        let ports = [bound_a.ports, bound_b.ports];
        let ([rtp_a, rtcp_a], [rtp_b, rtcp_b]) = (bound_a.sockets, bound_b.sockets);
        let session = self.session(&[a, b], now);
        let sockets = Sockets::new([rtp_a, rtcp_a, rtp_b, rtcp_b], self.type_of_service);
        let (slot, descriptors) = self.threads[thread].take(self.next_session, session, sockets)?;
        Ok(self.place(Placement {
            thread,
            slot,
            ports,
            descriptors,
            type_of_service: self.type_of_service,
        }))
    }

    /// Take a new offer or answer for either leg, A's first; see [`Leg::update`].
    ///
    /// # Errors
    /// [`UnknownSession`].
    pub fn update(&self, session: SessionId, legs: [LegUpdate; 2]) -> Result<(), UnknownSession> {
        self.command(session, |slot| Command::Update(slot, Box::new(legs)))
    }

    /// Let one leg wear another cipher on the wire, or none.
    ///
    /// # Errors
    /// [`UnknownSession`].
    pub fn protect(
        &self,
        session: SessionId,
        side: Side,
        protection: Option<Box<dyn Protection>>,
    ) -> Result<(), UnknownSession> {
        self.command(session, |slot| Command::Protect(slot, side, protection))
    }

    /// Record both legs from now on to a new stereo WAV file, leg A on the left.
    ///
    /// # Errors
    /// [`UnknownSession`]. A file that can't be written comes up as a fact.
    pub fn record(&self, session: SessionId, path: PathBuf) -> Result<(), UnknownSession> {
        let tap = self.recorder.record(session, path, self.clock);
        self.command(session, |slot| Command::Listen(slot, tap))
    }

    /// Play a sound to one leg in place of what it would hear; its end comes up as an event.
    ///
    /// # Errors
    /// [`UnknownSession`].
    pub fn play(
        &self,
        session: SessionId,
        side: Side,
        audio: Audio,
        looped: bool,
        limit: Option<Duration>,
    ) -> Result<(), UnknownSession> {
        self.command(session, |slot| {
            Command::Play(slot, side, audio, looped, limit)
        })
    }

    /// Play nothing to one leg.
    ///
    /// # Errors
    /// [`UnknownSession`].
    pub fn stop_play(&self, session: SessionId, side: Side) -> Result<(), UnknownSession> {
        self.command(session, |slot| Command::StopPlay(slot, side))
    }

    /// Send a digit to one leg, after those that are being sent.
    ///
    /// # Errors
    /// [`UnknownSession`].
    pub fn send_digit(
        &self,
        session: SessionId,
        side: Side,
        digit: Digit,
    ) -> Result<(), UnknownSession> {
        self.command(session, |slot| Command::SendDigit(slot, side, digit))
    }

    /// Whether voice of one encoding can be made voice of the other.
    #[must_use]
    pub fn converts(&self, from: Encoding, to: Encoding) -> bool {
        let codecs = &self.codecs;
        codecs.decoder(from, NARROWBAND).is_some() && codecs.encoder(to, NARROWBAND).is_some()
    }

    /// Ask for a session's counters; the fact comes up.
    ///
    /// # Errors
    /// [`UnknownSession`].
    pub fn query(&self, session: SessionId) -> Result<(), UnknownSession> {
        self.command(session, Command::Query)
    }

    /// Close a session; its last counters come up as a fact, with the next packet or tick of its thread or
    /// when it is hurried. Its ports go into quarantine, with their sockets while there is room for those.
    ///
    /// # Errors
    /// [`UnknownSession`].
    pub fn close(&mut self, session: SessionId) -> Result<(), UnknownSession> {
        let unknown = UnknownSession(session);
        let placement = self.sessions.remove(&session).ok_or(unknown)?;
        let parks = self.may_park(&placement);
        let Placement { slot, ports, .. } = placement;
        let now = self.clock.now();
        let thread = &mut self.threads[placement.thread];
        thread
            .command(Command::Close(slot, parks))
            .map_err(|_| unknown)?;
        thread.sessions -= 1;
        thread.closes = true;
        if parks {
            let rested = self.pools[ports[0].address].rested(now);
            thread.parking.park(Parked {
                slot,
                ports,
                descriptors: placement.descriptors,
                rested,
            });
            return Ok(());
        }
        thread.vacant.push(slot);
        for ports in ports {
            self.pools[ports.address].give_back(ports.rtp, now);
        }
        Ok(())
    }

    /// Let sessions that were closed end now: one wake-up for all that were since the last time.
    pub fn hurry(&mut self) {
        for thread in &mut self.threads {
            if std::mem::take(&mut thread.closes) {
                thread.wake.notify();
            }
        }
    }

    /// Every fact that has come up since the last call.
    pub fn poll(&mut self) -> Vec<Fact> {
        self.notifier.clear();
        self.facts.try_iter().collect()
    }

    /// The descriptor that is readable when there are facts.
    #[must_use]
    pub fn facts_fd(&self) -> RawFd {
        self.notifier.as_raw_fd()
    }

    /// How busy the engine is.
    #[must_use]
    pub fn load(&self) -> Load {
        let now = self.clock.now();
        let busy =
            |thread: &Thread| f64::from(thread.load.busy_permille.load(Ordering::Relaxed)) / 1000.0;
        let sum = |figure: fn(&ShardLoad) -> &AtomicU64| {
            let figures = self.threads.iter().map(|thread| figure(&thread.load));
            figures.map(|figure| figure.load(Ordering::Relaxed)).sum()
        };
        Load {
            sessions: self.sessions.len(),
            recording_lost: self.recorder.lost(),
            pairs: self.pools.iter().map(PortPool::capacity).sum(),
            pairs_available: self.pairs_available(now),
            pairs_parked: self.threads.iter().map(|one| 2 * one.parking.count()).sum(),
            busy: self.threads.iter().map(busy).collect(),
            datagrams: sum(|load| &load.datagrams),
            flows: self.kernel_path.as_ref().map_or(0, |path| path.flows()),
            offloaded: sum(|load| &load.offloaded),
            passed_up: sum(|load| &load.passed_up),
        }
    }

    /// Use other ports for sessions opened from now on.
    pub fn change_ports(&mut self, ports: PortRange) {
        if self.pools.iter().any(|pool| pool.range() != ports) {
            self.vacate_all();
        }
        for pool in &mut self.pools {
            pool.change(ports);
        }
    }

    /// Mark the packets of sessions opened from now on with another TOS or traffic-class byte.
    pub fn change_type_of_service(&mut self, type_of_service: u8) {
        if self.type_of_service != type_of_service {
            self.vacate_all(); // theirs is the one before
        }
        self.type_of_service = type_of_service;
    }

    /// The engine's clock, by which facts are stamped.
    #[must_use]
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    fn origin(&self) -> Origin {
        Origin {
            seed: u128::from(random()) << 64 | u128::from(random()),
            unix_at_start: self.clock.unix_at_start(),
        }
    }

    fn command(
        &self,
        session: SessionId,
        command: impl FnOnce(Slot) -> Command,
    ) -> Result<(), UnknownSession> {
        let placement = self.sessions.get(&session).ok_or(UnknownSession(session))?;
        self.threads[placement.thread]
            .command(command(placement.slot))
            .map_err(|_| UnknownSession(session))
    }

    /// The thread that has the fewest sessions.
    fn idlest(&self) -> Option<usize> {
        (0..self.threads.len()).min_by_key(|&index| self.threads[index].sessions)
    }

    fn session(&self, legs: &[LegOpening; 2], now: Time) -> Session {
        let legs = legs.each_ref().map(|leg| Leg::new(leg.settings, now));
        Session::new(legs, Arc::clone(&self.codecs), self.origin())
    }

    /// Open a session where an ended one has left its sockets. Nothing that came to them until now is for it.
    fn reopen(
        &mut self,
        thread: usize,
        session: Session,
        parked: Parked,
    ) -> Result<Opened, OpenError> {
        let Parked {
            slot,
            ports,
            descriptors,
            ..
        } = parked;
        descriptors.iter().for_each(empty);
        self.threads[thread].begin(slot, self.next_session, session, None)?;
        Ok(self.place(Placement {
            thread,
            slot,
            ports,
            descriptors,
            type_of_service: self.type_of_service,
        }))
    }

    fn place(&mut self, placement: Placement) -> Opened {
        let (session, ports) = (self.next_session, placement.ports);
        self.next_session += 1;
        self.sessions.insert(session, placement);
        Opened { session, ports }
    }

    /// Whether the sockets of a session may be those of another, and there is room for them.
    fn may_park(&self, placement: &Placement) -> bool {
        let is_in_range = |&LocalPorts { address, rtp }| self.pools[address].range().contains(rtp);
        self.threads[placement.thread].parking.has_room()
            && placement.type_of_service == self.type_of_service
            && placement.ports.iter().all(is_in_range)
    }

    fn pairs_available(&self, now: Time) -> usize {
        let free = self.pools.iter().map(|pool| pool.available(now));
        let parked = self.threads.iter().map(|one| 2 * one.parking.rested(now));
        free.chain(parked).sum()
    }

    /// Close the sockets that are parked; what is left of their quarantine stays.
    fn vacate_all(&mut self) {
        for thread in 0..self.threads.len() {
            let all: Vec<Parked> = self.threads[thread].parking.clear().collect();
            self.vacate(thread, &all);
        }
    }

    /// Let a pair of `address` that has rested be free, if one is parked.
    fn make_room(&mut self, address: usize, now: Time) {
        for thread in 0..self.threads.len() {
            if let Some(parked) = self.threads[thread].parking.take_with(address, now) {
                return self.vacate(thread, &[parked]);
            }
        }
    }

    fn vacate(&mut self, thread: usize, places: &[Parked]) {
        self.threads[thread].vacate(places);
        for place in places {
            for ports in place.ports {
                self.pools[ports.address].put_back(ports.rtp, place.rested);
            }
        }
    }

    fn bind(&mut self, side: Side, address: usize, now: Time) -> Result<Bound, OpenError> {
        let ip = *self
            .addresses
            .get(address)
            .ok_or(OpenError::NoAddress(side))?;
        for _ in 0..BIND_ATTEMPTS {
            let rtp = self
                .take_pair(address, now)
                .ok_or(OpenError::NoPort(side))?;
            match bind_pair(ip, rtp, self.type_of_service) {
                Ok(sockets) => {
                    return Ok(Bound {
                        ports: LocalPorts { address, rtp },
                        sockets,
                    });
                }
                Err(error) => {
                    self.pools[address].give_back(rtp, now);
                    if error.kind() != io::ErrorKind::AddrInUse {
                        return Err(OpenError::System(side, error));
                    } // else some other program has it: try the next pair
                }
            }
        }
        Err(OpenError::NoPort(side))
    }

    fn take_pair(&mut self, address: usize, now: Time) -> Option<u16> {
        self.pools[address].take(now).or_else(|| {
            self.make_room(address, now);
            self.pools[address].take(now)
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for thread in &mut self.threads {
            let _ = thread.command(Command::Stop); // fails only if it has ended
            if let Some(handle) = thread.handle.take() {
                let _ = handle.join(); // its panic was printed when it happened
            }
        }
    }
}

impl Thread {
    fn spawn(
        index: usize,
        clock: Clock,
        offload: Option<Offload>,
        outbox: Outbox,
        parked_sessions: usize,
    ) -> io::Result<Self> {
        let offloads = offload.is_some();
        let (sender, commands) = channel();
        let wake = Arc::new(Notifier::new()?);
        let watched = Arc::new(EpollSet::new()?);
        let load = Arc::new(ShardLoad::default());
        let shard = Shard::new(
            clock,
            Arc::clone(&watched),
            Arc::clone(&wake),
            offload,
            commands,
            outbox,
            Arc::clone(&load),
        )?;
        let handle = thread::Builder::new()
            .name(format!("relay-{index}"))
            .spawn(|| shard.run())?;
        Ok(Self {
            commands: sender,
            wake,
            watched,
            offloads,
            load,
            sessions: 0,
            closes: false,
            slots: 0,
            vacant: Vec::new(),
            parking: Parking::new(parked_sessions),
            handle: Some(handle),
        })
    }

    /// Give it a session, whose packets wake it from then on.
    fn take(
        &mut self,
        id: SessionId,
        session: Session,
        sockets: Sockets,
    ) -> Result<(Slot, [RawFd; 4]), OpenError> {
        let slot = self.vacant.pop().unwrap_or_else(|| {
            self.slots += 1;
            self.slots - 1
        });
        let descriptors = sockets.descriptors();
        self.begin(slot, id, session, Some(sockets))?;
        for (token, descriptor) in (first_token(slot)..).zip(&descriptors) {
            self.watched
                .add(descriptor, token)
                .expect("room in the epoll set");
        }
        Ok((slot, descriptors))
    }

    /// Begin a session in a slot, by sockets of its own or by those that are parked there.
    fn begin(
        &mut self,
        slot: Slot,
        id: SessionId,
        session: Session,
        sockets: Option<Sockets>,
    ) -> Result<(), OpenError> {
        self.command(Command::Open(slot, id, Box::new((session, sockets))))?;
        self.sessions += 1;
        Ok(())
    }

    /// Close what is parked in slots, and return when it is closed.
    fn vacate(&mut self, places: &[Parked]) {
        let (taker, taken) = channel();
        for place in places {
            let _ = self.command(Command::Vacate(place.slot, taker.clone())); // else the thread has ended
            self.vacant.push(place.slot);
        }
        drop(taker);
        taken.into_iter().for_each(drop::<Sockets>);
    }

    fn command(&self, command: Command) -> Result<(), OpenError> {
        let waits = command.waits() && self.sessions > 0 && !self.offloads; // without any, it rests
        self.commands
            .send(command)
            .map_err(|_| OpenError::Stopped)?;
        if !waits {
            self.wake.notify();
        }
        Ok(())
    }
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn bind_pair(ip: IpAddr, rtp: u16, type_of_service: u8) -> io::Result<[UdpSocket; 2]> {
    let bind = |port| bind_udp(SocketAddr::new(ip, port), type_of_service);
    Ok([bind(rtp)?, bind(rtp + 1)?])
}
