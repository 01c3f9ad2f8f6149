//! The system calls that the standard library does not offer: epoll, eventfd, and many datagrams
//! a call. All `unsafe` of this crate is here.

#![allow(unsafe_code)]

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use trunkline_rtp::Component;

/// Datagrams read or sent by one call.
pub const BATCH: usize = 16;
/// Bytes of a buffer: more than any media datagram, and room for a tag.
pub const BUFFER: usize = 2048;
/// Longest datagram that is read whole.
pub const LONGEST: usize = BUFFER - 64;

/// Turn -1 into the error of the call that returned it.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Bind a UDP socket whose packets carry a TOS or traffic-class byte. An IPv6 socket leaves the
/// IPv4 port of the same number to another.
pub fn bind_udp(address: SocketAddr, type_of_service: u8) -> io::Result<UdpSocket> {
    let domain = if address.is_ipv6() {
        libc::AF_INET6
    } else {
        libc::AF_INET
    };
    // SAFETY: no pointer is passed; the descriptor returned is ours alone.
    let fd = check(unsafe { libc::socket(domain, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: as above.
    let socket = unsafe { UdpSocket::from_raw_fd(fd) };
    if address.is_ipv6() {
        set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)?;
        set_option(
            &socket,
            libc::IPPROTO_IPV6,
            libc::IPV6_TCLASS,
            type_of_service.into(),
        )?;
    } else {
        set_option(
            &socket,
            libc::IPPROTO_IP,
            libc::IP_TOS,
            type_of_service.into(),
        )?;
    }
    // SAFETY: zeroes are a valid value of this plain C structure.
    let mut storage = unsafe { MaybeUninit::zeroed().assume_init() };
    let length = to_raw(address, &mut storage);
    // SAFETY: the address was just written, and has the length that is said.
    check(unsafe { libc::bind(fd, (&raw const storage).cast(), length) })?;
    Ok(socket)
}

fn set_option(
    socket: &UdpSocket,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the descriptor is open, and the option's value is a c_int that outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            mem::size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    check(result).map(drop)
}

/// CPU time of the calling thread.
pub fn thread_cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the clock exists on Linux, and `time` is writable.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A counter that wakes whoever polls it.
#[derive(Debug)]
pub struct Notifier(OwnedFd);

impl Notifier {
    /// A notifier at rest.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointer is passed; the descriptor returned is ours alone.
        let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        // SAFETY: as above.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Wake. A counter at its limit is awake already, so no error matters.
    pub fn notify(&self) {
        let one = 1_u64;
        // SAFETY: eight bytes are read from a u64.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    /// Go to rest.
    pub fn clear(&self) {
        let mut count = 0_u64;
        // SAFETY: eight bytes are written to a u64.
        unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) };
    }
}

impl AsRawFd for Notifier {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// How a descriptor's readiness is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// As long as there is something to read.
    Level,
    /// Once for every arrival: what arrived must be read until nothing is left.
    Edge,
}

/// An epoll set, and room for what one wait returns.
pub struct Poller {
    epoll: OwnedFd,
    ready: Vec<libc::epoll_event>,
}

impl Poller {
    /// An empty set that returns up to `capacity` ready descriptors at once.
    pub fn new(capacity: usize) -> io::Result<Self> {
        // SAFETY: no pointer is passed; the descriptor returned is ours alone.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: as above.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self {
            epoll,
            ready: vec![libc::epoll_event { events: 0, u64: 0 }; capacity],
        })
    }

    /// Watch `fd` for input; waits return `token` for it. Closing the descriptor ends that.
    pub fn add(&self, fd: &impl AsRawFd, token: u64, trigger: Trigger) -> io::Result<()> {
        let edge = if trigger == Trigger::Edge {
            libc::EPOLLET
        } else {
            0
        };
        let mut event = libc::epoll_event {
            events: (libc::EPOLLIN | edge) as u32,
            u64: token,
        };
        // SAFETY: both descriptors are open, and the event is read during the call only.
        let result = unsafe {
            libc::epoll_ctl(
                self.epoll.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                fd.as_raw_fd(),
                &raw mut event,
            )
        };
        check(result).map(drop)
    }

    /// Wait for input, for `timeout` at most, and return how many descriptors have some.
    pub fn wait(&mut self, timeout: Duration) -> usize {
        // SAFETY: the kernel writes at most `len` events to the vector's own memory.
        let count = unsafe {
            libc::epoll_wait(
                self.epoll.as_raw_fd(),
                self.ready.as_mut_ptr(),
                self.ready.len() as libc::c_int,
                timeout.as_millis() as libc::c_int,
            )
        };
        count.max(0) as usize // EINTR is a wait in which nothing happened
    }

    /// The token of the `index`-th of the descriptors that the last wait found.
    #[must_use]
    pub fn token(&self, index: usize) -> u64 {
        self.ready[index].u64
    }
}

