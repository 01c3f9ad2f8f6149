//! What tells one request from another (RFC 3261 sections 8.2.2.2 and 17.2.3, RFC 3581).

use crate::cseq::CSeq;
use crate::error::MalformedValue;
use crate::header_name::HeaderName;
use crate::headers::Headers;
use crate::validation::Essentials;

/// What begins every branch made after RFC 3261 section 8.1.1.7.
pub const BRANCH_MAGIC: &[u8] = b"z9hG4bK";

/// What a request of ours shares with its responses (section 17.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientKey {
    pub branch: Vec<u8>,
    pub method: Vec<u8>,
}

impl ClientKey {
    /// That of a response.
    #[must_use]
    pub fn of_response(response: &Essentials) -> Self {
        Self {
            branch: response.via.branch().unwrap_or_default().to_vec(),
            method: response.cseq.method.clone(),
        }
    }
}

/// What a request shares with its copies (section 17.2.3); an ACK with its INVITE.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerKey {
    sent: Sent,
    method: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Sent {
    Branch {
        branch: Vec<u8>,
        host: Vec<u8>,
        port: Option<u16>,
    },
    /// RFC 2543. The To tag stays out: the INVITE has none, and its ACK must be found.
    Unbranched {
        target: Vec<u8>,
        via: Vec<u8>,
        call_id: Vec<u8>,
        from_tag: Option<Vec<u8>>,
        number: u32,
    },
}

impl ServerKey {
    /// That of a request, before anything was noted in its Via.
    #[must_use]
    pub fn of_request(target: &[u8], request: &Essentials) -> Self {
        let method = match request.cseq.method.as_slice() {
            b"ACK" => b"INVITE",
            method => method,
        };
        Self {
            sent: Sent::of_request(target, request),
            method: method.to_vec(),
        }
    }

    /// The key of the INVITE that a CANCEL of this key gives up (section 9.2).
    #[must_use]
    pub fn into_invite(self) -> Self {
        Self {
            method: b"INVITE".to_vec(),
            ..self
        }
    }
}

impl Sent {
    fn of_request(target: &[u8], request: &Essentials) -> Self {
        let via = &request.via;
        match via.branch() {
            Some(branch)
                if branch.len() > BRANCH_MAGIC.len() && branch.starts_with(BRANCH_MAGIC) =>
            {
                Self::Branch {
                    branch: branch.to_vec(),
                    host: via.host.to_ascii_lowercase(),
                    port: via.port,
                }
            }
            _ => {
                let mut printed = Vec::new();
                via.write(&mut printed);
                Self::Unbranched {
                    target: target.to_vec(),
                    via: printed,
                    call_id: request.call_id.clone(),
                    from_tag: request.from.tag().map(<[u8]>::to_vec),
                    number: request.cseq.number,
                }
            }
        }
    }
}

/// What a request shares with itself on another path (section 8.2.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MergeKey {
    call_id: Vec<u8>,
    from_tag: Option<Vec<u8>>,
    cseq: CSeq,
}

impl MergeKey {
    /// That of a request.
    #[must_use]
    pub fn of_request(request: &Essentials) -> Self {
        Self {
            call_id: request.call_id.clone(),
            from_tag: request.from.tag().map(<[u8]>::to_vec),
            cseq: request.cseq.clone(),
        }
    }
}

/// Write into the topmost Via where the request really came from (RFC 3581 section 4).
///
/// # Errors
///
/// A line whose quotes nothing closes.
pub fn note_source(
    headers: &mut Headers,
    request: &mut Essentials,
    host: &[u8],
    port: u16,
) -> Result<(), MalformedValue> {
    if request.via.host == host && !request.via.wants_rport() {
        return Ok(());
    }
    let noted = request.via.with_received(host, port);
    let mut value = Vec::new();
    noted.write(&mut value);
    headers.replace_topmost(&HeaderName::canonical("Via"), value)?;
    request.via = noted;
    Ok(())
}
