//! A session's sockets, and which of them a packet takes.
//!
//! A stream that has settled takes a shortcut. A plain one is relayed in the kernel where that is set up
//! ([`crate::kernel`]). Another gets a second socket on its port, connected to where it goes: that spares the
//! kernel the route of every packet. The kernel hands it what comes from that very address; strangers,
//! and a peer whose NAT gave it another port, still meet the leg's own socket, and are judged there.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

use trunkline_rtp::{Component, Forward, Side};

use crate::kernel::Flow;
use crate::sys::{EpollSet, connect_beside};

/// Packets that go to one address before the stream takes a shortcut: a second of voice.
const SETTLED: u32 = 50;
/// Flows in a row that may relay nothing before a stream stays with its sockets: its packets come where the
/// kernel doesn't look for them.
const MOST_MISSES: u8 = 3;
/// Bytes of a buffer: more than any media datagram, and room for a tag.
pub const BUFFER: usize = 2048;
/// Longest datagram that is read whole.
const LONGEST: usize = BUFFER - 64;

/// RTP and RTCP of leg A, then of leg B.
pub type OwnSockets = [UdpSocket; 4];

/// All sockets of one session.
pub struct Sockets {
    own: OwnSockets,
    streams: [Stream; 2],
    type_of_service: u8,
}

/// Where a leg's RTP goes.
#[derive(Default)]
struct Stream {
    to: Option<SocketAddr>,
    /// Packets that went there by a socket since the last one settled.
    packets: u32,
    shortcut: Option<Shortcut>,
    /// Flows of it that relayed nothing, one after the other.
    misses: u8,
}

enum Shortcut {
    Connected(UdpSocket),
    Kernel {
        /// Boxed: most sessions have none.
        flow: Box<Flow>,
        /// Whether it has relayed a packet.
        used: bool,
    },
}

/// One of a session's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The leg.
    pub side: Side,
    /// The port.
    pub component: Component,
    connected: bool,
}

/// A datagram that was read.
pub struct Received {
    /// Its length; the buffer holds all of it, unless it was cut.
    pub length: usize,
    /// Where it came from.
    pub from: SocketAddr,
    /// Whether it was longer than any media datagram.
    pub cut: bool,
}

impl Place {
    /// How many a session may have.
    pub const COUNT: u64 = 8;

    /// The place of a number below [`Place::COUNT`].
    pub const fn of(number: u64) -> Self {
        Self {
            side: if number & 2 == 0 { Side::A } else { Side::B },
            component: if number & 1 == 0 {
                Component::Rtp
            } else {
                Component::Rtcp
            },
            connected: number & 4 != 0,
        }
    }

    const fn connected(side: Side) -> Self {
        Self {
            side,
            component: Component::Rtp,
            connected: true,
        }
    }

    const fn number(self) -> u64 {
        own_index(self.side, self.component) as u64 + if self.connected { 4 } else { 0 }
    }
}

impl Sockets {
    /// Sockets whose packets carry a TOS or traffic-class byte.
    pub fn new(own: OwnSockets, type_of_service: u8) -> Self {
        Self {
            own,
            streams: Default::default(),
            type_of_service,
        }
    }

    /// The legs' own sockets alone, as the next session is to find them.
    pub fn at_rest(self) -> Self {
        Self::new(self.own, self.type_of_service)
    }

    /// Descriptors of the legs' own sockets, in the order of the numbers of their [`Place`]s.
    pub fn descriptors(&self) -> [RawFd; 4] {
        self.own.each_ref().map(AsRawFd::as_raw_fd)
    }

    /// Read one datagram, if there is one.
    pub fn receive(&mut self, place: Place, buffer: &mut [u8; BUFFER]) -> Option<Received> {
        let stream = &mut self.streams[place.side as usize];
        let socket = if place.connected {
            stream.connected()?
        } else {
            &self.own[own_index(place.side, place.component)]
        };
        match socket.recv_from(&mut buffer[..=LONGEST]) {
            Ok((length, from)) => Some(Received {
                length,
                from,
                cut: length > LONGEST,
            }),
            Err(error) => {
                if place.connected && error.kind() != ErrorKind::WouldBlock {
                    stream.leave(); // its peer refuses packets
                }
                None
            }
        }
    }

