//! Whole messages: from bytes and back.

use trunkline_sip::{
    Essentials, HeaderName, Message, Reason, Refusal, StartLine, check_request_fields,
    check_target, parse_datagram, print,
};

const INVITE: &str = "INVITE sip:bob@b SIP/2.0\r\n\
    Via: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/TCP c\r\n\
    From: \"A, B\" <sip:alice@a>;tag=1\r\n\
    To: <sip:bob@b>\r\n\
    Call-ID: c\r\n\
    CSeq: 7 INVITE\r\n\
    Content-Length: 4\r\n\r\nbody";

fn read(data: &str) -> Message<'_> {
    parse_datagram(data.as_bytes()).expect("a message")
}

fn refused(data: &str) -> Refusal<'_> {
    parse_datagram(data.as_bytes()).expect_err("a refusal")
}

#[test]
fn a_message_is_split_and_printed_byte_for_byte() {
    let message = read(INVITE);

    assert_eq!(message.body, b"body");
    let names: Vec<_> = message.headers.names().map(HeaderName::as_str).collect();
    assert_eq!(names, ["Via", "From", "To", "Call-ID", "CSeq"]);
    let printed = print(
        &[b"INVITE", b"sip:bob@b", b"SIP/2.0"],
        &message.headers,
        message.body,
    );
    assert_eq!(str::from_utf8(&printed), Ok(INVITE));
}

#[test]
fn the_fields_every_message_needs_are_read_at_once() {
    let essentials = Essentials::read(&read(INVITE).headers).expect("all five");

    assert_eq!(essentials.via.branch(), Some(b"z9hG4bK1".as_slice()));
    assert_eq!(essentials.from.display_name, b"A, B");
    assert_eq!(essentials.from.tag(), Some(b"1".as_slice()));
    assert_eq!(essentials.to.tag(), None);
    assert_eq!(essentials.call_id, b"c");
    assert_eq!(essentials.cseq.number, 7);
}

#[test]
fn compact_names_folded_lines_and_lines_of_one_name_find_together() {
    let message = read("SIP/2.0 200 OK\r\nv: a\r\nS : one\r\n  two\r\nVIA: b\r\n\r\n");

    let lines: Vec<_> = message.headers.iter().collect();
    let lines: Vec<_> = lines
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    assert_eq!(
        lines,
        [
            ("Via", b"a".as_slice()),
            ("Via", b"b"),
            ("Subject", b"one two"),
        ]
    );
}

#[test]
fn what_is_no_sip_cannot_be_answered() {
    for data in [
        "",
        "\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "INVITE sip:a SIP/2.0\r\nTo",
    ] {
        assert!(matches!(refused(data), Refusal::NotSip(_)), "{data:?}");
    }
    let lone = INVITE.replace("c\r\n", "c\n");
    assert_eq!(refused(&lone), Refusal::NotSip("a lone CR or LF"));
    let endless = INVITE.replace("CSeq", &"a:\r\n".repeat(500));
    assert_eq!(
        refused(&endless),
        Refusal::NotSip("more than 500 header fields")
    );
}

#[test]
fn a_defect_keeps_what_could_be_read() {
    for (old, new, status) in [
        ("SIP/2.0\r\nVia", "SIP/3.0\r\nVia", 505),
        ("INVITE sip", "INVITE  sip", 400),
        ("Content-Length: 4", "Content-Length: 5", 400),
        ("Content-Length: 4", "l: 4\r\nl: 3", 400),
        ("Call-ID: c", "Call-ID: c\r\nCall-ID: c", 400),
        ("Call-ID: c", "<bad>: c\r\nCall-ID: c", 400),
    ] {
        let data = INVITE.replacen(old, new, 1);
        let Refusal::Malformed(defect, message) = refused(&data) else {
            panic!("{new:?} is no SIP");
        };
        assert_eq!(defect.status, status, "{new:?}");
        assert!(matches!(message.start, StartLine::Request { .. }));
        assert_eq!(message.headers.call_id(), Ok(b"c".to_vec()), "{new:?}");
    }
}

#[test]
fn a_response_repeats_what_binds_it_to_its_request() {
    let echoed = read(INVITE).headers.echoed(b"b7");

    let to = HeaderName::canonical("To");
    assert_eq!(echoed.get(&to), Some(b"<sip:bob@b>;tag=b7".as_slice()));
    assert_eq!(echoed.echoed(b"other").get(&to), echoed.get(&to));
}

#[test]
fn a_request_is_refused_for_its_fields_and_its_target() {
    let message = read(INVITE);

    assert!(check_request_fields(b"INVITE", &message.headers).is_ok());
    let other = check_request_fields(b"BYE", &message.headers).expect_err("another CSeq");
    assert_eq!(
        (other.expected.as_ref(), other.header.as_ref()),
        ("method BYE", "CSeq")
    );
    assert_eq!(check_target(b"sip:bob@b"), Ok(()));
    assert_eq!(
        check_target(b"gopher:bob").map_err(|defect| defect.status),
        Err(416)
    );
    let headers = check_target(b"sip:bob@b?Route=x").expect_err("headers in a Request-URI");
    assert!(matches!(headers.reason, Reason::Value(_)));
}
