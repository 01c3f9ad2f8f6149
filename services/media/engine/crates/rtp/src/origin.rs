//! What a session is given at its beginning: randomness, and the wall's clock.

use std::time::Duration;

use crate::session::Side;
use crate::time::Time;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Characters of a canonical name: 96 random bits (RFC 7022 section 4.2).
pub(crate) const NAME: usize = 16;

/// Where a session's names and its wall clock come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Random, so that SSRCs don't collide and names tell nothing (RFC 3550 section 8, RFC 7022).
    pub seed: u128,
    /// The Unix time of the engine's start.
    pub unix_at_start: Duration,
}

impl Origin {
    /// The source of what we send to a leg, where the other leg has sent nothing.
    pub(crate) const fn ssrc(&self, side: Side) -> u32 {
        (self.seed as u32).wrapping_add(side as u32)
    }

    /// Our name in reports: of this session only, so that nobody can tell which calls share a relay.
    pub(crate) fn canonical_name(&self) -> [u8; NAME] {
        std::array::from_fn(|n| BASE64[(self.seed >> (32 + 6 * n)) as usize % BASE64.len()])
    }

    pub(crate) fn unix_time(&self, time: Time) -> Duration {
        self.unix_at_start + time.since(Time::default())
    }
}
