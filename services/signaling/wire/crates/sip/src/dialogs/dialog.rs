//! One side's view of a dialog.

use std::sync::Arc;

use crate::dialogs::id::DialogId;
use crate::dialogs::unacknowledged::Unacknowledged;
use crate::error::MalformedValue;
use crate::header_name::HeaderName;
use crate::headers::Headers;
use crate::name_addr::NameAddr;
use crate::params::Params;
use crate::rack::{RAck, parse_rseq};
use crate::uri::Uri;

const MAX_FORWARDS: &[u8] = b"70"; // RFC 3261 section 8.1.1.6
/// What the ACK for a 2xx repeats of its INVITE (section 13.2.2.4).
const CREDENTIALS: [&str; 2] = ["Authorization", "Proxy-Authorization"];

/// How far a dialog has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialogState {
    Early,
    Confirmed,
    Terminated,
}

impl DialogState {
    /// Its name, as an enumeration of Python spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Early => "EARLY",
            Self::Confirmed => "CONFIRMED",
            Self::Terminated => "TERMINATED",
        }
    }
}

/// A request but for its method and body.
#[derive(Debug)]
pub struct RequestHead {
    pub target: Vec<u8>,
    pub headers: Headers,
}

/// What two peers share, as one of them sees it.
#[derive(Debug)]
pub struct Dialog {
    pub id: Arc<DialogId>,
    /// The peer's Contact: where requests are addressed to.
    pub remote_target: Uri,
    /// Our Contact as printed, angle brackets included.
    pub local_contact: Vec<u8>,
    pub local_cseq: i64,
    pub state: DialogState,
    route_set: Vec<NameAddr>,
    remote_cseq: Option<u32>,
    /// From of what we send: our address with our tag.
    from_value: Vec<u8>,
    /// To of what we send: the peer's address with its tag, as the peer wrote it.
    to_value: Vec<u8>,
    /// Number of the peer's last reliable provisional response (RFC 3262).
    remote_rseq: Option<u32>,
}

impl Dialog {
    /// The dialog a request opens here (section 12.1.1).
    ///
    /// # Errors
    ///
    /// A request without a usable Contact.
    pub fn of_server(
        request: &Headers,
        local_tag: &[u8],
        contact: Vec<u8>,
    ) -> Result<Self, MalformedValue> {
        let route_set = recorded_routes(request)?;
        let remote_target = contact_of(request)?;
        let local = request.require("To", |line| Ok(line.to_vec()))?;
        Ok(Self {
            id: Arc::new(DialogId {
                call_id: request.call_id()?,
                local_tag: local_tag.to_vec(),
                remote_tag: request.from()?.tag().unwrap_or_default().to_vec(),
            }),
            remote_target: remote_target.ok_or_else(|| MalformedValue::absent("Contact"))?,
            local_contact: contact,
            local_cseq: 0,
            state: DialogState::Early,
            route_set,
            remote_cseq: Some(request.cseq()?.number),
            from_value: [&local[..], b";tag=", local_tag].concat(),
            to_value: line(request, "From").to_vec(),
            remote_rseq: None,
        })
    }

    /// The dialog a response opens (section 12.1.2). One without Contact, as early ones may be, leaves
    /// the Request-URI as the target.
    ///
    /// # Errors
    ///
    /// A Record-Route or Contact that is no address.
    pub fn of_client(
        target: &[u8],
        request: &Headers,
        response: &Headers,
        is_success: bool,
    ) -> Result<Self, MalformedValue> {
        let id = DialogId::new(request.call_id()?, &request.from()?, &response.to()?);
        let mut dialog = Self {
            id: Arc::new(id),
            remote_target: Uri::parse(target)?,
            local_contact: line(request, "Contact").to_vec(),
            local_cseq: i64::from(request.cseq()?.number),
            state: DialogState::Early,
            route_set: Vec::new(),
            remote_cseq: None,
            from_value: line(request, "From").to_vec(),
            to_value: line(response, "To").to_vec(),
            remote_rseq: None,
        };
        dialog.update(response, is_success)?;
        Ok(dialog)
    }

    /// Our address with our tag: From of what we send.
    ///
    /// # Errors
    ///
    /// One that the peer wrote as To and that can't be read.
    pub fn local(&self) -> Result<NameAddr, MalformedValue> {
        NameAddr::parse(&self.from_value)
    }

