//! UDPTL datagrams, which carry T.38 fax (ITU-T T.38 clause 9.1): relayed, never looked into.

/// Sequence number and the shortest length.
const SHORTEST: usize = 3;

/// Whether a datagram is UDPTL by its outer form: a sequence number, then a primary packet that
/// fits (aligned PER, X.691 clause 11.9), then something about recovering from errors.
#[must_use]
pub fn is_udptl(datagram: &[u8]) -> bool {
    let Some((&[_, _, first], rest)) = datagram.split_first_chunk::<SHORTEST>() else {
        return false;
    };
    let (length, rest) = match (first, rest) {
        (0..0x80, rest) => (usize::from(first), rest),
        (0x80..0xc0, [second, rest @ ..]) => {
            (usize::from(first & 0x3f) << 8 | usize::from(*second), rest)
        }
        _ => return false, // a length of fragments, which no datagram has
    };
    length < rest.len()
}

#[cfg(test)]
mod tests {
    use super::is_udptl;

    #[test]
    fn a_primary_packet_with_its_recovery_is_udptl() {
        assert!(is_udptl(&[0, 1, 2, 0xaa, 0xbb, 0, 0]));
        assert!(is_udptl(&[&[0, 1, 0x80, 200][..], &[0; 201]].concat()));
    }

    #[test]
    fn what_is_cut_or_empty_is_not() {
        assert!(!is_udptl(&[]));
        assert!(!is_udptl(&[0, 1]));
        assert!(!is_udptl(&[0, 1, 9, 0xaa]));
        assert!(!is_udptl(&[0, 1, 0x80]));
        assert!(!is_udptl(&[0, 1, 0xc1, 0, 0]));
    }
}
