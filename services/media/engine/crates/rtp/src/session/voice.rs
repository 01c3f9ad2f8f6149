//! What a session sends of its own: digits and sound; and the paths that make it.

use std::time::Duration;

use super::{Event, EventKind, Forward, Session, Side};
use crate::audio::{AUDIO_RATE, Audio};
use crate::dtmf::{Digit, DigitForm, EventPayload, InbandReceiver};
use crate::packet::Header;
use crate::path::Path;
use crate::protection::Datagram;
use crate::time::Time;

impl Session {
    /// Play a sound to one leg, for `limit` at most, in place of what it would hear.
    pub fn play(
        &mut self,
        side: Side,
        audio: Audio,
        looped: bool,
        limit: Option<Duration>,
        now: Time,
    ) {
        self.path(side).play(audio, looped, limit, now);
    }

    /// Play nothing to one leg.
    pub fn stop_play(&mut self, side: Side) {
        if let Some(path) = &mut self.legs[side as usize].path {
            path.stop();
        }
    }

    /// Send a digit to one leg, after those that are being sent; false when too many wait.
    pub fn send_digit(&mut self, side: Side, digit: Digit, now: Time) -> bool {
        self.path(side).send_digit(digit, now)
    }

    /// Whether packets of ours are due, now or later: then [`Session::poll`] is to be called.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.legs.iter().any(|leg| {
            leg.path.as_ref().is_some_and(|path| path.is_active())
                || leg.reports.as_ref().is_some_and(|one| one.is_due())
        })
    }

    /// Write a packet of ours that is due into `datagram`, and say by which leg it leaves. To be
    /// called until there is none.
    pub fn poll(
        &mut self,
        datagram: &mut Datagram<'_>,
        now: Time,
        events: &mut Vec<Event>,
    ) -> Option<(Side, Forward)> {
        Side::BOTH.into_iter().find_map(|side| {
            self.poll_leg(side, datagram, now, events)
                .map(|to| (side, to))
        })
    }

    /// Take an event of RFC 4733 that ends here, tell its key, and pass it on in the other leg's form.
    pub(super) fn receive_event(
        &mut self,
        side: Side,
        datagram: &Datagram<'_>,
        header: &Header,
        now: Time,
        events: &mut Vec<Event>,
    ) {
        let other = &mut self.legs[side.other() as usize];
        other.outgoing.swallow();
        if let Some(path) = &mut other.path {
            path.pass_over(header);
        }
        let Some(report) = EventPayload::parse(&datagram.bytes()[header.payload_start..]) else {
            return;
        };
        let leg = &mut self.legs[side as usize];
        let clock_rate = leg.settings.clock_rate();
        if let Some(digit) = leg
            .digits
            .receive(report, header.timestamp, clock_rate, now)
        {
            self.tell_digit(side, digit, DigitForm::Event, now, events);
        }
    }

    /// Tell a digit and pass it on, unless the peer's digits first came in another form: that one
    /// is locked until the call ends, so that a key pressed once is one key (MED-06).
    pub(super) fn tell_digit(
        &mut self,
        side: Side,
        digit: Digit,
        form: DigitForm,
        now: Time,
        events: &mut Vec<Event>,
    ) {
        let locked = self.legs[side as usize].digit_form.get_or_insert(form);
        if *locked != form {
            return;
        }
        events.push(Event {
            side,
            kind: EventKind::Digit(digit, form),
        });
        let there = &self.legs[side.other() as usize].settings;
        let is_in_the_voice = form == DigitForm::Inband && there.is_sent_tones();
        if there.dtmf.forward && !is_in_the_voice {
            self.send_digit(side.other(), digit, now);
        }
    }

    fn poll_leg(
        &mut self,
        side: Side,
        datagram: &mut Datagram<'_>,
        now: Time,
        events: &mut Vec<Event>,
    ) -> Option<Forward> {
        if let Some(forward) = self.poll_report(side, datagram, now) {
            return Some(forward);
        }
        let leg = &mut self.legs[side as usize];
        let path = leg.path.as_mut().filter(|path| path.is_active())?;
        let due = path.poll(datagram, &leg.settings, &mut leg.outgoing, now);
        if path.take_ended() {
            events.push(Event {
                side,
                kind: EventKind::PlayEnded,
            });
        }
        if due {
            leg.seal(side, datagram, now, events).ok()
        } else {
            None
        }
    }

    fn path(&mut self, side: Side) -> &mut Path {
        if self.legs[side as usize].path.is_none() {
            self.make_path(side);
        }
        self.legs[side as usize]
            .path
            .as_mut()
            .expect("it has just been made")
    }

    fn make_path(&mut self, side: Side) {
        let mut path = Path::new(self.origin.ssrc(side));
        let here = &self.legs[side as usize].settings;
        path.update(
            self.codecs.as_ref(),
            here,
            &self.legs[side.other() as usize].settings,
        );
        self.legs[side as usize].path = Some(Box::new(path));
    }

    /// Let the paths follow new settings. A leg that is relayed plainly has none.
    pub(super) fn update_paths(&mut self) {
        for side in Side::BOTH {
            self.update_inband(side);
            match self.legs[side as usize].path.take() {
                None => self.make_path(side),
                Some(mut path) => {
                    let here = &self.legs[side as usize].settings;
                    let there = &self.legs[side.other() as usize].settings;
                    path.update(self.codecs.as_ref(), here, there);
                    self.legs[side as usize].path = Some(path);
                }
            }
            let leg = &mut self.legs[side as usize];
            if leg.path.as_ref().is_some_and(|path| path.is_plain()) {
                leg.path = None;
            }
        }
        self.update_reports();
    }

    fn update_inband(&mut self, side: Side) {
        let leg = &mut self.legs[side as usize];
        let wanted = leg
            .settings
            .voice
            .filter(|_| leg.settings.dtmf.receive_inband);
        let encoding = wanted.map(|voice| voice.encoding);
        if leg.inband.as_ref().map(|(encoding, _)| *encoding) != encoding {
            leg.inband = encoding.and_then(|encoding| {
                let receiver = InbandReceiver::new(self.codecs.decoder(encoding, AUDIO_RATE)?);
                Some((encoding, Box::new(receiver)))
            });
        }
    }
}
