//! Where a leg's media comes from and goes to: bounded learning of the source (MED-02).
//!
//! The signaled address is believed until a packet says better, and only as far as the leg's
//! [`Learning`] allows. What is learned can't be stolen: after [`WINDOW`] only the locked IP
//! address is heard, and even there a second port must wait until the first has fallen silent.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::time::Time;

/// How long a source that nobody signaled may still be displaced by one that was.
pub const WINDOW: Duration = Duration::from_secs(3);
/// How long the locked port must be silent before another of the same address replaces it,
/// unless the SSRC proves that it is the same sender: five packets of 20 ms.
pub const QUIET: Duration = Duration::from_millis(100);

/// What a leg may believe about its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Learning {
    /// The signaled address only: packets from its IP address are heard, and packets go there.
    #[default]
    Signaled,
    /// The first packet's source: the address is private or the peer is behind a NAT.
    FirstPacket,
}

/// What a packet's source means to the leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Known: nothing changes.
    Known,
    /// Accepted, and from now on the place to send to.
    Learned,
    /// Not heard: to be counted and dropped.
    Stranger,
}

/// One leg's idea of its peer's RTP address.
#[derive(Clone, Debug, Default)]
pub struct Latch {
    learning: Learning,
    signaled: Option<SocketAddr>,
    /// Where the peer's signalling comes from: behind a NAT, its media does too.
    hint: Option<IpAddr>,
    locked: Option<Locked>,
}

#[derive(Clone, Copy, Debug)]
struct Locked {
    address: SocketAddr,
    ssrc: u32,
    heard: Time,
    /// Before this, a signaled address may displace a stranger that came first.
    open_until: Time,
}

impl Latch {
    /// A latch for a peer signaled at `signaled`, if it has been.
    #[must_use]
    pub fn new(learning: Learning, signaled: Option<SocketAddr>, hint: Option<IpAddr>) -> Self {
        Self {
            learning,
            signaled,
            hint,
            locked: None,
        }
    }

