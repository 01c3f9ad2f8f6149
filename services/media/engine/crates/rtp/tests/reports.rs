//! RTCP of a session: relayed where voice is, our own where voice is converted.

mod support;

use support::{Bench, address, pcma, pcmu};
use trunkline_rtp::{Component, Datagram, Dropped, LegSettings, Side, Srtp, Suite, Time};

/// A receiver's report of this source that answers a sender's, which it held for no time.
fn receiver_report(source: u32, lost: u8, last_report: u32) -> Vec<u8> {
    let mut report = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
    report.extend(source.to_be_bytes());
    report.extend([0, 0, 0, lost, 0, 0, 0, 9, 0, 0, 0, 80]);
    report.extend(last_report.to_be_bytes());
    report.extend([0; 4]);
    report
}

/// What becomes of an RTCP datagram of a leg: whether it is relayed.
fn receive(
    bench: &mut Bench,
    side: Side,
    component: Component,
    rtcp: &[u8],
) -> Result<bool, Dropped> {
    let mut buffer = [0; 2048];
    buffer[..rtcp.len()].copy_from_slice(rtcp);
    let mut datagram = Datagram::new(&mut buffer, rtcp.len());
    let (now, place) = (bench.time(), (side, component));
    let verdict =
        bench
            .session
            .receive(place, address(side), &mut datagram, now, &mut bench.events);
    verdict.map(|forward| forward.is_some())
}

fn word(report: &[u8], index: usize) -> u32 {
    let bytes = report[4 * index..].first_chunk().expect("a longer report");
    u32::from_be_bytes(*bytes)
}

#[test]
fn reports_of_a_relayed_call_are_those_of_its_ends() {
    let mut bench = Bench::new(pcma(Side::A), pcma(Side::B));
    bench.speak(Side::A, 1, 500);

    let relayed = receive(
        &mut bench,
        Side::B,
        Component::Rtcp,
        &receiver_report(1, 0, 0),
    );

    assert_eq!(relayed, Ok(true));
    assert_eq!(bench.reports, []);
}

#[test]
fn reports_of_a_converted_call_are_ours_and_the_peers_go_no_further() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    bench.speak(Side::A, 1, 170);

    let relayed = receive(
        &mut bench,
        Side::B,
        Component::Rtcp,
        &receiver_report(1, 0, 0),
    );

    assert_eq!(relayed, Ok(false));
    let to = |side| move |(to, _): &&(Side, Vec<u8>)| *to == side;
    let (_, to_a) = bench.reports.iter().find(to(Side::A)).expect("a report");
    let (_, to_b) = bench.reports.iter().find(to(Side::B)).expect("a report");
    assert_eq!(
        (to_a[1], to_a[0] & 0x1f),
        (201, 1),
        "a receiver's, of one source"
    );
    assert_eq!(
        (to_b[1], to_b[0] & 0x1f),
        (200, 0),
        "a sender's, of no source"
    );
    assert_eq!(word(to_a, 2), 0xabcd);
    assert_eq!(word(to_a, 3), 0, "nothing was lost");
    assert_eq!(word(to_b, 1), 0xabcd, "the source that it hears");
    let packets = word(to_b, 5);
    assert!((50..155).contains(&packets), "{packets} packets");
    assert_eq!(word(to_b, 6), 160 * packets, "octets without headers");
    let unix_seconds = f64::from(word(to_b, 2) - 2_208_988_800);
    let present = unix_seconds + f64::from(word(to_b, 3)) / 2_f64.powi(32);
    let spoken = f64::from(word(to_b, 4) - 160) / 8000.0;
    assert!(
        (present - spoken).abs() < 0.001,
        "{present} s and {spoken} s"
    );
}

#[test]
fn a_leg_without_a_packet_is_sent_no_report() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    bench.pass(20_000);

    assert_eq!(bench.reports, []);
}

#[test]
fn a_re_invite_that_ends_conversion_ends_our_reports() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    bench.speak(Side::A, 1, 1);
    bench
        .session
        .update(Side::B, pcma(Side::B), false, Time::default());
    bench.speak(Side::A, 2, 500);

    assert_eq!(bench.reports, []);
    let relayed = receive(
        &mut bench,
        Side::A,
        Component::Rtcp,
        &receiver_report(1, 0, 0),
    );
    assert_eq!(relayed, Ok(true));
}

#[test]
fn an_answer_to_our_report_gives_round_trip_loss_and_jitter() {
    let mut bench = Bench::new(pcma(Side::A), pcmu(Side::B));
    while bench.reports.iter().all(|(side, _)| *side == Side::A) {
        bench.speak(Side::A, bench.sent.len() as u16 + 1, 1);
    }
    let (_, report) = bench.reports.last().expect("a report");
    let last_report = word(report, 2) << 16 | word(report, 3) >> 16;
    let before = bench.now;
    bench.now += 120;
    let answer = receiver_report(0xabcd, 3, last_report);
    receive(&mut bench, Side::B, Component::Rtcp, &answer).expect("taken");

    let counters = bench.session.counters(Side::B);
    let trip = counters.received.round_trip.expect("known").as_millis();
    assert!((120..=140).contains(&trip), "{trip} ms since {before}");
    assert_eq!(counters.sent.lost, Some(3));
    assert_eq!(counters.sent.jitter.as_millis(), 10);
    assert_eq!(bench.session.counters(Side::A).received.round_trip, None);
}

#[test]
fn a_report_leaves_by_the_shared_port_and_enciphered() {
    let key = [7; 30];
    let mux = LegSettings {
        rtcp_mux: true,
        ..pcmu(Side::B)
    };
    let mut bench = Bench::new(pcma(Side::A), mux);
    let srtp = || Srtp::new(Suite::AesCm128HmacSha1_80, &key, &key).expect("a key");
    bench.session.protect(Side::B, Some(Box::new(srtp())));
    bench.speak(Side::A, 1, 170);

    let (_, report) = bench
        .reports
        .iter()
        .find(|(side, _)| *side == Side::B)
        .expect("a report");
    let mut buffer = [0; 256];
    buffer[..report.len()].copy_from_slice(report);
    let mut datagram = Datagram::new(&mut buffer, report.len());
    let mut peer = srtp();
    trunkline_rtp::Protection::open_rtcp(&mut peer, &mut datagram).expect("authentic");
    assert_eq!(report.len(), datagram.bytes().len() + 4 + 10);
    assert_eq!(word(datagram.bytes(), 1), 0xabcd);
    assert_eq!(bench.session.counters(Side::B).sent.rtcp_packets, 1);
}
