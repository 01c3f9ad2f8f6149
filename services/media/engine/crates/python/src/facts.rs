//! Facts, as Python reads them. Times are nanoseconds since 1970.

use std::net::SocketAddr;
use std::time::Duration;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use trunkline_relay::{Clock, Fact, FactKind};
use trunkline_rtp::{Counters, DigitForm, Dropped, EventKind};

/// One of a session's two legs.
#[pyclass(
    frozen,
    eq,
    eq_int,
    hash,
    from_py_object,
    module = "trunkline_engine._native"
)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    A,
    B,
}

/// Which way packets go on a leg.
#[pyclass(
    frozen,
    eq,
    eq_int,
    hash,
    from_py_object,
    module = "trunkline_engine._native"
)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[pyo3(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Direction {
    Received,
    Sent,
}

/// The first RTP packet of a leg came (MED-12).
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct FirstPacket {
    session: u64,
    unix_nanos: u128,
    side: Side,
    source: (String, u16),
}

/// A leg's packets go to this address from now on.
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct SourceLearned {
    session: u64,
    unix_nanos: u128,
    side: Side,
    source: (String, u16),
}

/// A direction has been silent for over its limit (MED-08).
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct Silence {
    session: u64,
    unix_nanos: u128,
    side: Side,
    direction: Direction,
    duration: Duration,
}

/// Packets again, after a silence that was told.
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct Resumed {
    session: u64,
    unix_nanos: u128,
    side: Side,
    direction: Direction,
}

/// Audio that is due is missing: one-way audio, or dead air.
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct AudioMissing {
    session: u64,
    unix_nanos: u128,
    side: Side,
    direction: Direction,
    duration: Duration,
    dead_air: bool,
}

/// Audio is back, or no longer due, and how long it was missing.
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct AudioBack {
    session: u64,
    unix_nanos: u128,
    side: Side,
    direction: Direction,
    duration: Duration,
}

/// A key of the peer (MED-06).
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct Digit {
    session: u64,
    unix_nanos: u128,
    side: Side,
    key: char,
    duration: Duration,
    inband: bool,
}

/// What was playing to a leg has come to its end.
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct PlayEnded {
    session: u64,
    unix_nanos: u128,
    side: Side,
}

/// A session's recording can't be written, and why.
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct RecordingFailed {
    session: u64,
    unix_nanos: u128,
    problem: String,
}

/// What one leg carried.
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct LegCounters {
    received_packets: u64,
    received_bytes: u64,
    received_rtcp_packets: u64,
    lost: u64,
    reordered: u64,
    duplicates: u64,
    jitter: Duration,
    jitter_max: Duration,
    last_packet_unix_nanos: Option<u128>,
    round_trip: Option<Duration>,
    malformed: u64,
    oversized: u64,
    stranger: u64,
    unauthentic: u64,
    replayed: u64,
    undeliverable: u64,
    sent_packets: u64,
    sent_bytes: u64,
    sent_rtcp_packets: u64,
    send_failed: u64,
    sent_lost: Option<u32>,
    sent_jitter: Duration,
}

/// The counters of both legs: asked for, or the last ones of a closed session.
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct SessionCounters {
    session: u64,
    unix_nanos: u128,
    closed: bool,
    a: LegCounters,
    b: LegCounters,
}

impl From<trunkline_rtp::Side> for Side {
    fn from(side: trunkline_rtp::Side) -> Self {
        match side {
            trunkline_rtp::Side::A => Self::A,
            trunkline_rtp::Side::B => Self::B,
        }
    }
}

impl From<Side> for trunkline_rtp::Side {
    fn from(side: Side) -> Self {
        match side {
            Side::A => Self::A,
            Side::B => Self::B,
        }
    }
}

impl From<trunkline_rtp::Direction> for Direction {
    fn from(direction: trunkline_rtp::Direction) -> Self {
        match direction {
            trunkline_rtp::Direction::Received => Self::Received,
            trunkline_rtp::Direction::Sent => Self::Sent,
        }
    }
}

pub(crate) fn to_python(py: Python<'_>, clock: Clock, fact: Fact) -> PyResult<Py<PyAny>> {
    let (session, unix_nanos) = (fact.session, clock.unix_nanos(fact.at));
    let event = match fact.kind {
        FactKind::Event(event) => event,
        FactKind::RecordingFailed(problem) => {
            return RecordingFailed {
                session,
                unix_nanos,
                problem,
            }
            .into_py_any(py);
        }
        FactKind::Counters(legs) => return counters(py, clock, session, unix_nanos, false, &legs),
        FactKind::Closed(legs) => return counters(py, clock, session, unix_nanos, true, &legs),
    };
    let side = event.side.into();
    match event.kind {
        EventKind::FirstPacket(source) => FirstPacket {
            session,
            unix_nanos,
            side,
            source: text(source),
        }
        .into_py_any(py),
        EventKind::SourceLearned(source) => SourceLearned {
            session,
            unix_nanos,
            side,
            source: text(source),
        }
        .into_py_any(py),
        EventKind::Silent(direction, duration) => {
            let direction = direction.into();
            Silence {
                session,
                unix_nanos,
                side,
                direction,
                duration,
            }
            .into_py_any(py)
        }
        EventKind::AudioMissing {
            direction,
            silence,
            dead_air,
        } => AudioMissing {
            session,
            unix_nanos,
            side,
            direction: direction.into(),
            duration: silence,
            dead_air,
        }
        .into_py_any(py),
        EventKind::AudioBack(direction, duration) => AudioBack {
            session,
            unix_nanos,
            side,
            direction: direction.into(),
            duration,
        }
        .into_py_any(py),
        EventKind::Digit(trunkline_rtp::Digit { key, duration }, form) => Digit {
            session,
            unix_nanos,
            side,
            key: key.into(),
            duration,
            inband: form == DigitForm::Inband,
        }
        .into_py_any(py),
        EventKind::PlayEnded => PlayEnded {
            session,
            unix_nanos,
            side,
        }
        .into_py_any(py),
        EventKind::Resumed(direction) => Resumed {
            session,
            unix_nanos,
            side,
            direction: direction.into(),
        }
        .into_py_any(py),
    }
}

fn counters(
    py: Python<'_>,
    clock: Clock,
    session: u64,
    unix_nanos: u128,
    closed: bool,
    legs: &[Counters; 2],
) -> PyResult<Py<PyAny>> {
    let [a, b] = legs.each_ref().map(|leg| leg_counters(clock, leg));
    SessionCounters {
        session,
        unix_nanos,
        closed,
        a,
        b,
    }
    .into_py_any(py)
}

fn leg_counters(clock: Clock, leg: &Counters) -> LegCounters {
    let (received, reception, sent) = (&leg.received, &leg.received.reception, &leg.sent);
    let dropped = |reason: Dropped| received.dropped[reason as usize];
    LegCounters {
        received_packets: received.packets,
        received_bytes: received.bytes,
        received_rtcp_packets: received.rtcp_packets,
        lost: reception.lost,
        reordered: reception.reordered,
        duplicates: reception.duplicates,
        jitter: reception.jitter,
        jitter_max: reception.jitter_max,
        round_trip: received.round_trip,
        last_packet_unix_nanos: received.last_packet.map(|time| clock.unix_nanos(time)),
        malformed: dropped(Dropped::Malformed),
        oversized: dropped(Dropped::Oversized),
        stranger: dropped(Dropped::Stranger),
        unauthentic: dropped(Dropped::Unauthentic),
        replayed: dropped(Dropped::Replayed),
        undeliverable: dropped(Dropped::Undeliverable),
        sent_packets: sent.packets,
        sent_bytes: sent.bytes,
        sent_rtcp_packets: sent.rtcp_packets,
        send_failed: sent.failed,
        sent_lost: sent.lost,
        sent_jitter: sent.jitter,
    }
}

fn text(address: SocketAddr) -> (String, u16) {
    (address.ip().to_string(), address.port())
}
