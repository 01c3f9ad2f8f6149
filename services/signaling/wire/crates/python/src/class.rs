//! Classes that are written in Python.

use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// A class of a Python module, looked up once.
pub(crate) struct Class {
    module: &'static str,
    name: &'static str,
    found: PyOnceLock<Py<PyAny>>,
}

impl Class {
    pub(crate) const fn new(module: &'static str, name: &'static str) -> Self {
        Self {
            module,
            name,
            found: PyOnceLock::new(),
        }
    }

    /// The class itself.
    pub(crate) fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        self.found.import(py, self.module, self.name)
    }

    /// An instance with these fields, in the order in which the class has them.
    pub(crate) fn make<'py>(
        &self,
        py: Python<'py>,
        fields: impl PyCallArgs<'py>,
    ) -> PyResult<Py<PyAny>> {
        Ok(self.get(py)?.call1(fields)?.unbind())
    }
}
