//! Voice of one codec made voice of another, and put into packets anew.
//!
//! Packets go in as they come, and the sound they hold queues up; packets of the other codec are
//! taken out as soon as there is enough. A lost packet is concealed when the next one shows that it
//! is missing, one that comes after its successor is too late. Where the peer says that it is silent
//! (MED-05, RFC 3389), noise is made until it speaks again. The source's timestamps rule: what is
//! put in or left out never shifts what follows.

use std::time::Duration;

use crate::codec::{Codecs, Decoder, Encoder, MOST_SAMPLES};
use crate::comfort_noise::ComfortNoise;
use crate::concealment::Concealment;
use crate::packet::Header;
use crate::samples::{samples, samples_of, span, units};
use crate::sequence::delta;
use crate::settings::VoiceFormat;
use crate::time::Time;

/// What is lost beyond this is left out: G.711 appendix I is silent by then.
const MOST_CONCEALED: Duration = Duration::from_millis(60);
/// How late noise may come, so that it seldom meets the voice that ends it.
const NOISE_DELAY: Duration = Duration::from_millis(20);
/// By how much noise may be behind when the silence ends.
const MOST_BEHIND: Duration = Duration::from_millis(100);
/// A peer that is silent for longer is gone.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);
/// Samples of 10 ms, at the lower rate.
const SHORTEST_PACKET: usize = 80;
/// A sequence number older than this is a restart, not a late packet (RFC 3550 section A.1).
const MAX_MISORDER: i16 = 100;

/// From one voice format to another, in one direction.
pub(crate) struct Transcoder {
    between: (VoiceFormat, VoiceFormat),
    sample_rate: u32,
    decoder: Box<dyn Decoder>,
    concealment: Concealment,
    noise: ComfortNoise,
    encoder: Box<dyn Encoder>,
    /// Sound that waits for its packet: the first `waiting`.
    samples: Box<[i16]>,
    waiting: usize,
    /// Samples of a packet that goes out.
    packet: usize,
    source: Option<Source>,
    silence: Option<Silence>,
    /// The next packet is the first of a talkspurt.
    marker: bool,
}

/// Where a source's stream stands, on both sides.
#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    next_sequence: u16,
    /// The timestamp that the next packet has if nothing is left out.
    next_timestamp: u32,
    /// The timestamp, in units of the other side, of the first sample that waits.
    timestamp: u32,
    /// Samples of noise beyond the silence they stood for: what is left out next is shorter by them.
    ahead: usize,
    /// What is missing was left out by us.
    excused: bool,
}

/// A silence that was announced.
#[derive(Clone, Copy, Debug)]
struct Silence {
    next_at: Time,
    until: Time,
    described: bool,
}

/// What the header of a packet says that goes out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Converted {
    pub(crate) ssrc: u32,
    /// That of the last packet of the source, for the first of a stream.
    pub(crate) sequence_number: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
}

impl Transcoder {
    /// A transcoder at its beginning; none when a codec is missing or none is needed.
    pub(crate) fn new(codecs: &dyn Codecs, from: VoiceFormat, to: VoiceFormat) -> Option<Self> {
        if from.encoding == to.encoding {
            return None;
        }
        let sample_rate = from.encoding.sample_rate().min(to.encoding.sample_rate());
        let encoder = codecs.encoder(to.encoding, sample_rate)?;
        let wished = to.packet_time.map(|time| samples(time, sample_rate));
        let usual = samples(to.encoding.packet_time(), sample_rate);
        Some(Self {
            between: (from, to),
            sample_rate,
            decoder: codecs.decoder(from.encoding, sample_rate)?,
            concealment: Concealment::new(sample_rate),
            noise: ComfortNoise::default(),
            packet: wished
                .filter(|count| fits(*count, encoder.as_ref()))
                .unwrap_or(usual),
            encoder,
            samples: vec![0; 3 * MOST_SAMPLES].into(),
            waiting: 0,
            source: None,
            silence: None,
            marker: false,
        })
    }

    /// What it converts: from, to.
    pub(crate) const fn between(&self) -> (VoiceFormat, VoiceFormat) {
        self.between
    }

    /// The codec mode that the source last asked for.
    pub(crate) fn requested_mode(&self) -> Option<u8> {
        self.decoder.requested_mode()
    }

