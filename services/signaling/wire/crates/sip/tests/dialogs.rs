//! Dialogs: what opens them, what is built from them, and what they refuse.

use std::sync::Arc;

use trunkline_sip::{
    Dialog, DialogState, Headers, Message, RAck, Repetition, RequestHead, StartLine, Timing,
    Unacknowledged, parse_datagram,
};

fn fields(lines: &str) -> Headers {
    let data = format!("OPTIONS sip:b@192.0.2.2 SIP/2.0\n{lines}\n").replace('\n', "\r\n");
    let Ok(Message {
        start: StartLine::Request { .. },
        headers,
        ..
    }) = parse_datagram(data.as_bytes())
    else {
        panic!("no request: {data}");
    };
    headers
}

fn invite(more: &str) -> Headers {
    fields(&format!(
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nFrom: <sip:a@h>;tag=a\nTo: <sip:b@h>\n\
         Call-ID: c\nCSeq: 7 INVITE\n{more}"
    ))
}

fn response(more: &str) -> Headers {
    fields(&format!(
        "From: <sip:a@h>;tag=a\nTo: <sip:b@h>;tag=b\nCall-ID: c\nCSeq: 7 INVITE\n{more}"
    ))
}

fn in_dialog(cseq: &str, more: &str) -> Headers {
    fields(&format!(
        "From: <sip:a@h>;tag=a\nTo: <sip:b@h>;tag=b\nCall-ID: c\nCSeq: {cseq}\n{more}"
    ))
}

fn callee(more: &str) -> Dialog {
    let invite = invite(&format!("Contact: <sip:a@192.0.2.1>\n{more}"));
    Dialog::of_server(&invite, b"b", b"<sip:b@192.0.2.2>".to_vec()).expect("a dialog")
}

fn caller(more: &str, is_success: bool) -> Dialog {
    let invite = invite("Contact: <sip:a@192.0.2.1>\n");
    Dialog::of_client(b"sip:b@h", &invite, &response(more), is_success).expect("a dialog")
}

fn lines(head: &RequestHead) -> Vec<String> {
    let lines = head.headers.iter();
    let shown = lines.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)));
    shown.collect()
}

fn target(head: &RequestHead) -> String {
    String::from_utf8_lossy(&head.target).into_owned()
}

fn waiting(rseq: u32) -> Unacknowledged {
    let timing = Arc::new(Timing::new(vec![1.0, 1.0, 1.0]).expect("waits in range"));
    let cseq = invite("").cseq().expect("a CSeq");
    Unacknowledged::provisional(cseq, rseq, Repetition::new(&timing, false, 0.0))
}

fn is(deadline: Option<f64>, expected: f64) -> bool {
    deadline.is_some_and(|deadline| (deadline - expected).abs() < 1e-9)
}

// What opens a dialog

#[test]
fn both_sides_name_the_same_dialog_from_their_own_side() {
    let (ours, theirs) = (callee(""), caller("", true));

    assert_eq!(ours.id.call_id, theirs.id.call_id);
    assert_eq!(ours.id.local_tag, b"b");
    assert_eq!(ours.id.local_tag, theirs.id.remote_tag);
    assert_eq!(ours.id.remote_tag, theirs.id.local_tag);
}

#[test]
fn a_peer_of_rfc_2543_has_an_empty_tag() {
    let invite =
        fields("From: sip:a@h\nTo: sip:b@h\nCall-ID: c\nCSeq: 1 INVITE\nContact: sip:a@1.1.1.1\n");
    let mut dialog = Dialog::of_server(&invite, b"b", Vec::new()).expect("a dialog");

    assert_eq!(dialog.id.remote_tag, b"");
    let bye = lines(&dialog.request(b"BYE", None));
    assert_eq!(bye[1..3], ["From: sip:b@h;tag=b", "To: sip:a@h"]);
}

#[test]
fn an_invite_opens_none_without_a_contact_that_is_an_address() {
    for contact in ["", "Contact: *\n", "Contact: <sip:a\n"] {
        let opened = Dialog::of_server(&invite(contact), b"b", Vec::new());
        assert_eq!(opened.expect_err("no dialog").header, "Contact");
    }
    let invite = invite("Contact: <sip:a@h>\nRecord-Route: <nonsense\n");
    let opened = Dialog::of_server(&invite, b"b", Vec::new());
    assert_eq!(opened.expect_err("no dialog").header, "Record-Route");
}

