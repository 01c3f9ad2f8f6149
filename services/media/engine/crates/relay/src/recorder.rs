//! Recordings: stereo WAV files, written by a thread that packets never wait for (MED-14).
//!
//! A relay thread hands copies over through a bounded queue. When the disk stalls and the queue is
//! full, the recording loses packets, which are counted; the call doesn't.

use std::collections::HashMap;
use std::fs::{File, create_dir_all};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use trunkline_rtp::{
    AUDIO_RATE, Codecs, Decoder, Encoding, Frame, MOST_SAMPLES, Side, Stereo, Tap, Time, Voice,
};

use crate::clock::Clock;
use crate::command::Outbox;
use crate::fact::{Fact, FactKind, SessionId};

/// Packets that may wait for the disk: over half a second of 1,000 recorded calls.
const QUEUE: usize = 65_536;
/// How often files are written to.
const WRITE_INTERVAL: Duration = Duration::from_secs(1);
const WAV_HEADER: u32 = 44;
const FRAME_BYTES: u32 = 4;

/// What the recorder is told.
enum Message {
    Begin(SessionId, PathBuf, Time),
    Heard(SessionId, Box<Heard>),
    End(SessionId, Time),
    Stop,
}

struct Heard {
    side: Side,
    encoding: Encoding,
    ssrc: u32,
    timestamp: u32,
    payload: Vec<u8>,
    now: Time,
}

/// The thread that writes recordings.
pub struct Recorder {
    messages: SyncSender<Message>,
    lost: Arc<AtomicU64>,
    handle: Option<JoinHandle<()>>,
}

/// One session's way to the recorder. Dropping it ends the recording.
struct Recording {
    session: SessionId,
    clock: Clock,
    messages: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

impl Recorder {
    /// Start the thread.
    pub fn start(clock: Clock, codecs: Arc<dyn Codecs>, outbox: Outbox) -> io::Result<Self> {
        let (messages, inbox) = sync_channel(QUEUE);
        let writer = Writer {
            inbox,
            clock,
            codecs,
            outbox,
            files: HashMap::new(),
            samples: vec![0; MOST_SAMPLES].into(),
        };
        let handle = thread::Builder::new()
            .name("recorder".into())
            .spawn(|| writer.run())?;
        Ok(Self {
            messages,
            lost: Arc::default(),
            handle: Some(handle),
        })
    }

    /// Begin a recording; what is heard goes to the file until the tap is dropped.
    pub fn record(&self, session: SessionId, path: PathBuf, clock: Clock) -> Box<dyn Tap> {
        // A full queue loses the beginning as it would lose anything else.
        let _ = self
            .messages
            .try_send(Message::Begin(session, path, clock.now()));
        let (messages, lost) = (self.messages.clone(), Arc::clone(&self.lost));
        Box::new(Recording {
            session,
            clock,
            messages,
            lost,
        })
    }

    /// Packets that recordings have lost because the disk was too slow.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Stop); // fails only if the thread has ended
        if let Some(handle) = self.handle.take() {
            let _ = handle.join(); // its panic was printed when it happened
        }
    }
}

impl Tap for Recording {
    fn hear(&mut self, voice: Voice<'_>) {
        let Voice {
            side,
            encoding,
            ssrc,
            timestamp,
            payload,
            now,
        } = voice;
        let heard = Heard {
            side,
            encoding,
            ssrc,
            timestamp,
            payload: payload.to_vec(),
            now,
        };
        if self
            .messages
            .try_send(Message::Heard(self.session, Box::new(heard)))
            .is_err()
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _ = self
            .messages
            .try_send(Message::End(self.session, self.clock.now()));
    }
}

struct Writer {
    inbox: Receiver<Message>,
    clock: Clock,
    codecs: Arc<dyn Codecs>,
    outbox: Outbox,
    files: HashMap<SessionId, Open>,
    samples: Box<[i16]>,
}

/// A recording that is being written.
struct Open {
    file: BufWriter<File>,
    stereo: Stereo,
    decoders: [Option<(Encoding, Box<dyn Decoder>)>; 2],
    frames: u32,
}

