//! Many datagrams by one system call: what came to a socket, and what is sent on by another.

#![allow(unsafe_code)]

use std::mem::{self, MaybeUninit};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use trunkline_rtp::Component;

use crate::sys::{from_raw, to_raw};

/// Datagrams read or sent by one call.
pub const BATCH: usize = 16;
/// Bytes of a buffer: more than any media datagram, and room for a tag.
pub const BUFFER: usize = 2048;
/// Longest datagram that is read whole.
pub const LONGEST: usize = BUFFER - 64;

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
