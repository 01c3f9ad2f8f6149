//! The stored corpus, through the functions that are fuzzed.

use std::fs;
use std::path::Path;

use trunkline_fuzz_targets::{parsers, session};

/// Run a target on each of its stored inputs, whose names stand in the test's output.
fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../../../fuzz/engine/corpus")
        .join(name);
    let inputs = fs::read_dir(&folder).expect("a corpus in the working tree");
    let paths: Vec<_> = inputs.map(|entry| entry.expect("a file").path()).collect();
    assert!(!paths.is_empty(), "no input in {}", folder.display());
    for path in paths {
        println!("{}", path.display());
        target(&fs::read(&path).expect("a readable file"));
    }
}

#[test]
fn the_stored_corpus_of_the_parsers_does_no_harm() {
    replay("parsers", parsers);
}

#[test]
fn the_stored_corpus_of_a_session_does_no_harm() {
    replay("session", session);
}
