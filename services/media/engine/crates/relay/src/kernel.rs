//! The kernel path: plain streams are relayed by a program of eBPF where they come in (docs/adr/0017).
//!
//! What the program and the engine tell each other lies in memory as `bpf/relay.bpf.c` says.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aya::Ebpf;
use aya::maps::{ArrayOfMaps, HashMap, Map, MapData, RingBuf};
use aya::programs::tc::TcAttachOptions;
use aya::programs::{LinkOrder, SchedClassifier, TcAttachType};
use aya::util::KernelVersion;
use trunkline_rtp::{Header, Plain, RTP_HEADER};

use crate::network::{Changes, Network, Route};
use crate::opening::StartError;

const PROGRAM: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/relay.bpf.o"));
/// The first one whose links of tc belong to a process (tcx).
const LEAST_KERNEL: KernelVersion = KernelVersion::new(6, 6, 0);
/// Kinds of interfaces whose packets begin with an Ethernet header.
const ETHERNET: [u16; 2] = [libc::ARPHRD_ETHER, libc::ARPHRD_LOOPBACK];
const DENIED: &str =
    "it needs CAP_BPF and CAP_NET_ADMIN, and in a container a seccomp profile that allows bpf()";
/// Bytes of a ring: twenty thousand packets and more.
const RING: u32 = 1 << 20;

/// `struct addresses`
type Key = [u8; 12];
/// `struct flow`
type Value = [u8; 40];

/// The program where it is attached, and its flows.
pub struct KernelPath {
    flows: AtomicUsize,
    tables: Mutex<Tables>,
    /// Has the program and its links: they go with it, and with the process.
    _loaded: Ebpf,
}

struct Tables {
    flows: HashMap<MapData, Key, Value>,
    network: Network,
}

/// A relay thread's part of the kernel path.
pub struct Offload {
    path: Arc<KernelPath>,
    thread: u32,
    ring: RingBuf<MapData>,
    changes: Changes,
}

/// A plain stream, by its packets as they come and as they leave.
#[derive(Clone, Copy, Debug)]
pub struct PlainStream {
    /// The engine's name for it.
    pub name: u64,
    /// Where it comes from.
    pub from: SocketAddr,
    /// At which address of ours it comes in.
    pub received_at: SocketAddr,
    /// The header of one of its packets.
    pub header: Header,
    /// From which address of ours it leaves.
    pub sent_from: SocketAddr,
    /// How it goes on.
    pub plain: Plain,
    /// TOS byte of what is sent.
    pub type_of_service: u8,
}

/// A stream that is relayed in the kernel, for as long as this lives.
pub struct Flow {
    path: Arc<KernelPath>,
    key: Key,
    stream: PlainStream,
    /// Where from and where to, and how that goes.
    way: (Ipv4Addr, Ipv4Addr, Route),
}

/// A packet that was relayed in the kernel.
pub struct Record {
    /// The flow's name.
    pub name: u64,
    /// When, on the system's monotonic clock.
    pub at: Duration,
    /// Length of the packet of RTP.
    pub length: usize,
    /// Its fixed header.
    pub header: [u8; RTP_HEADER],
}

impl KernelPath {
    /// Attach the program where packets come in by `interfaces`, and give each of `threads` threads its part.
    ///
    /// # Errors
    /// When that can't be; they say what is missing.
    pub fn attach(
        interfaces: &[String],
        threads: usize,
    ) -> Result<(Arc<Self>, Vec<Offload>), StartError> {
        if KernelVersion::current().is_ok_and(|version| version < LEAST_KERNEL) {
            return Err(StartError::KernelPath("it needs Linux 6.6 or newer".into()));
        }
        let mut loaded = Ebpf::load(PROGRAM).map_err(unloadable)?;
        let mut rings =
            ArrayOfMaps::try_from(take_map(&mut loaded, "rings")).map_err(unloadable)?;
        let flows = HashMap::try_from(take_map(&mut loaded, "flows")).map_err(unloadable)?;
        let ring_of_threads = (0..threads as u32)
            .map(|thread| add_ring(&mut rings, thread))
            .collect::<Result<Vec<_>, _>>()
            .map_err(unloadable)?;
        let program: &mut SchedClassifier = loaded
            .program_mut("relay")
            .expect("the program's own name")
            .try_into()
            .map_err(unloadable)?;
        program.load().map_err(unloadable)?;
        let mut network = Network::open()?;
        for name in interfaces {
            attach_to(program, &mut network, name)?;
        }
        let path = Arc::new(Self {
            flows: AtomicUsize::new(0),
            tables: Mutex::new(Tables { flows, network }),
            _loaded: loaded,
        });
        let offload = |(ring, thread)| {
            Ok(Offload {
                path: Arc::clone(&path),
                thread,
                ring,
                changes: Changes::open()?,
            })
        };
        let offloads = ring_of_threads.into_iter().zip(0..).map(offload);
        let offloads = offloads.collect::<io::Result<_>>()?;
        Ok((path, offloads))
    }

    /// How many streams the kernel relays.
    pub fn flows(&self) -> usize {
        self.flows.load(Ordering::Relaxed)
    }

