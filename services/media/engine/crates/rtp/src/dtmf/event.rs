//! The payload of a telephone event (RFC 4733 section 2.3) and the keys it names.

/// Bytes of the payload.
const PAYLOAD: usize = 4;
const END: u8 = 0x80;
/// Event codes 0 to 16 (RFC 4733 section 3.2).
const KEYS: &[u8; 17] = b"0123456789*#ABCD!";

/// A key of the dial: 0-9, *, #, A-D, and ! for a hook flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u8);

impl Key {
    /// The key with this event code.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        if (code as usize) < KEYS.len() {
            Some(Self(code))
        } else {
            None
        }
    }

    /// The key that this character names.
    #[must_use]
    pub fn from_char(name: char) -> Option<Self> {
        let place = KEYS
            .iter()
            .position(|&key| char::from(key) == name.to_ascii_uppercase())?;
        Some(Self(place as u8))
    }

    /// Its event code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.0
    }
}

impl From<Key> for char {
    fn from(key: Key) -> Self {
        Self::from(KEYS[usize::from(key.0)])
    }
}

/// One report of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPayload {
    /// The key.
    pub key: Key,
    /// Whether the event is over.
    pub end: bool,
    /// Power below 0 dBm0, in dB: 0 to 63.
    pub volume: u8,
    /// So far, in units of the clock rate.
    pub duration: u16,
}

impl EventPayload {
    /// Parse a payload; none for another length or an event that is no key.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let &[code, flags, high, low] = payload else {
            return None;
        };
        Some(Self {
            key: Key::from_code(code)?,
            end: flags & END != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The payload's bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; PAYLOAD] {
        let [high, low] = self.duration.to_be_bytes();
        let end = if self.end { END } else { 0 };
        [self.key.code(), end | self.volume & 0x3f, high, low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_goes_to_bytes_and_back() {
        let key = Key::from_char('#').expect("a key");
        let report = EventPayload {
            key,
            end: true,
            volume: 10,
            duration: 1_280,
        };

        assert_eq!(report.to_bytes(), [11, 0x8a, 5, 0]);
        assert_eq!(EventPayload::parse(&report.to_bytes()), Some(report));
    }

    #[test]
    fn what_is_no_key_is_no_report() {
        assert_eq!(EventPayload::parse(&[17, 0, 0, 0]), None);
        assert_eq!(EventPayload::parse(&[1, 0, 0]), None);
        assert_eq!(Key::from_char('E'), None);
    }

    #[test]
    fn keys_are_named_as_on_the_dial() {
        let names: String = (0..17).filter_map(Key::from_code).map(char::from).collect();

        assert_eq!(names, "0123456789*#ABCD!");
        assert_eq!(Key::from_char('b').map(Key::code), Some(13));
    }
}
