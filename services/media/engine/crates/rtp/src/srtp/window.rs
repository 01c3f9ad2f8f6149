//! Packet indices and replay (RFC 3711 sections 3.3.1 and 3.3.2), by synchronization source.

use crate::protection::Rejected;
use crate::sequence::delta;

/// Sources remembered in one direction: one speaks at a time; the one heard least lately gives way.
const SOURCES: usize = 8;
/// Packets behind the latest that can still be told from replays; RFC 3711 asks for 64 at least.
const WINDOW: u64 = 128;

/// What has been seen of every source of one direction.
#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: [Option<Stream>; SOURCES],
    marks: u64,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: u32,
    highest: u64,
    /// Bit n is set when the index `highest - n` has been seen.
    seen: u128,
    /// When it was last heard, in marks.
    heard: u64,
}

impl Streams {
    /// The index that a packet most likely has (RFC 3711 appendix A).
    pub(super) fn guess(&self, ssrc: u32, sequence_number: u16) -> u64 {
        let Some(stream) = self.find(ssrc) else {
            return u64::from(sequence_number);
        };
        let steps = i64::from(delta(sequence_number, stream.highest as u16));
        let guess = stream.highest.checked_add_signed(steps);
        guess.unwrap_or_else(|| u64::from(sequence_number)) // before the first cycle there is none
    }

    /// The index after the latest; the first is one.
    pub(super) fn next(&self, ssrc: u32) -> u64 {
        self.find(ssrc).map_or(1, |stream| stream.highest + 1)
    }

    /// Refuse an index that was seen, or is too old to tell.
    pub(super) fn check(&self, ssrc: u32, index: u64) -> Result<(), Rejected> {
        let Some(stream) = self.find(ssrc) else {
            return Ok(());
        };
        let Some(age) = stream.highest.checked_sub(index) else {
            return Ok(());
        };
        if age >= WINDOW || stream.seen & 1 << age != 0 {
            return Err(Rejected::Replayed);
        }
        Ok(())
    }

    /// Remember an index whose packet is authentic.
    pub(super) fn mark(&mut self, ssrc: u32, index: u64) {
        self.marks += 1;
        let heard = self.marks;
        match self
            .streams
            .iter_mut()
            .flatten()
            .find(|stream| stream.ssrc == ssrc)
        {
            Some(stream) => stream.mark(index, heard),
            None => {
                *self.vacancy() = Some(Stream {
                    ssrc,
                    highest: index,
                    seen: 1,
                    heard,
                });
            }
        }
    }

    fn find(&self, ssrc: u32) -> Option<&Stream> {
        self.streams
            .iter()
            .flatten()
            .find(|stream| stream.ssrc == ssrc)
    }

    fn vacancy(&mut self) -> &mut Option<Stream> {
        let oldest = |stream: &&mut Option<Stream>| stream.map_or(0, |stream| stream.heard);
        self.streams
            .iter_mut()
            .min_by_key(oldest)
            .expect("there are sources")
    }
}

impl Stream {
    fn mark(&mut self, index: u64, heard: u64) {
        self.heard = heard;
        if let Some(ahead) = index.checked_sub(self.highest) {
            self.seen = self
                .seen
                .checked_shl(ahead.try_into().unwrap_or(u32::MAX))
                .unwrap_or(0);
            (self.seen, self.highest) = (self.seen | 1, index);
        } else {
            self.seen |= 1_u128
                .checked_shl((self.highest - index) as u32)
                .unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(indices: &[u64]) -> Streams {
        let mut streams = Streams::default();
        for &index in indices {
            streams.mark(1, index);
        }
        streams
    }

    #[test]
    fn the_index_goes_on_when_the_sequence_wraps() {
        assert_eq!(seen(&[65_535]).guess(1, 0), 65_536);
        assert_eq!(seen(&[65_536]).guess(1, 65_535), 65_535);
        assert_eq!(seen(&[]).guess(1, 65_535), 65_535);
    }

    #[test]
    fn a_packet_from_before_the_first_cycle_gets_an_index_that_exists() {
        assert_eq!(seen(&[3]).guess(1, 65_535), 65_535);
    }

    #[test]
    fn what_was_seen_is_a_replay_and_what_was_not_is_none() {
        let streams = seen(&[10, 12]);

        assert_eq!(streams.check(1, 10), Err(Rejected::Replayed));
        assert_eq!(streams.check(1, 12), Err(Rejected::Replayed));
        assert_eq!(streams.check(1, 11), Ok(()));
        assert_eq!(streams.check(1, 13), Ok(()));
        assert_eq!(streams.check(2, 10), Ok(()));
    }

    #[test]
    fn what_is_older_than_the_window_counts_as_a_replay() {
        let streams = seen(&[1_000]);

        assert_eq!(streams.check(1, 1_000 - WINDOW), Err(Rejected::Replayed));
        assert_eq!(streams.check(1, 1_001 - WINDOW), Ok(()));
    }

    #[test]
    fn the_source_heard_least_lately_gives_way() {
        let mut streams = Streams::default();
        for ssrc in 0..=SOURCES as u32 {
            streams.mark(ssrc, 5);
        }

        assert_eq!(streams.check(0, 5), Ok(()));
        assert_eq!(streams.check(1, 5), Err(Rejected::Replayed));
    }
}
