//! The Python face of `trunkline-sip`: what signaling's `sip` package is made of.
//!
//! Everything here is translation. The module is `trunkline_signaling.sip._wire`; its types are
//! written down by hand in `_wire.pyi`, which `mypy.stubtest` compares with the module that was built.

use pyo3::prelude::*;

mod addresses;
mod errors;
mod fields;
mod grammar;
mod headers;
mod message;
mod params;
mod text;
mod uri;

#[pymodule]
mod _wire {
    use pyo3::panic::PanicException;
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::addresses::{NameAddr, Via};
    #[pymodule_export]
    use super::fields::{CSeq, MediaType};
    #[pymodule_export]
    use super::grammar::{
        canonical, format_host_port, format_params, is_token, parse_host, parse_host_port,
        parse_params, parse_uint, quote, unescape_quoted,
    };
    #[pymodule_export]
    use super::headers::Headers;
    #[pymodule_export]
    use super::message::{
        Request, Response, check_request, check_response, parse_datagram, parse_framed,
    };
    #[pymodule_export]
    use super::uri::{OtherUri, SipUri, TelUri, parse_sip_uri, parse_uri};

    #[pymodule_init]
    fn add_panic(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("PanicException", module.py().get_type::<PanicException>())
    }
}
