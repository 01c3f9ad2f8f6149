//! Speech is no DTMF: hours of a call must not press a key (MED-06).
//!
//! People's voices are the prompts of asterisk-core-sounds-en-wav; other languages, voices and speeds
//! are spoken by espeak-ng as the test runs. `make setup-tests` installs both.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Bench, packet, pcma};
use trunkline_rtp::{DtmfSettings, G711, Law, LegSettings, Side};

const PROMPTS: &str = "/usr/share/asterisk/sounds/en_US_f_Allison";
const RATE: usize = 8_000;
const PACKET: usize = 160;

/// Voice, and what it says: sentences with many vowels, which is what resembles tones.
const TEXTS: [(&str, &str); 9] = [
    (
        "en-gb",
        "Good morning, you have reached the sales office. Who are you calling, and may I have your number, please?",
    ),
    (
        "en-us+f3",
        "Our opening hours are nine to five. We are unavailable today; leave a message after the tone.",
    ),
    (
        "en-us+croak",
        "Oh no, I really do not know where you are, Louise. Are you there? Hello? Hello?",
    ),
    (
        "de",
        "Guten Morgen, hier ist die Vermittlung. Wie heissen Sie, und wohin möchten Sie telefonieren?",
    ),
    (
        "es",
        "Buenos días, ha llamado a nuestra oficina. Espere un momento, ahora mismo le atendemos.",
    ),
    (
        "fr+f4",
        "Bonjour, vous êtes bien chez nous. Veuillez patienter, nous vous répondons dès que possible.",
    ),
    (
        "it",
        "Buongiorno, sono io, ti ho chiamato ieri ma non c'eri. Allora, come va? Andiamo al mare?",
    ),
    (
        "ru",
        "Здравствуйте, вы позвонили в нашу компанию. Пожалуйста, оставайтесь на линии.",
    ),
    ("cmn", "你好,请问你找哪一位?他现在不在,请你等一会儿再打来。"),
];
const WORDS_A_MINUTE: [&str; 3] = ["110", "175", "320"];

/// The samples of a WAV file of 16 bits, mono, and how many a second there are.
fn wav(bytes: &[u8]) -> (Vec<i16>, usize) {
    let word = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().expect("a header"));
    let data = bytes
        .windows(4)
        .position(|name| name == b"data")
        .expect("data");
    let samples = bytes[data + 8..].as_chunks::<2>().0.iter();
    (
        samples.map(|two| i16::from_le_bytes(*two)).collect(),
        word(24) as usize,
    )
}

/// Sound at the rate of telephony: the mean of what falls into each sample.
fn resampled((sound, rate): (Vec<i16>, usize)) -> Vec<i16> {
    let mean = |n: usize| {
        let span = &sound[n * rate / RATE..((n + 1) * rate / RATE).min(sound.len())];
        (span.iter().map(|sample| i64::from(*sample)).sum::<i64>() / span.len() as i64) as i16
    };
    (0..sound.len() * RATE / rate).map(mean).collect()
}

/// The keys that a leg's ear finds in a sound.
fn keys(sound: &[i16]) -> Vec<char> {
    let dtmf = DtmfSettings {
        receive_inband: true,
        ..DtmfSettings::default()
    };
    let ear = LegSettings {
        dtmf,
        ..pcma(Side::A)
    };
    let mut bench = Bench::new(ear, pcma(Side::B));
    for (number, samples) in sound.chunks_exact(PACKET).enumerate() {
        let payload: Vec<u8> = samples
            .iter()
            .map(|s| G711::new(Law::A).compress(*s))
            .collect();
        bench.receive(
            Side::A,
            &packet(8, number as u16, (number * PACKET) as u32, &payload),
        );
    }
    bench.digits().into_iter().map(|(_, key)| key).collect()
}

fn prompts() -> Vec<PathBuf> {
    let folder = fs::read_dir(Path::new(PROMPTS));
    let files = folder.expect("asterisk-core-sounds-en-wav: make setup-tests");
    let paths = files.map(|file| file.expect("a file").path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "wav"))
        .collect()
}

fn spoken(voice: &str, words_a_minute: &str, text: &str) -> Vec<i16> {
    let output = Command::new("espeak-ng")
        .args(["-v", voice, "-s", words_a_minute, "--stdout", text])
        .output()
        .expect("espeak-ng: make setup-tests");
    assert!(output.status.success(), "espeak-ng has no voice {voice}");
    resampled(wav(&output.stdout))
}

#[test]
fn med06_no_prompt_that_a_person_spoke_presses_a_key() {
    let prompts = prompts();
    let mut samples = 0;
    for path in &prompts {
        let (sound, rate) = wav(&fs::read(path).expect("a readable file"));
        assert_eq!(rate, RATE, "{}", path.display());
        samples += sound.len();
        assert_eq!(keys(&sound), [], "{}", path.display());
    }

    assert!(
        samples > 10 * 60 * RATE,
        "{} prompts, {samples} samples",
        prompts.len()
    );
}

#[test]
fn med06_no_language_voice_or_speed_presses_a_key() {
    for (voice, text) in TEXTS {
        for speed in WORDS_A_MINUTE {
            let sound = spoken(voice, speed, text);
            assert!(sound.len() > RATE, "{voice} says nothing");
            assert_eq!(keys(&sound), [], "{voice} at {speed} words a minute");
        }
    }
}

#[test]
fn the_ear_that_hears_no_key_in_speech_hears_one_that_is_pressed_over_it() {
    let (voice, text) = TEXTS[0];
    let mut sound = spoken(voice, WORDS_A_MINUTE[1], text);
    for (n, sample) in sound[8_000..8_800].iter_mut().enumerate() {
        let wave = |frequency: f64| (std::f64::consts::TAU * frequency * n as f64 / 8000.0).sin();
        *sample = (*sample / 16).saturating_add((6000.0 * (wave(770.0) + wave(1336.0))) as i16);
    }

    assert_eq!(keys(&sound), ['5']);
}
