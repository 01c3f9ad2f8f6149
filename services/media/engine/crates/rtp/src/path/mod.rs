//! What stands between the other leg's packets and a leg's wire, where plain relaying is not enough:
//! conversion of codecs, digits, sound that is played.

mod bridge;
mod own;

use std::time::Duration;

use self::bridge::ClockBridge;
use crate::audio::{AUDIO_RATE, Audio, Player};
use crate::codec::{Codecs, Encoder, Encoding};
use crate::dtmf::{Digit, DigitSender};
use crate::packet::{Header, RTP_HEADER};
use crate::protection::{Datagram, Rejected};
use crate::settings::{LegSettings, VoiceFormat};
use crate::time::Time;
use crate::transcoder::Transcoder;

/// Samples of 20 ms, the packet we make unless the codec's frame is longer.
const PACKET: usize = 160;
/// Static payload type of comfort noise (RFC 3389).
const COMFORT_NOISE: u8 = 13;

/// One leg's path.
#[derive(Default)]
pub(crate) struct Path {
    transcoder: Option<Transcoder>,
    /// Payload types of the other leg and what they are called here, where they differ.
    renamed: [Option<(u8, u8)>; 2],
    clock: ClockBridge,
    digits: DigitSender,
    player: Option<Player>,
    encoder: Option<(Encoding, Box<dyn Encoder>)>,
    /// The timestamp of the event that is being sent.
    event_timestamp: u32,
    begun: bool,
    seed: u32,
}

/// What becomes of a relayed packet.
pub(crate) enum Passage {
    /// It goes on, as it now is.
    On,
    /// It goes on as a packet of a new stream, which has its own sequence numbers.
    Anew,
    /// It ends here.
    Ends,
}

impl Path {
    pub(crate) fn new(seed: u32) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// Follow new settings of this leg and the other one.
    pub(crate) fn update(&mut self, codecs: &dyn Codecs, here: &LegSettings, there: &LegSettings) {
        let voice = there.voice.zip(here.voice);
        if self.transcoder.as_ref().map(Transcoder::between) != voice {
            self.transcoder = voice.and_then(|(from, to)| Transcoder::new(codecs, from, to));
        }
        self.renamed = [
            renamed(voice.map(|(there, here)| (there.payload_type, here.payload_type))),
            renamed(there.telephone_event.zip(here.telephone_event)),
        ];
        self.update_encoder(codecs, here.voice);
    }

    /// Whether relayed packets go through untouched, and nothing else is sent.
    pub(crate) fn is_plain(&self) -> bool {
        self.transcoder.is_none() && self.renamed == [None; 2] && !self.is_active()
    }

    /// Whether voice is made of another codec's.
    pub(crate) const fn converts(&self) -> bool {
        self.transcoder.is_some()
    }

    /// Whether packets of ours are due, now or later.
    pub(crate) fn is_active(&self) -> bool {
        let converts = |one: &Transcoder| one.is_silent() || one.is_ready();
        self.player.is_some()
            || !self.digits.is_idle()
            || self.transcoder.as_ref().is_some_and(converts)
    }

    /// Change a packet of the other leg into one for this leg.
    pub(crate) fn relay(
        &mut self,
        datagram: &mut Datagram<'_>,
        header: &mut Header,
        here: &LegSettings,
        there: &LegSettings,
        now: Time,
    ) -> Result<Passage, Rejected> {
        if self.player.is_some() || self.digits.is_sending() {
            if let Some(transcoder) = &mut self.transcoder {
                transcoder.excuse();
            }
            return Ok(Passage::Ends);
        }
        if self.transcoder.is_some() {
            return self.convert(datagram, header, here, there, now);
        }
        if there.clock_rate() != here.clock_rate() {
            let rates = (there.clock_rate(), here.clock_rate());
            header.timestamp = self.clock.translate(header, rates);
        }
        self.rename(header);
        Ok(Passage::On)
    }

    /// The codec mode in which the other leg last asked to be spoken to.
    pub(crate) fn requested_mode(&self) -> Option<u8> {
        self.transcoder.as_ref()?.requested_mode()
    }

    /// Obey this leg's wish for a codec mode, in everything that is made for it.
    pub(crate) fn request_mode(&mut self, mode: u8) {
        if let Some(transcoder) = &mut self.transcoder {
            transcoder.request_mode(mode);
        }
        if let Some((_, encoder)) = &mut self.encoder {
            encoder.request_mode(mode);
        }
    }

