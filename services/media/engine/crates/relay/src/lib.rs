//! Sockets and threads around `trunkline-rtp`: the relay itself.
//!
//! An [`Engine`] owns the ports and a few shards. A shard is one thread with its own epoll set and
//! its own sessions; nothing is shared on the path of a packet. Commands go down a queue, facts
//! come up another, each beside an eventfd.

#![deny(unsafe_code)]

mod clock;
mod command;
mod engine;
mod fact;
mod kernel;
mod network;
mod opening;
mod parking;
mod ports;
mod recorder;
mod shard;
mod sockets;
mod sys;

pub use clock::Clock;
pub use engine::Engine;
pub use fact::{Fact, FactKind, SessionId};
pub use opening::{
    EngineSettings, LegOpening, LegUpdate, Load, LocalPorts, OpenError, Opened, StartError,
    UnknownSession,
};
pub use ports::{PortPool, PortRange, PortRangeError};
