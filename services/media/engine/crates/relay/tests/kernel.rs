//! A plain stream that has settled is relayed in the kernel: nothing else may change by it.
//!
//! Where this machine lets no program into its kernel, these tests say so and pass.

mod support;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, RwLock};
use std::thread::sleep;
use std::time::Duration;

use support::{
    Call, ENOUGH, LOOPBACK, at, closing_counters, facts_until, heard, leg, peer, peer_at, rtp,
    settings,
};
use trunkline_relay::{Engine, EngineSettings, FactKind, LegOpening, StartError};
use trunkline_rtp::{
    Audio, BuiltIn, Codecs, Decoder, Encoder, Encoding, EventKind, Learning, Monitor,
    PayloadProtection, Side, VoiceFormat, Xor,
};

/// Longer than a flow needs to end once a command is sent, and what it relayed to be counted.
const MOMENT: Duration = Duration::from_millis(150);
/// Payload type of telephone events.
const EVENTS: u8 = 101;

/// An engine that relays on the loopback interface in the kernel; none where that is refused.
fn kernel_engine(settings: EngineSettings) -> Option<Engine> {
    kernel_engine_with(settings, Arc::new(BuiltIn))
}

fn kernel_engine_with(settings: EngineSettings, codecs: Arc<dyn Codecs>) -> Option<Engine> {
    let settings = EngineSettings {
        kernel_path: vec!["lo".into()],
        ..settings
    };
    match Engine::start(&settings, codecs) {
        Ok(engine) => Some(engine),
        Err(StartError::KernelPath(why)) if why.starts_with("it needs") => {
            eprintln!("skipped: {why}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// A call whose streams the kernel relays both ways.
fn offloaded() -> Option<Call> {
    offloaded_with(|_| {})
}

fn offloaded_with(change: impl Fn(&mut LegOpening)) -> Option<Call> {
    let engine = kernel_engine(settings(&[LOOPBACK], Duration::ZERO, 8))?;
    let call = Call::open(engine, LOOPBACK, change);
    call.talk(0..ENOUGH);
    assert_eq!(call.engine.load().flows, 2);
    Some(call)
}

fn voice(leg: &mut LegOpening) {
    leg.settings.voice = Some(VoiceFormat {
        encoding: Encoding::Pcma,
        payload_type: 8,
        clock_rate: 8000,
        packet_time: None,
    });
}

fn packet(number: u16, change: impl FnOnce(&mut [u8; 172])) -> [u8; 172] {
    let mut packet = rtp(number);
    change(&mut packet);
    packet
}

/// Packets that the kernel has relayed, once no more are to be counted.
fn relayed_in_kernel(call: &Call) -> u64 {
    sleep(MOMENT);
    call.engine.load().offloaded
}

#[test]
fn packets_arrive_unchanged_from_our_port_and_in_the_kernels_count() {
    let Some(call) = offloaded() else { return };
    let before = relayed_in_kernel(&call);
    let mut buffer = [0; 2048];

    for number in ENOUGH..2 * ENOUGH {
        call.caller
            .send_to(&rtp(number), at(call.opened.ports[0].rtp))
            .expect("sent");
        let (length, from) = call.callee.recv_from(&mut buffer).expect("relayed");
        assert_eq!(&buffer[..length], rtp(number));
        assert_eq!(from, at(call.opened.ports[1].rtp));
    }

    assert_eq!(relayed_in_kernel(&call) - before, ENOUGH.into());
    assert_eq!(call.engine.load().passed_up, 0);
}

#[test]
fn what_is_lost_reordered_and_doubled_is_counted_as_sockets_count_it() {
    let Some(engine) = kernel_engine(settings(&[LOOPBACK], Duration::ZERO, 8)) else {
        return;
    };
    let sockets = Engine::start(&settings(&[LOOPBACK], Duration::ZERO, 8), Arc::new(BuiltIn));

    let counted = [engine, sockets.expect("threads")].map(|engine| {
        let mut call = Call::open(engine, LOOPBACK, |_| {});
        call.talk(65_500..65_535);
        call.talk(0..30);
        for number in [30, 32, 31, 33, 33, 40, 41, 5000, 5001, 5002] {
            assert_eq!(
                call.hear_from(&call.caller, &call.callee, number),
                Some(number)
            );
        }
        let [mut a, mut b] = closing_counters(&mut call.engine, call.opened.session);
        for leg in [&mut a, &mut b] {
            let received = &mut leg.received;
            assert!(received.last_packet.take().is_some());
            received.reception.jitter = Duration::ZERO; // of two runs
            received.reception.jitter_max = Duration::ZERO;
        }
        [a, b]
    });

    let [kernel, sockets] = counted;
    assert_eq!(kernel, sockets);
    let reception = kernel[0].received.reception;
    assert_eq!(
        (reception.lost, reception.reordered, reception.duplicates),
        (7, 1, 1)
    );
}

#[test]
fn jitter_is_that_of_the_arrivals_not_of_the_counting() {
    let Some(mut call) = offloaded() else { return };
    for number in ENOUGH..ENOUGH + 20 {
        let stamped = packet(number, |packet| {
            packet[4..8].copy_from_slice(&(160 * u32::from(number)).to_be_bytes());
            packet[8] = 9; // a stream of its own: its first packets were not stamped
        });
        call.caller
            .send_to(&stamped, at(call.opened.ports[0].rtp))
            .expect("sent");
        sleep(Duration::from_millis(20));
    }

    let [a, _] = closing_counters(&mut call.engine, call.opened.session);
    let jitter = a.received.reception.jitter_max;
    assert!(jitter < Duration::from_millis(8), "{jitter:?}");
}

#[test]
fn every_thread_hears_of_the_packets_of_its_own_sessions() {
    let threads = EngineSettings {
        threads: 2,
        ..settings(&[LOOPBACK], Duration::ZERO, 8)
    };
    let Some(engine) = kernel_engine(threads) else {
        return;
    };
    let mut call = Call::open(engine, LOOPBACK, |_| {});
    let (caller, callee) = (peer(), peer());
    let legs = [&caller, &callee].map(|peer| leg(peer, Learning::FirstPacket));
    let other = call.engine.open(legs).expect("ports");
    call.talk(0..2 * ENOUGH);
    for number in 0..ENOUGH {
        caller
            .send_to(&rtp(number), at(other.ports[0].rtp))
            .expect("sent");
        assert_eq!(heard(&callee), Some(number));
    }

    assert_eq!(call.engine.load().flows, 3);
    let [a, _] = closing_counters(&mut call.engine, other.session);
    assert_eq!(a.received.packets, u64::from(ENOUGH));
    let [a, _] = closing_counters(&mut call.engine, call.opened.session);
    assert_eq!(a.received.packets, 2 * u64::from(ENOUGH));
}

#[test]
fn med02_a_stranger_is_still_counted_and_dropped() {
    let Some(mut call) = offloaded() else { return };
    call.disturb();
    sleep(MOMENT);
    assert_eq!(call.engine.load().flows, 2);
    let a = call.close_after_a_stranger();
    assert_eq!(a.received.packets, u64::from(ENOUGH) + 1);
}

#[test]
fn med02_a_peer_whose_nat_gives_it_another_port_is_followed() {
    let Some(call) = offloaded() else { return };
    let moved = peer();

    assert_eq!(call.hear_from(&moved, &call.callee, ENOUGH), Some(ENOUGH));
    assert_eq!(call.hear_from(&call.callee, &moved, 900), Some(900));
    assert_eq!(call.engine.load().flows, 0);
}

#[test]
fn med02_a_reinvite_re_opens_learning_and_the_old_peer_is_a_stranger() {
    let Some(mut call) = offloaded() else { return };
    let new = peer_at(Ipv4Addr::new(127, 0, 0, 3).into());
    call.move_caller(&new);
    sleep(MOMENT);
    assert_eq!(call.engine.load().flows, 0);

    call.talk_from(&new);
    call.close_after_a_stranger();
}

#[test]
fn med06_a_digit_is_told_and_what_follows_is_numbered_without_a_gap() {
    let Some(mut call) = offloaded_with(|leg| {
        leg.settings.telephone_event = Some(EVENTS);
        leg.settings.dtmf.receive_events = true;
    }) else {
        return;
    };
    let event = packet(ENOUGH, |packet| {
        packet[1] = EVENTS;
        packet[12..16].copy_from_slice(&[5, 0x80, 3, 32]);
    });
    call.caller
        .send_to(&event[..16], at(call.opened.ports[0].rtp))
        .expect("sent");
    let facts = facts_until(&mut call.engine, |facts| facts.len() == 3);
    let digits = facts.iter().filter(
        |fact| matches!(&fact.kind, FactKind::Event(event) if matches!(event.kind, EventKind::Digit(..))),
    );
    assert_eq!(digits.count(), 1, "{facts:?}");

    // The callee never hears the event; its number is given to what follows, in the kernel too.
    for number in ENOUGH..2 * ENOUGH {
        let heard = call.hear_from(&call.caller, &call.callee, number + 1);
        assert_eq!(heard, Some(number));
    }
    assert_eq!(call.engine.load().flows, 2);
    let before = relayed_in_kernel(&call);
    let heard = call.hear_from(&call.caller, &call.callee, 2 * ENOUGH + 1);
    assert_eq!(
        (heard, relayed_in_kernel(&call) - before),
        (Some(2 * ENOUGH), 1)
    );
}

#[test]
fn another_source_is_relayed_by_the_sockets_until_it_has_settled() {
    let Some(call) = offloaded() else { return };
    let mut buffer = [0; 2048];

    for number in 0..ENOUGH {
        let other = packet(number, |packet| packet[11] = 99);
        call.caller
            .send_to(&other, at(call.opened.ports[0].rtp))
            .expect("sent");
        let (length, _) = call.callee.recv_from(&mut buffer).expect("relayed");
        assert_eq!(&buffer[..length], other);
        if number == 0 {
            assert_eq!(call.engine.load().flows, 1);
        }
    }

    assert_eq!(call.engine.load().flows, 2);
    assert_eq!(call.engine.load().passed_up, 1);
}

#[test]
fn reports_on_the_port_of_rtp_are_read_here_and_disturb_no_flow() {
    let Some(mut call) = offloaded_with(|leg| leg.settings.rtcp_mux = true) else {
        return;
    };
    let report = [0x80, 201, 0, 1, 1, 2, 3, 4];
    let mut buffer = [0; 2048];

    call.caller
        .send_to(&report, at(call.opened.ports[0].rtp))
        .expect("sent");
    let (length, _) = call.callee.recv_from(&mut buffer).expect("relayed");

    assert_eq!(&buffer[..length], report);
    assert_eq!(call.engine.load().flows, 2);
    let [a, _] = closing_counters(&mut call.engine, call.opened.session);
    assert_eq!(a.received.rtcp_packets, 1);
}

#[test]
fn med14_a_recording_takes_the_stream_back_and_hears_it() {
    let Some(mut call) = offloaded_with(voice) else {
        return;
    };
    let path = std::env::temp_dir().join(format!("trunkline-kernel-{}.wav", std::process::id()));
    call.engine
        .record(call.opened.session, path.clone())
        .expect("open");
    sleep(MOMENT);
    assert_eq!(call.engine.load().flows, 0);

    call.talk(ENOUGH..3 * ENOUGH);
    assert_eq!(call.engine.load().flows, 0);
    closing_counters(&mut call.engine, call.opened.session);
    drop(call);
    let wav = std::fs::read(&path).expect("a recording");
    std::fs::remove_file(&path).expect("it was there");
    let heard = wav[44..].chunks(4).filter(|frame| frame[..2] == [8, 0]);
    assert_eq!(heard.count(), 160); // all packets of the test have one timestamp
}

#[test]
fn a_sound_that_is_played_is_heard_in_place_of_the_stream() {
    let Some(call) = offloaded_with(voice) else {
        return;
    };
    let audio = Audio::new(vec![0; 8000]).expect("samples");
    call.engine
        .play(call.opened.session, Side::B, audio, false, None)
        .expect("open");
    assert_eq!(heard(&call.callee), Some(ENOUGH));

    call.caller
        .send_to(&rtp(9000), at(call.opened.ports[0].rtp))
        .expect("sent");

    assert_eq!(heard(&call.callee), Some(ENOUGH + 1));
    assert_eq!(call.engine.load().flows, 0);
}

#[test]
fn med08_a_silence_is_told_in_time_and_none_while_the_kernel_relays() {
    let limit = Duration::from_millis(300);
    let Some(mut call) = offloaded_with(|leg| {
        leg.settings.monitor = Monitor {
            received: Some(limit),
            sent: None,
        };
    }) else {
        return;
    };
    for number in ENOUGH..ENOUGH + 40 {
        call.talk(number..number + 1);
        sleep(Duration::from_millis(20));
    }
    assert!(call.engine.load().offloaded > 20);
    let silences = |facts: &[trunkline_relay::Fact]| {
        let silence = |fact: &trunkline_relay::Fact| match fact.kind {
            FactKind::Event(event) => match event.kind {
                EventKind::Silent(_, silence) => Some(silence),
                _ => None,
            },
            _ => None,
        };
        facts.iter().filter_map(silence).collect::<Vec<_>>()
    };
    assert_eq!(silences(&call.engine.poll()), []);

    let facts = facts_until(&mut call.engine, |facts| facts.len() == 2);

    let told = silences(&facts);
    assert_eq!(told.len(), 2, "{facts:?}");
    let in_time = limit..limit + Duration::from_millis(200);
    assert!(
        told.iter().all(|silence| in_time.contains(silence)),
        "{told:?}"
    );
}

#[test]
fn a_closed_session_relays_nothing_more_and_all_of_it_was_counted() {
    let Some(mut call) = offloaded() else { return };
    let quick = Duration::from_millis(50);
    call.callee
        .set_read_timeout(Some(quick))
        .expect("a timeout");
    for number in ENOUGH..ENOUGH + 100 {
        call.caller
            .send_to(&rtp(number), at(call.opened.ports[0].rtp))
            .expect("sent");
    }

    let [a, b] = closing_counters(&mut call.engine, call.opened.session);
    let all = u64::from(ENOUGH) + 100;
    assert_eq!((a.received.packets, b.sent.packets), (all, all));
    assert_eq!(call.engine.load().flows, 0);
    while heard(&call.callee).is_some() {}
    call.caller
        .send_to(&rtp(900), at(call.opened.ports[0].rtp))
        .expect("sent");
    assert_eq!(heard(&call.callee), None);
}

#[test]
fn an_engine_that_has_ended_leaves_no_flow() {
    let Some(call) = offloaded() else { return };
    let Call {
        engine,
        caller,
        callee,
        opened,
    } = call;
    drop(engine);
    callee
        .set_read_timeout(Some(Duration::from_millis(50)))
        .expect("a timeout");

    caller
        .send_to(&rtp(900), at(opened.ports[0].rtp))
        .expect("sent");

    assert_eq!(heard(&callee), None);
}

/// G.711 whose decoders stop the thread until they are let go.
#[derive(Clone, Debug, Default)]
struct Stopping(Arc<RwLock<()>>);

impl Codecs for Stopping {
    fn decoder(&self, _: Encoding, _: u32) -> Option<Box<dyn Decoder>> {
        Some(Box::new(self.clone()))
    }

    fn encoder(&self, encoding: Encoding, rate: u32) -> Option<Box<dyn Encoder>> {
        BuiltIn.encoder(encoding, rate)
    }
}

impl Decoder for Stopping {
    fn decode(&mut self, _: &[u8], _: &mut [i16]) -> usize {
        drop(self.0.read());
        0
    }
}

#[test]
fn a_full_ring_ends_the_flow_and_every_packet_arrives_and_is_counted() {
    let codecs = Stopping::default();
    let Some(engine) = kernel_engine_with(
        settings(&[LOOPBACK], Duration::ZERO, 8),
        Arc::new(codecs.clone()),
    ) else {
        return;
    };
    let mut call = Call::open(engine, LOOPBACK, |_| {});
    call.talk(0..ENOUGH);
    let stops_the_thread = [&call.caller, &call.callee].map(|peer| {
        let mut leg = leg(peer, Learning::Signaled);
        voice(&mut leg);
        leg.settings.dtmf.receive_inband = true;
        leg
    });
    let stopping = call.engine.open(stops_the_thread).expect("ports");
    let port = at(call.opened.ports[0].rtp);
    let send = |number| call.caller.send_to(&rtp(number), port).expect("sent");
    let stopped = codecs.0.write().expect("nobody panicked");
    call.caller
        .send_to(&rtp(0), at(stopping.ports[0].rtp))
        .expect("sent");
    sleep(MOMENT);

    call.callee
        .set_read_timeout(Some(MOMENT))
        .expect("a timeout");
    let mut number = ENOUGH;
    send(number);
    while heard(&call.callee) == Some(number) {
        number += 1;
        send(number);
    }
    drop(stopped);

    let relayed = u64::from(number - ENOUGH);
    assert!(relayed > 20_000, "{relayed}");
    let waiting = [heard(&call.callee), heard(&call.callee)]; // of either session
    assert!(waiting.contains(&Some(number)), "{waiting:?}");
    assert_eq!(call.engine.load().passed_up, 1);
    let [a, _] = closing_counters(&mut call.engine, call.opened.session);
    assert_eq!(a.received.packets, u64::from(number) + 1);
    assert_eq!(a.received.reception.lost, 0);
}

#[test]
fn a_stream_settles_where_the_engine_listens_on_every_address() {
    let wildcard = Ipv4Addr::UNSPECIFIED.into();
    let Some(engine) = kernel_engine(settings(&[wildcard], Duration::ZERO, 8)) else {
        return;
    };
    let call = Call::open(engine, LOOPBACK, |_| {});

    call.talk(0..2 * ENOUGH);

    assert_eq!(call.engine.load().flows, 2);
}

#[test]
fn ipv6_stays_with_the_sockets() {
    let local: IpAddr = Ipv6Addr::LOCALHOST.into();
    let Some(engine) = kernel_engine(settings(&[local], Duration::ZERO, 8)) else {
        return;
    };
    let call = Call::open(engine, local, |_| {});

    call.talk(0..2 * ENOUGH);

    assert_eq!(call.engine.load().flows, 0);
}

#[test]
fn an_enciphered_leg_stays_with_the_sockets() {
    let Some(call) = offloaded() else { return };
    let cipher = PayloadProtection(Xor::new(&[1; 16]).expect("a key"));
    call.engine
        .protect(call.opened.session, Side::B, Some(Box::new(cipher)))
        .expect("open");
    sleep(MOMENT);

    call.talk(ENOUGH..3 * ENOUGH);

    assert_eq!(call.engine.load().flows, 0);
}

#[test]
fn an_interface_that_isnt_there_is_an_error_that_names_it() {
    let settings = EngineSettings {
        kernel_path: vec!["no-such-one".into()],
        ..settings(&[LOOPBACK], Duration::ZERO, 8)
    };

    let Err(error) = Engine::start(&settings, Arc::new(BuiltIn)) else {
        panic!("it started");
    };

    let text = error.to_string();
    assert!(
        text.contains("no-such-one") || text.contains("it needs"),
        "{text}"
    );
}
