//! What a path sends of its own: digits, sound that is played, and converted voice that is ready.

use super::{PACKET, Path};
use crate::codec::Encoder;
use crate::dtmf::{DigitForm, Due};
use crate::outgoing::Outgoing;
use crate::packet::Header;
use crate::protection::Datagram;
use crate::settings::LegSettings;
use crate::time::Time;

impl Path {
    /// Write the packet of ours that is due, if one is.
    pub(crate) fn poll(
        &mut self,
        datagram: &mut Datagram<'_>,
        here: &LegSettings,
        outgoing: &mut Outgoing,
        now: Time,
    ) -> bool {
        let clock_rate = here.clock_rate();
        let mut samples = [0; 2 * PACKET];
        if !self.digits.is_idle() {
            let form = self.digit_form(here);
            let due = self
                .digits
                .poll(form, clock_rate, &mut samples[..PACKET], now);
            return match due {
                None => false,
                Some((Due::Tone, at)) => {
                    self.write_voice(datagram, here, outgoing, &samples[..PACKET], at)
                }
                Some((Due::Event { payload, first }, at)) => {
                    let Some(payload_type) = here.telephone_event else {
                        return false;
                    };
                    let mut originated = outgoing.originate(clock_rate, self.seed, at);
                    if first {
                        self.event_timestamp = originated.timestamp;
                    }
                    originated.timestamp = self.event_timestamp;
                    Header::originated(originated, payload_type, first)
                        .write(datagram, &payload.to_bytes());
                    true
                }
            };
        }
        if self.player.is_none() {
            return self.poll_converted(datagram, here, outgoing, now);
        }
        let Some((_, encoder)) = &self.encoder else {
            return false;
        };
        let packet = if PACKET.is_multiple_of(encoder.frame()) {
            PACKET
        } else {
            encoder.frame()
        };
        let at = self
            .player
            .as_mut()
            .and_then(|player| player.poll(&mut samples[..packet], now));
        at.is_some_and(|at| self.write_voice(datagram, here, outgoing, &samples[..packet], at))
    }

    fn poll_converted(
        &mut self,
        datagram: &mut Datagram<'_>,
        here: &LegSettings,
        outgoing: &mut Outgoing,
        now: Time,
    ) -> bool {
        if let Some(transcoder) = &mut self.transcoder {
            transcoder.poll(now);
        }
        let Some(mut header) = self.write_converted(datagram, here) else {
            return false;
        };
        header.sequence_number = outgoing.follow(&header, now);
        header.rewrite(datagram.bytes_mut());
        true
    }

    fn write_voice(
        &mut self,
        datagram: &mut Datagram<'_>,
        here: &LegSettings,
        outgoing: &mut Outgoing,
        samples: &[i16],
        at: Time,
    ) -> bool {
        let (Some(voice), Some((_, encoder))) = (here.voice, &mut self.encoder) else {
            return false;
        };
        let mut payload = [0; 2 * PACKET];
        let length = encoder.encode(samples, &mut payload);
        let originated = outgoing.originate(voice.clock_rate, self.seed, at);
        let first = !std::mem::replace(&mut self.begun, true);
        Header::originated(originated, voice.payload_type, first)
            .write(datagram, &payload[..length]);
        true
    }

    /// Tones need a voice codec whose frames fit; events need a payload type.
    fn digit_form(&self, here: &LegSettings) -> DigitForm {
        let fits = |(_, encoder): &(_, Box<dyn Encoder>)| PACKET.is_multiple_of(encoder.frame());
        let can_tone = self.encoder.as_ref().is_some_and(fits);
        match here.dtmf.send {
            DigitForm::Inband if can_tone => DigitForm::Inband,
            DigitForm::Event if here.telephone_event.is_none() && can_tone => DigitForm::Inband,
            _ => DigitForm::Event,
        }
    }
}
