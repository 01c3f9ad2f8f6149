//! Peers and engines on the loopback interface.

#![allow(dead_code)] // no test needs all of it

use std::fs::read_to_string;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use trunkline_relay::{
    Engine, EngineSettings, Fact, FactKind, LegOpening, LegUpdate, Opened, PortRange,
};
use trunkline_rtp::{BuiltIn, Counters, Dropped, Learning, LegSettings, Remote};

pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub const PATIENCE: Duration = Duration::from_secs(2);

/// More packets than it takes to settle.
pub const ENOUGH: u16 = 60;

pub fn engine(quarantine: Duration, pairs: u16) -> Engine {
    engine_on(&[LOOPBACK], quarantine, pairs)
}

pub fn engine_on(addresses: &[IpAddr], quarantine: Duration, pairs: u16) -> Engine {
    let settings = settings(addresses, quarantine, pairs);
    Engine::start(&settings, Arc::new(BuiltIn)).expect("threads")
}

/// Settings of an engine of one thread.
pub fn settings(addresses: &[IpAddr], quarantine: Duration, pairs: u16) -> EngineSettings {
    let probe = peer();
    let first = (probe.local_addr().expect("bound").port() & !1).min(60_000);
    let ports = PortRange::new(first, first + 2 * pairs - 1).expect("a range");
    EngineSettings {
        addresses: addresses.to_vec(),
        ports,
        quarantine,
        threads: 1,
        type_of_service: 0xa0,
        kernel_path: Vec::new(),
        parked_sessions: 0,
    }
}

/// A relayed call and its two peers, whose addresses are learned.
pub struct Call {
    pub engine: Engine,
    pub caller: UdpSocket,
    pub callee: UdpSocket,
    pub opened: Opened,
}

impl Call {
    /// A call between peers of an address of the loopback interface, whose legs are made to differ by
    /// `change`.
    pub fn open(mut engine: Engine, peers: IpAddr, change: impl Fn(&mut LegOpening)) -> Self {
        let (caller, callee) = (peer_at(peers), peer_at(peers));
        let legs = [&caller, &callee].map(|peer| {
            let mut leg = leg(peer, Learning::FirstPacket);
            change(&mut leg);
            leg
        });
        let opened = engine.open(legs).expect("ports");
        Self {
            engine,
            caller,
            callee,
            opened,
        }
    }

    /// Let both peers send packets of these numbers, and hear each other's.
    pub fn talk(&self, numbers: Range<u16>) {
        for number in numbers {
            for (from, to) in [(&self.caller, &self.callee), (&self.callee, &self.caller)] {
                assert_eq!(self.hear_from(from, to, number), Some(number));
            }
        }
    }

    /// Send a packet to the port of one leg, and return the number of what its peer then hears.
    pub fn hear_from(&self, from: &UdpSocket, to: &UdpSocket, number: u16) -> Option<u16> {
        let own = usize::from(!std::ptr::eq(to, &raw const self.callee));
        let ip = to.local_addr().expect("bound").ip();
        from.send_to(&rtp(number), (ip, self.opened.ports[own].rtp))
            .expect("sent");
        heard(to)
    }

    /// Let a stranger send to the caller's port: the callee still hears the caller only.
    pub fn disturb(&self) {
        stranger()
            .send_to(&rtp(7), at(self.opened.ports[0].rtp))
            .expect("sent");
        let heard = self.hear_from(&self.caller, &self.callee, ENOUGH);
        assert_eq!(heard, Some(ENOUGH));
    }

    /// Tell the engine, as a re-INVITE does, that the caller is at `new` from now on.
    pub fn move_caller(&self, new: &UdpSocket) {
        let unchanged = as_opened(&self.callee, Learning::FirstPacket);
        let re_opened = LegUpdate {
            relearn: true,
            ..as_opened(new, Learning::Signaled)
        };
        self.engine
            .update(self.opened.session, [re_opened, unchanged])
            .expect("open");
    }

