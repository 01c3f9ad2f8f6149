//! SIP messages between bytes and values (RFC 3261 section 25), their transactions (section 17) and
//! dialogs (section 12), without I/O.
//!
//! Text is bytes as they came: mostly UTF-8, but nobody promised. A peer's mistakes are
//! [`MalformedValue`] and [`Refusal`]; nothing here panics, and nothing costs more than the length of
//! what it reads.

#![forbid(unsafe_code)]

mod cseq;
mod dialogs;
mod error;
mod grammar;
mod header_name;
mod headers;
mod media_type;
mod message;
mod name_addr;
mod params;
mod rack;
mod transactions;
mod uri;
mod validation;
mod via;

pub use cseq::CSeq;
pub use dialogs::{Dialog, DialogId, DialogState, RequestHead, Unacknowledged};
pub use error::{Defect, MalformedValue, Reason, Refusal};
pub use grammar::{
    has_line_break, is_token, parse_host, parse_host_port, parse_uint, quote, split_values,
    unescape_quoted, write_host_port,
};
pub use header_name::HeaderName;
pub use headers::Headers;
pub use media_type::MediaType;
pub use message::{Message, StartLine, parse_datagram, parse_framed, print};
pub use name_addr::NameAddr;
pub use params::Params;
pub use rack::RAck;
pub use transactions::{
    BRANCH_MAGIC, Client, ClientKey, DEFAULT_RESEND, Deadlines, Due, Heard, MergeKey, NotAllowed,
    Repetition, Server, ServerKey, State, Timing, Trigger, ack_fields, cancel_fields, note_source,
};
pub use uri::{OtherUri, SipUri, TelUri, Uri, UriHeader};
pub use validation::{Essentials, check_request_fields, check_target};
pub use via::Via;
