//! Transaction machines, deadlines and keys, on times that are arguments.

use std::sync::Arc;

use trunkline_sip::{
    Client, Deadlines, Due, Essentials, Headers, Heard, MergeKey, Message, NotAllowed, Repetition,
    Server, ServerKey, StartLine, State, Timing, Trigger, ack_fields, cancel_fields, note_source,
    parse_datagram, print,
};

fn timing(waits: &[f64]) -> Arc<Timing> {
    Arc::new(Timing::new(waits.to_vec()).expect("waits in range"))
}

fn client(invite: bool) -> Client {
    Client::new(invite, timing(&[1.0, 1.0, 1.0]), false, 0.0)
}

fn server(invite: bool) -> Server {
    Server::new(invite, timing(&[1.0, 1.0, 1.0]), false)
}

// Waits

#[test]
fn a_list_of_waits_makes_a_copy_less_and_then_gives_up() {
    let mut copies = Repetition::new(&timing(&[0.5, 1.0, 2.0]), false, 10.0);

    assert!((copies.deadline() - 10.5).abs() < 1e-9);
    assert!(copies.advance());
    assert!((copies.deadline() - 11.5).abs() < 1e-9);
    assert!(copies.advance());
    assert!((copies.deadline() - 13.5).abs() < 1e-9);
    assert!(!copies.advance());
}

#[test]
fn a_reliable_transport_waits_as_long_without_a_copy() {
    let mut copies = Repetition::new(&timing(&[0.5, 1.0, 2.0]), true, 10.0);

    assert!((copies.deadline() - 13.5).abs() < 1e-9);
    assert!(!copies.advance());
}

#[test]
fn waits_out_of_range_are_refused() {
    let too_many = vec![1.0; 21];
    for waits in [vec![], vec![0.05], vec![33.0], vec![f64::NAN], too_many] {
        assert_eq!(Timing::new(waits), None);
    }
}

#[test]
fn who_is_due_first_comes_first_and_at_once_in_order() {
    let mut deadlines = Deadlines::default();
    for (key, deadline) in [('b', 2.0), ('a', 1.0), ('c', 2.0)] {
        deadlines.update(key, deadline);
    }
    let mut pop = |now| deadlines.pop_due::<()>(now, |_| Ok(Some(1.0)));

    assert_eq!(pop(0.9), Ok(None));
    assert_eq!(pop(2.0), Ok(Some('a')));
    assert_eq!(pop(2.0), Ok(Some('b')));
    assert_eq!(pop(2.0), Ok(Some('c')));
    assert_eq!(pop(2.0), Ok(None));
    assert_eq!(deadlines.next(), None);
}

#[test]
fn a_deadline_that_moved_back_is_queued_again_and_one_that_is_gone_is_not() {
    let mut deadlines = Deadlines::default();
    deadlines.update("moved", 1.0);
    deadlines.update("gone", 1.0);
    let now_is = |key| Ok((key == "moved").then_some(5.0));

    assert_eq!(deadlines.pop_due::<()>(1.0, now_is), Ok(None));
    assert_eq!(deadlines.next(), Some(5.0));
    assert_eq!(deadlines.pop_due::<()>(5.0, now_is), Ok(Some("moved")));
}

#[test]
fn a_deadline_that_moved_forward_is_due_once() {
    let mut deadlines = Deadlines::default();
    deadlines.update(1, 9.0);
    deadlines.update(1, 3.0);

    assert_eq!(deadlines.next(), Some(3.0));
    assert_eq!(deadlines.pop_due::<()>(9.0, |_| Ok(Some(3.0))), Ok(Some(1)));
    assert_eq!(deadlines.pop_due::<()>(9.0, |_| Ok(Some(3.0))), Ok(None));
}

// Clients

#[test]
fn a_silent_callee_is_forsaken_and_forgotten_later() {
    let mut invite = client(true);

    assert_eq!(invite.on_timer(0.9), Ok(Due::Nothing));
    assert_eq!(invite.on_timer(1.0), Ok(Due::Copy));
    assert_eq!(invite.on_timer(2.0), Ok(Due::Copy));
    assert_eq!(invite.on_timer(3.0), Ok(Due::GivenUp));
    assert_eq!(invite.state(), State::Forsaken);
    assert_eq!(invite.deadline(), Some(35.0));
    assert_eq!(invite.on_timer(35.0), Ok(Due::Nothing));
    assert_eq!(invite.state(), State::Terminated);
}

