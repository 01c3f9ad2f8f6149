//! Single values, and that none costs more than its length.

use std::time::{Duration, Instant};

use trunkline_sip::{
    CSeq, HeaderName, MalformedValue, NameAddr, Params, SipUri, Uri, Via, parse_host_port,
    split_values,
};

fn printed<T>(
    text: &str,
    parse: impl Fn(&[u8]) -> Result<T, MalformedValue>,
    write: impl Fn(&T, &mut Vec<u8>),
) -> Result<String, MalformedValue> {
    let mut out = Vec::new();
    write(&parse(text.as_bytes())?, &mut out);
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[test]
fn names_have_one_spelling() {
    for (given, name) in [
        ("v", "Via"),
        ("CALL-ID", "Call-ID"),
        ("www-authenticate \t", "WWW-Authenticate"),
        ("x-FOO", "X-Foo"),
        ("z", "Z"),
    ] {
        assert_eq!(
            HeaderName::parse(given.as_bytes())
                .expect("a name")
                .as_str(),
            name
        );
    }
    for wrong in ["", " ", "a b", "a:", "é"] {
        assert!(HeaderName::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
}

#[test]
fn values_are_split_outside_quotes_and_brackets() {
    let line = b"\"a, \\\"b\" <sip:a,b@a>;x=\",\", <sip:b@b>";
    assert_eq!(
        split_values(line).expect("two values"),
        [b"\"a, \\\"b\" <sip:a,b@a>;x=\",\"".as_slice(), b"<sip:b@b>"]
    );
    for wrong in ["<a,", "\"a,", "<a>,", ",<a>", "\"\\\",<a>"] {
        assert!(split_values(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
}

#[test]
fn parameters_hold_spaces_quotes_and_the_last_of_a_name() {
    let params = Params::parse(b"a = \"x;\\\"y\" ; B;c=1 ;a=2").expect("parameters");
    let pairs: Vec<_> = params
        .iter()
        .map(|(name, value)| (&name[..], value.as_deref()))
        .collect();
    assert_eq!(
        pairs,
        [
            (b"a".as_slice(), Some(b"2".as_slice())),
            (b"b", None),
            (b"c", Some(b"1"))
        ]
    );
    for wrong in ["", "a;", ";a", "a=\"", "a b", "=1", "a=\"b\"c"] {
        assert!(Params::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
}

#[test]
fn uris_are_held_plain_and_printed_escaped() {
    let text = "SIPS:%61%20b:p%3A@[::1]:5061;X=%2C;lr?a=b&c=%26";
    assert_eq!(
        printed(text, Uri::parse, Uri::write).as_deref(),
        Ok("sips:a%20b:p%3A@[::1]:5061;x=%2C;lr?a=b&c=%26")
    );
    let uri = SipUri::parse(text.as_bytes()).expect("a URI");
    assert_eq!(uri.user.as_deref(), Some(b"a b".as_slice()));
    for wrong in [
        "sip:",
        "sip:@h",
        "sip:a%4@h",
        "sip:h:",
        "sip:h;=x",
        "sip:h?a",
        "sip:a\u{a0}b@h",
    ] {
        assert!(Uri::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
}

#[test]
fn addresses_quote_what_is_no_token() {
    for (text, print) in [
        ("Bob Builder<sip:b@b>;tag=1", "Bob Builder <sip:b@b>;tag=1"),
        ("\"B, \\\"\" <sip:b@b> ; x", "\"B, \\\"\" <sip:b@b>;x"),
        ("sip:b@b;tag=1", "<sip:b@b>;tag=1"),
    ] {
        assert_eq!(
            printed(text, NameAddr::parse, NameAddr::write).as_deref(),
            Ok(print)
        );
    }
    for wrong in [
        "",
        "<>",
        "<sip:b",
        "B, C <sip:b>",
        "<sip:b> x",
        "<sip:b>;",
        "sip:b?a=b",
        "*",
    ] {
        assert!(NameAddr::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
}

#[test]
fn vias_and_sequence_numbers_are_read_in_all_their_forms() {
    assert_eq!(
        printed("sip / 2.0 / tcp  h : 9 ; TTL=1", Via::parse, Via::write).as_deref(),
        Ok("SIP/2.0/TCP h:9;ttl=1")
    );
    for wrong in [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP h:",
        "SIP/2.0/UDP h:99999",
        "SIP/2.0/UDP h x",
    ] {
        assert!(Via::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    assert_eq!(CSeq::parse(b"007  BYE").map(|cseq| cseq.number), Ok(7));
    assert!(CSeq::parse(b"2147483648 BYE").is_err());
}

#[test]
fn hosts_lose_their_brackets() {
    assert_eq!(
        parse_host_port(b"[2001:db8::1]:9"),
        Ok(("2001:db8::1".into(), Some(9)))
    );
    assert_eq!(
        parse_host_port(b"[1:::192.0.2.1]"),
        Ok(("1::192.0.2.1".into(), None))
    );
    for wrong in ["", "[::1", "[::g]", "[::1]9", "h!", "h:x"] {
        assert!(parse_host_port(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_long_value_costs_no_more_than_its_length() {
    let began = Instant::now();
    let numbers: Vec<_> = (0..10_000).map(|number| number.to_string()).collect();
    let names = format!(";a{}", numbers.join(";a"));
    for text in [
        format!("<sip:a{names}>{names}"),
        format!("<sip:{}>", "%41".repeat(20_000)),
        "\"\\".repeat(30_000),
        "<sip:a>,<".repeat(7_000),
        format!("SIP/2.0/UDP h{}x", " ".repeat(60_000)),
    ] {
        let _ = NameAddr::parse(text.as_bytes());
        let _ = Via::parse(text.as_bytes());
        let _ = split_values(text.as_bytes());
    }
    assert!(began.elapsed() < Duration::from_secs(1));
}