    /// Let the caller talk from `new`, and where it was before speak up as well: that is a stranger now.
    pub fn talk_from(&self, new: &UdpSocket) {
        self.callee
            .send_to(&rtp(ENOUGH), at(self.opened.ports[1].rtp))
            .expect("sent");
        assert_eq!(heard(new), Some(ENOUGH));
        self.caller
            .send_to(&rtp(7), at(self.opened.ports[0].rtp))
            .expect("sent");
        assert_eq!(self.hear_from(new, &self.callee, 900), Some(900));
    }

    /// Close the call; return what was counted of the caller, of which one packet was a stranger's.
    pub fn close_after_a_stranger(&mut self) -> Counters {
        let [a, _] = closing_counters(&mut self.engine, self.opened.session);
        assert_eq!(a.received.dropped[Dropped::Stranger as usize], 1);
        a
    }
}

/// The number of the next packet that a peer hears.
pub fn heard(peer: &UdpSocket) -> Option<u16> {
    let mut buffer = [0; 2048];
    peer.recv_from(&mut buffer).ok()?;
    Some(u16::from_be_bytes([buffer[2], buffer[3]]))
}

/// Whether the system knows a connected socket on a local port.
pub fn is_connected(port: u16) -> bool {
    let lists = ["/proc/self/net/udp", "/proc/self/net/udp6"];
    let sockets = lists.map(|list| read_to_string(list).expect("a list of sockets"));
    sockets.iter().flat_map(|list| list.lines()).any(|line| {
        let addresses: Vec<_> = line.split_whitespace().skip(1).take(2).collect();
        addresses[0].ends_with(&format!(":{port:04X}")) && !addresses[1].ends_with(":0000")
    })
}

pub fn peer_at(ip: IpAddr) -> UdpSocket {
    let socket = UdpSocket::bind((ip, 0)).expect("a port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket
}

pub fn stranger() -> UdpSocket {
    UdpSocket::bind(("127.0.0.2", 0)).expect("another loopback address")
}

pub fn peer() -> UdpSocket {
    peer_at(LOOPBACK)
}

pub fn leg(remote: &UdpSocket, learning: Learning) -> LegOpening {
    let rtp = remote.local_addr().expect("bound");
    let settings = LegSettings {
        remote: Some(Remote {
            rtp,
            rtcp: None,
            hint: None,
        }),
        learning,
        ..LegSettings::default()
    };
    LegOpening {
        settings,
        ..LegOpening::default()
    }
}

/// An update that changes nothing.
pub fn as_opened(remote: &UdpSocket, learning: Learning) -> LegUpdate {
    LegUpdate {
        settings: leg(remote, learning).settings,
        relearn: false,
    }
}

pub fn rtp(sequence_number: u16) -> [u8; 172] {
    let mut packet = [0xd5; 172];
    packet[..12].copy_from_slice(&[0x80, 8, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    packet[2..4].copy_from_slice(&sequence_number.to_be_bytes());
    packet
}

pub fn at(port: u16) -> SocketAddr {
    SocketAddr::new(LOOPBACK, port)
}

pub fn facts_until(engine: &mut Engine, enough: impl Fn(&[Fact]) -> bool) -> Vec<Fact> {
    let deadline = Instant::now() + PATIENCE;
    let mut facts = Vec::new();
    while !enough(&facts) && Instant::now() < deadline {
        facts.extend(engine.poll());
        sleep(Duration::from_millis(1));
    }
    facts
}

pub fn closing_counters(engine: &mut Engine, session: u64) -> [Counters; 2] {
    engine.close(session).expect("an open session");
    engine.hurry();
    let facts = facts_until(engine, |facts| {
        facts
            .iter()
            .any(|fact| matches!(fact.kind, FactKind::Closed(_)))
    });
    match facts.into_iter().next_back().map(|fact| fact.kind) {
        Some(FactKind::Closed(counters)) => *counters,
        other => panic!("the session was not closed but {other:?}"),
    }
}
