//! Vectors of the RFCs and of libsrtp, and what an attacker may try.

use super::*;

const SSRC: u32 = 0xcafe_babe;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("hex"))
        .collect()
}

fn key(suite: Suite) -> Vec<u8> {
    (1..=(suite.key_length() + suite.salt_length()) as u8).collect()
}

/// Two legs that share one key for both directions.
fn pair(suite: Suite) -> (Srtp, Srtp) {
    let leg = || Srtp::new(suite, &key(suite), &key(suite)).expect("a key of its length");
    (leg(), leg())
}

fn rtp(sequence_number: u16) -> Vec<u8> {
    let mut packet = vec![0xd5; 172];
    packet[..2].copy_from_slice(&[0x80, 8]);
    packet[2..4].copy_from_slice(&sequence_number.to_be_bytes());
    packet[8..12].copy_from_slice(&SSRC.to_be_bytes());
    packet
}

fn rtcp() -> Vec<u8> {
    let mut packet = vec![0x11; 28];
    packet[..4].copy_from_slice(&[0x80, 200, 0, 6]);
    packet
}

fn apply(
    packet: &[u8],
    change: impl FnOnce(&mut Datagram<'_>) -> Result<(), Rejected>,
) -> Result<Vec<u8>, Rejected> {
    let mut buffer = vec![0; 2048];
    buffer[..packet.len()].copy_from_slice(packet);
    let mut datagram = Datagram::new(&mut buffer, packet.len());
    change(&mut datagram)?;
    Ok(datagram.bytes().to_vec())
}

fn seal(srtp: &mut Srtp, packet: &[u8]) -> Vec<u8> {
    apply(packet, |datagram| srtp.seal_rtp(datagram)).expect("room for the tag")
}

fn open(srtp: &mut Srtp, packet: &[u8]) -> Result<Vec<u8>, Rejected> {
    apply(packet, |datagram| srtp.open_rtp(datagram))
}

/// The packet with which libsrtp checks itself.
#[test]
fn libsrtp_reference_packet() {
    let key = hex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
    let mut srtp = Srtp::new(Suite::AesCm128HmacSha1_80, &key, &key).expect("a key");
    let plain = hex("800f1234decafbadcafebabe abababababababababababababababab");

    assert_eq!(
        seal(&mut srtp, &plain),
        hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb")
    );
}

/// RFC 7714 section 16.1.1. Its key is a session key, so the transform is tested below derivation.
#[test]
fn rfc7714_16_1_1_aead_aes_128_gcm() {
    let salt: [u8; 12] = hex("517569642070726f2071756f")
        .try_into()
        .expect("12 bytes");
    let session_key = hex("000102030405060708090a0b0c0d0e0f");
    let galois = transform::Galois::<aes_gcm::Aes128Gcm>::new(&session_key, salt);
    let header = hex("8040f17b 8041f8d3 5501a0b2");
    let mut packet = [&header[..], b"Gallia est omnis divisa in partes tres"].concat();
    let plain = packet.len();
    packet.resize(plain + 16, 0);

    galois.seal(
        &mut packet,
        12,
        plain,
        transform::rtp_nonce(0x5501_a0b2, 0xf17b),
        &[],
    );

    assert_eq!(
        packet,
        hex(
            "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
            42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce"
        )
    );
}

#[test]
fn what_one_leg_seals_the_other_opens_in_every_suite() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = pair(suite);
        for sequence_number in [65_534, 65_535, 0, 1] {
            let packet = rtp(sequence_number);
            let sealed = seal(&mut sender, &packet);
            assert_ne!(sealed[12..172], packet[12..]);
            assert_eq!(open(&mut receiver, &sealed), Ok(packet));
        }
    }
}

#[test]
fn rtcp_goes_through_every_suite() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = pair(suite);
        let sealed = apply(&rtcp(), |datagram| sender.seal_rtcp(datagram)).expect("room");

        assert_ne!(sealed[8..28], rtcp()[8..]);
        assert_eq!(
            apply(&sealed, |datagram| receiver.open_rtcp(datagram)),
            Ok(rtcp())
        );
        assert_eq!(
            apply(&sealed, |datagram| receiver.open_rtcp(datagram)),
            Err(Rejected::Replayed)
        );
    }
}

#[test]
fn a_packet_with_any_bit_changed_is_not_authentic() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = pair(suite);
        let sealed = seal(&mut sender, &rtp(1));
        for place in [1, 3, 5, 11, 12, 100, sealed.len() - 1] {
            let mut forged = sealed.clone();
            forged[place] ^= 1;
            assert_eq!(
                open(&mut receiver, &forged),
                Err(Rejected::Unauthentic),
                "{place}"
            );
        }
        assert_eq!(open(&mut receiver, &sealed), Ok(rtp(1)));
    }
}

#[test]
fn a_replayed_packet_is_refused_and_a_reordered_one_is_not() {
    let (mut sender, mut receiver) = pair(Suite::AesCm128HmacSha1_80);
    let [first, second] = [1, 2].map(|number| seal(&mut sender, &rtp(number)));

    assert_eq!(open(&mut receiver, &second), Ok(rtp(2)));
    assert_eq!(open(&mut receiver, &first), Ok(rtp(1)));
    assert_eq!(open(&mut receiver, &first), Err(Rejected::Replayed));
}

#[test]
fn a_forged_packet_far_ahead_does_not_move_the_window() {
    let (mut sender, mut receiver) = pair(Suite::AeadAes128Gcm);
    let sealed = seal(&mut sender, &rtp(1));
    assert_eq!(
        open(&mut receiver, &rtp(20_000)),
        Err(Rejected::Unauthentic)
    );

    assert_eq!(open(&mut receiver, &sealed), Ok(rtp(1)));
}

#[test]
fn packets_too_short_for_their_tag_are_malformed() {
    for suite in Suite::ALL {
        let (_, mut receiver) = pair(suite);
        assert_eq!(open(&mut receiver, &rtp(1)[..13]), Err(Rejected::Malformed));
        let short = rtcp();
        let outcome = apply(&short[..11], |datagram| receiver.open_rtcp(datagram));
        assert_eq!(outcome, Err(Rejected::Malformed));
    }
}

#[test]
fn a_key_of_another_length_and_an_unknown_suite_are_refused() {
    let refused = Srtp::new(Suite::AeadAes256Gcm, &[0; 30], &[0; 44]).err();

    assert_eq!(
        refused.map(|error| error.to_string()),
        Some("key and salt have 30 bytes; AEAD_AES_256_GCM takes 44".to_owned())
    );
    assert!("F8_128_HMAC_SHA1_80".parse::<Suite>().is_err());
}