    /// Take the wish of whoever hears it for a codec mode.
    pub(crate) fn request_mode(&mut self, mode: u8) {
        self.encoder.request_mode(mode);
    }

    /// Take a packet's voice, unless it comes too late.
    pub(crate) fn take(&mut self, header: &Header, payload: &[u8], now: Time) {
        if !self.meet(header) {
            return;
        }
        self.silence = None;
        let room = &mut self.samples[self.waiting..][..MOST_SAMPLES];
        let count = self.decoder.decode(payload, room);
        self.concealment.hear(&mut room[..count]);
        self.add(count);
        self.marker |= header.marker;
        if self.decoder.is_silent() {
            self.begin_silence(false, now);
        } else {
            self.choose_packet(count);
        }
    }

    /// Take a packet of comfort noise (RFC 3389), which stands for silence until the next voice.
    pub(crate) fn take_noise(&mut self, header: &Header, payload: &[u8], now: Time) {
        if self.meet(header) {
            self.noise.describe(payload);
            self.begin_silence(true, now);
        }
    }

    /// Take note of a packet that is no voice, so that it isn't taken for lost.
    pub(crate) fn pass_over(&mut self, header: &Header) {
        if let Some(source) = &mut self.source
            && source.ssrc == header.ssrc
            && delta(header.sequence_number, source.next_sequence) >= 0
        {
            source.next_sequence = header.sequence_number.wrapping_add(1);
        }
    }

    /// Something else was sent in place of voice: what is missing until the next packet isn't lost.
    pub(crate) const fn excuse(&mut self) {
        self.silence = None;
        if let Some(source) = &mut self.source {
            source.excused = true;
        }
    }

    /// Whether a packet can be taken out.
    pub(crate) const fn is_ready(&self) -> bool {
        self.waiting >= self.packet
    }

    /// Whether noise is being made: [`Transcoder::poll`] is to be called.
    pub(crate) const fn is_silent(&self) -> bool {
        self.silence.is_some()
    }

    /// Add the noise that is due.
    pub(crate) fn poll(&mut self, now: Time) {
        let Some(silence) = &mut self.silence else {
            return;
        };
        if now < silence.next_at {
            return;
        }
        if silence.next_at > silence.until {
            self.silence = None;
            return;
        }
        silence.next_at = silence.next_at + span(self.packet, self.sample_rate);
        self.put_noise(self.packet);
        self.add(self.packet);
    }

    /// Encode a packet into `payload`, and return its length and what its header says.
    pub(crate) fn write(&mut self, payload: &mut [u8]) -> Option<(usize, Converted)> {
        let source = self
            .source
            .as_mut()
            .filter(|_| self.waiting >= self.packet)?;
        let written = self.encoder.encode(&self.samples[..self.packet], payload);
        let converted = Converted {
            ssrc: source.ssrc,
            sequence_number: source.next_sequence.wrapping_sub(1),
            timestamp: source.timestamp,
            marker: std::mem::take(&mut self.marker),
        };
        let units = units(self.packet, self.between.1.clock_rate, self.sample_rate);
        source.timestamp = source.timestamp.wrapping_add(units);
        self.samples.copy_within(self.packet..self.waiting, 0);
        self.waiting -= self.packet;
        Some((written, converted))
    }

    /// A timestamp of the source in units of the other side, for packets that are no voice.
    pub(crate) fn translate(&self, header: &Header) -> Option<u32> {
        let source = self.source.filter(|source| source.ssrc == header.ssrc)?;
        let waiting = units(self.waiting, self.between.1.clock_rate, self.sample_rate);
        let steps = i64::from(
            header
                .timestamp
                .wrapping_sub(source.next_timestamp)
                .cast_signed(),
        );
        let (from, to) = (self.between.0.clock_rate, self.between.1.clock_rate);
        let steps = (steps * i64::from(to) / i64::from(from)) as u32;
        Some(source.timestamp.wrapping_add(waiting).wrapping_add(steps))
    }

