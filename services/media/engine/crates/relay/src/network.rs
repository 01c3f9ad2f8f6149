//! What the kernel knows of its network, asked for by netlink (RFC 3549).

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Ipv4Addr;

use crate::sys::open_routing;

/// Bytes of a message's header, of what a message says of a route and of an interface, and of an
/// attribute's header.
const HEADER: usize = 16;
const ROUTE: usize = 12;
const INTERFACE: usize = 16;
const ATTRIBUTE: usize = 4;
/// Offsets in messages: `nlmsg_type`, `rtm_type`, `ifi_type`.
const MESSAGE_TYPE: usize = 4;
const ROUTE_TYPE: usize = HEADER + 7;
const HARDWARE: usize = HEADER + 2;
/// Bits of an address of IPv4.
const ADDRESS_BITS: u8 = 32;
/// Bytes of the longest answer.
const ANSWER: usize = 16_384;

/// How packets go to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Index of the interface that they leave by; none where the address is this machine's.
    pub interface: Option<u32>,
    /// The address they come from.
    pub source: Ipv4Addr,
}

/// Answers about the network namespace in which it was opened.
pub struct Network(File);

impl Network {
    /// A way to ask.
    pub fn open() -> io::Result<Self> {
        open_routing(0).map(Self)
    }

    /// The route to `to`, for packets from `source`; where that is unspecified, the kernel chooses one.
    pub fn route(&mut self, to: Ipv4Addr, source: Ipv4Addr) -> io::Result<Route> {
        let mut about = [0; ROUTE];
        (about[0], about[1]) = (libc::AF_INET as u8, ADDRESS_BITS);
        let destination = (libc::RTA_DST, &to.octets()[..]);
        let answer = if source.is_unspecified() {
            self.ask(libc::RTM_GETROUTE, &about, &[destination])
        } else {
            about[2] = ADDRESS_BITS;
            let source = (libc::RTA_SRC, &source.octets()[..]);
            self.ask(libc::RTM_GETROUTE, &about, &[destination, source])
        };
        read_route(&answer?, source).ok_or_else(|| io::ErrorKind::HostUnreachable.into())
    }

    /// The kind of an interface, an `ARPHRD_...`.
    pub fn hardware(&mut self, interface: &str) -> io::Result<u16> {
        let name = (libc::IFLA_IFNAME, interface.as_bytes());
        let answer = self.ask(libc::RTM_GETLINK, &[0; INTERFACE], &[name])?;
        match answer.get(HARDWARE..HARDWARE + 2) {
            Some(&[a, b]) if is_of(&answer, libc::RTM_NEWLINK) => Ok(u16::from_ne_bytes([a, b])),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn ask(&mut self, kind: u16, about: &[u8], attributes: &[(u16, &[u8])]) -> io::Result<Vec<u8>> {
        let mut message = vec![0; HEADER];
        message[MESSAGE_TYPE..MESSAGE_TYPE + 2].copy_from_slice(&kind.to_ne_bytes());
        message[6..8].copy_from_slice(&(libc::NLM_F_REQUEST as u16).to_ne_bytes());
        message.extend(about);
        for (kind, value) in attributes {
            message.extend(((ATTRIBUTE + value.len()) as u16).to_ne_bytes());
            message.extend(kind.to_ne_bytes());
            message.extend(*value);
            message.resize(message.len().next_multiple_of(4), 0);
        }
        let length = message.len() as u32;
        message[..MESSAGE_TYPE].copy_from_slice(&length.to_ne_bytes());
        self.0.write_all(&message)?;
        let mut answer = vec![0; ANSWER];
        let length = self.0.read(&mut answer)?;
        answer.truncate(length);
        Ok(answer)
    }
}

/// Hears of interfaces, addresses and routes that change.
pub struct Changes(File);

impl Changes {
    /// A way to hear.
    pub fn open() -> io::Result<Self> {
        let groups = libc::RTMGRP_LINK | libc::RTMGRP_IPV4_IFADDR | libc::RTMGRP_IPV4_ROUTE;
        open_routing(groups).map(Self)
    }

    /// Whether something has changed since the last look.
    pub fn take(&mut self) -> bool {
        let mut changed = false;
        let mut notice = [0; 4096];
        loop {
            match self.0.read(&mut notice) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return changed,
                _ => changed = true, // an error tells that notices were lost
            }
        }
    }
}

fn is_of(message: &[u8], kind: u16) -> bool {
    message.get(MESSAGE_TYPE..MESSAGE_TYPE + 2) == Some(&kind.to_ne_bytes())
}

/// What an answer says of a route for packets from `source`, which it tells only where it has chosen
/// another; none for an error.
fn read_route(message: &[u8], mut source: Ipv4Addr) -> Option<Route> {
    if !is_of(message, libc::RTM_NEWROUTE) {
        return None;
    }
    let mut interface = None;
    let mut rest = message.get(HEADER + ROUTE..)?;
    while let [a, b, c, d, ..] = *rest {
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let value = rest.get(ATTRIBUTE..length)?.first_chunk::<4>();
        match u16::from_ne_bytes([c, d]) {
            libc::RTA_OIF => interface = Some(u32::from_ne_bytes(*value?)),
            libc::RTA_PREFSRC => source = Ipv4Addr::from(*value?),
            _ => {}
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    let is_local = message[ROUTE_TYPE] == libc::RTN_LOCAL;
    Some(Route {
        interface: interface.filter(|_| !is_local),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_to_this_machine_leaves_by_no_interface() {
        let mut network = Network::open().expect("a socket");
        let expected = Route {
            interface: None,
            source: Ipv4Addr::LOCALHOST,
        };

        for source in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST] {
            let route = network.route(Ipv4Addr::LOCALHOST, source);
            assert_eq!(route.expect("a route"), expected);
        }
    }

    #[test]
    fn an_address_that_is_not_ours_has_no_route_from_here() {
        let stranger = Ipv4Addr::new(192, 0, 2, 1);

        let route = Network::open()
            .expect("a socket")
            .route(Ipv4Addr::LOCALHOST, stranger);

        assert_eq!(
            route.expect_err("no route").kind(),
            io::ErrorKind::HostUnreachable
        );
    }

    #[test]
    fn an_interface_is_known_by_its_name() {
        let mut network = Network::open().expect("a socket");

        let loopback = network.hardware("lo").expect("an interface");
        assert_eq!(loopback, libc::ARPHRD_LOOPBACK);
        let missing = network.hardware("no-such-one").expect_err("no interface");
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn nothing_has_changed_on_a_network_at_rest() {
        assert!(!Changes::open().expect("a socket").take());
    }
}
