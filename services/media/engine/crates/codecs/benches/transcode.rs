//! CPU of converted calls beside that of their codecs alone: `cargo bench -p trunkline-codecs`.
//!
//! A call is PCMA on one leg and the codec on the other, both ways, in packets of 20 ms (30 for
//! G.723.1), of the stored speech. The codec alone encodes and decodes the same sound. CPU is that of
//! the process, so that other work on the machine doesn't count; the least of five runs is told.

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;

use trunkline_codecs::Installed;
use trunkline_rtp::{
    AmrModes, Codecs, Component, Datagram, Encoding, G711, Law, Leg, LegSettings, NARROWBAND,
    Origin, Remote, Session, Side, Time, VoiceFormat,
};

const ALIGNED_AMR: Encoding = Encoding::Amr {
    aligned: true,
    modes: AmrModes::ALL,
};
const SPEECH: &[u8] = include_bytes!("../../rtp/tests/data/speech.al");
const RUNS: usize = 5;
const ENCODINGS: [(&str, Encoding); 7] = [
    ("PCMU", Encoding::Pcmu),
    ("G729", Encoding::G729),
    ("G723", Encoding::G723),
    ("GSM", Encoding::Gsm),
    ("G722", Encoding::G722),
    ("opus", Encoding::OPUS),
    ("AMR", ALIGNED_AMR),
];

/// One codec's packets of the speech, and the same speech in PCMA.
struct Material {
    encoding: Encoding,
    sound: Vec<Vec<i16>>,
    coded: Vec<Vec<u8>>,
}

fn main() {
    let installed = Installed::find();
    println!("| codec | alone, us a second | in a call | ratio | calls a core |");
    println!("| --- | --- | --- | --- | --- |");
    for (name, encoding) in ENCODINGS {
        let Some(material) = Material::new(&installed, encoding) else {
            println!("| {name} | library missing | | | |");
            continue;
        };
        let alone = least(|| material.alone(&installed));
        let call = least(|| material.call(&installed));
        let ratio = call / alone;
        println!(
            "| {name} | {alone:.0} | {call:.0} | {ratio:.2} | {:.0} |",
            1e6 / call
        );
    }
}

impl Material {
    fn new(installed: &Installed, encoding: Encoding) -> Option<Self> {
        let mut encoder = installed.encoder(encoding, NARROWBAND)?;
        let length = encoder.frame().max(160);
        let expand = |packet: &[u8]| {
            packet
                .iter()
                .map(|b| G711::new(Law::A).expand(*b))
                .collect()
        };
        let sound: Vec<Vec<i16>> = SPEECH.chunks_exact(length).map(expand).collect();
        let coded = sound.iter().map(|samples| {
            let mut payload = [0; 1024];
            let bytes = encoder.encode(samples, &mut payload);
            payload[..bytes].to_vec()
        });
        Some(Self {
            encoding,
            coded: coded.collect(),
            sound,
        })
    }

    fn seconds(&self) -> f64 {
        (self.sound.len() * self.sound[0].len()) as f64 / f64::from(NARROWBAND)
    }

    /// CPU microseconds for a second of both ways of the codec alone.
    fn alone(&self, installed: &Installed) -> f64 {
        let mut encoder = installed
            .encoder(self.encoding, NARROWBAND)
            .expect("it was there");
        let mut decoder = installed
            .decoder(self.encoding, NARROWBAND)
            .expect("it was there");
        let begun = cpu();
        for (sound, coded) in self.sound.iter().zip(&self.coded) {
            let (mut payload, mut samples) = ([0; 1024], [0; 512]);
            black_box(encoder.encode(sound, &mut payload));
            black_box(decoder.decode(coded, &mut samples));
        }
        (cpu() - begun) / self.seconds()
    }

    /// CPU microseconds for a second of a call.
    fn call(&self, installed: &Installed) -> f64 {
        let legs = [
            leg(Side::A, Encoding::Pcma, 8),
            leg(Side::B, self.encoding, 97),
        ];
        let legs = legs.map(|settings| Leg::new(settings, Time::default()));
        let mut session = Session::new(legs, Arc::new(installed.clone()), Origin::default());
        let clock = if matches!(self.encoding, Encoding::Opus { .. }) {
            6
        } else {
            1
        };
        let length = self.sound[0].len();
        let begun = cpu();
        for (number, coded) in self.coded.iter().enumerate() {
            let timestamp = (number * length) as u32;
            let pcma = &SPEECH[number * length..][..length];
            receive(&mut session, Side::A, (8, number as u16, timestamp), pcma);
            receive(
                &mut session,
                Side::B,
                (97, number as u16, timestamp * clock),
                coded,
            );
        }
        (cpu() - begun) / self.seconds()
    }
}

fn leg(side: Side, encoding: Encoding, payload_type: u8) -> LegSettings {
    let clock_rate = if matches!(encoding, Encoding::Opus { .. }) {
        48_000
    } else {
        NARROWBAND
    };
    LegSettings {
        remote: Some(Remote {
            rtp: address(side),
            rtcp: None,
            hint: None,
        }),
        voice: Some(VoiceFormat {
            encoding,
            payload_type,
            clock_rate,
            packet_time: None,
        }),
        ..LegSettings::default()
    }
}

fn address(side: Side) -> SocketAddr {
    ([127, 0, 0, 1], 4_000 + side as u16).into()
}

fn receive(
    session: &mut Session,
    side: Side,
    (kind, number, timestamp): (u8, u16, u32),
    payload: &[u8],
) {
    let mut buffer = [0; 2048];
    buffer[..2].copy_from_slice(&[0x80, kind]);
    buffer[2..4].copy_from_slice(&number.to_be_bytes());
    buffer[4..8].copy_from_slice(&timestamp.to_be_bytes());
    buffer[12..12 + payload.len()].copy_from_slice(payload);
    let mut datagram = Datagram::new(&mut buffer, 12 + payload.len());
    let (place, mut events) = ((side, Component::Rtp), Vec::new());
    let now = Time::from_millis(u64::from(number) * 20);
    let sent = session.receive(place, address(side), &mut datagram, now, &mut events);
    black_box(sent.expect("a packet that isn't dropped"));
}

fn least(measure: impl Fn() -> f64) -> f64 {
    (0..RUNS).map(|_| measure()).fold(f64::INFINITY, f64::min)
}

/// Microseconds of CPU of this process so far.
fn cpu() -> f64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the structure is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}