#[test]
fn a_callee_that_rings_is_waited_for_without_end() {
    let mut invite = client(true);

    assert_eq!(invite.receive(180, 0.5), Ok(Heard::News));

    assert_eq!(invite.deadline(), None);
}

#[test]
fn a_cancelled_callee_that_rings_may_still_answer_until_timer_c() {
    let mut invite = client(true);
    assert_eq!(invite.receive(180, 0.5), Ok(Heard::News));
    assert!(invite.cancel(1.0));
    invite.cancelled(1.0);

    assert_eq!(invite.on_timer(33.0), Ok(Due::GivenUp));
    assert_eq!(invite.deadline(), Some(213.0));
    assert_eq!(invite.receive(200, 200.0), Ok(Heard::Success));
    assert_eq!(invite.deadline(), Some(232.0));
}

#[test]
fn a_cancel_is_put_off_until_a_provisional_response() {
    let mut invite = client(true);

    assert!(!invite.cancel(0.5));
    assert_eq!(invite.on_timer(1.0), Ok(Due::Nothing));
    assert_eq!(invite.receive(100, 1.5), Ok(Heard::News));
    assert!(invite.takes_cancel());
    assert!(!invite.takes_cancel());
}

#[test]
fn a_cancel_that_was_put_off_is_not_wanted_behind_a_final_response() {
    let mut invite = client(true);

    assert!(!invite.cancel(0.5));
    assert_eq!(invite.receive(200, 1.5), Ok(Heard::Success));
    assert!(!invite.takes_cancel());
    assert!(!invite.cancel(2.0));
}

#[test]
fn every_2xx_to_an_invite_is_heard_and_nothing_else_behind_the_first() {
    let mut invite = client(true);

    let heard = [200, 202, 180, 486].map(|status| invite.receive(status, 1.0));

    let success = Ok(Heard::Success);
    assert_eq!(
        heard,
        [success, success, Ok(Heard::Nothing), Ok(Heard::Nothing)]
    );
    assert_eq!(invite.deadline(), Some(33.0));
}

#[test]
fn each_copy_of_a_failure_is_acknowledged_and_nothing_else_is_heard() {
    let mut invite = client(true);

    let heard = [486, 486, 180, 200].map(|status| invite.receive(status, 1.0));

    assert_eq!(heard[..2], [Ok(Heard::Failure), Ok(Heard::FailureAgain)]);
    assert_eq!(heard[2..], [Ok(Heard::Nothing), Ok(Heard::Nothing)]);
}

#[test]
fn a_provisional_response_ends_the_copies_of_any_request_but_not_its_limit() {
    let mut bye = client(false);

    assert_eq!(bye.receive(100, 0.5), Ok(Heard::News));
    assert_eq!(bye.on_timer(2.9), Ok(Due::Nothing));
    assert_eq!(bye.on_timer(3.0), Ok(Due::GivenUp));
    assert_eq!(bye.state(), State::Terminated);
}

#[test]
fn a_final_response_is_heard_once_and_its_copies_for_t4() {
    let mut bye = client(false);

    assert_eq!(bye.receive(200, 0.5), Ok(Heard::News));
    assert_eq!(bye.receive(200, 0.6), Ok(Heard::Nothing));
    assert_eq!(bye.deadline(), Some(5.5));
    assert_eq!(bye.on_timer(5.5), Ok(Due::Nothing));
    assert_eq!(bye.state(), State::Terminated);
}

#[test]
fn over_a_reliable_transport_nothing_comes_late() {
    let mut bye = Client::new(false, timing(&[1.0]), true, 0.0);
    let mut invite = Client::new(true, timing(&[1.0]), true, 0.0);

    assert_eq!(bye.receive(200, 0.5), Ok(Heard::News));
    assert_eq!(invite.receive(486, 0.5), Ok(Heard::Failure));

    assert_eq!([bye.state(), invite.state()], [State::Terminated; 2]);
}

