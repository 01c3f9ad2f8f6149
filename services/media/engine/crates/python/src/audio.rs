//! Sound that is played, as Python hands it over.

use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Mono sound, loaded once and shared by all who hear it.
#[pyclass(frozen, module = "trunkline_engine._native")]
pub struct Audio {
    pub(crate) audio: trunkline_rtp::Audio,
}

#[pymethods]
impl Audio {
    #[new]
    fn new(samples: Vec<u8>, sample_rate: u32) -> PyResult<Self> {
        let (pairs, rest) = samples.as_chunks::<2>();
        if !rest.is_empty() || sample_rate == 0 {
            return Err(PyValueError::new_err(
                "sound is 16-bit samples at a rate above zero",
            ));
        }
        let samples: Vec<i16> = pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
        trunkline_rtp::Audio::resampled(&samples, sample_rate)
            .map(|audio| Self { audio })
            .ok_or_else(|| PyValueError::new_err("sound has no samples"))
    }

    #[getter]
    fn length(&self) -> Duration {
        self.audio.length()
    }
}