/// Buffers and headers for one `recvmmsg`, and for sending what was received on.
pub struct Batch {
    buffers: Box<[[u8; BUFFER]]>,
    sources: Box<[libc::sockaddr_storage; BATCH]>,
    slices: Box<[libc::iovec; BATCH]>,
    incoming: Box<[libc::mmsghdr; BATCH]>,
    /// Headers that the last call wrote: the length of their address must be set anew.
    used: usize,
    /// Two queues, by the component they leave from.
    outgoing: [Queue; 2],
}

/// Datagrams to be sent from one socket.
struct Queue {
    targets: Box<[libc::sockaddr_storage; BATCH]>,
    slices: Box<[libc::iovec; BATCH]>,
    headers: Box<[libc::mmsghdr; BATCH]>,
    length: usize,
}

// SAFETY: the raw pointers inside point to the heap blocks of the same value, which move with it.
unsafe impl Send for Batch {}

/// One datagram of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// Its length; the buffer holds all of it, unless it was cut.
    pub length: usize,
    /// Where it came from; none if that is no IP address.
    pub from: Option<SocketAddr>,
    /// Whether it was longer than [`LONGEST`].
    pub cut: bool,
}

impl Batch {
    /// Room for [`BATCH`] datagrams.
    pub fn new() -> Self {
        // SAFETY: all of these are plain C structures, for which zeroes are valid.
        let mut batch = unsafe {
            Self {
                buffers: vec![[0; BUFFER]; BATCH].into_boxed_slice(),
                sources: Box::new(MaybeUninit::zeroed().assume_init()),
                slices: Box::new(MaybeUninit::zeroed().assume_init()),
                incoming: Box::new(MaybeUninit::zeroed().assume_init()),
                used: BATCH,
                outgoing: [Queue::new(), Queue::new()],
            }
        };
        for index in 0..BATCH {
            batch.slices[index].iov_base = batch.buffers[index].as_mut_ptr().cast();
            batch.slices[index].iov_len = LONGEST;
            let header = &mut batch.incoming[index].msg_hdr;
            header.msg_name = (&raw mut batch.sources[index]).cast();
            header.msg_iov = &raw mut batch.slices[index];
            header.msg_iovlen = 1;
        }
        batch
    }

    /// Read what has arrived on `socket`, [`BATCH`] datagrams at most, without waiting.
    pub fn receive(&mut self, socket: &impl AsRawFd) -> usize {
        for message in &mut self.incoming[..self.used] {
            message.msg_hdr.msg_namelen = mem::size_of::<libc::sockaddr_storage>() as u32;
        }
        // SAFETY: every header points to a buffer, a slice and an address that `self` owns.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.incoming.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        self.used = count.max(0) as usize;
        self.used
    }

    /// The `index`-th datagram that [`Batch::receive`] read.
    #[must_use]
    pub fn received(&self, index: usize) -> Received {
        let message = &self.incoming[index];
        Received {
            length: message.msg_len as usize,
            from: from_raw(&self.sources[index]),
            cut: message.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
        }
    }

