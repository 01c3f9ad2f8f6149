//! A stream that has settled on one address has a connected socket: nothing else may change by it (MED-02).

mod support;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::time::Duration;

use support::{
    Call, ENOUGH, LOOPBACK, PATIENCE, at, closing_counters, engine_on, heard, is_connected, peer,
    peer_at, rtp,
};

/// A call whose streams have settled both ways.
fn settled() -> Call {
    settled_on(LOOPBACK, LOOPBACK)
}

/// The same with an engine that listens on `local`, and peers of the loopback address `peers`.
fn settled_on(local: IpAddr, peers: IpAddr) -> Call {
    let engine = engine_on(&[local], Duration::ZERO, 8);
    let call = Call::open(engine, peers, |_| {});
    call.talk(0..ENOUGH);
    for ports in call.opened.ports {
        assert!(
            is_connected(ports.rtp),
            "port {} has not settled",
            ports.rtp
        );
    }
    call
}

#[test]
fn a_stream_settles_where_the_engine_listens_on_every_address_and_by_ipv6() {
    settled_on(Ipv4Addr::UNSPECIFIED.into(), LOOPBACK);
    settled_on(Ipv6Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
}

#[test]
fn med02_a_stranger_is_still_counted_and_dropped() {
    let mut call = settled();
    call.disturb();
    let a = call.close_after_a_stranger();
    assert_eq!(a.received.packets, u64::from(ENOUGH) + 1);
}

#[test]
fn med02_a_peer_whose_nat_gives_it_another_port_is_followed() {
    let call = settled();
    let moved = peer();

    assert_eq!(call.hear_from(&moved, &call.callee, ENOUGH), Some(ENOUGH));
    assert_eq!(call.hear_from(&call.callee, &moved, 900), Some(900));
}

#[test]
fn med02_a_reinvite_re_opens_learning_and_the_old_peer_is_a_stranger() {
    let mut call = settled();
    let new = peer_at(Ipv4Addr::new(127, 0, 0, 3).into());
    call.move_caller(&new);
    call.talk_from(&new);
    call.close_after_a_stranger();
}

#[test]
fn a_peer_that_refused_packets_for_a_while_hears_all_that_come_afterwards() {
    let Call {
        mut engine,
        caller,
        callee,
        opened,
    } = settled();
    let address = callee.local_addr().expect("bound");
    drop(callee);
    for number in 0..3 {
        caller
            .send_to(&rtp(ENOUGH + number), at(opened.ports[0].rtp))
            .expect("sent");
        std::thread::sleep(Duration::from_millis(5)); // the system learns of the refusal
    }
    let back = UdpSocket::bind(address).expect("its own port");
    back.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    caller
        .send_to(&rtp(900), at(opened.ports[0].rtp))
        .expect("sent");

    assert_eq!(heard(&back), Some(900));
    let [_, b] = closing_counters(&mut engine, opened.session);
    assert_eq!(b.sent.failed, 0);
}

#[test]
fn a_settled_port_is_not_open_to_others_and_free_once_the_call_is_closed() {
    let mut call = settled();
    let port = at(call.opened.ports[0].rtp);
    UdpSocket::bind(port).expect_err("the port is in use");

    closing_counters(&mut call.engine, call.opened.session);

    UdpSocket::bind(port).expect("a free port");
}