    /// Take note of a packet of the other leg that doesn't come this way.
    pub(crate) fn pass_over(&mut self, header: &Header) {
        if let Some(transcoder) = &mut self.transcoder {
            transcoder.pass_over(header);
        }
    }

    fn convert(
        &mut self,
        datagram: &mut Datagram<'_>,
        header: &mut Header,
        here: &LegSettings,
        there: &LegSettings,
        now: Time,
    ) -> Result<Passage, Rejected> {
        let Some(transcoder) = &mut self.transcoder else {
            return Ok(Passage::On);
        };
        remove_padding(datagram, header)?;
        let payload = &datagram.bytes()[header.payload_start..];
        match header.payload_type {
            spoken
                if there
                    .voice
                    .is_some_and(|voice| voice.payload_type == spoken) =>
            {
                transcoder.take(header, payload, now);
            }
            COMFORT_NOISE => transcoder.take_noise(header, payload, now),
            other => {
                transcoder.pass_over(header);
                if there.telephone_event != Some(other) {
                    return Ok(Passage::Ends); // of a codec that this leg doesn't speak
                }
                if let Some(timestamp) = transcoder.translate(header) {
                    header.timestamp = timestamp;
                }
                self.rename(header);
                return Ok(Passage::Anew);
            }
        }
        match self.write_converted(datagram, here) {
            None => Ok(Passage::Ends),
            Some(converted) => {
                *header = converted;
                Ok(Passage::Anew)
            }
        }
    }

    /// Write a packet of converted voice, if there is enough for one. It has no number of its own yet.
    fn write_converted(
        &mut self,
        datagram: &mut Datagram<'_>,
        here: &LegSettings,
    ) -> Option<Header> {
        let transcoder = self.transcoder.as_mut().filter(|one| one.is_ready())?;
        datagram.resize_to_room();
        let (length, converted) = transcoder.write(&mut datagram.bytes_mut()[RTP_HEADER..])?;
        let header = Header {
            padding: false,
            marker: converted.marker,
            payload_type: here.voice?.payload_type,
            sequence_number: converted.sequence_number,
            timestamp: converted.timestamp,
            ssrc: converted.ssrc,
            payload_start: RTP_HEADER,
        };
        header.write_fixed(datagram.bytes_mut());
        datagram.resize(RTP_HEADER + length).ok()?;
        Some(header)
    }

    fn rename(&self, header: &mut Header) {
        let mut renamed = self.renamed.iter().flatten();
        let name = renamed.find(|(there, _)| *there == header.payload_type);
        header.payload_type = name.map_or(header.payload_type, |(_, here)| *here);
    }

    /// Send a digit as soon as those before it are sent; false when too many wait.
    pub(crate) fn send_digit(&mut self, digit: Digit, now: Time) -> bool {
        self.digits.push(digit, now)
    }

    /// Play a sound in place of what the other leg sends.
    pub(crate) fn play(&mut self, audio: Audio, looped: bool, limit: Option<Duration>, now: Time) {
        self.player = Some(Player::new(audio, looped, limit, now));
        self.begun = false;
    }

    /// Play nothing. True if something was playing.
    pub(crate) fn stop(&mut self) -> bool {
        self.player.take().is_some()
    }

    /// Whether what was playing has come to its end. True once.
    pub(crate) fn take_ended(&mut self) -> bool {
        let over = self.player.as_ref().is_some_and(Player::is_over)
            || self.player.is_some() && self.encoder.is_none();
        over && self.stop()
    }

    fn update_encoder(&mut self, codecs: &dyn Codecs, voice: Option<VoiceFormat>) {
        let encoding = voice.map(|voice| voice.encoding);
        if self.encoder.as_ref().map(|(encoding, _)| *encoding) != encoding {
            self.encoder = encoding
                .and_then(|encoding| Some((encoding, codecs.encoder(encoding, AUDIO_RATE)?)));
        }
    }
}

fn renamed(types: Option<(u8, u8)>) -> Option<(u8, u8)> {
    types.filter(|(there, here)| there != here)
}

/// Take the padding off (RFC 3550 section 5.1): a codec would take it for sound.
fn remove_padding(datagram: &mut Datagram<'_>, header: &Header) -> Result<(), Rejected> {
    if !header.padding {
        return Ok(());
    }
    let length = datagram.bytes().len();
    let padding = usize::from(*datagram.bytes().last().ok_or(Rejected::Malformed)?);
    if padding == 0 || padding > length - header.payload_start {
        return Err(Rejected::Malformed);
    }
    datagram.bytes_mut()[0] &= !0x20;
    datagram.resize(length - padding)
}