    /// Where to send: the learned source, else the signaled address.
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        match (self.learning, self.locked) {
            (Learning::FirstPacket, Some(locked)) => Some(locked.address),
            _ => self.signaled,
        }
    }

    /// Whether anything has been signaled: before that, nobody is heard.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.signaled.is_some()
    }

    /// Whether `address` is the peer, as far as is known; for RTCP, which does not learn.
    #[must_use]
    pub fn knows(&self, address: IpAddr) -> bool {
        match (self.learning, self.locked) {
            (Learning::FirstPacket, Some(locked)) => locked.address.ip() == address,
            _ => self.is_expected(address),
        }
    }

    /// Judge the source of a packet, without learning from it.
    #[must_use]
    pub fn judge(&self, from: SocketAddr, ssrc: u32, now: Time) -> Standing {
        match self.learning {
            _ if !self.is_open() => Standing::Stranger,
            Learning::Signaled => self.judge_signaled(from),
            Learning::FirstPacket => self.judge_learned(from, ssrc, now),
        }
    }

    /// Take a packet that was judged and found good.
    pub fn learn(&mut self, from: SocketAddr, ssrc: u32, now: Time) {
        if self.learning == Learning::Signaled {
            return;
        }
        let open_until = match self.locked {
            _ if self.is_expected(from.ip()) => now,
            Some(locked) => locked.open_until,
            None => now + WINDOW,
        };
        self.locked = Some(Locked {
            address: from,
            ssrc,
            heard: now,
            open_until,
        });
    }

    /// A packet of the source that is known was relayed, without having been judged here.
    pub(crate) fn refresh(&mut self, ssrc: u32, now: Time) {
        if let Some(locked) = &mut self.locked {
            (locked.ssrc, locked.heard) = (ssrc, now);
        }
    }

    fn judge_signaled(&self, from: SocketAddr) -> Standing {
        if self
            .signaled
            .is_some_and(|signaled| signaled.ip() == from.ip())
        {
            Standing::Known
        } else {
            Standing::Stranger
        }
    }

    fn judge_learned(&self, from: SocketAddr, ssrc: u32, now: Time) -> Standing {
        let Some(locked) = self.locked else {
            return Standing::Learned;
        };
        if locked.address == from {
            return Standing::Known;
        }
        let moved = locked.address.ip() == from.ip()
            && (locked.ssrc == ssrc || now.since(locked.heard) >= QUIET);
        let rightful = now < locked.open_until
            && self.is_expected(from.ip())
            && !self.is_expected(locked.address.ip());
        if moved || rightful {
            Standing::Learned
        } else {
            Standing::Stranger
        }
    }

    fn is_expected(&self, address: IpAddr) -> bool {
        self.signaled
            .is_some_and(|signaled| signaled.ip() == address)
            || self.hint == Some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSRC: u32 = 0x1111;
    const OTHER: u32 = 0x2222;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn behind_nat() -> Latch {
        let hint = address("203.0.113.5:0").ip();
        Latch::new(
            Learning::FirstPacket,
            Some(address("192.168.1.10:4000")),
            Some(hint),
        )
    }

    fn offer(latch: &mut Latch, from: &str, ssrc: u32, millis: u64) -> Standing {
        let now = Time::from_millis(millis);
        let standing = latch.judge(address(from), ssrc, now);
        if standing != Standing::Stranger {
            latch.learn(address(from), ssrc, now);
        }
        standing
    }

    #[test]
    fn before_anything_is_signaled_nobody_is_heard() {
        let mut latch = Latch::new(Learning::FirstPacket, None, None);

        assert_eq!(
            offer(&mut latch, "203.0.113.5:4000", SSRC, 0),
            Standing::Stranger
        );
    }

    #[test]
    fn a_signaled_leg_hears_its_address_from_any_port_and_sends_to_the_signaled_one() {
        let mut latch = Latch::new(Learning::Signaled, Some(address("198.51.100.7:4000")), None);

        assert_eq!(
            offer(&mut latch, "198.51.100.7:9999", SSRC, 0),
            Standing::Known
        );
        assert_eq!(
            offer(&mut latch, "198.51.100.8:4000", SSRC, 0),
            Standing::Stranger
        );
        assert_eq!(latch.destination(), Some(address("198.51.100.7:4000")));
    }

    #[test]
    fn behind_a_nat_the_first_packet_says_where_to_send() {
        let mut latch = behind_nat();

        assert_eq!(latch.destination(), Some(address("192.168.1.10:4000")));
        assert_eq!(
            offer(&mut latch, "203.0.113.5:31000", SSRC, 0),
            Standing::Learned
        );
        assert_eq!(latch.destination(), Some(address("203.0.113.5:31000")));
    }

    #[test]
    fn a_locked_source_is_not_displaced_by_another_address_ever() {
        let mut latch = behind_nat();
        offer(&mut latch, "203.0.113.5:31000", SSRC, 0);

        assert_eq!(
            offer(&mut latch, "203.0.113.6:31000", SSRC, 1),
            Standing::Stranger
        );
        assert_eq!(
            offer(&mut latch, "203.0.113.6:31000", SSRC, 60_000),
            Standing::Stranger
        );
    }

    #[test]
    fn a_stranger_who_came_first_gives_way_to_the_signaled_address_within_the_window() {
        let mut latch = behind_nat();
        offer(&mut latch, "198.18.0.66:666", OTHER, 0);

        assert_eq!(
            offer(&mut latch, "203.0.113.5:31000", SSRC, 2_999),
            Standing::Learned
        );
        assert_eq!(
            offer(&mut latch, "198.18.0.66:666", OTHER, 3_000),
            Standing::Stranger
        );
    }

    #[test]
    fn after_the_window_the_source_stays() {
        let mut latch = behind_nat();
        offer(&mut latch, "198.51.100.20:4000", SSRC, 0);

        assert_eq!(
            offer(&mut latch, "203.0.113.5:31000", OTHER, 3_000),
            Standing::Stranger
        );
    }

    #[test]
    fn the_same_sender_may_change_its_port_at_once() {
        let mut latch = behind_nat();
        offer(&mut latch, "203.0.113.5:31000", SSRC, 0);

        assert_eq!(
            offer(&mut latch, "203.0.113.5:31002", SSRC, 20),
            Standing::Learned
        );
    }

    #[test]
    fn another_sender_behind_the_same_nat_must_wait_for_silence() {
        let mut latch = behind_nat();
        offer(&mut latch, "203.0.113.5:31000", SSRC, 0);

        assert_eq!(
            offer(&mut latch, "203.0.113.5:40000", OTHER, 99),
            Standing::Stranger
        );
        assert_eq!(
            offer(&mut latch, "203.0.113.5:40000", OTHER, 100),
            Standing::Learned
        );
    }

    #[test]
    fn rtcp_is_heard_from_the_address_that_rtp_was_locked_to() {
        let mut latch = behind_nat();

        assert!(latch.knows(address("203.0.113.5:1").ip()));
        offer(&mut latch, "198.51.100.20:4000", SSRC, 0);
        assert!(latch.knows(address("198.51.100.20:1").ip()));
        assert!(!latch.knows(address("203.0.113.5:1").ip()));
    }
}
