//! Two legs relayed to each other: a datagram and its source go in, where it goes comes out.

use std::net::SocketAddr;
use std::time::Duration;

use crate::counters::{Counters, Dropped};
use crate::latch::Standing;
use crate::leg::{Leg, LegSettings};
use crate::packet::Header;
use crate::protection::{Datagram, Protection, Rejected};
use crate::rtcp::{Compound, is_rtcp};
use crate::time::Time;

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
}

/// A relayed call's media.
pub struct Session {
    legs: [Leg; 2],
}

impl Session {
    /// A session of two legs, A's first.
    #[must_use]
    pub fn new(legs: [Leg; 2]) -> Self {
        Self { legs }
    }

    /// Take a new offer or answer for one leg; see [`Leg::update`].
    pub fn update(&mut self, side: Side, settings: LegSettings, relearn: bool, now: Time) {
        self.legs[side as usize].update(settings, relearn, now);
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

    /// Take a datagram that came in on `side`, and say where it goes; what went wrong is counted.
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
    ) -> Result<Forward, Dropped> {
        let mux = self.legs[side as usize].settings.rtcp_mux;
        let verdict = if component == Component::Rtcp || mux && is_rtcp(datagram.bytes()) {
            self.receive_rtcp(side, from, datagram)
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

    /// Tell the silences that have become too long. To be called a few times a second.
    pub fn tick(&mut self, now: Time, events: &mut Vec<Event>) {
        for side in Side::BOTH {
            let leg = &mut self.legs[side as usize];
            let watches = [
                (Direction::Received, &mut leg.received_watch),
                (Direction::Sent, &mut leg.sent_watch),
            ];
            for (direction, watch) in watches {
                if let Some(silence) = watch.judge(now) {
                    events.push(Event {
                        side,
                        kind: EventKind::Silent(direction, silence),
                    });
                }
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
    ) -> Result<Forward, Dropped> {
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
        leg.accept(side, from, &header, standing, now, events);
        leg.received.bytes += length as u64;
        self.send_rtp(side.other(), datagram, now, events)
    }

    fn send_rtp(
        &mut self,
        side: Side,
        datagram: &mut Datagram<'_>,
        now: Time,
        events: &mut Vec<Event>,
    ) -> Result<Forward, Dropped> {
        let leg = &mut self.legs[side as usize];
        let to = leg.destination().ok_or(Dropped::Undeliverable)?;
        if let Some(protection) = &mut leg.protection {
            protection
                .seal_rtp(datagram)
                .map_err(|_| Dropped::Undeliverable)?;
        }
        leg.sent.packets += 1;
        leg.sent.bytes += datagram.bytes().len() as u64;
        if leg.sent_watch.packet(now) {
            events.push(Event {
                side,
                kind: EventKind::Resumed(Direction::Sent),
            });
        }
        Ok(Forward {
            component: Component::Rtp,
            to,
        })
    }

    fn receive_rtcp(
        &mut self,
        side: Side,
        from: SocketAddr,
        datagram: &mut Datagram<'_>,
    ) -> Result<Forward, Dropped> {
        let leg = &mut self.legs[side as usize];
        if !leg.latch.knows(from.ip()) {
            return Err(Dropped::Stranger);
        }
        if let Some(protection) = &mut leg.protection {
            protection.open_rtcp(datagram).map_err(dropped)?;
        }
        Compound::parse(datagram.bytes()).map_err(|_| Dropped::Malformed)?;
        leg.learn_rtcp(from);
        leg.received.rtcp_packets += 1;
        self.send_rtcp(side.other(), datagram)
    }

    fn send_rtcp(&mut self, side: Side, datagram: &mut Datagram<'_>) -> Result<Forward, Dropped> {
        let leg = &mut self.legs[side as usize];
        let to = leg.rtcp_destination().ok_or(Dropped::Undeliverable)?;
        if let Some(protection) = &mut leg.protection {
            protection
                .seal_rtcp(datagram)
                .map_err(|_| Dropped::Undeliverable)?;
        }
        leg.sent.rtcp_packets += 1;
        let component = if leg.settings.rtcp_mux {
            Component::Rtp
        } else {
            Component::Rtcp
        };
        Ok(Forward { component, to })
    }
}

impl Leg {
    fn accept(
        &mut self,
        side: Side,
        from: SocketAddr,
        header: &Header,
        standing: Standing,
        now: Time,
        events: &mut Vec<Event>,
    ) {
        self.latch.learn(from, header.ssrc, now);
        self.reception
            .receive(header, self.settings.clock_rate, now);
        self.received.packets += 1;
        self.received.last_packet = Some(now);
        if standing == Standing::Learned {
            events.push(Event {
                side,
                kind: EventKind::SourceLearned(from),
            });
        }
        if !std::mem::replace(&mut self.heard, true) {
            events.push(Event {
                side,
                kind: EventKind::FirstPacket(from),
            });
        }
        if self.received_watch.packet(now) {
            events.push(Event {
                side,
                kind: EventKind::Resumed(Direction::Received),
            });
        }
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
