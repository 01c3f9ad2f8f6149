//! The engine, as Python drives it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyException, PyLookupError, PyOSError, PyValueError};
use pyo3::prelude::*;
use trunkline_codecs::{Installed, Offer};
use trunkline_relay::{EngineSettings, LegOpening, LegUpdate, OpenError, PortRange, StartError};
use trunkline_rtp::{Digit, Encoding, Key};

use crate::audio::Audio;
use crate::facts::{Side, to_python};
use crate::leg::{LegSettings, VoiceFormat, ip_address};
use crate::protection::Protection;

pyo3::create_exception!(
    trunkline_engine._native,
    PortsExhausted,
    PyException,
    "No pair of ports, or no socket, is free for a leg."
);
pyo3::create_exception!(
    trunkline_engine._native,
    KernelPathRefused,
    PyException,
    "Packets can't be relayed in the kernel: what that lacks, and what to do."
);
pyo3::create_exception!(
    trunkline_engine._native,
    UnknownSession,
    PyLookupError,
    "The session has been closed, or never was."
);

/// How busy the engine is.
#[pyclass(frozen, get_all, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct Load {
    sessions: usize,
    pairs: usize,
    pairs_available: usize,
    pairs_parked: usize,
    busy: Vec<f64>,
    datagrams: u64,
    flows: usize,
    offloaded: u64,
    passed_up: u64,
    recording_lost: u64,
}

/// The relay: ports, sessions, and the threads that have them.
#[pyclass(frozen, module = "trunkline_engine._native")]
pub struct Engine {
    engine: Mutex<trunkline_relay::Engine>,
    codecs: Installed,
}

