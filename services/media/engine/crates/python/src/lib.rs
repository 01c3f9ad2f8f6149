//! The Python face of the engine.

use pyo3::prelude::*;

#[pymodule]
mod _native {}
