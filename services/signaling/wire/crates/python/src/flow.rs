//! Ways to peers, as `sip/flow.py` has them.

use pyo3::intern;
use pyo3::prelude::*;

use crate::text::{Text, printed};

/// Tell whether the transport repeats what is lost by itself.
pub(crate) fn is_reliable(flow: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = flow.py();
    let transport = flow.getattr(intern!(py, "transport"))?;
    transport.getattr(intern!(py, "is_reliable"))?.extract()
}

/// To whom it leads, from whichever address of ours.
pub(crate) fn way<'py>(flow: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    flow.getattr(intern!(flow.py(), "way"))
}

/// The transport's name, as a Via spells it.
pub(crate) fn transport(flow: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let name = flow.getattr(intern!(flow.py(), "transport"))?;
    Ok(name.extract::<Text<'_>>()?.0.to_ascii_uppercase())
}

/// The peer's host and port.
pub(crate) fn remote(flow: &Bound<'_, PyAny>) -> PyResult<(Vec<u8>, u16)> {
    address(flow.getattr(intern!(flow.py(), "remote"))?)
}

/// Our own address, as the sent-by of a Via.
pub(crate) fn local(flow: &Bound<'_, PyAny>) -> PyResult<Text<'static>> {
    let (host, port) = address(flow.getattr(intern!(flow.py(), "local"))?)?;
    Ok(printed(|out| {
        trunkline_sip::write_host_port(out, &host, Some(port));
    }))
}

fn address(address: Bound<'_, PyAny>) -> PyResult<(Vec<u8>, u16)> {
    let (host, port): (Bound<'_, PyAny>, u16) = address.extract()?;
    Ok((host.extract::<Text<'_>>()?.into_bytes(), port))
}