    /// Bring the stream to where a packet belongs: put in what is missing, leave out what wasn't
    /// sent. False when its place has passed.
    fn meet(&mut self, header: &Header) -> bool {
        let Some(mut source) = self.source.filter(|source| source.ssrc == header.ssrc) else {
            self.begin(header);
            return true;
        };
        let lost = delta(header.sequence_number, source.next_sequence);
        if (-MAX_MISORDER..0).contains(&lost) {
            return false;
        }
        let units = header
            .timestamp
            .wrapping_sub(source.next_timestamp)
            .cast_signed();
        let missing = samples_of(units, self.between.0.clock_rate, self.sample_rate);
        let lost = lost > 0 && !std::mem::take(&mut source.excused);
        source.next_sequence = header.sequence_number.wrapping_add(1);
        source.next_timestamp = header.timestamp;
        self.source = Some(source);
        match usize::try_from(missing) {
            Ok(missing) => self.bridge(missing, lost),
            Err(_) if self.silence.is_some() => self.overrun(missing.unsigned_abs() as usize),
            Err(_) => {} // the source counts anew
        }
        true
    }

    fn begin(&mut self, header: &Header) {
        self.waiting = 0;
        self.silence = None;
        self.source = Some(Source {
            ssrc: header.ssrc,
            next_sequence: header.sequence_number.wrapping_add(1),
            next_timestamp: header.timestamp,
            timestamp: header.timestamp,
            ahead: 0,
            excused: false,
        });
    }

    /// Put noise into what is missing of an announced silence, and a substitute in place of what was
    /// lost; the rest is left out.
    fn bridge(&mut self, missing: usize, lost: bool) {
        let most = match (self.silence, lost) {
            (Some(_), _) => MOST_BEHIND,
            (None, true) => MOST_CONCEALED,
            (None, false) => Duration::ZERO,
        };
        let put_in = missing.min(samples(most, self.sample_rate));
        if self.silence.is_some() {
            self.put_noise(put_in);
        } else {
            self.put_substitute(put_in);
        }
        self.waiting += put_in;
        self.leave_out(missing - put_in);
    }

    fn put_noise(&mut self, count: usize) {
        let room = &mut self.samples[self.waiting..][..count];
        let described = self.silence.is_some_and(|silence| silence.described);
        if described || !self.decoder.conceal(room) {
            self.noise.fill(room);
        }
    }

    fn put_substitute(&mut self, count: usize) {
        let room = &mut self.samples[self.waiting..][..count];
        if count > 0 && !self.decoder.conceal(room) {
            self.concealment.fill(room);
        }
    }

    /// Leave out a span of which there is no sound. What waits is filled up to a packet first, out
    /// of that span.
    fn leave_out(&mut self, missing: usize) {
        let Some(source) = &mut self.source else {
            return;
        };
        let repaid = source.ahead.min(missing);
        source.ahead -= repaid;
        let missing = missing - repaid;
        let rest = self.waiting.next_multiple_of(self.packet) - self.waiting;
        let filled = rest.min(missing);
        self.samples[self.waiting..][..filled].fill(0);
        self.waiting += filled;
        let units = units(
            missing - filled,
            self.between.1.clock_rate,
            self.sample_rate,
        );
        source.timestamp = source.timestamp.wrapping_add(units);
    }

    /// More noise was made than there was silence. By no more than what came at once.
    fn overrun(&mut self, count: usize) {
        if let Some(source) = &mut self.source {
            source.ahead += count.min(2 * self.packet);
        }
    }

    fn begin_silence(&mut self, described: bool, now: Time) {
        self.silence = Some(Silence {
            next_at: now + span(self.packet, self.sample_rate) + NOISE_DELAY,
            until: now + LONGEST_SILENCE,
            described,
        });
    }

    /// Count sound that has been put behind what waits.
    fn add(&mut self, count: usize) {
        self.waiting += count;
        if let Some(source) = &mut self.source {
            let units = units(count, self.between.0.clock_rate, self.sample_rate);
            source.next_timestamp = source.next_timestamp.wrapping_add(units);
        }
    }

    /// Keep the packet time of what comes in, unless the peer has said what it wants or the codec
    /// can't (MED-03).
    fn choose_packet(&mut self, count: usize) {
        if self.between.1.packet_time.is_none() && fits(count, self.encoder.as_ref()) {
            self.packet = count;
        }
    }
}

/// Whether a packet may have so many samples. Shorter ones would make many packets of one.
fn fits(count: usize, encoder: &dyn Encoder) -> bool {
    (SHORTEST_PACKET..=MOST_SAMPLES).contains(&count) && count.is_multiple_of(encoder.frame())
}
