//! AES in counter mode over a packet: the key schedule is kept, a few blocks are made at a time.

use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser, consts::U16};

const BLOCK: usize = 16;
/// Blocks made by one call: what the CPU's AES units overlap.
const ABREAST: usize = 8;

/// XOR `data` with the keystream that begins at the counter block `first`.
pub(crate) fn apply<C>(cipher: &C, first: u128, data: &mut [u8])
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut counter = first;
    for chunk in data.chunks_mut(ABREAST * BLOCK) {
        let mut blocks = [Array::from([0; BLOCK]); ABREAST];
        let needed = chunk.len().div_ceil(BLOCK);
        for block in &mut blocks[..needed] {
            *block = Array::from(counter.to_be_bytes());
            counter = counter.wrapping_add(1);
        }
        cipher.encrypt_blocks(&mut blocks[..needed]);
        let (whole, rest) = chunk.as_chunks_mut::<BLOCK>();
        for (bytes, key) in whole.iter_mut().zip(&blocks) {
            let sum = u128::from_ne_bytes(*bytes) ^ u128::from_ne_bytes(key.0);
            *bytes = sum.to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(blocks[whole.len() % ABREAST]) {
            *byte ^= key;
        }
    }
}
