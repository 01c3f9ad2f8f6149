//! A session on a bench: packets in, all that leaves it and time under the test's hand.

#![allow(dead_code)] // each test file uses its part

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use trunkline_rtp::{
    BuiltIn, Codecs, Component, Datagram, Dropped, Encoding, Event, EventKind, EventPayload, G711,
    Header, Key, Law, Leg, LegSettings, Origin, Remote, Session, Side, Time, VoiceFormat, is_rtcp,
};

/// 1970 begins with the test.
const ORIGIN: Origin = Origin {
    seed: 77,
    unix_at_start: Duration::ZERO,
};
const SPEAKER: u32 = 0xabcd;
const PACKET: u64 = 20;

/// A session, and all that left it.
pub struct Bench {
    pub session: Session,
    pub now: u64,
    pub sent: Vec<(Side, Header, Vec<u8>)>,
    pub reports: Vec<(Side, Vec<u8>)>,
    pub events: Vec<Event>,
}

pub fn address(side: Side) -> SocketAddr {
    let text = if side == Side::A {
        "192.0.2.1:4000"
    } else {
        "198.51.100.1:6000"
    };
    text.parse().expect("an address")
}

pub fn settings(
    side: Side,
    encoding: Encoding,
    payload_type: u8,
    event: Option<u8>,
) -> LegSettings {
    LegSettings {
        remote: Some(Remote {
            rtp: address(side),
            rtcp: None,
            hint: None,
        }),
        voice: Some(VoiceFormat {
            encoding,
            payload_type,
            clock_rate: 8000,
            packet_time: None,
        }),
        telephone_event: event,
        ..LegSettings::default()
    }
}

pub fn pcma(side: Side) -> LegSettings {
    settings(side, Encoding::Pcma, 8, Some(101))
}

pub fn pcmu(side: Side) -> LegSettings {
    settings(side, Encoding::Pcmu, 0, Some(96))
}

pub fn packet(payload_type: u8, sequence_number: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, payload_type];
    packet.extend(sequence_number.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend(SPEAKER.to_be_bytes());
    packet.extend(payload);
    packet
}

pub fn event(key: char, end: bool, duration: u16) -> [u8; 4] {
    let key = Key::from_char(key).expect("a key");
    EventPayload {
        key,
        end,
        volume: 10,
        duration,
    }
    .to_bytes()
}

impl Bench {
    pub fn new(a: LegSettings, b: LegSettings) -> Self {
        Self::with(Arc::new(BuiltIn), a, b)
    }

    pub fn with(codecs: Arc<dyn Codecs>, a: LegSettings, b: LegSettings) -> Self {
        let legs = [a, b].map(|leg| Leg::new(leg, Time::default()));
        let session = Session::new(legs, codecs, ORIGIN);
        Self {
            session,
            now: 0,
            sent: Vec::new(),
            reports: Vec::new(),
            events: Vec::new(),
        }
    }

    pub fn time(&self) -> Time {
        Time::from_millis(self.now)
    }

    pub fn receive(&mut self, side: Side, packet: &[u8]) {
        let mut buffer = [0; 2048];
        buffer[..packet.len()].copy_from_slice(packet);
        let mut datagram = Datagram::new(&mut buffer, packet.len());
        let (now, from) = (self.time(), address(side));
        let place = (side, Component::Rtp);
        let verdict = self
            .session
            .receive(place, from, &mut datagram, now, &mut self.events);
        if verdict.expect("a packet that isn't dropped").is_some() {
            self.keep(side.other(), &datagram);
        }
        self.drain();
    }

    /// Let one leg speak a packet of silence that can't be delivered.
    pub fn lose(&mut self, side: Side, number: u16) {
        let spoken = packet(8, number, 160 * u32::from(number), &[0xd5; 160]);
        let mut buffer = [0; 2048];
        buffer[..spoken.len()].copy_from_slice(&spoken);
        let mut datagram = Datagram::new(&mut buffer, spoken.len());
        let (now, place) = (self.time(), (side, Component::Rtp));
        let verdict =
            self.session
                .receive(place, address(side), &mut datagram, now, &mut self.events);
        assert_eq!(verdict, Err(Dropped::Undeliverable));
        self.pass(PACKET);
    }

    /// Take what the session makes of its own, as a relay does after each packet.
    fn drain(&mut self) {
        let mut buffer = [0; 2048];
        let mut datagram = Datagram::new(&mut buffer, 0);
        let now = self.time();
        while let Some((side, _)) = self.session.poll(&mut datagram, now, &mut self.events) {
            if is_rtcp(datagram.bytes()) {
                self.reports.push((side, datagram.bytes().to_vec()));
            } else {
                self.keep(side, &datagram);
            }
        }
    }

    fn keep(&mut self, side: Side, datagram: &Datagram<'_>) {
        let header = Header::parse(datagram.bytes()).expect("RTP");
        self.sent.push((
            side,
            header,
            datagram.bytes()[header.payload_start..].to_vec(),
        ));
    }

    /// Let `millis` pass, in steps of five.
    pub fn pass(&mut self, millis: u64) {
        let end = self.now + millis;
        while self.now < end {
            self.drain();
            self.session.tick(self.time(), &mut self.events);
            self.now += 5;
        }
    }

    /// Let one leg speak packets of silence.
    pub fn speak(&mut self, side: Side, first: u16, packets: u16) {
        for number in first..first + packets {
            self.receive(
                side,
                &packet(8, number, 160 * u32::from(number), &[0xd5; 160]),
            );
            self.pass(PACKET);
        }
    }

    pub fn sequence_numbers(&self) -> Vec<u16> {
        self.sent
            .iter()
            .map(|(_, header, _)| header.sequence_number)
            .collect()
    }

    pub fn digits(&self) -> Vec<(Side, char)> {
        self.events
            .iter()
            .filter_map(|event| match event.kind {
                EventKind::Digit(digit, _) => Some((event.side, digit.key.into())),
                _ => None,
            })
            .collect()
    }
}

impl Bench {
    /// What a leg was sent, in the order of its packets.
    pub fn heard(&self, side: Side) -> Vec<&(Side, Header, Vec<u8>)> {
        self.sent.iter().filter(|sent| sent.0 == side).collect()
    }

    /// The sound of the G.711 packets that a leg was sent.
    pub fn sound(&self, side: Side, law: Law) -> Vec<i16> {
        let payloads = self.heard(side).into_iter().flat_map(|sent| &sent.2);
        payloads.map(|byte| G711::new(law).expand(*byte)).collect()
    }
}

/// A sine of this many hertz, coded; its peak is 8000.
pub fn tone(law: Law, frequency: f64, samples: std::ops::Range<usize>) -> Vec<u8> {
    let angle = |n: usize| std::f64::consts::TAU * frequency * n as f64 / 8000.0;
    let sine = |n| (8000.0 * angle(n).sin()) as i16;
    samples.map(|n| G711::new(law).compress(sine(n))).collect()
}

/// Root mean square of a sound.
pub fn level(samples: &[i16]) -> f64 {
    let energy: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    (energy / samples.len() as f64).sqrt()
}