    /// The lock is for settling and for parting; no packet waits for it.
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_map(loaded: &mut Ebpf, name: &str) -> Map {
    loaded.take_map(name).expect("a map of the program")
}

fn add_ring(
    rings: &mut ArrayOfMaps<MapData>,
    thread: u32,
) -> Result<RingBuf<MapData>, aya::maps::MapError> {
    let kind = aya_obj::generated::bpf_map_type::BPF_MAP_TYPE_RINGBUF as u32;
    let ring = aya_obj::Map::new_from_params(kind, 0, 0, RING, 0);
    let ring = MapData::create(ring, "ring", None)?;
    rings.set(thread, &ring, 0)?;
    RingBuf::try_from(Map::from_map_data(ring)?)
}

fn attach_to(
    program: &mut SchedClassifier,
    network: &mut Network,
    name: &str,
) -> Result<(), StartError> {
    let hardware = network
        .hardware(name)
        .map_err(|_| StartError::KernelPath(format!("there is no interface {name:?}")))?;
    if !ETHERNET.contains(&hardware) {
        return Err(StartError::KernelPath(format!(
            "interface {name:?} has packets without an Ethernet header"
        )));
    }
    let options = TcAttachOptions::TcxOrder(LinkOrder::default());
    program
        .attach_with_options(name, TcAttachType::Ingress, options)
        .map_err(unloadable)?;
    Ok(())
}

/// What the kernel refused, down to the reason; and what to do, where that is known.
fn unloadable(error: impl Error) -> StartError {
    let mut why = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let denial = error.downcast_ref::<io::Error>();
        if denial.is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
            return StartError::KernelPath(DENIED.into());
        }
        if !why.ends_with(&error.to_string()) {
            why = format!("{why}: {error}");
        }
        cause = error.source();
    }
    StartError::KernelPath(why)
}

impl Offload {
    /// Relay a stream in the kernel from now on. Only streams of IPv4 can be.
    pub fn install(&self, stream: PlainStream) -> io::Result<Flow> {
        let [from, at, by, to] = [
            stream.from,
            stream.received_at,
            stream.sent_from,
            stream.plain.to,
        ]
        .map(version_4);
        let (from, mut at, mut by, to) = (from?, at?, by?, to?);
        let mut tables = self.path.lock();
        at.set_ip(tables.network.route(*from.ip(), *at.ip())?.source);
        let route = tables.network.route(*to.ip(), *by.ip())?;
        let way = (*by.ip(), *to.ip(), route);
        by.set_ip(route.source);
        let key = addresses(from, at);
        let mut value: Value = [0; 40];
        value[..8].copy_from_slice(&stream.name.to_ne_bytes());
        value[8..20].copy_from_slice(&addresses(by, to));
        value[20..24].copy_from_slice(&stream.header.ssrc.to_be_bytes());
        value[24..28].copy_from_slice(&route.interface.unwrap_or_default().to_ne_bytes());
        value[28..32].copy_from_slice(&self.thread.to_ne_bytes());
        value[32..34].copy_from_slice(&stream.plain.shift.to_ne_bytes());
        value[34..36].copy_from_slice(&[stream.header.payload_type, stream.type_of_service]);
        let new = aya_obj::generated::BPF_NOEXIST.into();
        tables
            .flows
            .insert(key, value, new)
            .map_err(io::Error::other)?;
        self.path.flows.fetch_add(1, Ordering::Relaxed);
        Ok(Flow {
            path: Arc::clone(&self.path),
            key,
            stream,
            way,
        })
    }

    /// The next packet that has been relayed and not been read yet.
    pub fn next(&mut self) -> Option<Record> {
        let record = self.ring.next()?;
        let (name, rest) = record.split_first_chunk()?;
        let (at, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        Some(Record {
            name: u64::from_ne_bytes(*name),
            at: Duration::from_nanos(u64::from_ne_bytes(*at)),
            length: u32::from_ne_bytes(*length) as usize,
            header: *rest.first_chunk()?,
        })
    }

    /// Whether any route may have changed since the last look.
    pub fn routes_have_changed(&mut self) -> bool {
        self.changes.take()
    }
}

impl Flow {
    /// The stream.
    pub const fn stream(&self) -> &PlainStream {
        &self.stream
    }

    /// Whether its packets would still go the way on which they are sent.
    pub fn goes_as_before(&self) -> bool {
        let (from, to, before) = self.way;
        let route = self.path.lock().network.route(to, from);
        route.is_ok_and(|route| route == before)
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        // It is there: nobody else takes it away.
        let _ = self.path.lock().flows.remove(&self.key);
        self.path.flows.fetch_sub(1, Ordering::Relaxed);
    }
}

fn version_4(address: SocketAddr) -> io::Result<SocketAddrV4> {
    match address {
        SocketAddr::V4(address) => Ok(address),
        SocketAddr::V6(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// `struct addresses`
fn addresses(from: SocketAddrV4, to: SocketAddrV4) -> Key {
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&from.ip().octets());
    bytes[4..8].copy_from_slice(&to.ip().octets());
    bytes[8..10].copy_from_slice(&from.port().to_be_bytes());
    bytes[10..].copy_from_slice(&to.port().to_be_bytes());
    bytes
}