    /// The peer's address with its tag: To of what we send.
    ///
    /// # Errors
    ///
    /// One that can't be read.
    pub fn remote(&self) -> Result<NameAddr, MalformedValue> {
        NameAddr::parse(&self.to_value)
    }

    /// Where a request goes: the first route, else the remote target (section 8.1.2).
    #[must_use]
    pub fn next_hop(&self) -> &Uri {
        let first = self.route_set.first();
        first.map_or(&self.remote_target, |route| &route.uri)
    }

    /// Take the route set and target a response to the opening INVITE gives (section 13.2.2.4).
    ///
    /// # Errors
    ///
    /// A Record-Route or Contact that is no address.
    pub fn update(&mut self, response: &Headers, is_success: bool) -> Result<(), MalformedValue> {
        let mut routes = recorded_routes(response)?;
        self.refresh_target(response)?;
        if self.state == DialogState::Early {
            routes.reverse();
            self.route_set = routes;
            if is_success {
                self.state = DialogState::Confirmed;
            }
        }
        Ok(())
    }

    /// Note that we have sent a 2xx to the INVITE.
    pub fn confirm(&mut self) {
        if self.state == DialogState::Early {
            self.state = DialogState::Confirmed;
        }
    }

    /// Take a request of the peer; `provisional` is what may wait for a PRACK. The error is the status
    /// that refuses the request.
    ///
    /// # Errors
    ///
    /// 500 out of order, 481 for a PRACK that acknowledges nothing, 400 for a value that can't be read.
    pub fn take(
        &mut self,
        method: &[u8],
        request: &Headers,
        provisional: Option<&mut Unacknowledged>,
    ) -> Result<(), u16> {
        if !self.is_in_order(method, request).map_err(|_| 400_u16)? {
            return Err(500);
        }
        if method == b"PRACK" {
            let rack = request.require("RAck", RAck::parse).map_err(|_| 400_u16)?;
            if !provisional.is_some_and(|waiting| waiting.take_prack(&rack)) {
                return Err(481);
            }
        }
        if is_target_refresh(method) {
            self.refresh_target(request).map_err(|_| 400_u16)?;
        }
        Ok(())
    }

    /// The next request of this dialog (section 12.2.1.1). ACK and CANCEL have the number of their
    /// INVITE.
    pub fn request(&mut self, method: &[u8], content_type: Option<&[u8]>) -> RequestHead {
        self.local_cseq = self.local_cseq.saturating_add(1);
        let mut request = self.build(method, self.local_cseq, content_type);
        if is_target_refresh(method) {
            let contact = self.local_contact.clone();
            request.headers.add(canonical("Contact"), contact);
        }
        request
    }

    /// The ACK for a 2xx (section 13.2.2.4): same `CSeq` number, same credentials.
    ///
    /// # Errors
    ///
    /// An INVITE without `CSeq`.
    pub fn ack(
        &self,
        invite: &Headers,
        content_type: Option<&[u8]>,
    ) -> Result<RequestHead, MalformedValue> {
        let number = invite.cseq()?.number;
        let mut ack = self.build(b"ACK", i64::from(number), content_type);
        for name in CREDENTIALS {
            ack.headers.copy_from(invite, &canonical(name));
        }
        Ok(ack)
    }

    /// The PRACK for a reliable provisional response (RFC 3262 section 4); None for a copy, and for one
    /// that overtook another: it will come again.
    ///
    /// # Errors
    ///
    /// A response without `RSeq` or `CSeq`.
    pub fn prack(&mut self, response: &Headers) -> Result<Option<RequestHead>, MalformedValue> {
        let rseq = response.require("RSeq", parse_rseq)?;
        let last = self.remote_rseq;
        if last.is_some_and(|last| last.checked_add(1) != Some(rseq)) {
            return Ok(None);
        }
        let cseq = response.cseq()?;
        self.remote_rseq = Some(rseq);
        let mut prack = self.request(b"PRACK", None);
        let mut acknowledged = Vec::new();
        RAck { rseq, cseq }.write(&mut acknowledged);
        prack.headers.add(canonical("RAck"), acknowledged);
        Ok(Some(prack))
    }