#[test]
fn a_response_without_contact_leaves_the_request_uri_as_the_target() {
    let mut dialog = caller("", false);

    assert_eq!(dialog.state, DialogState::Early);
    assert_eq!(target(&dialog.request(b"INFO", None)), "sip:b@h");
}

#[test]
fn routes_are_those_of_the_last_response_until_the_dialog_is_confirmed() {
    let mut dialog = caller("Record-Route: <sip:old;lr>\n", false);
    let success = response("Record-Route: <sip:p2;lr>, <sip:p1;lr>\nContact: <sip:b@192.0.2.2>\n");
    dialog.update(&success, true).expect("an address");
    assert_eq!(dialog.state, DialogState::Confirmed);

    let again = response("Record-Route: <sip:p3;lr>\nContact: <sip:b@192.0.2.3>\n");
    dialog.update(&again, true).expect("an address");

    let bye = dialog.request(b"BYE", None);
    assert_eq!(target(&bye), "sip:b@192.0.2.3");
    assert_eq!(
        lines(&bye)[5..],
        ["Route: <sip:p1;lr>", "Route: <sip:p2;lr>"]
    );
}

// What is built from it

#[test]
fn a_request_counts_on_and_says_who_asks_whom() {
    let mut dialog = callee("");
    dialog.request(b"INFO", None);

    let update = dialog.request(b"UPDATE", Some(b"application/sdp"));

    assert_eq!(target(&update), "sip:a@192.0.2.1");
    let expected = [
        "Max-Forwards: 70",
        "From: <sip:b@h>;tag=b",
        "To: <sip:a@h>;tag=a",
        "Call-ID: c",
        "CSeq: 2 UPDATE",
        "Content-Type: application/sdp",
        "Contact: <sip:b@192.0.2.2>",
    ];
    assert_eq!(lines(&update), expected);
}

#[test]
fn a_strict_router_becomes_the_request_uri() {
    let mut dialog = callee("Record-Route: <sip:strict>, <sip:p1;lr>\n");

    let bye = dialog.request(b"BYE", None);

    assert_eq!(target(&bye), "sip:strict");
    let routes = ["Route: <sip:p1;lr>", "Route: <sip:a@192.0.2.1>"];
    assert_eq!(lines(&bye)[5..], routes);
}

#[test]
fn an_ack_has_the_number_and_the_credentials_of_its_invite() {
    let invite = invite("Proxy-Authorization: Digest x=y\nAuthorization: Digest a=b\n");

    let ack = caller("", true).ack(&invite, None).expect("a CSeq");

    let expected = [
        "CSeq: 7 ACK",
        "Authorization: Digest a=b",
        "Proxy-Authorization: Digest x=y",
    ];
    assert_eq!(lines(&ack)[4..], expected);
}

#[test]
fn provisional_responses_are_acknowledged_once_and_in_order() {
    let mut dialog = caller("", false);
    let mut numbers = Vec::new();
    for rseq in [5, 5, 7, 6, 7] {
        let prack = dialog.prack(&response(&format!("RSeq: {rseq}\n")));
        numbers.extend(
            prack
                .expect("a number")
                .map(|prack| lines(&prack)[4..].join(", ")),
        );
    }

    let expected = [
        "CSeq: 8 PRACK, RAck: 5 7 INVITE",
        "CSeq: 9 PRACK, RAck: 6 7 INVITE",
        "CSeq: 10 PRACK, RAck: 7 7 INVITE",
    ];
    assert_eq!(numbers, expected);
    let missing = dialog.prack(&response("")).expect_err("no number");
    assert_eq!(missing.header, "RSeq");
}

#[test]
fn behind_the_greatest_response_number_there_is_none() {
    let mut dialog = caller("", false);
    let last = response(&format!("RSeq: {}\n", u32::MAX));

    assert!(dialog.prack(&last).is_ok_and(|prack| prack.is_some()));
    for next in ["0", "1", "4294967295"] {
        let next = dialog.prack(&response(&format!("RSeq: {next}\n")));
        assert!(next.is_ok_and(|prack| prack.is_none()));
    }
}

