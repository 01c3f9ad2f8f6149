//! What SDP says about AMR (RFC 4867 section 8.1).

use super::Encoding;
use super::parameters::{is_on, value};

/// The codec modes that may be sent, 0 (4.75 kbit/s) to 7 (12.2 kbit/s): `mode-set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AmrModes(u8);

impl AmrModes {
    /// All eight: nothing was said.
    pub const ALL: Self = Self(0xff);

    /// The modes of a `mode-set`; none when it names something else, or nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bit = |mode: &str| match mode.trim().parse() {
            Ok(mode @ 0..=7_u8) => Some(1 << mode),
            _ => None,
        };
        let bits = text.split(',').map(bit).sum::<Option<u8>>();
        bits.filter(|bits| *bits != 0).map(Self)
    }

    /// Whether a mode may be sent.
    #[must_use]
    pub const fn allows(self, mode: u8) -> bool {
        mode < 8 && self.0 >> mode & 1 == 1
    }

    /// The mode of the greatest rate.
    #[must_use]
    pub const fn highest(self) -> u8 {
        7 - self.0.leading_zeros() as u8
    }

    /// The neighbour of `mode` in the set that is nearer to `wanted`.
    #[must_use]
    pub fn towards(self, mode: u8, wanted: u8) -> u8 {
        let next = if wanted > mode {
            (mode + 1..=wanted).find(|mode| self.allows(*mode))
        } else {
            (wanted..mode).rev().find(|mode| self.allows(*mode))
        };
        next.unwrap_or(mode)
    }
}

/// AMR by its parameters. What protects or interleaves frames is not spoken.
pub(super) fn amr(parameters: &str) -> Encoding {
    let modes = value(parameters, "mode-set").map_or(Some(AmrModes::ALL), AmrModes::parse);
    let is_on = |name| is_on(parameters, name);
    let protected = is_on("crc") || is_on("robust-sorting");
    match modes {
        Some(modes) if !protected && value(parameters, "interleaving").is_none() => Encoding::Amr {
            aligned: is_on("octet-align"),
            modes,
        },
        _ => Encoding::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modes(text: &str) -> AmrModes {
        AmrModes::parse(text).expect("modes")
    }

    #[test]
    fn rfc4867_parameters_say_how_amr_is_packed_and_in_which_modes() {
        let (aligned, all) = (true, AmrModes::ALL);

        assert_eq!(
            amr(""),
            Encoding::Amr {
                aligned: false,
                modes: all
            }
        );
        assert_eq!(
            amr("octet-align=1"),
            Encoding::Amr {
                aligned,
                modes: all
            }
        );
        assert_eq!(
            amr("mode-set=0, 2,4; octet-align=1"),
            Encoding::Amr {
                aligned,
                modes: modes("0,2,4")
            }
        );
    }

    #[test]
    fn what_is_not_spoken_of_amr_is_relayed_only() {
        for parameters in [
            "octet-align=1;crc=1",
            "interleaving=4",
            "mode-set=8",
            "mode-set=",
        ] {
            assert_eq!(amr(parameters), Encoding::Other, "{parameters}");
        }
    }

    #[test]
    fn modes_change_by_one_step_in_the_set() {
        let set = modes("0,2,4,7");

        assert_eq!(set.highest(), 7);
        assert_eq!(set.towards(7, 0), 4);
        assert_eq!(set.towards(0, 7), 2);
        assert_eq!(set.towards(2, 2), 2);
    }
}