#[test]
fn a_transport_fails_only_what_waits_for_a_final_response() {
    let (mut waiting, mut answered) = (client(true), client(true));
    assert_eq!(answered.receive(200, 0.5), Ok(Heard::Success));

    assert!(waiting.can_fail() && !answered.can_fail());
    assert_eq!(waiting.fail(), Ok(()));
    assert_eq!(waiting.state(), State::Terminated);
    assert!(answered.fail().is_err());
}

// Servers

#[test]
fn a_failure_is_repeated_until_its_ack() {
    let mut invite = server(true);

    assert_eq!(invite.respond(486, 0.0), Ok(()));
    assert_eq!(invite.on_timer(1.0), Ok(Due::Copy));
    assert_eq!(invite.receive_copy(), Ok(true));
    assert_eq!(invite.receive_ack(1.5), Ok(false));
    assert_eq!(invite.receive_copy(), Ok(false));
    assert_eq!(invite.on_timer(6.5), Ok(Due::Nothing));
    assert_eq!(invite.state(), State::Terminated);
}

#[test]
fn a_failure_without_ack_is_given_up() {
    let mut invite = server(true);
    assert_eq!(invite.respond(486, 0.0), Ok(()));

    let due = [1.0, 2.0, 3.0].map(|now| invite.on_timer(now));

    assert_eq!(due, [Ok(Due::Copy), Ok(Due::Copy), Ok(Due::GivenUp)]);
}

#[test]
fn a_2xx_to_an_invite_and_its_ack_are_the_dialogs() {
    let mut invite = server(true);

    assert_eq!(invite.receive_ack(0.0), Ok(false)); // for a response we never sent
    assert_eq!(invite.respond(200, 0.0), Ok(()));
    assert_eq!(invite.receive_copy(), Ok(false));
    assert_eq!(invite.receive_ack(0.5), Ok(true));
    assert_eq!(invite.deadline(), Some(32.0));
}

#[test]
fn any_other_answer_is_kept_for_copies_of_its_request() {
    let mut bye = server(false);

    assert_eq!(bye.receive_copy(), Ok(false));
    assert_eq!(bye.respond(200, 1.0), Ok(()));
    assert_eq!(bye.receive_copy(), Ok(true));
    assert_eq!(bye.deadline(), Some(33.0));
}

#[test]
fn a_response_that_may_not_follow_names_what_was_tried() {
    let mut invite = server(true);
    assert_eq!(invite.respond(486, 0.0), Ok(()));

    let error = invite
        .respond(200, 0.1)
        .expect_err("a second final response");

    let (trigger, state) = (Trigger::Send2xx, State::Completed);
    assert_eq!(error, NotAllowed { trigger, state });
    assert_eq!(error.to_string(), "SEND_2XX is not allowed in COMPLETED");
}

#[test]
fn nobody_comes_back_from_the_end() {
    let (mut request, mut response) = (client(true), server(true));
    request.terminate();
    response.terminate();

    assert!(request.receive(200, 0.0).is_err());
    assert!(response.respond(200, 0.0).is_err());
    assert!(response.receive_copy().is_err());
    assert_eq!([request.deadline(), response.deadline()], [None; 2]);
}

// Matching

fn read(start: &str, via: &str) -> (Vec<u8>, Headers, Essentials) {
    let method = start.split(' ').next().unwrap_or_default();
    let text = format!(
        "{start} SIP/2.0\r\nVia: {via}\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\n\
         Call-ID: c\r\nCSeq: 7 {method}\r\nRoute: <sip:r;lr>\r\nReason: SIP;cause=200\r\n\r\n"
    );
    let Ok(Message {
        start: StartLine::Request { target, .. },
        headers,
        ..
    }) = parse_datagram(text.as_bytes())
    else {
        panic!("a request");
    };
    let essentials = Essentials::read(&headers).expect("all fields");
    (target, headers, essentials)
}

fn key(start: &str, via: &str) -> ServerKey {
    let (target, _, essentials) = read(start, via);
    ServerKey::of_request(&target, &essentials)
}

