//! Two legs relayed to each other: a datagram and its source go in, where it goes comes out.

mod control;
mod hearing;
mod voice;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::codec::Codecs;
use crate::counters::{Counters, Dropped};
use crate::dtmf::{Digit, DigitForm};
use crate::latch::Standing;
use crate::leg::Leg;
use crate::origin::Origin;
use crate::packet::Header;
use crate::path::Passage;
use crate::protection::{Datagram, Protection, Rejected};
use crate::rtcp::is_rtcp;
use crate::settings::LegSettings;
use crate::tap::Tap;
use crate::time::Time;
use crate::udptl::is_udptl;

/// Stands for the SSRC of media that has none.
const UNHEARD: u32 = 0;

/// One of a session's two legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Side {
    /// The caller's.
    A,
    /// The callee's.
    B,
}

impl Side {
    /// Both sides.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The other leg.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Which of a leg's two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Component {
    /// The even port.
    Rtp,
    /// The odd port above it.
    Rtcp,
}

/// Which way packets go on a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the peer to us: "remote to server".
    Received,
    /// From us to the peer: "server to remote".
    Sent,
}

/// A received datagram is to leave by the other leg's port of `component`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The port to send from.
    pub component: Component,
    /// Where to.
    pub to: SocketAddr,
}

/// How packets go on that are relayed as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain {
    /// Where to, from the other leg's port of RTP.
    pub to: SocketAddr,
    /// What is added to their sequence numbers.
    pub shift: u16,
}

/// Something worth telling about a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The leg.
    pub side: Side,
    /// What happened.
    pub kind: EventKind,
}

/// What happened on a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The first RTP packet since the peer was signaled (MED-12), and where it came from.
    FirstPacket(SocketAddr),
    /// Packets go to this address from now on.
    SourceLearned(SocketAddr),
    /// No packet for this long, which is over the direction's limit (MED-08).
    Silent(Direction, Duration),
    /// Packets again, after a silence that was told.
    Resumed(Direction),
    /// Audio that is due is missing: one-way audio, or dead air.
    AudioMissing {
        /// From the peer: it sends nothing. To it: the other peer does, and nothing of it goes on.
        direction: Direction,
        /// For how long by now.
        silence: Duration,
        /// The other peer sends nothing either.
        dead_air: bool,
    },
    /// Audio is back, or no longer due, and how long it was missing.
    AudioBack(Direction, Duration),
    /// A key of the peer has been let go, or was recognized as a whole, and the form it came in
    /// (MED-06).
    Digit(Digit, DigitForm),
    /// What was playing to the peer has come to its end.
    PlayEnded,
}

/// A relayed call's media.
pub struct Session {
    legs: [Leg; 2],
    codecs: Arc<dyn Codecs>,
    tap: Option<Box<dyn Tap>>,
    origin: Origin,
}

impl Session {
    /// A session of two legs, A's first.
    #[must_use]
    pub fn new(legs: [Leg; 2], codecs: Arc<dyn Codecs>, origin: Origin) -> Self {
        let mut session = Self {
            legs,
            codecs,
            tap: None,
            origin,
        };
        session.update_paths();
        session
    }

    /// Take a new offer or answer for one leg; see [`Leg::update`].
    pub fn update(&mut self, side: Side, settings: LegSettings, relearn: bool, now: Time) {
        self.legs[side as usize].update(settings, relearn, now);
        self.update_paths();
    }

    /// Let somebody hear both legs, or nobody.
    pub fn listen(&mut self, tap: Option<Box<dyn Tap>>) {
        self.tap = tap;
    }

    /// Let one leg wear another cipher on the wire, or none.
    pub fn protect(&mut self, side: Side, protection: Option<Box<dyn Protection>>) {
        self.legs[side as usize].protection = protection;
    }

    /// What one leg counted.
    #[must_use]
    pub fn counters(&self, side: Side) -> Counters {
        self.legs[side as usize].counters()
    }

    /// Where one leg's RTP goes now.
    #[must_use]
    pub fn destination(&self, side: Side) -> Option<SocketAddr> {
        self.legs[side as usize].destination()
    }

    /// Take a datagram that came in on `side`, and say where it goes, unless it ends here; what went
    /// wrong is counted.
    ///
    /// # Errors
    /// [`Dropped`], when it goes nowhere.
    pub fn receive(
        &mut self,
        (side, component): (Side, Component),
        from: SocketAddr,
        datagram: &mut Datagram<'_>,
        now: Time,
        events: &mut Vec<Event>,
    ) -> Result<Option<Forward>, Dropped> {
        let settings = &self.legs[side as usize].settings;
        let mux = settings.rtcp_mux;
        let verdict = if component == Component::Rtcp || mux && is_rtcp(datagram.bytes()) {
            self.receive_rtcp(side, from, datagram, now)
        } else if settings.fax {
            self.receive_udptl(side, from, datagram, now, events)
                .map(Some)
        } else {
            self.receive_rtp(side, from, datagram, now, events)
        };
        if let Err(reason) = verdict {
            self.legs[side as usize].count_dropped(reason);
        }
        verdict
    }

    /// Count a datagram longer than any buffer, which was not read.
    pub fn receive_oversized(&mut self, side: Side) {
        self.legs[side as usize].count_dropped(Dropped::Oversized);
    }

    /// The system refused a packet that [`Session::receive`] sent towards `side`.
    pub fn send_failed(&mut self, side: Side, component: Component) {
        let sent = &mut self.legs[side as usize].sent;
        sent.failed += 1;
        match component {
            Component::Rtp => sent.packets -= 1,
            Component::Rtcp => sent.rtcp_packets -= 1,
        }
    }