    /// Send a datagram towards `side`; false when the system refused it.
    pub fn send(&mut self, side: Side, forward: Forward, datagram: &[u8]) -> bool {
        let own = &self.own[own_index(side, forward.component)];
        let by_own = || own.send_to(datagram, forward.to).is_ok();
        match forward.component {
            Component::Rtp => self.streams[side as usize].send(forward.to, datagram, by_own),
            Component::Rtcp => by_own(),
        }
    }

    /// Whether the RTP of `side` has gone where it goes for long enough since this was last true.
    pub fn has_settled(&mut self, side: Side, forward: Forward) -> bool {
        let stream = &mut self.streams[side as usize];
        let settled = forward.component == Component::Rtp
            && stream.to == Some(forward.to)
            && stream.packets >= SETTLED;
        if settled {
            stream.packets = 0;
        }
        settled
    }

    /// Connect a socket to where the RTP of `side` goes. Where the system gives none, the stream stays with its
    /// own.
    pub fn connect(&mut self, side: Side, set: &EpollSet, token: u64) {
        let stream = &mut self.streams[side as usize];
        let (Some(to), None) = (stream.to, &stream.shortcut) else {
            return;
        };
        let own = &self.own[own_index(side, Component::Rtp)];
        let number = Place::connected(side).number();
        stream.shortcut = connect_beside(own, to, self.type_of_service)
            .and_then(|socket| set.add(&socket, token + number).map(|()| socket))
            .map(Shortcut::Connected)
            .ok();
    }

    /// Let the kernel relay the RTP that goes to `side`, if `install` makes a flow from the port of the other
    /// side and of this one, and the TOS byte; whether it did.
    pub fn offload(
        &mut self,
        side: Side,
        install: impl FnOnce([SocketAddr; 2], u8) -> io::Result<Flow>,
    ) -> bool {
        let port = |side| self.own[own_index(side, Component::Rtp)].local_addr();
        let stream = &self.streams[side as usize];
        if stream.misses >= MOST_MISSES {
            return false;
        }
        let flow = port(side.other())
            .and_then(|at| port(side).map(|by| [at, by]))
            .and_then(|ports| install(ports, self.type_of_service));
        let Ok(flow) = flow.map(Box::new) else {
            return false;
        };
        self.streams[side as usize].shortcut = Some(Shortcut::Kernel { flow, used: false });
        true
    }

    /// The flow of what `side` sends.
    pub fn flow_from(&self, side: Side) -> Option<&Flow> {
        match &self.streams[side.other() as usize].shortcut {
            Some(Shortcut::Kernel { flow, .. }) => Some(flow),
            _ => None,
        }
    }

    /// The flow of what `side` sends has relayed a packet.
    pub fn flow_is_used(&mut self, side: Side) {
        let stream = &mut self.streams[side.other() as usize];
        stream.misses = 0;
        if let Some(Shortcut::Kernel { used, .. }) = &mut stream.shortcut {
            *used = true;
        }
    }

    /// Let the kernel relay nothing of what `side` sends; whether it did.
    pub fn end_flow(&mut self, side: Side) -> bool {
        let stream = &mut self.streams[side.other() as usize];
        let Some(Shortcut::Kernel { used, .. }) = stream.shortcut else {
            return false;
        };
        stream.misses += u8::from(!used);
        stream.leave();
        true
    }
}

impl Stream {
    fn connected(&self) -> Option<&UdpSocket> {
        match &self.shortcut {
            Some(Shortcut::Connected(socket)) => Some(socket),
            _ => None,
        }
    }

    fn send(&mut self, to: SocketAddr, datagram: &[u8], by_own: impl FnOnce() -> bool) -> bool {
        if self.to != Some(to) {
            *self = Self {
                to: Some(to),
                ..Self::default()
            };
        }
        self.packets += 1;
        if let Some(connected) = self.connected() {
            if connected.send(datagram).is_ok() {
                return true;
            }
            self.leave(); // an earlier packet was refused, and is told of only now
        }
        by_own()
    }

    fn leave(&mut self) {
        (self.shortcut, self.packets) = (None, 0);
    }
}

const fn own_index(side: Side, component: Component) -> usize {
    2 * side as usize + component as usize
}
