//! Sessions that take over the sockets of ended ones.

mod support;

use std::net::{IpAddr, Ipv6Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use support::{Call, ENOUGH, LOOPBACK, at, closing_counters, is_connected, peer, rtp, settings};
use trunkline_relay::{Engine, EngineSettings, LegOpening, OpenError, Opened, PortRange};
use trunkline_rtp::{BuiltIn, Side};

/// An engine that keeps the sockets of this many sessions.
fn engine(quarantine: Duration, pairs: u16, parked_sessions: usize) -> Engine {
    start(&EngineSettings {
        parked_sessions,
        ..settings(&[LOOPBACK], quarantine, pairs)
    })
}

fn start(settings: &EngineSettings) -> Engine {
    Engine::start(settings, Arc::new(BuiltIn)).expect("threads")
}

fn open(engine: &mut Engine) -> Result<Opened, OpenError> {
    engine.open([LegOpening::default(), LegOpening::default()])
}

/// Have a session on the first ports, and end it.
fn end_one(engine: &mut Engine) -> Opened {
    let opened = open(engine).expect("ports");
    closing_counters(engine, opened.session);
    opened
}

fn is_bound(port: u16) -> bool {
    UdpSocket::bind(at(port)).is_err()
}

#[test]
fn the_next_session_has_the_ports_of_the_ended_one_which_stay_bound_and_relays() {
    let mut engine = engine(Duration::ZERO, 8, 1);
    let ended = end_one(&mut engine);
    assert!(is_bound(ended.ports[0].rtp) && is_bound(ended.ports[1].rtp + 1));

    let mut call = Call::open(engine, LOOPBACK, |_| {});

    assert_eq!(call.opened.ports, ended.ports);
    call.talk(0..ENOUGH);
    let [a, _] = closing_counters(&mut call.engine, call.opened.session);
    assert_eq!(a.received.packets, u64::from(ENOUGH));
}

#[test]
fn what_strays_in_between_is_dropped_and_counted_nowhere() {
    let mut engine = engine(Duration::ZERO, 2, 1);
    let ended = end_one(&mut engine);
    for ports in ended.ports {
        for number in 0..20 {
            peer().send_to(&rtp(number), at(ports.rtp)).expect("sent");
        }
    }

    let mut call = Call::open(engine, LOOPBACK, |_| {});

    assert_eq!(call.opened.ports, ended.ports);
    let heard = call.hear_from(&call.caller, &call.callee, 900);
    assert_eq!(heard, Some(900));
    let [a, b] = closing_counters(&mut call.engine, call.opened.session);
    assert_eq!((a.received.packets, b.received.packets), (1, 0));
    assert_eq!((a.received.dropped, b.received.dropped), Default::default());
}

#[test]
fn a_settled_stream_leaves_no_socket_that_hears_its_peer_alone() {
    let mut call = Call::open(engine(Duration::ZERO, 2, 1), LOOPBACK, |_| {});
    call.talk(0..ENOUGH);
    let port = call.opened.ports[0].rtp;
    assert!(is_connected(port));

    closing_counters(&mut call.engine, call.opened.session);

    assert!(!is_connected(port) && is_bound(port));
}

#[test]
fn med13_ports_rest_before_they_are_taken_over() {
    let mut engine = engine(Duration::from_millis(100), 2, 1);
    let ended = end_one(&mut engine);
    let available = engine.load().pairs_available;
    let refused = open(&mut engine);
    std::thread::sleep(Duration::from_millis(110));

    assert!(
        matches!(refused, Err(OpenError::NoPort(Side::A))),
        "{refused:?}"
    );
    assert_eq!((available, engine.load().pairs_available), (0, 2));
    assert_eq!(open(&mut engine).expect("ports").ports, ended.ports);
}

#[test]
fn beyond_the_bound_sockets_are_closed() {
    let mut engine = engine(Duration::from_secs(5), 8, 1);
    let [first, second] = [(); 2].map(|()| open(&mut engine).expect("ports"));
    for one in [first, second] {
        closing_counters(&mut engine, one.session);
    }

    assert!(is_bound(first.ports[0].rtp));
    assert!(!is_bound(second.ports[0].rtp));
    assert_eq!(engine.load().pairs_parked, 2);
    drop(engine);
    assert!(!is_bound(first.ports[0].rtp));
}

#[test]
fn ports_out_of_the_range_are_closed_and_used_no_more() {
    let mut engine = engine(Duration::ZERO, 8, 2);
    let [ended, lasts] = [(); 2].map(|()| open(&mut engine).expect("ports"));
    closing_counters(&mut engine, ended.session);
    let first = ended.ports[0].rtp + 8;
    engine.change_ports(PortRange::new(first, first + 7).expect("a range"));
    assert!(!is_bound(ended.ports[0].rtp));

    closing_counters(&mut engine, lasts.session);

    assert!(!is_bound(lasts.ports[0].rtp));
    assert_eq!(engine.load().pairs_parked, 0);
    let opened = open(&mut engine).expect("ports");
    assert!(opened.ports.iter().all(|ports| ports.rtp >= first));
}

#[test]
fn sockets_of_another_tos_byte_are_closed_once_nobody_speaks_by_them() {
    let mut engine = engine(Duration::ZERO, 4, 2);
    let [ended, lasts] = [(); 2].map(|()| open(&mut engine).expect("ports"));
    closing_counters(&mut engine, ended.session);

    engine.change_type_of_service(0xa0);
    assert!(is_bound(ended.ports[0].rtp), "the same as before");
    engine.change_type_of_service(0xb8);

    assert!(!is_bound(ended.ports[0].rtp));
    closing_counters(&mut engine, lasts.session);
    assert!(!is_bound(lasts.ports[0].rtp));
    assert_eq!(engine.load().pairs_available, 4);
}

#[test]
fn parked_ports_are_had_by_legs_of_other_addresses_when_no_other_is_free() {
    let parked = EngineSettings {
        parked_sessions: 1,
        ..settings(
            &[LOOPBACK, IpAddr::V6(Ipv6Addr::LOCALHOST)],
            Duration::ZERO,
            2,
        )
    };
    let mut engine = start(&parked);
    let ended = end_one(&mut engine);
    let other = LegOpening {
        address: 1,
        ..LegOpening::default()
    };

    let opened = engine.open([LegOpening::default(), other]).expect("ports");

    assert_eq!(opened.ports[0].rtp, ended.ports[0].rtp);
    assert_eq!(engine.load().pairs_parked, 0);
}