    /// How packets with this header that come from `from` go on, if nobody here needs to see them: they may
    /// then be relayed elsewhere and [noted](Session::note_relayed).
    #[must_use]
    pub fn relays_plainly(
        &self,
        side: Side,
        from: SocketAddr,
        header: &Header,
        now: Time,
    ) -> Option<Plain> {
        let (leg, other) = (&self.legs[side as usize], &self.legs[side.other() as usize]);
        let plain = self.tap.is_none()
            && leg.latch.judge(from, header.ssrc, now) == Standing::Known
            && leg.is_received_plainly(header.payload_type)
            && other.is_sent_plainly();
        let to = other.destination().filter(|_| plain)?;
        let shift = other.outgoing.shift()?;
        Some(Plain { to, shift })
    }

    /// Take note of a packet, `length` bytes long, that [was plain](Session::relays_plainly) when it came in
    /// on `side` at `now`, and has been relayed elsewhere.
    pub fn note_relayed(
        &mut self,
        side: Side,
        header: &Header,
        length: usize,
        now: Time,
        events: &mut Vec<Event>,
    ) {
        let (leg, other) = self.both(side);
        leg.latch.refresh(header.ssrc, now);
        leg.count_received(side, now, events);
        leg.receive(header, length, now);
        other.outgoing.relay(header, now);
        other.count_sent(side.other(), length, now, events);
    }

    /// Tell the silences that have become too long, and digits whose end was lost, and let reports fall
    /// due. To be called a few times a second.
    pub fn tick(&mut self, now: Time, events: &mut Vec<Event>) {
        self.judge_audio(now, events);
        for side in Side::BOTH {
            let leg = &mut self.legs[side as usize];
            leg.judge_silence(side, now, events);
            leg.judge_reports(now);
            let clock_rate = leg.settings.clock_rate();
            if let Some(digit) = leg.digits.tick(clock_rate, now) {
                self.tell_digit(side, digit, DigitForm::Event, now, events);
            }
        }
    }

    fn receive_rtp(
        &mut self,
        side: Side,
        from: SocketAddr,
        datagram: &mut Datagram<'_>,
        now: Time,
        events: &mut Vec<Event>,
    ) -> Result<Option<Forward>, Dropped> {
        let header = Header::parse(datagram.bytes()).map_err(|_| Dropped::Malformed)?;
        let leg = &mut self.legs[side as usize];
        let standing = leg.latch.judge(from, header.ssrc, now);
        if standing == Standing::Stranger {
            return Err(Dropped::Stranger);
        }
        let length = datagram.bytes().len();
        if let Some(protection) = &mut leg.protection {
            protection.open_rtp(datagram).map_err(dropped)?;
        }
        leg.accept(side, from, header.ssrc, standing, now, events);
        leg.receive(&header, length, now);
        if let Some(tap) = &mut self.tap {
            leg.be_heard(side, tap.as_mut(), datagram.bytes(), &header, now);
        }
        if let Some(digit) = leg.hear_inband(datagram.bytes(), &header) {
            self.tell_digit(side, digit, DigitForm::Inband, now, events);
        }
        if self.legs[side as usize].is_event_for_us(header.payload_type) {
            self.receive_event(side, datagram, &header, now, events);
            return Ok(None);
        }
        self.send_rtp(side.other(), datagram, header, now, events)
    }

    fn send_rtp(
        &mut self,
        side: Side,
        datagram: &mut Datagram<'_>,
        mut header: Header,
        now: Time,
        events: &mut Vec<Event>,
    ) -> Result<Option<Forward>, Dropped> {
        let (leg, there) = self.both(side);
        let (mut changed, mut passage) = (false, Passage::On);
        if let Some(path) = leg.path.as_mut().filter(|path| !path.is_plain()) {
            changed = true;
            let here = &leg.settings;
            passage = path
                .relay(datagram, &mut header, here, &there.settings, now)
                .map_err(dropped)?;
            if let (Some(mode), Some(back)) = (path.requested_mode(), &mut there.path) {
                back.request_mode(mode);
            }
        }
        let sequence_number = match passage {
            Passage::On => leg.outgoing.relay(&header, now),
            Passage::Anew => leg.outgoing.follow(&header, now),
            Passage::Ends => {
                leg.outgoing.swallow();
                return Ok(None);
            }
        };
        if changed || sequence_number != header.sequence_number {
            header.sequence_number = sequence_number;
            header.rewrite(datagram.bytes_mut());
        }
        leg.seal(side, datagram, now, events).map(Some)
    }

    fn both(&mut self, side: Side) -> (&mut Leg, &mut Leg) {
        let [a, b] = &mut self.legs;
        if side == Side::A { (a, b) } else { (b, a) }
    }

    fn receive_udptl(
        &mut self,
        side: Side,
        from: SocketAddr,
        datagram: &Datagram<'_>,
        now: Time,
        events: &mut Vec<Event>,
    ) -> Result<Forward, Dropped> {
        if !is_udptl(datagram.bytes()) {
            return Err(Dropped::Malformed);
        }
        let (leg, other) = self.both(side);
        // Fax has no SSRC to know a sender by: one that was never heard, so that ports may move
        // after silence only.
        let standing = leg.latch.judge(from, UNHEARD, now);
        if standing == Standing::Stranger {
            return Err(Dropped::Stranger);
        }
        leg.accept(side, from, !UNHEARD, standing, now, events);
        leg.received.bytes += datagram.bytes().len() as u64;
        other.send(side.other(), datagram.bytes().len(), now, events)
    }
}

const fn dropped(rejected: Rejected) -> Dropped {
    match rejected {
        Rejected::Malformed => Dropped::Malformed,
        Rejected::Unauthentic => Dropped::Unauthentic,
        Rejected::Replayed => Dropped::Replayed,
        Rejected::Oversized => Dropped::Oversized,
    }
}
