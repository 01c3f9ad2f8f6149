//! The Python face of the engine: commands go down, facts come up.
//!
//! Everything here is translation. The module is `trunkline_engine._native`; its types are written
//! down by hand in `_native.pyi`, which `mypy.stubtest` compares with the module that was built.

use pyo3::prelude::*;

mod audio;
mod engine;
mod facts;
mod leg;
mod protection;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::audio::Audio;
    #[pymodule_export]
    use super::engine::{Engine, KernelPathRefused, Load, PortsExhausted, UnknownSession};
    #[pymodule_export]
    use super::facts::{
        AudioBack, AudioMissing, Digit, Direction, FirstPacket, LegCounters, PlayEnded,
        RecordingFailed, Resumed, SessionCounters, Side, Silence, SourceLearned,
    };
    #[pymodule_export]
    use super::leg::{LegSettings, VoiceFormat};
    #[pymodule_export]
    use super::protection::Protection;
}
