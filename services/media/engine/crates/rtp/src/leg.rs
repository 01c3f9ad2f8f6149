//! One leg of a session: who the peer is, what it sent, what it was sent.

use std::net::SocketAddr;
use std::time::Duration;

use crate::activity::Watch;
use crate::audibility::Audibility;
use crate::codec::Encoding;
use crate::counters::{Counters, Dropped, ReceivedCounters, SentCounters};
use crate::dtmf::{Digit, DigitForm, EventReceiver, InbandReceiver};
use crate::far_end::FarEnd;
use crate::latch::{Latch, Learning, Standing};
use crate::outgoing::Outgoing;
use crate::packet::Header;
use crate::path::Path;
use crate::protection::{Datagram, Protection};
use crate::reception::Reception;
use crate::reports::Reports;
use crate::session::{Component, Direction, Event, EventKind, Forward, Side};
use crate::settings::LegSettings;
use crate::tap::{Tap, Voice};
use crate::time::Time;

/// One leg; the [`crate::Session`] drives it.
#[derive(Default)]
pub struct Leg {
    pub(crate) settings: LegSettings,
    pub(crate) latch: Latch,
    pub(crate) reception: Reception,
    pub(crate) received: ReceivedCounters,
    pub(crate) sent: SentCounters,
    pub(crate) received_watch: Watch,
    pub(crate) sent_watch: Watch,
    pub(crate) received_audio: Audibility,
    pub(crate) sent_audio: Audibility,
    pub(crate) far_end: FarEnd,
    /// Where the leg's voice is made here. Boxed, as paths are.
    pub(crate) reports: Option<Box<Reports>>,
    pub(crate) outgoing: Outgoing,
    /// Beyond plain relaying, towards this leg. Boxed: most legs need none.
    pub(crate) path: Option<Box<Path>>,
    pub(crate) digits: EventReceiver,
    pub(crate) inband: Option<(Encoding, Box<InbandReceiver>)>,
    /// The form in which the peer's first digit came.
    pub(crate) digit_form: Option<DigitForm>,
    pub(crate) protection: Option<Box<dyn Protection>>,
    /// Whether a packet has come since the peer was last signaled.
    pub(crate) heard: bool,
    rtcp_learned: Option<SocketAddr>,
}

impl Leg {
    /// A leg with its first settings, plain on the wire.
    #[must_use]
    pub fn new(settings: LegSettings, now: Time) -> Self {
        let mut leg = Self::default();
        leg.update(settings, false, now);
        leg
    }

    /// Take a new offer or answer. Learning begins anew when the peer has moved, or if `relearn`.
    pub fn update(&mut self, settings: LegSettings, relearn: bool, now: Time) {
        let moved =
            settings.remote != self.settings.remote || settings.learning != self.settings.learning;
        if moved || relearn {
            let signaled = settings.remote.map(|remote| remote.rtp);
            let hint = settings.remote.and_then(|remote| remote.hint);
            self.latch = Latch::new(settings.learning, signaled, hint);
            self.rtcp_learned = None;
            self.heard = false;
        }
        self.settings = settings;
        self.received_watch.arm(settings.monitor.received, now);
        self.sent_watch.arm(settings.monitor.sent, now);
        self.received_audio.arm(settings.audio.received, now);
        self.sent_audio.arm(settings.audio.sent, now);
    }

