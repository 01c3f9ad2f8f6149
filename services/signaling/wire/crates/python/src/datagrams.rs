//! The datagrams of a UDP socket, which `transport/udp.py` opens, watches and closes.
//!
//! Nothing here waits, so the interpreter is kept: to hand it to another thread and to get it back
//! takes longer than the system calls.

use std::collections::HashMap;
use std::io::IoSliceMut;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendto};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The most datagrams taken by one system call: few, for those that are taken and not worked off are
/// no longer seen to wait in the kernel.
const AT_ONCE: usize = 8;
/// Bytes, more than UDP carries.
const LONGEST: usize = 1 << 16;
/// Ways remembered. Peers that are busy at a time are fewer; forged sources only empty it.
const MOST_WAYS: usize = 4096;

/// Takes what waits in a socket, and sends.
#[pyclass(unsendable, module = "trunkline_signaling.sip._wire")]
pub(crate) struct Datagrams {
    socket: RawFd,
    /// Makes the way to a peer.
    way_to: Py<PyAny>,
    /// Each peer's way, so that equal ones are the same object.
    ways: HashMap<SocketAddr, Py<PyAny>>,
    headers: MultiHeaders<SockaddrStorage>,
    room: Vec<u8>,
    /// How many to ask for next. The kernel looks for one more than there are, which costs more than
    /// it gives where they come one by one.
    wanted: usize,
}

#[pymethods]
impl Datagrams {
    #[new]
    fn new(socket: RawFd, way_to: Py<PyAny>) -> Self {
        Self {
            socket,
            way_to,
            ways: HashMap::new(),
            headers: MultiHeaders::preallocate(AT_ONCE, None),
            room: vec![0; AT_ONCE * LONGEST],
            wanted: 1,
        }
    }

    fn take<'py>(
        &mut self,
        py: Python<'py>,
    ) -> PyResult<Vec<(Bound<'py, PyBytes>, Bound<'py, PyAny>)>> {
        let room = self.room.chunks_exact_mut(LONGEST);
        let parts = room.take(self.wanted).map(|part| [IoSliceMut::new(part)]);
        let mut parts: Vec<_> = parts.collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        let received = match recvmmsg(self.socket, &mut self.headers, &mut parts, flags, None) {
            Ok(received) => received,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(Vec::new()),
            Err(error) => return Err(std::io::Error::from(error).into()),
        };
        let mut datagrams = Vec::with_capacity(self.wanted);
        for datagram in received {
            let data = PyBytes::new(py, datagram.iovs().next().unwrap_or_default());
            if let Some(source) = datagram.address.as_ref().and_then(address_of) {
                let way = way(&mut self.ways, self.way_to.bind(py), source)?;
                datagrams.push((data, way));
            }
        }
        let more_may_wait = datagrams.len() == self.wanted;
        self.wanted = if more_may_wait { AT_ONCE } else { 1 };
        Ok(datagrams)
    }

    #[pyo3(signature = (data, remote, /))]
    fn send(&self, data: &[u8], remote: (&str, u16)) -> PyResult<bool> {
        let (host, port) = remote;
        let host: IpAddr = host.parse()?;
        let target = SockaddrStorage::from(SocketAddr::new(host, port));
        Ok(sendto(self.socket, data, &target, MsgFlags::MSG_DONTWAIT).is_ok())
    }
}

fn way<'py>(
    ways: &mut HashMap<SocketAddr, Py<PyAny>>,
    way_to: &Bound<'py, PyAny>,
    peer: SocketAddr,
) -> PyResult<Bound<'py, PyAny>> {
    let py = way_to.py();
    if let Some(way) = ways.get(&peer) {
        return Ok(way.bind(py).clone());
    }
    let way = way_to.call1(((peer.ip().to_string(), peer.port()),))?;
    if ways.len() == MOST_WAYS {
        ways.clear();
    }
    ways.insert(peer, way.clone().unbind());
    Ok(way)
}

/// Address and port alone: IPv6 addresses lose their flow label and scope.
fn address_of(source: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = source.as_sockaddr_in();
    let v6 = source.as_sockaddr_in6();
    v4.map(|it| SocketAddr::new(it.ip().into(), it.port()))
        .or_else(|| v6.map(|it| SocketAddr::new(it.ip().into(), it.port())))
}