impl Writer {
    fn run(mut self) {
        let mut write_at = Instant::now() + WRITE_INTERVAL;
        loop {
            match self
                .inbox
                .recv_timeout(write_at.saturating_duration_since(Instant::now()))
            {
                Ok(Message::Begin(session, path, now)) => self.begin(session, path, now),
                Ok(Message::Heard(session, heard)) => self.hear(session, &heard),
                Ok(Message::End(session, now)) => self.end(session, now),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if Instant::now() >= write_at {
                write_at = Instant::now() + WRITE_INTERVAL;
                self.write_all();
            }
        }
        let now = self.clock.now();
        for session in self.files.keys().copied().collect::<Vec<_>>() {
            self.end(session, now);
        }
    }

    fn begin(&mut self, session: SessionId, path: PathBuf, now: Time) {
        match Open::create(path, now) {
            Ok(open) => drop(self.files.insert(session, open)),
            Err(error) => self.fail(session, &error),
        }
    }

    fn hear(&mut self, session: SessionId, heard: &Heard) {
        if let Some(open) = self.files.get_mut(&session) {
            open.hear(heard, self.codecs.as_ref(), &mut self.samples);
        }
    }

    fn end(&mut self, session: SessionId, now: Time) {
        if let Some(mut open) = self.files.remove(&session)
            && let Err(error) = open.write(now, true)
        {
            self.fail(session, &error);
        }
    }

    fn write_all(&mut self) {
        let now = self.clock.now();
        let mut failures = Vec::new();
        for (session, open) in &mut self.files {
            if let Err(error) = open.write(now, false) {
                failures.push((*session, error));
            }
        }
        for (session, error) in failures {
            self.files.remove(&session);
            self.fail(session, &error);
        }
    }

    fn fail(&self, session: SessionId, error: &io::Error) {
        let kind = FactKind::RecordingFailed(error.to_string());
        // Nobody listens only while the engine is being dropped.
        let _ = self.outbox.facts.send(Fact {
            session,
            at: self.clock.now(),
            kind,
        });
        self.outbox.notifier.notify();
    }
}

impl Open {
    fn create(path: PathBuf, now: Time) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            create_dir_all(folder)?;
        }
        let mut file = BufWriter::new(File::create_new(path)?);
        file.write_all(&wav_header(0))?;
        Ok(Self {
            file,
            stereo: Stereo::new(now),
            decoders: [None, None],
            frames: 0,
        })
    }

    fn hear(&mut self, heard: &Heard, codecs: &dyn Codecs, samples: &mut [i16]) {
        let place = &mut self.decoders[heard.side as usize];
        if place
            .as_ref()
            .is_none_or(|(encoding, _)| *encoding != heard.encoding)
        {
            let decoder = codecs.decoder(heard.encoding, AUDIO_RATE);
            *place = decoder.map(|decoder| (heard.encoding, decoder));
        }
        let Some((_, decoder)) = place else { return };
        let count = decoder.decode(&heard.payload, samples);
        let (side, ssrc, timestamp) = (heard.side, heard.ssrc, heard.timestamp);
        self.stereo
            .place(side, ssrc, timestamp, &samples[..count], heard.now);
    }

    /// Write what is closed to late packets, and a header that is true of it.
    fn write(&mut self, now: Time, end: bool) -> io::Result<()> {
        for frame in self.stereo.take(now, end) {
            self.file.write_all(&bytes(frame))?;
            self.frames += 1;
        }
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&wav_header(self.frames))?;
        self.file.seek(SeekFrom::End(0))?;
        self.file.flush()
    }
}

fn bytes([a, b]: Frame) -> [u8; FRAME_BYTES as usize] {
    let ([a0, a1], [b0, b1]) = (a.to_le_bytes(), b.to_le_bytes());
    [a0, a1, b0, b1]
}

/// RIFF WAVE, PCM, two channels of 16 bits.
fn wav_header(frames: u32) -> Vec<u8> {
    let data = frames * FRAME_BYTES;
    let mut header = Vec::with_capacity(WAV_HEADER as usize);
    header.extend(b"RIFF");
    header.extend((WAV_HEADER - 8 + data).to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16_u32.to_le_bytes());
    header.extend(1_u16.to_le_bytes());
    header.extend(2_u16.to_le_bytes());
    header.extend(AUDIO_RATE.to_le_bytes());
    header.extend((AUDIO_RATE * FRAME_BYTES).to_le_bytes());
    header.extend((FRAME_BYTES as u16).to_le_bytes());
    header.extend(16_u16.to_le_bytes());
    header.extend(b"data");
    header.extend(data.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn med14_a_stalled_disk_loses_packets_of_the_recording_and_holds_none_up() {
        let (messages, _nobody_reads) = sync_channel(1);
        let lost = Arc::<AtomicU64>::default();
        let mut recording = Recording {
            session: 1,
            clock: Clock::start(),
            messages,
            lost: Arc::clone(&lost),
        };

        for timestamp in 0..3 {
            recording.hear(Voice {
                side: Side::A,
                encoding: Encoding::Pcma,
                ssrc: 1,
                timestamp,
                payload: &[0xd5; 160],
                now: Time::default(),
            });
        }

        assert_eq!(lost.load(Ordering::Relaxed), 2);
    }
}
