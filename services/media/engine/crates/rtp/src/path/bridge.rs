//! Timestamps where two legs of one codec count by different clocks.

use crate::packet::Header;

/// From timestamps of one clock rate to those of another, for one source at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ClockBridge {
    last: Option<(u32, u32, u32)>,
}

impl ClockBridge {
    pub(super) fn translate(&mut self, header: &Header, (from, to): (u32, u32)) -> u32 {
        let known = self.last.filter(|(ssrc, _, _)| *ssrc == header.ssrc);
        let translated = known.map_or(header.timestamp, |(_, there, here)| {
            let steps = i64::from(header.timestamp.wrapping_sub(there).cast_signed());
            here.wrapping_add((steps * i64::from(to) / i64::from(from)) as u32)
        });
        self.last = Some((header.ssrc, header.timestamp, translated));
        translated
    }
}
