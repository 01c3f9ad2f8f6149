//! The stored corpus and the torture messages of RFC 4475 and 5118, as they are and mangled, through
//! the function that is fuzzed.

use std::fs;
use std::path::{Path, PathBuf};

use trunkline_wire_fuzz_targets::message;

/// Copies of each message that are mangled.
const COPIES: u64 = 500;
/// What a message is mangled with.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"<",
    b">",
    b";",
    b",",
    b"=",
    b"\\",
    b" ",
    b"\t",
    b"\r\n",
    b"\r\n ",
    b":",
    b"@",
    b"?",
    b"%",
    b"%41",
    b"[::1]",
    b"\xff",
    b"\x0b",
    b";tag=1",
    b"sip:",
    b"SIP/2.0",
    b"\r\nl: 3",
    b"*",
];

fn messages() -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../..");
    let folders = [
        "fuzz/sip/corpus/message",
        "tests/data/rfc4475",
        "tests/data/rfc5118",
    ];
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).expect("a folder in the working tree"));
    let paths = entries.map(|entry| entry.expect("a file").path());
    let read = paths.map(|path| (path.clone(), fs::read(path).expect("a readable file")));
    read.collect()
}

#[test]
fn stored_messages_do_no_harm() {
    let messages = messages();
    assert!(messages.len() > 50);
    for (path, data) in messages {
        println!("{}", path.display());
        message(&data);
    }
}

#[test]
fn mangled_messages_do_no_harm() {
    let mut noise = Noise(1);
    for (path, data) in messages() {
        for copy in 0..COPIES {
            let mut mangled = data.clone();
            for _ in 0..=noise.below(4) {
                let start = noise.below(mangled.len() + 1);
                let end = mangled.len().min(start + noise.below(6));
                let piece = PIECES[noise.below(PIECES.len())];
                mangled.splice(start..end, piece.iter().copied());
            }
            println!("{} {copy}", path.display());
            message(&mangled);
        }
    }
}

/// Repeatable noise (xorshift).
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}
