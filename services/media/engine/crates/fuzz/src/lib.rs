//! What is fuzzed, each a function of bytes that must return: cargo-fuzz runs them on what it invents
//! (`fuzz/engine`), an ordinary test on the stored corpus.

mod parsers;
mod session;

pub use parsers::parsers;
pub use session::session;
