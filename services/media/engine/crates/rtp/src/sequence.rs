//! RTP arithmetic on the 16-bit circle of sequence numbers (RFC 3550 section 5.1).

/// Signed steps from `b` to `a`.
#[must_use]
pub const fn delta(a: u16, b: u16) -> i16 {
    a.wrapping_sub(b).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::delta;

    #[test]
    fn the_circle_closes_at_65535() {
        assert_eq!(delta(0, 65_535), 1);
        assert_eq!(delta(65_535, 0), -1);
        assert_eq!(delta(7, 7), 0);
    }
}
