//! Fields of bits, most significant first, with or without each on a byte of its own (RFC 4867
//! sections 4.3 and 4.4).

/// Reads fields one after the other.
pub struct BitReader<'a> {
    bytes: &'a [u8],
    place: usize,
    aligned: bool,
}

/// Writes fields one after the other.
pub struct BitWriter<'a> {
    bytes: &'a mut [u8],
    place: usize,
    aligned: bool,
}

impl<'a> BitReader<'a> {
    pub const fn new(bytes: &'a [u8], aligned: bool) -> Self {
        Self {
            bytes,
            place: 0,
            aligned,
        }
    }

    /// The next `count` bits; none when there are fewer.
    pub fn read(&mut self, count: usize) -> Option<u32> {
        if self.place + count > 8 * self.bytes.len() {
            return None;
        }
        Some((0..count).fold(0, |field, _| field << 1 | u32::from(self.bit())))
    }

    /// Copy `count` bits to the beginning of `target`; false when there are fewer.
    pub fn copy(&mut self, target: &mut [u8], count: usize) -> bool {
        if self.place + count > 8 * self.bytes.len() {
            return false;
        }
        for place in 0..count {
            target[place / 8] |= self.bit() << (7 - place % 8);
        }
        true
    }

    /// Go to the next byte, if fields are aligned.
    pub const fn align(&mut self) {
        if self.aligned {
            self.place = self.place.next_multiple_of(8);
        }
    }

    const fn bit(&mut self) -> u8 {
        let bit = self.bytes[self.place / 8] >> (7 - self.place % 8) & 1;
        self.place += 1;
        bit
    }
}

impl<'a> BitWriter<'a> {
    /// Writes to `bytes`, which must have room for all fields.
    pub fn new(bytes: &'a mut [u8], aligned: bool) -> Self {
        Self {
            bytes,
            place: 0,
            aligned,
        }
    }

    /// Write the lowest `count` bits of `field`.
    pub fn write(&mut self, field: u32, count: usize) {
        for shift in (0..count).rev() {
            self.bit((field >> shift) as u8 & 1);
        }
    }

    /// Write the first `count` bits of `source`.
    pub fn copy(&mut self, source: &[u8], count: usize) {
        for place in 0..count {
            self.bit(source[place / 8] >> (7 - place % 8) & 1);
        }
    }

    /// Fill up the byte, if fields are aligned.
    pub fn align(&mut self) {
        if self.aligned {
            self.fill();
        }
    }

    /// Fill up the last byte, and return how many there are.
    pub fn bytes(mut self) -> usize {
        self.fill();
        self.place / 8
    }

    fn fill(&mut self) {
        while !self.place.is_multiple_of(8) {
            self.bit(0);
        }
    }

    fn bit(&mut self, bit: u8) {
        let byte = &mut self.bytes[self.place / 8];
        let shift = 7 - self.place % 8;
        *byte = *byte & !(1 << shift) | bit << shift;
        self.place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_were_written() {
        for aligned in [false, true] {
            let mut bytes = [0xff; 8];
            let mut writer = BitWriter::new(&mut bytes, aligned);
            writer.write(15, 4);
            writer.align();
            writer.write(0b01_1010, 6);
            writer.align();
            writer.copy(&[0xab, 0xc0], 12);
            let length = writer.bytes();

            let mut reader = BitReader::new(&bytes[..length], aligned);
            let mut copied = [0; 2];
            assert_eq!(reader.read(4), Some(15));
            reader.align();
            assert_eq!(reader.read(6), Some(0b01_1010));
            reader.align();
            assert!(reader.copy(&mut copied, 12));
            assert_eq!(
                (copied, length),
                ([0xab, 0xc0], if aligned { 4 } else { 3 })
            );
        }
    }

    #[test]
    fn what_is_not_there_is_not_read() {
        let mut reader = BitReader::new(&[0xff], false);

        assert_eq!(reader.read(9), None);
        assert!(!reader.copy(&mut [0; 2], 9));
        assert_eq!(reader.read(8), Some(0xff));
    }
}