    /// Everything counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let received = ReceivedCounters {
            reception: self.reception.counters(),
            round_trip: self.far_end.round_trip(),
            ..self.received
        };
        let far = self.far_end.reception();
        let sent = SentCounters {
            lost: far.map(|far| far.lost),
            jitter: far.map_or(Duration::ZERO, |far| self.settings.span(far.jitter)),
            ..self.sent
        };
        Counters { received, sent }
    }

    /// Where RTP goes.
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        self.latch.destination()
    }

    /// Where RTCP goes: learned, else signaled, else beside RTP (RFC 3550 section 11).
    #[must_use]
    pub fn rtcp_destination(&self) -> Option<SocketAddr> {
        if self.settings.rtcp_mux {
            return self.latch.destination();
        }
        let signaled = || self.settings.remote.and_then(|remote| remote.rtcp);
        let beside = || {
            let mut address = self.latch.destination()?;
            address.set_port(address.port().checked_add(1)?);
            Some(address)
        };
        self.rtcp_learned.or_else(signaled).or_else(beside)
    }

    pub(crate) fn learn_rtcp(&mut self, from: SocketAddr) {
        if self.settings.learning == Learning::FirstPacket && !self.settings.rtcp_mux {
            self.rtcp_learned = Some(from);
        }
    }

    pub(crate) fn count_dropped(&mut self, reason: Dropped) {
        self.received.dropped[reason as usize] += 1;
    }

    /// Look for tones in a packet of the leg's voice codec. Returns the key that it ends.
    pub(crate) fn hear_inband(&mut self, packet: &[u8], header: &Header) -> Option<Digit> {
        let (_, receiver) = self.inband.as_mut()?;
        let is_voice = self.settings.voice?.payload_type == header.payload_type;
        let payload = packet.get(header.payload_start..).filter(|_| is_voice)?;
        receiver.hear(payload)
    }

    /// Let `tap` hear a packet of the leg's voice codec.
    pub(crate) fn be_heard(
        &self,
        side: Side,
        tap: &mut dyn Tap,
        packet: &[u8],
        header: &Header,
        now: Time,
    ) {
        let Some(voice) = self.settings.voice else {
            return;
        };
        if voice.payload_type != header.payload_type {
            return;
        }
        let padding = packet
            .last()
            .filter(|_| header.padding)
            .map_or(0, |last| usize::from(*last));
        let end = packet.len().saturating_sub(padding);
        let Some(payload) = packet.get(header.payload_start..end) else {
            return;
        };
        let (ssrc, timestamp) = (header.ssrc, header.timestamp);
        tap.hear(Voice {
            side,
            encoding: voice.encoding,
            ssrc,
            timestamp,
            payload,
            now,
        });
    }

    pub(crate) fn judge_silence(&mut self, side: Side, now: Time, events: &mut Vec<Event>) {
        let watches = [
            (Direction::Received, &mut self.received_watch),
            (Direction::Sent, &mut self.sent_watch),
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

    /// Whether audio is due from the peer and missing.
    pub(crate) fn sends_nothing(&self, now: Time) -> bool {
        let last = self.received.last_packet.unwrap_or_default();
        self.received_audio.is_silent(last, now)
    }

    /// Let the leg's reports fall due, once it has had a packet.
    pub(crate) fn judge_reports(&mut self, now: Time) {
        let used = self.received.packets + self.sent.packets > 0;
        if let Some(reports) = self.reports.as_mut().filter(|_| used) {
            reports.tick(now);
        }
    }

    pub(crate) fn is_event_for_us(&self, payload_type: u8) -> bool {
        self.settings.dtmf.receive_events && self.settings.telephone_event == Some(payload_type)
    }

    /// Dress a packet for the wire and count it as sent.
    pub(crate) fn seal(
        &mut self,
        side: Side,
        datagram: &mut Datagram<'_>,
        now: Time,
        events: &mut Vec<Event>,
    ) -> Result<Forward, Dropped> {
        let plain = self.reports.as_ref().map(|_| datagram.bytes().len());
        if let Some(protection) = &mut self.protection {
            protection
                .seal_rtp(datagram)
                .map_err(|_| Dropped::Undeliverable)?;
        }
        let forward = self.send(side, datagram.bytes().len(), now, events)?;
        if let Some(length) = plain {
            self.account_for(datagram.bytes(), length, now);
        }
        Ok(forward)
    }

    /// Note a packet, `length` bytes long before it was enciphered, for the leg's reports.
    fn account_for(&mut self, packet: &[u8], length: usize, now: Time) {
        let (Some(reports), Ok(header)) = (&mut self.reports, Header::parse(packet)) else {
            return;
        };
        let voice = self.settings.voice.map(|voice| voice.payload_type);
        let is_voice = voice == Some(header.payload_type);
        reports.send(&header, length - header.payload_start, is_voice, now);
    }

    /// Count a datagram of media as sent, and say where it goes.
    pub(crate) fn send(
        &mut self,
        side: Side,
        length: usize,
        now: Time,
        events: &mut Vec<Event>,
    ) -> Result<Forward, Dropped> {
        let to = self.destination().ok_or(Dropped::Undeliverable)?;
        self.count_sent(side, length, now, events);
        Ok(Forward {
            component: Component::Rtp,
            to,
        })
    }

    /// Count a datagram of media to the peer.
    pub(crate) fn count_sent(
        &mut self,
        side: Side,
        length: usize,
        now: Time,
        events: &mut Vec<Event>,
    ) {
        self.sent.packets += 1;
        self.sent.bytes += length as u64;
        if self.sent_watch.packet(now) {
            events.push(Event {
                side,
                kind: EventKind::Resumed(Direction::Sent),
            });
        }
    }

    /// Take the header of an RTP packet that was accepted, and its length in bytes.
    pub(crate) fn receive(&mut self, header: &Header, length: usize, now: Time) {
        self.reception
            .receive(header, self.settings.clock_rate(), now);
        self.received.bytes += length as u64;
    }

    /// Whether what the peer sends goes on as it came, and only needs to be counted.
    pub(crate) fn is_received_plainly(&self, payload_type: u8) -> bool {
        !self.settings.fax
            && !self.is_event_for_us(payload_type)
            && self.protection.is_none()
            && self.inband.is_none()
            && self.reports.is_none()
    }

    /// Whether what the other leg sends goes to the peer as it is.
    pub(crate) fn is_sent_plainly(&self) -> bool {
        self.protection.is_none()
            && self.reports.is_none()
            && self.path.as_ref().is_none_or(|path| path.is_plain())
    }

    pub(crate) fn accept(
        &mut self,
        side: Side,
        from: SocketAddr,
        ssrc: u32,
        standing: Standing,
        now: Time,
        events: &mut Vec<Event>,
    ) {
        self.latch.learn(from, ssrc, now);
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
        self.count_received(side, now, events);
    }

    /// Count a packet of the peer.
    pub(crate) fn count_received(&mut self, side: Side, now: Time, events: &mut Vec<Event>) {
        self.received.packets += 1;
        self.received.last_packet = Some(now);
        if self.received_watch.packet(now) {
            events.push(Event {
                side,
                kind: EventKind::Resumed(Direction::Received),
            });
        }
    }
}