#[test]
fn a_branch_sent_by_and_method_make_the_key_of_a_request() {
    let invite = key("INVITE sip:b@b", "SIP/2.0/UDP Host;branch=z9hG4bK1");

    assert_eq!(
        invite,
        key("ACK sip:x@x", "SIP/2.0/UDP host;branch=z9hG4bK1;rport")
    );
    assert_ne!(
        invite,
        key("INVITE sip:b@b", "SIP/2.0/UDP host;branch=z9hG4bK2")
    );
    assert_ne!(
        invite,
        key("INVITE sip:b@b", "SIP/2.0/UDP host:5060;branch=z9hG4bK1")
    );
    let cancel = key("CANCEL sip:b@b", "SIP/2.0/UDP host;branch=z9hG4bK1");
    assert_ne!(invite, cancel);
    assert_eq!(invite, cancel.into_invite());
}

#[test]
fn a_request_of_rfc2543_is_known_by_what_else_it_says() {
    for via in [
        "SIP/2.0/UDP a",
        "SIP/2.0/UDP a;branch=1",
        "SIP/2.0/UDP a;branch=z9hG4bK",
    ] {
        let invite = key("INVITE sip:b@b", via);

        assert_eq!(invite, key("ACK sip:b@b", via));
        assert_ne!(invite, key("INVITE sip:c@b", via));
        assert_ne!(invite, key("INVITE sip:b@b", "SIP/2.0/UDP b"));
    }
}

#[test]
fn a_request_is_the_same_on_another_path() {
    let (_, _, one) = read("INVITE sip:b@b", "SIP/2.0/UDP a;branch=z9hG4bK1");
    let (_, _, other) = read("INVITE sip:c@c", "SIP/2.0/UDP a;branch=z9hG4bK2");

    assert_eq!(MergeKey::of_request(&one), MergeKey::of_request(&other));
}

#[test]
fn the_source_is_noted_where_the_via_does_not_tell_or_asks() {
    let noted = |via| {
        let (_, mut headers, mut read) = read("INVITE sip:b@b", via);
        note_source(&mut headers, &mut read, b"192.0.2.1", 99).expect("a Via");
        assert_eq!(headers.via(), Ok(read.via));
        let printed = print(&[], &headers, b"");
        let line = printed
            .split(|byte| *byte == b'\r')
            .nth(1)
            .unwrap_or_default();
        String::from_utf8_lossy(line).trim().to_owned()
    };

    assert_eq!(noted("SIP/2.0/UDP 192.0.2.1"), "Via: SIP/2.0/UDP 192.0.2.1");
    assert_eq!(
        noted("SIP/2.0/UDP a, SIP/2.0/UDP b"),
        "Via: SIP/2.0/UDP a;received=192.0.2.1, SIP/2.0/UDP b"
    );
    assert_eq!(
        noted("SIP/2.0/UDP 192.0.2.1;rport"),
        "Via: SIP/2.0/UDP 192.0.2.1;rport=99;received=192.0.2.1"
    );
}

#[test]
fn what_follows_an_invite_repeats_its_branch_and_number() {
    let (_, invite, _) = read("INVITE sip:b@b", "SIP/2.0/UDP a;branch=z9hG4bK1");
    let response = invite.echoed(b"2");
    let names = |headers: &Headers| {
        let names: Vec<_> = headers.names().map(ToString::to_string).collect();
        names.join(" ")
    };

    let cancel = cancel_fields(&invite).expect("a CANCEL");
    let ack = ack_fields(&invite, &response).expect("an ACK");

    assert_eq!(names(&cancel), "Via Route From To Call-ID Reason CSeq");
    assert_eq!(names(&ack), "Via From Call-ID Route To CSeq");
    for (request, method, tag) in [(cancel, "CANCEL", None), (ack, "ACK", Some(&b"2"[..]))] {
        assert_eq!(request.via(), invite.via());
        assert_eq!(request.to().expect("To").tag(), tag);
        let cseq = request.cseq().expect("CSeq");
        assert_eq!((cseq.number, cseq.method), (7, method.as_bytes().to_vec()));
    }
}