    /// The header fields of a response with our tag, and with what opens or refreshes a dialog
    /// (section 12.1.1).
    #[must_use]
    pub fn reply(
        &self,
        method: &[u8],
        request: &Headers,
        status: u16,
        content_type: Option<&[u8]>,
    ) -> Headers {
        let mut reply = request.echoed(&self.id.local_tag);
        if is_target_refresh(method) && (101..300).contains(&status) {
            reply.add(canonical("Contact"), self.local_contact.clone());
            reply.copy_from(request, &canonical("Record-Route"));
        }
        if let Some(content_type) = content_type {
            reply.add(canonical("Content-Type"), content_type.to_vec());
        }
        reply
    }

    /// Note the `CSeq` of an in-dialog request; false when it is out of order.
    fn is_in_order(&mut self, method: &[u8], request: &Headers) -> Result<bool, MalformedValue> {
        if matches!(method, b"ACK" | b"CANCEL") {
            return Ok(true);
        }
        let number = request.cseq()?.number;
        let in_order = self.remote_cseq.is_none_or(|last| number >= last);
        if in_order {
            self.remote_cseq = Some(number);
        }
        Ok(in_order)
    }

    /// Move the remote target to the Contact of a target refresh or its 2xx (section 12.2).
    fn refresh_target(&mut self, message: &Headers) -> Result<(), MalformedValue> {
        if let Some(target) = contact_of(message)? {
            self.remote_target = target;
        }
        Ok(())
    }

    fn build(&self, method: &[u8], number: i64, content_type: Option<&[u8]>) -> RequestHead {
        let (target, routes) = self.routing();
        let mut cseq = number.to_string().into_bytes();
        cseq.push(b' ');
        cseq.extend_from_slice(method);
        let mut headers = Headers::with_capacity(10);
        for (name, value) in [
            ("Max-Forwards", MAX_FORWARDS.to_vec()),
            ("From", self.from_value.clone()),
            ("To", self.to_value.clone()),
            ("Call-ID", self.id.call_id.clone()),
            ("CSeq", cseq),
        ] {
            headers.add(canonical(name), value);
        }
        headers.set(&canonical("Route"), routes);
        if let Some(content_type) = content_type {
            headers.add(canonical("Content-Type"), content_type.to_vec());
        }
        RequestHead {
            target: printed(|out| target.write(out)),
            headers,
        }
    }

    /// Request-URI and Route; a first hop that routes strictly becomes the former.
    fn routing(&self) -> (&Uri, Vec<Vec<u8>>) {
        let print = |route: &NameAddr| printed(|out| route.write(out));
        let Some((first, others)) = self.route_set.split_first() else {
            return (&self.remote_target, Vec::new());
        };
        match &first.uri {
            Uri::Sip(uri) if !uri.is_loose_router() => {
                let last = NameAddr {
                    uri: self.remote_target.clone(),
                    display_name: Vec::new(),
                    params: Params::default(),
                };
                (
                    &first.uri,
                    others.iter().chain([&last]).map(print).collect(),
                )
            }
            _ => (
                &self.remote_target,
                self.route_set.iter().map(print).collect(),
            ),
        }
    }
}

/// Tell whether the Contact of such a request moves the remote target (RFC 3261 section 12.2.2, RFC 3311,
/// RFC 6665).
fn is_target_refresh(method: &[u8]) -> bool {
    matches!(
        method,
        b"INVITE" | b"UPDATE" | b"SUBSCRIBE" | b"NOTIFY" | b"REFER"
    )
}

fn recorded_routes(message: &Headers) -> Result<Vec<NameAddr>, MalformedValue> {
    let name = canonical("Record-Route");
    let routes = message.values(&name)?;
    let routes = routes.into_iter().map(NameAddr::parse);
    let routes: Result<_, MalformedValue> = routes.collect();
    routes.map_err(|error| error.within(name))
}

fn contact_of(message: &Headers) -> Result<Option<Uri>, MalformedValue> {
    Ok(message.contact()?.map(|contact| contact.uri))
}

fn line<'a>(message: &'a Headers, name: &'static str) -> &'a [u8] {
    message.get(&canonical(name)).unwrap_or_default()
}

fn printed(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    write(&mut out);
    out
}

const fn canonical(name: &'static str) -> HeaderName {
    HeaderName::canonical(name)
}
