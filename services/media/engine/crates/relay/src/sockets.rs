//! A session's sockets, and which of them a packet takes.
//!
//! A stream that has settled gets a second socket on its port, connected to where it goes: that spares the
//! kernel the route of every packet. The kernel hands it what comes from that very address; strangers,
//! and a peer whose NAT gave it another port, still meet the leg's own socket, and are judged there.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

use trunkline_rtp::{Component, Forward, Side};

use crate::sys::{EpollSet, connect_beside};

/// Packets that went to one address before a socket is connected to it: a second of voice.
const SETTLED: u32 = 50;
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
    /// Packets that went there by the leg's own socket.
    packets: u32,
    connected: Option<UdpSocket>,
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

    /// Descriptors of the legs' own sockets, in the order of the numbers of their [`Place`]s.
    pub fn descriptors(&self) -> [RawFd; 4] {
        self.own.each_ref().map(AsRawFd::as_raw_fd)
    }

    /// Read one datagram, if there is one.
    pub fn receive(&mut self, place: Place, buffer: &mut [u8; BUFFER]) -> Option<Received> {
        let stream = &mut self.streams[place.side as usize];
        let socket = if place.connected {
            stream.connected.as_ref()?
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
                    stream.disconnect(); // its peer refuses packets
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

    /// Connect a socket to where the RTP of `side` goes, if it has gone there for long enough. Where the
    /// system gives none, the stream stays with its own.
    pub fn settle(&mut self, side: Side, set: &EpollSet, token: u64) {
        let stream = &mut self.streams[side as usize];
        let Some(to) = stream.to.filter(|_| stream.packets >= SETTLED) else {
            return;
        };
        stream.packets = 0;
        let own = &self.own[own_index(side, Component::Rtp)];
        let number = Place::connected(side).number();
        stream.connected = connect_beside(own, to, self.type_of_service)
            .and_then(|socket| set.add(&socket, token + number).map(|()| socket))
            .ok();
    }
}

impl Stream {
    fn send(&mut self, to: SocketAddr, datagram: &[u8], by_own: impl FnOnce() -> bool) -> bool {
        if self.to != Some(to) {
            self.disconnect();
            self.to = Some(to);
        }
        if let Some(connected) = &self.connected {
            if connected.send(datagram).is_ok() {
                return true;
            }
            self.disconnect(); // an earlier packet was refused, and is told of only now
        }
        self.packets += 1;
        by_own()
    }

    fn disconnect(&mut self) {
        (self.connected, self.packets) = (None, 0);
    }
}

const fn own_index(side: Side, component: Component) -> usize {
    2 * side as usize + component as usize
}