    /// The whole buffer of the `index`-th datagram.
    pub fn buffer(&mut self, index: usize) -> &mut [u8] {
        &mut self.buffers[index]
    }

    /// Put `length` bytes of the `index`-th buffer in the queue of `component`, to `to`.
    pub fn queue(&mut self, index: usize, length: usize, to: SocketAddr, component: Component) {
        assert!(length <= BUFFER, "a datagram lies within its buffer");
        let buffer = self.buffers[index].as_mut_ptr();
        self.outgoing[component as usize].push(buffer, length, to);
    }

    /// Send the queue of `component` by `socket`, and return how many datagrams the system refused.
    pub fn send(&mut self, socket: &impl AsRawFd, component: Component) -> usize {
        self.outgoing[component as usize].send(socket)
    }
}

impl Queue {
    fn new() -> Self {
        // SAFETY: all of these are plain C structures, for which zeroes are valid.
        let mut queue = unsafe {
            Self {
                targets: Box::new(MaybeUninit::zeroed().assume_init()),
                slices: Box::new(MaybeUninit::zeroed().assume_init()),
                headers: Box::new(MaybeUninit::<[libc::mmsghdr; BATCH]>::zeroed().assume_init()),
                length: 0,
            }
        };
        for (index, message) in queue.headers.iter_mut().enumerate() {
            message.msg_hdr.msg_name = (&raw mut queue.targets[index]).cast();
            message.msg_hdr.msg_iov = &raw mut queue.slices[index];
            message.msg_hdr.msg_iovlen = 1;
        }
        queue
    }

    fn push(&mut self, buffer: *mut u8, length: usize, to: SocketAddr) {
        let place = self.length;
        self.slices[place] = libc::iovec {
            iov_base: buffer.cast(),
            iov_len: length,
        };
        self.headers[place].msg_hdr.msg_namelen = to_raw(to, &mut self.targets[place]);
        self.length += 1;
    }

    fn send(&mut self, socket: &impl AsRawFd) -> usize {
        let (mut next, mut failed) = (0, 0);
        while next < self.length {
            // SAFETY: the headers from `next` to `length` point to buffers of the batch around us.
            let count = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    self.headers.as_mut_ptr().add(next),
                    (self.length - next) as libc::c_uint,
                    libc::MSG_DONTWAIT,
                )
            };
            if count > 0 {
                next += count as usize;
            } else {
                (next, failed) = (next + 1, failed + 1);
            }
        }
        self.length = 0;
        failed
    }
}

/// Write `address` as the kernel wants it, and return its length.
fn to_raw(address: SocketAddr, storage: &mut libc::sockaddr_storage) -> libc::socklen_t {
    match address {
        SocketAddr::V4(v4) => {
            let raw = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(v4.ip().octets()),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: sockaddr_storage is at least as large and as aligned as sockaddr_in.
            unsafe { (&raw mut *storage).cast::<libc::sockaddr_in>().write(raw) };
            mem::size_of::<libc::sockaddr_in>() as libc::socklen_t
        }
        SocketAddr::V6(v6) => {
            let raw = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: libc::in6_addr {
                    s6_addr: v6.ip().octets(),
                },
                sin6_scope_id: v6.scope_id(),
            };
            // SAFETY: sockaddr_storage is at least as large and as aligned as sockaddr_in6.
            unsafe { (&raw mut *storage).cast::<libc::sockaddr_in6>().write(raw) };
            mem::size_of::<libc::sockaddr_in6>() as libc::socklen_t
        }
    }
}

/// Read an address that the kernel wrote.
fn from_raw(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match libc::c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the kernel wrote a sockaddr_in.
            let raw = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(raw.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddrV4::new(ip, u16::from_be(raw.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that the kernel wrote a sockaddr_in6.
            let raw = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            let port = u16::from_be(raw.sin6_port);
            Some(SocketAddrV6::new(ip, port, raw.sin6_flowinfo, raw.sin6_scope_id).into())
        }
        _ => None,
    }
}
