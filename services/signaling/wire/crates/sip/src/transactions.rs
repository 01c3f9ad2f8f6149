//! Transactions (RFC 3261 section 17, RFC 6026): what is repeated when, who is done, and which of them a
//! message belongs to. Messages, flows and what is done about them are the caller's.
//!
//! Times are seconds on any clock that never goes back.

mod client;
mod deadlines;
mod follow_ups;
mod machine;
mod matching;
mod server;
mod tables;
mod timing;

pub use client::{Client, Heard};
pub use deadlines::Deadlines;
pub use follow_ups::{ack_fields, cancel_fields};
pub use machine::Due;
pub use matching::{BRANCH_MAGIC, ClientKey, MergeKey, ServerKey, note_source};
pub use server::Server;
pub use tables::{NotAllowed, State, Trigger};
pub use timing::{DEFAULT_RESEND, Repetition, Timing};
