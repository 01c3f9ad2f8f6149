//! What finds a dialog (RFC 3261 section 12).

use crate::name_addr::NameAddr;

/// Call-ID and tags. A peer of RFC 2543 may have no tag: then its own is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DialogId {
    pub call_id: Vec<u8>,
    pub local_tag: Vec<u8>,
    pub remote_tag: Vec<u8>,
}

impl DialogId {
    /// That of a message whose From and To, or To and From, are these.
    #[must_use]
    pub fn new(call_id: Vec<u8>, local: &NameAddr, remote: &NameAddr) -> Self {
        Self {
            call_id,
            local_tag: local.tag().unwrap_or_default().to_vec(),
            remote_tag: remote.tag().unwrap_or_default().to_vec(),
        }
    }
}
