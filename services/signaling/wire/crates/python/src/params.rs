//! Parameters as a mapping of Python.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};

use crate::text::Text;

/// Parameters, taken from a mapping and given as a dictionary of their own.
pub(crate) struct Params(pub trunkline_sip::Params);

impl<'py> FromPyObject<'_, 'py> for Params {
    type Error = PyErr;

    fn extract(params: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let mut found = trunkline_sip::Params::default();
        for item in params.cast::<PyMapping>()?.items()? {
            let (name, value): (Bound<'py, PyAny>, Bound<'py, PyAny>) = item.extract()?;
            let value = value.extract::<Option<Text<'_>>>()?.map(Text::into_bytes);
            found.set(name.extract::<Text<'_>>()?.into_bytes(), value);
        }
        Ok(Self(found))
    }
}

pub(crate) fn to_dict<'py>(
    py: Python<'py>,
    params: &trunkline_sip::Params,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in params.iter() {
        let value = value.as_deref().map(Text::from);
        dict.set_item(Text::from(name.as_slice()), value)?;
    }
    Ok(dict)
}