impl Engine {
    /// The lock is for Python's threads; no packet waits for it.
    fn lock(&self) -> MutexGuard<'_, trunkline_relay::Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (
        addresses,
        first_port,
        last_port,
        *,
        quarantine = Duration::from_secs(5),
        threads = 1,
        type_of_service = 0,
        kernel_path = Vec::new(),
        parked_sessions = 0,
    ))]
    #[allow(clippy::too_many_arguments)] // keywords in Python
    fn new(
        addresses: Vec<String>,
        first_port: u16,
        last_port: u16,
        quarantine: Duration,
        threads: usize,
        type_of_service: u8,
        kernel_path: Vec<String>,
        parked_sessions: usize,
    ) -> PyResult<Self> {
        let addresses = addresses
            .iter()
            .map(|ip| ip_address(ip))
            .collect::<PyResult<_>>()?;
        let ports = port_range(first_port, last_port)?;
        let settings = EngineSettings {
            addresses,
            ports,
            quarantine,
            threads,
            type_of_service,
            kernel_path,
            parked_sessions,
        };
        let codecs = Installed::find();
        let engine = trunkline_relay::Engine::start(&settings, Arc::new(codecs.clone()))
            .map_err(unstarted)?;
        Ok(Self {
            engine: Mutex::new(engine),
            codecs,
        })
    }

    #[pyo3(signature = (a, b, *, address_a = 0, address_b = 0))]
    fn open(
        &self,
        a: &LegSettings,
        b: &LegSettings,
        address_a: usize,
        address_b: usize,
    ) -> PyResult<(u64, u16, u16)> {
        let opening = |leg: &LegSettings, address| LegOpening {
            address,
            settings: leg.settings,
        };
        let legs = [opening(a, address_a), opening(b, address_b)];
        let opened = self.lock().open(legs).map_err(|error| refused(&error))?;
        let [a, b] = opened.ports;
        Ok((opened.session, a.rtp, b.rtp))
    }

    #[pyo3(signature = (session, a, b, *, relearn_a = false, relearn_b = false))]
    fn update(
        &self,
        session: u64,
        a: &LegSettings,
        b: &LegSettings,
        relearn_a: bool,
        relearn_b: bool,
    ) -> PyResult<()> {
        let update = |leg: &LegSettings, relearn| LegUpdate {
            settings: leg.settings,
            relearn,
        };
        self.lock()
            .update(session, [update(a, relearn_a), update(b, relearn_b)])
            .map_err(unknown)
    }

    #[pyo3(signature = (session, side, protection))]
    fn protect(&self, session: u64, side: Side, protection: Option<Protection>) -> PyResult<()> {
        let protection = protection
            .map(|protection| protection.begin())
            .transpose()?;
        self.lock()
            .protect(session, side.into(), protection)
            .map_err(unknown)
    }

    #[pyo3(signature = (session, side, audio, *, looped = false, limit = None))]
    fn play(
        &self,
        session: u64,
        side: Side,
        audio: &Audio,
        looped: bool,
        limit: Option<Duration>,
    ) -> PyResult<()> {
        let audio = audio.audio.clone();
        self.lock()
            .play(session, side.into(), audio, looped, limit)
            .map_err(unknown)
    }

    fn record(&self, session: u64, path: PathBuf) -> PyResult<()> {
        self.lock().record(session, path).map_err(unknown)
    }

    fn stop_play(&self, session: u64, side: Side) -> PyResult<()> {
        self.lock().stop_play(session, side.into()).map_err(unknown)
    }

    fn send_digit(&self, session: u64, side: Side, key: char, duration: Duration) -> PyResult<()> {
        let Some(key) = Key::from_char(key) else {
            return Err(PyValueError::new_err(format!(
                "{key:?} is no key; there are 0-9, *, #, A-D and !"
            )));
        };
        let digit = Digit { key, duration };
        self.lock()
            .send_digit(session, side.into(), digit)
            .map_err(unknown)
    }

    fn converts(&self, from: &VoiceFormat, to: &VoiceFormat) -> bool {
        let [from, to] = [from, to].map(|voice| voice.format.encoding);
        if from == to && from != Encoding::Other {
            return true;
        }
        self.lock().converts(from, to)
    }

    /// Name of each codec that a library brings, whether it is here, and the package that has it.
    fn codecs(&self) -> Vec<(&'static str, bool, &'static str)> {
        let named = |offer: Offer| (offer.encoding, offer.available, offer.package);
        self.codecs.offers().map(named).to_vec()
    }

    fn query(&self, session: u64) -> PyResult<()> {
        self.lock().query(session).map_err(unknown)
    }

    fn close(&self, session: u64) -> PyResult<()> {
        self.lock().close(session).map_err(unknown)
    }

    fn hurry(&self) {
        self.lock().hurry();
    }

    fn poll(&self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let (facts, clock) = {
            let mut engine = self.lock();
            (engine.poll(), engine.clock())
        };
        facts
            .into_iter()
            .map(|fact| to_python(py, clock, fact))
            .collect()
    }

    fn fileno(&self) -> i32 {
        self.lock().facts_fd()
    }

    fn load(&self) -> Load {
        let load = self.lock().load();
        Load {
            sessions: load.sessions,
            pairs: load.pairs,
            pairs_available: load.pairs_available,
            pairs_parked: load.pairs_parked,
            busy: load.busy,
            datagrams: load.datagrams,
            flows: load.flows,
            offloaded: load.offloaded,
            passed_up: load.passed_up,
            recording_lost: load.recording_lost,
        }
    }

    fn change_ports(&self, first_port: u16, last_port: u16) -> PyResult<()> {
        self.lock().change_ports(port_range(first_port, last_port)?);
        Ok(())
    }

    fn change_type_of_service(&self, type_of_service: u8) {
        self.lock().change_type_of_service(type_of_service);
    }
}

fn port_range(first: u16, last: u16) -> PyResult<PortRange> {
    PortRange::new(first, last)
        .map_err(|error| PyValueError::new_err(format!("{first}-{last}: {error}")))
}

fn unstarted(error: StartError) -> PyErr {
    match error {
        StartError::System(error) => PyOSError::new_err(error),
        StartError::KernelPath(why) => KernelPathRefused::new_err(why),
    }
}

fn refused(error: &OpenError) -> PyErr {
    match error {
        OpenError::NoPort(_) | OpenError::System(..) => PortsExhausted::new_err(error.to_string()),
        OpenError::NoAddress(_) => PyValueError::new_err(error.to_string()),
        OpenError::Stopped => PyOSError::new_err(error.to_string()),
    }
}

fn unknown(error: trunkline_relay::UnknownSession) -> PyErr {
    UnknownSession::new_err(error.to_string())
}
