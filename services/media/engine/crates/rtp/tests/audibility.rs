//! One-way audio and dead air, told while a call lasts.

mod support;

use std::time::Duration;

use support::{Bench, pcma, pcmu};
use trunkline_rtp::{AudioDue, Direction, Event, EventKind, LegSettings, Side};

const LIMIT: Duration = Duration::from_secs(10);
const DUE: AudioDue = AudioDue {
    received: Some(LIMIT),
    sent: Some(LIMIT),
};

fn answered() -> Bench {
    let [a, b] = [pcma(Side::A), pcma(Side::B)].map(|leg| LegSettings { audio: DUE, ..leg });
    Bench::new(a, b)
}

/// What was told of audio: the leg, the direction, and for how long it was missing; none when back.
fn told(bench: &Bench) -> Vec<(Side, Direction, Option<bool>)> {
    let of = |event: &Event| match event.kind {
        EventKind::AudioMissing {
            direction,
            dead_air,
            ..
        } => Some((event.side, direction, Some(dead_air))),
        EventKind::AudioBack(direction, _) => Some((event.side, direction, None)),
        _ => None,
    };
    bench.events.iter().filter_map(of).collect()
}

#[test]
fn one_way_audio_is_told_once_with_the_leg_that_sends_nothing() {
    let mut bench = answered();
    bench.speak(Side::B, 1, 1);
    bench.speak(Side::A, 1, 1500);

    assert_eq!(told(&bench), [(Side::B, Direction::Received, Some(false))]);
}

#[test]
fn a_call_in_which_both_hear_each_other_has_nothing_to_tell() {
    let mut bench = answered();
    for number in 1..800 {
        bench.speak(Side::A, number, 1);
        bench.speak(Side::B, number, 1);
    }

    assert_eq!(told(&bench), []);
}

#[test]
fn dead_air_is_told_of_both_legs() {
    let mut bench = answered();
    bench.pass(30_000);

    let both = Side::BOTH.map(|side| (side, Direction::Received, Some(true)));
    assert_eq!(told(&bench), both);
}

#[test]
fn audio_that_comes_back_ends_the_episode_with_its_length() {
    let mut bench = answered();
    bench.speak(Side::A, 1, 600);
    bench.speak(Side::B, 1, 1);
    bench.speak(Side::A, 601, 10);

    let back = (Side::B, Direction::Received, None);
    assert_eq!(told(&bench)[1..], [back]);
    let lengths: Vec<Duration> = bench
        .events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::AudioBack(_, silence) => Some(silence),
            _ => None,
        })
        .collect();
    assert!(
        (12_000..12_050).contains(&lengths[0].as_millis()),
        "{lengths:?}"
    );
}

#[test]
fn a_leg_on_hold_owes_nothing_and_ends_its_episode() {
    let mut bench = answered();
    bench.speak(Side::A, 1, 600);
    let held = LegSettings {
        audio: AudioDue::default(),
        ..pcma(Side::B)
    };
    let now = bench.time();
    bench.session.update(Side::B, held, false, now);
    bench.speak(Side::A, 601, 1500);

    let missing = (Side::B, Direction::Received, Some(false));
    let over = (Side::B, Direction::Received, None);
    assert_eq!(told(&bench), [missing, over]);
}

#[test]
fn what_comes_and_goes_nowhere_is_told_of_the_leg_that_hears_nothing() {
    let nowhere = LegSettings {
        remote: None,
        audio: DUE,
        ..pcmu(Side::B)
    };
    let caller = LegSettings {
        audio: DUE,
        ..pcma(Side::A)
    };
    let mut bench = Bench::new(caller, nowhere);
    for number in 1..800 {
        bench.lose(Side::A, number);
    }

    let unsent = (Side::B, Direction::Sent, Some(false));
    assert!(told(&bench).contains(&unsent), "{:?}", told(&bench));
}
