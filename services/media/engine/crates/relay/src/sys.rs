//! The system calls that the standard library does not offer: sockets with options, epoll, eventfd.
//! All `unsafe` of this crate is here.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Turn -1 into the error of the call that returned it.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Bind a UDP socket that never waits and whose packets carry a TOS or traffic-class byte. An IPv6
/// socket leaves the IPv4 port of the same number to another.
pub fn bind_udp(address: SocketAddr, type_of_service: u8) -> io::Result<UdpSocket> {
    let socket = open_udp(address, type_of_service)?;
    bind(&socket, address)?;
    Ok(socket)
}

/// A second socket on the port of `own`, connected to `peer`: what comes from there comes to it, the
/// rest still to `own`. The port is open for sharing while this lasts only.
pub fn connect_beside(
    own: &UdpSocket,
    peer: SocketAddr,
    type_of_service: u8,
) -> io::Result<UdpSocket> {
    let address = own.local_addr()?;
    let socket = open_udp(address, type_of_service)?;
    share_port(own, true)?;
    let bound = share_port(&socket, true).and_then(|()| bind(&socket, address));
    share_port(own, false)?;
    bound?;
    share_port(&socket, false)?;
    socket.connect(peer)?;
    Ok(socket)
}

fn open_udp(address: SocketAddr, type_of_service: u8) -> io::Result<UdpSocket> {
    let (domain, level, option) = if address.is_ipv6() {
        (libc::AF_INET6, libc::IPPROTO_IPV6, libc::IPV6_TCLASS)
    } else {
        (libc::AF_INET, libc::IPPROTO_IP, libc::IP_TOS)
    };
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no pointer is passed; the descriptor returned is ours alone.
    let fd = check(unsafe { libc::socket(domain, kind, 0) })?;
    // SAFETY: as above.
    let socket = unsafe { UdpSocket::from_raw_fd(fd) };
    if address.is_ipv6() {
        set_option(&socket, level, libc::IPV6_V6ONLY, 1)?;
    }
    set_option(&socket, level, option, type_of_service.into())?;
    Ok(socket)
}

fn bind(socket: &UdpSocket, address: SocketAddr) -> io::Result<()> {
    // SAFETY: zeroes are a valid value of this plain C structure.
    let mut storage = unsafe { MaybeUninit::zeroed().assume_init() };
    let length = to_raw(address, &mut storage);
    // SAFETY: the address was just written, and has the length that is said.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const storage).cast(), length) })?;
    Ok(())
}

/// Drop what a socket has received. A flood that outruns this is left after a thousand datagrams.
pub fn empty(socket: &impl AsRawFd) {
    for _ in 0..1000 {
        // SAFETY: nothing is written: the length is zero, and the rest of a datagram is dropped.
        let result = unsafe {
            libc::recv(
                socket.as_raw_fd(),
                std::ptr::null_mut(),
                0,
                libc::MSG_DONTWAIT,
            )
        };
        if result < 0 {
            return;
        }
    }
}

fn share_port(socket: &UdpSocket, shared: bool) -> io::Result<()> {
    set_option(socket, libc::SOL_SOCKET, libc::SO_REUSEADDR, shared.into())
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

/// A netlink socket to the kernel's routing that never waits to be read, and hears what is told to the groups of
/// a mask.
pub fn open_routing(groups: libc::c_int) -> io::Result<File> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no pointer is passed; the descriptor returned is ours alone.
    let fd = check(unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) })?;
    // SAFETY: as above.
    let socket = unsafe { File::from_raw_fd(fd) };
    // SAFETY: zeroes are a valid value of this plain C structure.
    let mut address: libc::sockaddr_nl = unsafe { mem::zeroed() };
    address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
    address.nl_groups = groups as u32;
    let length = mem::size_of::<libc::sockaddr_nl>() as libc::socklen_t;
    // SAFETY: the address was just written, and has the length that is said.
    check(unsafe { libc::bind(fd, (&raw const address).cast(), length) })?;
    Ok(socket)
}

/// CPU time of the calling thread.
pub fn thread_cpu_time() -> Duration {
    time_of(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Time of the system's monotonic clock, which is the kernel's own and [`std::time::Instant`]'s.
pub fn monotonic_time() -> Duration {
    time_of(libc::CLOCK_MONOTONIC)
}

fn time_of(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: both clocks exist on Linux, and `time` is writable.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A counter that wakes whoever polls it, by one system call however often it is asked meanwhile.
#[derive(Debug)]
pub struct Notifier {
    counter: OwnedFd,
    /// Whether it has been woken and not gone to rest since.
    awake: AtomicBool,
}

impl Notifier {
    /// A notifier at rest.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointer is passed; the descriptor returned is ours alone.
        let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        Ok(Self {
            // SAFETY: as above.
            counter: unsafe { OwnedFd::from_raw_fd(fd) },
            awake: AtomicBool::new(false),
        })
    }

    /// Wake. To be called after what is to be found was put in its place.
    pub fn notify(&self) {
        if self.awake.swap(true, Ordering::SeqCst) {
            return;
        }
        let one = 1_u64;
        // SAFETY: eight bytes are read from a u64. The counter is far from its limit: no error matters.
        unsafe { libc::write(self.counter.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    /// Go to rest. To be called before what was put in its place is looked for.
    pub fn clear(&self) {
        let mut count = 0_u64;
        // SAFETY: eight bytes are written to a u64.
        unsafe { libc::read(self.counter.as_raw_fd(), (&raw mut count).cast(), 8) };
        self.awake.store(false, Ordering::SeqCst);
    }
}

impl AsRawFd for Notifier {
    fn as_raw_fd(&self) -> RawFd {
        self.counter.as_raw_fd()
    }
}

/// Descriptors that are watched for input. Any thread may add some; one waits, by its [`Poller`].
pub struct EpollSet {
    epoll: OwnedFd,
}

impl EpollSet {
    /// An empty set.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointer is passed; the descriptor returned is ours alone.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: as above.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { epoll })
    }

    /// Watch `fd` for input; waits return `token` for it as long as there is something to read.
    /// Closing the descriptor ends that.
    pub fn add(&self, fd: &impl AsRawFd, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
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
}

/// Waits on an epoll set.
pub struct Poller {
    set: Arc<EpollSet>,
    ready: Vec<libc::epoll_event>,
}

impl Poller {
    /// A poller that returns up to `capacity` ready descriptors at once.
    pub fn new(set: Arc<EpollSet>, capacity: usize) -> Self {
        Self {
            set,
            ready: vec![libc::epoll_event { events: 0, u64: 0 }; capacity],
        }
    }

    /// The set it waits on.
    pub fn set(&self) -> &EpollSet {
        &self.set
    }

    /// Wait for input, for `timeout` at most, and return how many descriptors have some.
    pub fn wait(&mut self, timeout: Duration) -> usize {
        // SAFETY: the kernel writes at most `len` events to the vector's own memory.
        let count = unsafe {
            libc::epoll_wait(
                self.set.epoll.as_raw_fd(),
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
