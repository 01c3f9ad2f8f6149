//! What is fuzzed, a function of bytes that must return: cargo-fuzz runs it on what it invents
//! (`fuzz/wire`), an ordinary test on the stored corpus and on noise.

use trunkline_sip::{
    Dialog, Essentials, Headers, MediaType, Message, NameAddr, StartLine, Uri, Via,
    check_request_fields, check_target, parse_datagram, print,
};

/// One datagram, every value of it as whatever it might be, and its print.
///
/// # Panics
///
/// Where what was printed is not read again as the same: a bug.
pub fn message(data: &[u8]) {
    let Ok(read) = parse_datagram(data) else {
        return;
    };
    read_values(&read.headers);
    if !is_checked(&read) {
        return;
    }
    let printed = printed(&read);
    assert_eq!(parse_datagram(&printed).as_ref(), Ok(&read));
    assert!(Essentials::read(&read.headers.echoed(b"tag")).is_ok());
    open_dialogs(&read);
}

fn is_checked(message: &Message<'_>) -> bool {
    match &message.start {
        StartLine::Request { method, target } => {
            check_request_fields(method, &message.headers).is_ok() && check_target(target).is_ok()
        }
        StartLine::Response { .. } => Essentials::read(&message.headers).is_ok(),
    }
}

fn printed(message: &Message<'_>) -> Vec<u8> {
    let version = b"SIP/2.0".as_slice();
    match &message.start {
        StartLine::Request { method, target } => {
            print(&[method, target, version], &message.headers, message.body)
        }
        StartLine::Response { status, reason } => {
            let status = status.to_string();
            let line = [version, status.as_bytes(), reason];
            print(&line, &message.headers, message.body)
        }
    }
}

/// The dialogs that a message opens, and what comes of them.
fn open_dialogs(message: &Message<'_>) {
    let headers = &message.headers;
    let opened = match &message.start {
        StartLine::Request { .. } => Dialog::of_server(headers, b"tag", b"<sip:us>".to_vec()),
        StartLine::Response { .. } => Dialog::of_client(b"sip:peer", headers, headers, true),
    };
    let Ok(mut dialog) = opened else {
        return;
    };
    let _ = (dialog.update(headers, true), dialog.prack(headers));
    for method in [b"PRACK".as_slice(), b"UPDATE"] {
        let _ = dialog.take(method, headers, None);
        let request = dialog.request(method, Some(b"application/sdp"));
        assert!(request.headers.from().is_ok() && request.headers.cseq().is_ok());
        let reply = dialog.reply(method, headers, 200, None);
        assert!(Essentials::read(&reply).is_ok());
    }
}

fn read_values(headers: &Headers) {
    let _ = (headers.contact(), headers.content_type());
    for name in headers.names() {
        for value in headers.values(name).into_iter().flatten() {
            let _ = (
                NameAddr::parse(value),
                Via::parse(value),
                MediaType::parse(value),
            );
            if let Ok(uri) = Uri::parse(value) {
                let mut printed = Vec::new();
                uri.write(&mut printed);
                assert_eq!(Uri::parse(&printed), Ok(uri));
            }
        }
    }
}
