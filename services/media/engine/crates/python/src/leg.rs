//! What an offer or answer settles about a leg, as Python says it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use trunkline_rtp::{AudioDue, DigitForm, DtmfSettings, Encoding, Learning, Monitor, Remote};

/// A voice codec on one leg.
#[pyclass(frozen, eq, from_py_object, module = "trunkline_engine._native")]
#[derive(Clone, PartialEq)]
pub struct VoiceFormat {
    pub(crate) format: trunkline_rtp::VoiceFormat,
}

#[pymethods]
impl VoiceFormat {
    #[new]
    #[pyo3(signature = (encoding, payload_type, clock_rate = 8000, packet_time = None, parameters = ""))]
    fn new(
        encoding: &str,
        payload_type: u8,
        clock_rate: u32,
        packet_time: Option<Duration>,
        parameters: &str,
    ) -> PyResult<Self> {
        if clock_rate == 0 {
            return Err(PyValueError::new_err(
                "clock_rate is 0; it must be at least 1 Hz",
            ));
        }
        let encoding = Encoding::from_name(encoding, parameters);
        Ok(Self {
            format: trunkline_rtp::VoiceFormat {
                encoding,
                payload_type,
                clock_rate,
                packet_time,
            },
        })
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.format)
    }
}

/// One leg's settings. Absent limits are not judged.
#[pyclass(frozen, eq, from_py_object, module = "trunkline_engine._native")]
#[derive(Clone, PartialEq)]
pub struct LegSettings {
    pub(crate) settings: trunkline_rtp::LegSettings,
}

#[pymethods]
impl LegSettings {
    #[new]
    #[pyo3(signature = (
        *,
        remote = None,
        remote_rtcp = None,
        hint = None,
        learn_source = false,
        fax = false,
        rtcp_mux = false,
        voice = None,
        telephone_event = None,
        receive_events = false,
        receive_inband = false,
        forward_digits = false,
        digits_inband = false,
        silence_received = None,
        silence_sent = None,
        audio_received = None,
        audio_sent = None,
    ))]
    #[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools)] // keywords in Python
    fn new(
        remote: Option<(String, u16)>,
        remote_rtcp: Option<(String, u16)>,
        hint: Option<String>,
        learn_source: bool,
        fax: bool,
        rtcp_mux: bool,
        voice: Option<VoiceFormat>,
        telephone_event: Option<u8>,
        receive_events: bool,
        receive_inband: bool,
        forward_digits: bool,
        digits_inband: bool,
        silence_received: Option<Duration>,
        silence_sent: Option<Duration>,
        audio_received: Option<Duration>,
        audio_sent: Option<Duration>,
    ) -> PyResult<Self> {
        let rtcp = remote_rtcp
            .map(|address| socket_address(&address))
            .transpose()?;
        let hint = hint.map(|ip| ip_address(&ip)).transpose()?;
        let remote = remote.map(|address| socket_address(&address)).transpose()?;
        let settings = trunkline_rtp::LegSettings {
            remote: remote.map(|rtp| Remote { rtp, rtcp, hint }),
            learning: if learn_source {
                Learning::FirstPacket
            } else {
                Learning::Signaled
            },
            fax,
            rtcp_mux,
            voice: voice.map(|voice| voice.format),
            telephone_event,
            dtmf: DtmfSettings {
                receive_events,
                receive_inband,
                forward: forward_digits,
                send: if digits_inband {
                    DigitForm::Inband
                } else {
                    DigitForm::Event
                },
            },
            monitor: Monitor {
                received: silence_received,
                sent: silence_sent,
            },
            audio: AudioDue {
                received: audio_received,
                sent: audio_sent,
            },
        };
        Ok(Self { settings })
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.settings)
    }
}

pub(crate) fn ip_address(text: &str) -> PyResult<IpAddr> {
    text.parse()
        .map_err(|_| PyValueError::new_err(format!("{text:?} is not an IP address")))
}

fn socket_address((ip, port): &(String, u16)) -> PyResult<SocketAddr> {
    if *port == 0 {
        return Err(PyValueError::new_err(format!(
            "port of {ip} is 0; it must be 1 to 65535"
        )));
    }
    Ok(SocketAddr::new(ip_address(ip)?, *port))
}
