//! Peers and engines on the loopback interface.

#![allow(dead_code)] // no test needs all of it

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use trunkline_relay::{Engine, EngineSettings, Fact, FactKind, LegOpening, LegUpdate, PortRange};
use trunkline_rtp::{BuiltIn, Counters, Learning, LegSettings, Remote};

pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub const PATIENCE: Duration = Duration::from_secs(2);

pub fn engine(quarantine: Duration, pairs: u16) -> Engine {
    engine_on(&[LOOPBACK], quarantine, pairs)
}

pub fn engine_on(addresses: &[IpAddr], quarantine: Duration, pairs: u16) -> Engine {
    let probe = peer();
    let first = (probe.local_addr().expect("bound").port() & !1).min(60_000);
    let ports = PortRange::new(first, first + 2 * pairs - 1).expect("a range");
    let settings = EngineSettings {
        addresses: addresses.to_vec(),
        ports,
        quarantine,
        threads: 1,
        type_of_service: 0xa0,
    };
    Engine::start(&settings, Arc::new(BuiltIn)).expect("threads")
}

pub fn peer() -> UdpSocket {
    let socket = UdpSocket::bind((LOOPBACK, 0)).expect("a port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket
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
