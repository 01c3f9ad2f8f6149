//! Two legs' voices side by side, each where it belongs in time, for a recording (MED-14).
//!
//! A leg's first packet is placed by its arrival, the others by their timestamps. What comes within
//! [`PATIENCE`] finds its place; silence stands where nothing came.

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::AUDIO_RATE;
use crate::session::Side;
use crate::time::Time;

/// How late a packet may be.
const PATIENCE: Duration = Duration::from_secs(1);
/// A timestamp further than this from the clock is placed by its arrival: the sender began anew.
const DRIFT: i64 = AUDIO_RATE as i64;

/// One moment: leg A's sample, and leg B's.
pub type Frame = [i16; 2];

/// The last moments of a call, still open to late packets.
#[derive(Debug)]
pub struct Stereo {
    begun: Time,
    /// Moments already given away.
    given: u64,
    open: VecDeque<Frame>,
    streams: [Option<Stream>; 2],
}

/// How a leg's timestamps lie in time.
#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: u32,
    timestamp: u32,
    moment: i64,
}

impl Stereo {
    /// A recording that begins at `now`.
    #[must_use]
    pub const fn new(now: Time) -> Self {
        Self {
            begun: now,
            given: 0,
            open: VecDeque::new(),
            streams: [None; 2],
        }
    }

    /// Put a leg's samples in their place.
    pub fn place(&mut self, side: Side, ssrc: u32, timestamp: u32, samples: &[i16], now: Time) {
        let arrival = self.moment(now);
        let stream = match self.streams[side as usize].filter(|stream| stream.ssrc == ssrc) {
            Some(stream) => stream
                .at(timestamp)
                .filter(|stream| stream.is_near(arrival)),
            None => None,
        };
        let stream = stream.unwrap_or(Stream {
            ssrc,
            timestamp,
            moment: arrival,
        });
        self.streams[side as usize] = Some(stream);
        for (moment, sample) in (stream.moment..).zip(samples) {
            let Some(place) = moment.checked_sub_unsigned(self.given) else {
                continue;
            };
            let Ok(place) = usize::try_from(place) else {
                continue;
            }; // too late
            if place >= self.open.len() {
                self.open.resize(place + 1, [0; 2]);
            }
            self.open[place][side as usize] = *sample;
        }
    }

    /// Give away what is closed to late packets; everything, at the `end`.
    pub fn take(&mut self, now: Time, end: bool) -> impl Iterator<Item = Frame> {
        let closed = self.moment(now) - if end { 0 } else { moments(PATIENCE) };
        let count = closed.saturating_sub_unsigned(self.given).max(0) as usize;
        let count = if end {
            count.max(self.open.len())
        } else {
            count
        };
        self.given += count as u64;
        self.open.resize(self.open.len().max(count), [0; 2]);
        self.open.drain(..count)
    }

    fn moment(&self, now: Time) -> i64 {
        moments(now.since(self.begun))
    }
}

impl Stream {
    fn at(self, timestamp: u32) -> Option<Self> {
        let steps = i64::from(timestamp.wrapping_sub(self.timestamp).cast_signed());
        Some(Self {
            ssrc: self.ssrc,
            timestamp,
            moment: self.moment.checked_add(steps)?,
        })
    }

    const fn is_near(&self, arrival: i64) -> bool {
        (self.moment - arrival).abs() < DRIFT
    }
}

fn moments(span: Duration) -> i64 {
    (span.as_nanos() * u128::from(AUDIO_RATE) / 1_000_000_000) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_millis(0);

    fn all(mut stereo: Stereo, millis: u64) -> Vec<Frame> {
        stereo.take(Time::from_millis(millis), true).collect()
    }

    #[test]
    fn both_legs_stand_side_by_side_where_they_were_heard() {
        let mut stereo = Stereo::new(START);
        stereo.place(Side::A, 1, 5000, &[1; 8], START);
        stereo.place(Side::B, 2, 90, &[2; 8], Time::from_millis(1));

        assert_eq!(all(stereo, 2), [[[1, 0]; 8], [[0, 2]; 8]].concat());
    }

    #[test]
    fn jitter_and_reordering_leave_no_trace() {
        let mut stereo = Stereo::new(START);
        stereo.place(Side::A, 1, 0, &[1; 8], START);
        stereo.place(Side::A, 1, 16, &[3; 8], Time::from_millis(9));
        stereo.place(Side::A, 1, 8, &[2; 8], Time::from_millis(11));

        let heard: Vec<i16> = all(stereo, 3).iter().map(|frame| frame[0]).collect();
        assert_eq!(heard, [[1; 8], [2; 8], [3; 8]].concat());
    }

    #[test]
    fn what_is_lost_is_silence_of_the_same_length() {
        let mut stereo = Stereo::new(START);
        stereo.place(Side::A, 1, 0, &[1; 8], START);
        stereo.place(Side::A, 1, 16, &[3; 8], START);

        assert_eq!(all(stereo, 0)[8..16], [[0, 0]; 8]);
    }

    #[test]
    fn what_comes_too_late_is_left_out() {
        let mut stereo = Stereo::new(START);
        stereo.place(Side::A, 1, 0, &[1; 8], START);
        let given = stereo.take(Time::from_millis(3_000), false).count();
        stereo.place(Side::A, 1, 8, &[2; 8], START);

        assert_eq!(given, 16_000);
        assert!(all(stereo, 3_000).iter().all(|frame| *frame == [0, 0]));
    }

    #[test]
    fn a_sender_whose_clock_jumps_is_placed_by_its_arrival() {
        let mut stereo = Stereo::new(START);
        stereo.place(Side::A, 1, 0, &[1; 8], START);
        stereo.place(Side::A, 1, 4_000_000, &[2; 8], Time::from_millis(1));

        assert_eq!(all(stereo, 2).len(), 16);
    }
}
