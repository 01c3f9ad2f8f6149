//! The Python face of `trunkline-sip`: what signaling's `sip` package is made of.
//!
//! Everything here is translation, but for `datagrams`, which belongs to `transport` and is here as a
//! wheel has one library. The module is `trunkline_signaling.sip._wire`; its types are
//! written down by hand in `_wire.pyi`, which `mypy.stubtest` compares with the module that was built.

use pyo3::prelude::*;

mod addresses;
mod class;
mod datagrams;
mod dialog;
mod dialog_layer;
mod errors;
mod fields;
mod flow;
mod grammar;
mod headers;
mod kept;
mod message;
mod outputs;
mod params;
mod text;
mod timing;
mod transaction_layer;
mod transactions;
mod uri;

#[pymodule]
mod _wire {
    use pyo3::panic::PanicException;
    use pyo3::prelude::*;
    use pyo3::types::PyTuple;
    use trunkline_sip::DEFAULT_RESEND;

    use super::transactions::states;

    #[pymodule_export]
    use super::addresses::{NameAddr, Via};
    #[pymodule_export]
    use super::datagrams::Datagrams;
    #[pymodule_export]
    use super::dialog::Dialog;
    #[pymodule_export]
    use super::dialog_layer::DialogLayer;
    #[pymodule_export]
    use super::fields::{CSeq, MediaType, RAck};
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
    use super::timing::Timing;
    #[pymodule_export]
    use super::transaction_layer::{Counters, TransactionLayer};
    #[pymodule_export]
    use super::transactions::{ClientTransaction, ServerTransaction};
    #[pymodule_export]
    use super::uri::{OtherUri, SipUri, TelUri, parse_sip_uri, parse_uri};

    #[pymodule_init]
    fn add_others(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        module.add("DEFAULT_RESEND", PyTuple::new(py, DEFAULT_RESEND)?)?;
        module.add("State", states(py)?)?;
        module.add("PanicException", py.get_type::<PanicException>())
    }
}
