//! The ciphers of a leg, as Python names them. Keys go in and never come out.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use trunkline_rtp::{
    Aes128Counter, BadPayloadKey, BadSrtpKey, PayloadProtection, Rc4, Srtp, Suite, Xor,
};

/// A cipher with its keys. Each use begins it anew.
#[pyclass(frozen, from_py_object, module = "trunkline_engine._native")]
#[derive(Clone)]
pub struct Protection {
    keys: Keys,
}

#[derive(Clone)]
enum Keys {
    Xor(Vec<u8>),
    Rc4(Vec<u8>),
    Aes128(Vec<u8>),
    Srtp {
        suite: Suite,
        send: Vec<u8>,
        receive: Vec<u8>,
    },
}

#[pymethods]
impl Protection {
    #[staticmethod]
    fn xor(key: Vec<u8>) -> PyResult<Self> {
        Self::checked(Keys::Xor(key))
    }

    #[staticmethod]
    fn rc4(key: Vec<u8>) -> PyResult<Self> {
        Self::checked(Keys::Rc4(key))
    }

    #[staticmethod]
    fn aes128(key: Vec<u8>) -> PyResult<Self> {
        Self::checked(Keys::Aes128(key))
    }

    #[staticmethod]
    fn srtp(suite: &str, send_key: Vec<u8>, receive_key: Vec<u8>) -> PyResult<Self> {
        let suite = suite.parse().map_err(|error: BadSrtpKey| refused(&error))?;
        Self::checked(Keys::Srtp {
            suite,
            send: send_key,
            receive: receive_key,
        })
    }
}

impl Protection {
    pub(crate) fn begin(&self) -> PyResult<Box<dyn trunkline_rtp::Protection>> {
        Ok(match &self.keys {
            Keys::Xor(key) => Box::new(PayloadProtection(Xor::new(key).map_err(bad_key)?)),
            Keys::Rc4(key) => Box::new(PayloadProtection(Rc4::new(key).map_err(bad_key)?)),
            Keys::Aes128(key) => {
                Box::new(PayloadProtection(Aes128Counter::new(key).map_err(bad_key)?))
            }
            Keys::Srtp {
                suite,
                send,
                receive,
            } => Box::new(Srtp::new(*suite, receive, send).map_err(|error| refused(&error))?),
        })
    }

    fn checked(keys: Keys) -> PyResult<Self> {
        let protection = Self { keys };
        protection.begin()?;
        Ok(protection)
    }
}

fn bad_key(error: BadPayloadKey) -> PyErr {
    refused(&error)
}

fn refused(error: &dyn std::error::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}