#[test]
fn a_reply_opens_or_refreshes_a_dialog_only_where_it_may() {
    let dialog = callee("");
    let request = invite("Record-Route: <sip:p;lr>\n");
    let names = |method: &str, status| {
        let reply = dialog.reply(method.as_bytes(), &request, status, None);
        let names: Vec<_> = reply.names().map(ToString::to_string).collect();
        names[5..].join(", ")
    };

    assert_eq!(names("INVITE", 180), "Contact, Record-Route");
    assert_eq!(names("UPDATE", 200), "Contact, Record-Route");
    for (method, status) in [("INVITE", 100), ("INVITE", 302), ("BYE", 200)] {
        assert_eq!(names(method, status), "");
    }
}

// What it takes

#[test]
fn requests_come_in_order_or_are_refused() {
    let mut dialog = callee("");
    let mut taken = |cseq| dialog.take(b"INFO", &in_dialog(cseq, ""), None);

    assert_eq!(taken("9 INFO"), Ok(()));
    assert_eq!(taken("8 INFO"), Err(500));
    assert_eq!(taken("9 INFO"), Ok(()));
    assert_eq!(dialog.take(b"ACK", &in_dialog("7 ACK", ""), None), Ok(()));
}

#[test]
fn only_a_target_refresh_moves_the_target() {
    let mut dialog = callee("");
    let elsewhere = |cseq| in_dialog(cseq, "Contact: <sip:elsewhere>\n");

    assert_eq!(dialog.take(b"INFO", &elsewhere("8 INFO"), None), Ok(()));
    assert_eq!(target(&dialog.request(b"BYE", None)), "sip:a@192.0.2.1");
    let broken = in_dialog("9 UPDATE", "Contact: <nonsense\n");
    assert_eq!(dialog.take(b"UPDATE", &broken, None), Err(400));
    assert_eq!(target(&dialog.request(b"BYE", None)), "sip:a@192.0.2.1");
    assert_eq!(
        dialog.take(b"UPDATE", &elsewhere("10 UPDATE"), None),
        Ok(())
    );
    assert_eq!(target(&dialog.request(b"BYE", None)), "sip:elsewhere");
}

#[test]
fn a_prack_is_taken_once_and_for_what_it_names() {
    let mut dialog = callee("");
    let mut waiting = waiting(3);
    let cases = [
        ("", Err(400)),
        ("RAck: 3 INVITE\n", Err(400)),
        ("RAck: 2 7 INVITE\n", Err(481)),
        ("RAck: 3 8 INVITE\n", Err(481)),
        ("RAck: 3 7 INVITE\n", Ok(())),
        ("RAck: 3 7 INVITE\n", Err(481)),
    ];
    for (number, (rack, expected)) in (8..).zip(cases) {
        let prack = in_dialog(&format!("{number} PRACK"), rack);
        assert_eq!(dialog.take(b"PRACK", &prack, Some(&mut waiting)), expected);
    }
    let prack = in_dialog("20 PRACK", "RAck: 3 7 INVITE\n");
    assert_eq!(dialog.take(b"PRACK", &prack, None), Err(481));
}

// What waits for an acknowledgement

#[test]
fn a_response_goes_out_again_until_the_list_ends() {
    let mut waiting = waiting(1);

    assert!(is(waiting.deadline(), 1.0));
    assert!(waiting.advance());
    assert!(is(waiting.deadline(), 2.0));
    assert!(waiting.advance());
    assert!(!waiting.advance());
    assert_eq!(waiting.deadline(), None);
}

#[test]
fn what_is_repeated_no_more_may_still_be_acknowledged() {
    let mut waiting = waiting(1);
    waiting.stop();
    assert_eq!(waiting.deadline(), None);

    assert!(waiting.take_prack(&RAck::parse(b"1 7 INVITE").expect("a RAck")));
    assert_eq!(waiting.next_rseq(), 2);
}

#[test]
fn an_ack_is_for_the_2xx_of_its_number() {
    let waiting = waiting(1);

    assert!(waiting.is_answered_by(7));
    assert!(!waiting.is_answered_by(8));
}
