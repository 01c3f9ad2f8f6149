//! Dialogs (RFC 3261 sections 12 and 13, RFC 3262): what two peers share, the messages built from it,
//! and which responses of ours wait for an acknowledgement. Flows, owners and sending are the caller's.

mod dialog;
mod id;
mod unacknowledged;

pub use dialog::{Dialog, DialogState, RequestHead};
pub use id::DialogId;
pub use unacknowledged::Unacknowledged;
