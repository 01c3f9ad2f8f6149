//! The header fields of a message.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyFrozenSet, PyIterator, PyList, PyString, PyTuple};
use trunkline_sip::{Essentials, HeaderName, MalformedValue, has_line_break};

use crate::addresses::{NameAddr, Via};
use crate::errors::{local, malformed, within};
use crate::fields::{CSeq, MediaType};
use crate::text::Text;

/// Header fields in the order in which their names first appeared. Those that everybody asks for are
/// remembered as Python has them.
#[pyclass(module = "trunkline_signaling.sip._wire")]
#[derive(Default)]
pub(crate) struct Headers {
    pub(crate) lines: trunkline_sip::Headers,
    via: Option<Py<Via>>,
    from_: Option<Py<NameAddr>>,
    to: Option<Py<NameAddr>>,
    call_id: Option<Py<PyString>>,
    cseq: Option<Py<CSeq>>,
}

impl From<trunkline_sip::Headers> for Headers {
    fn from(lines: trunkline_sip::Headers) -> Self {
        Self {
            lines,
            ..Self::default()
        }
    }
}

/// Return what is remembered, or remember what `read` finds.
fn recall<T>(
    place: &mut Option<Py<T>>,
    py: Python<'_>,
    read: impl FnOnce() -> PyResult<Py<T>>,
) -> PyResult<Py<T>> {
    let known = match place.take() {
        Some(known) => known,
        None => read()?,
    };
    Ok(place.insert(known).clone_ref(py))
}

fn parse_name(name: &Text<'_>) -> PyResult<HeaderName> {
    HeaderName::parse(&name.0).map_err(malformed)
}

/// What a header line holds of a value; a line break has no place there.
pub(crate) fn printable(name: &Text<'_>, value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let text = value.str()?;
    let bytes = text.as_any().extract::<Text<'_>>()?;
    if has_line_break(&bytes.0) {
        let name = String::from_utf8_lossy(&name.0);
        return Err(local(format!(
            "{name} would hold a line break: {}",
            text.repr()?
        )));
    }
    Ok(bytes.into_bytes())
}

impl Headers {
    /// Header fields, and what a check has read of them.
    pub(crate) fn read(
        py: Python<'_>,
        lines: trunkline_sip::Headers,
        read: Option<Essentials>,
    ) -> PyResult<Py<Self>> {
        let mut headers = Self::from(lines);
        if let Some(read) = read {
            headers.remember(py, read)?;
        }
        Py::new(py, headers)
    }

    /// Remember what a check has read.
    pub(crate) fn remember(&mut self, py: Python<'_>, read: Essentials) -> PyResult<()> {
        self.via = Some(Py::new(py, Via(read.via))?);
        self.from_ = Some(Py::new(py, NameAddr(read.from))?);
        self.to = Some(Py::new(py, NameAddr(read.to))?);
        self.call_id = Some(Text::from(read.call_id).into_pyobject(py)?.unbind());
        self.cseq = Some(Py::new(py, CSeq(read.cseq))?);
        Ok(())
    }

    /// The lines, to change those of `name`: what is remembered of them is no longer true.
    pub(crate) fn changing(&mut self, name: &HeaderName) -> &mut trunkline_sip::Headers {
        match name.as_str() {
            "Via" => self.via = None,
            "From" => self.from_ = None,
            "To" => self.to = None,
            "Call-ID" => self.call_id = None,
            "CSeq" => self.cseq = None,
            _ => {}
        }
        &mut self.lines
    }
}

#[pymethods]
impl Headers {
    #[new]
    #[pyo3(signature = (fields=None, /))]
    fn new(fields: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let mut headers = Self::default();
        let Some(fields) = fields else {
            return Ok(headers);
        };
        for field in fields.try_iter()? {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = field?.extract()?;
            let name: Text<'_> = name.extract()?;
            headers
                .lines
                .add(parse_name(&name)?, printable(&name, &value)?);
        }
        Ok(headers)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast::<Self>();
        other.is_ok_and(|other| self.lines == other.borrow().lines)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let items: Vec<_> = slf
            .call_method0("items")?
            .try_iter()?
            .collect::<PyResult<_>>()?;
        Ok(format!(
            "Headers({})",
            PyList::new(slf.py(), items)?.repr()?
        ))
    }

    fn __contains__(&self, name: Text<'_>) -> PyResult<bool> {
        Ok(self.lines.contains(&parse_name(&name)?))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let names: Vec<_> = self.lines.names().map(HeaderName::as_str).collect();
        PyTuple::new(py, names)?.try_iter()
    }

    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let lines = self.lines.iter();
        let items: Vec<_> = lines
            .map(|(name, value)| (name.as_str(), Text::from(value)))
            .collect();
        PyTuple::new(py, items)?.try_iter()
    }

    fn copy(&self) -> Self {
        self.lines.clone().into()
    }

    fn get(&self, name: Text<'_>) -> PyResult<Option<Text<'_>>> {
        Ok(self.lines.get(&parse_name(&name)?).map(Text::from))
    }

    fn lines(&self, name: Text<'_>) -> PyResult<Vec<Text<'_>>> {
        Ok(self
            .lines
            .lines(&parse_name(&name)?)
            .map(Text::from)
            .collect())
    }

    #[pyo3(signature = (name, *values))]
    fn set(slf: &Bound<'_, Self>, name: Text<'_>, values: &Bound<'_, PyTuple>) -> PyResult<()> {
        let canonical = parse_name(&name)?;
        let lines = values.iter().map(|value| printable(&name, &value));
        let lines = lines.collect::<PyResult<Vec<_>>>()?;
        slf.borrow_mut().changing(&canonical).set(&canonical, lines);
        Ok(())
    }

    fn add(slf: &Bound<'_, Self>, name: Text<'_>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let canonical = parse_name(&name)?;
        let value = printable(&name, value)?;
        slf.borrow_mut().changing(&canonical).add(canonical, value);
        Ok(())
    }

    fn push(slf: &Bound<'_, Self>, name: Text<'_>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let canonical = parse_name(&name)?;
        let value = printable(&name, value)?;
        slf.borrow_mut().changing(&canonical).push(canonical, value);
        Ok(())
    }

    fn replace_topmost(
        slf: &Bound<'_, Self>,
        name: Text<'_>,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let canonical = parse_name(&name)?;
        let value = printable(&name, value)?;
        let mut headers = slf.borrow_mut();
        if !headers.lines.contains(&canonical) {
            return Err(PyKeyError::new_err(canonical.as_str().to_owned()));
        }
        let lines = headers.changing(&canonical);
        lines.replace_topmost(&canonical, value).map_err(malformed)
    }

    fn pop(&mut self, name: Text<'_>) -> PyResult<()> {
        let canonical = parse_name(&name)?;
        let values = self.lines.values(&canonical).map_err(malformed)?;
        let below: Vec<_> = values.iter().skip(1).map(|value| value.to_vec()).collect();
        self.changing(&canonical).set(&canonical, below);
        Ok(())
    }

    fn remove(&mut self, name: Text<'_>) -> PyResult<()> {
        let canonical = parse_name(&name)?;
        self.changing(&canonical).set(&canonical, []);
        Ok(())
    }

    #[pyo3(signature = (other, *names))]
    fn copy_from(&mut self, other: PyRef<'_, Self>, names: &Bound<'_, PyTuple>) -> PyResult<()> {
        for name in names {
            let canonical = parse_name(&name.extract()?)?;
            self.changing(&canonical)
                .copy_from(&other.lines, &canonical);
        }
        Ok(())
    }

    fn values(&self, name: Text<'_>) -> PyResult<Vec<Text<'_>>> {
        let values = self.lines.values(&parse_name(&name)?).map_err(malformed)?;
        Ok(values.into_iter().map(Text::from).collect())
    }

    fn tokens<'py>(&self, py: Python<'py>, name: Text<'_>) -> PyResult<Bound<'py, PyFrozenSet>> {
        let name = parse_name(&name)?;
        let tokens: Vec<_> = self.lines.tokens(&name).map(Text::from).collect();
        let tokens: PyResult<Vec<_>> = tokens
            .into_iter()
            .map(|token| token.into_pyobject(py))
            .collect();
        PyFrozenSet::new(py, tokens?)
    }

    fn parse<'py>(
        slf: &Bound<'py, Self>,
        name: Text<'_>,
        parse: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = slf.py();
        let value = {
            let headers = slf.borrow();
            let topmost = headers
                .lines
                .topmost(&parse_name(&name)?)
                .map_err(malformed)?;
            topmost
                .map(|value| Text::from(value).into_pyobject(py))
                .transpose()?
        };
        let Some(value) = value else {
            return Ok(None);
        };
        parse
            .call1((value,))
            .map(Some)
            .map_err(|error| within(py, error, name))
    }

    fn parse_all<'py>(
        slf: &Bound<'py, Self>,
        name: Text<'_>,
        parse: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let values = {
            let headers = slf.borrow();
            let values = headers
                .lines
                .values(&parse_name(&name)?)
                .map_err(malformed)?;
            let values = values
                .into_iter()
                .map(|value| Text::from(value).into_pyobject(py));
            values.collect::<PyResult<Vec<_>>>()?
        };
        let mut parsed = Vec::with_capacity(values.len());
        for value in values {
            let name = Text::from(&name.0[..]);
            parsed.push(
                parse
                    .call1((value,))
                    .map_err(|error| within(py, error, name))?,
            );
        }
        PyTuple::new(py, parsed)
    }

    fn require<'py>(
        slf: &Bound<'py, Self>,
        name: Text<'_>,
        parse: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let given = Text::from(&name.0[..]);
        Self::parse(slf, given, parse)?.ok_or_else(|| {
            malformed(MalformedValue::absent(
                String::from_utf8_lossy(&name.0).into_owned(),
            ))
        })
    }

    #[getter]
    pub(crate) fn via(&mut self, py: Python<'_>) -> PyResult<Py<Via>> {
        let lines = &self.lines;
        recall(&mut self.via, py, || {
            Py::new(py, Via(lines.via().map_err(malformed)?))
        })
    }

    #[getter]
    pub(crate) fn from_(&mut self, py: Python<'_>) -> PyResult<Py<NameAddr>> {
        let lines = &self.lines;
        recall(&mut self.from_, py, || {
            Py::new(py, NameAddr(lines.from().map_err(malformed)?))
        })
    }

    #[getter]
    pub(crate) fn to(&mut self, py: Python<'_>) -> PyResult<Py<NameAddr>> {
        let lines = &self.lines;
        recall(&mut self.to, py, || {
            Py::new(py, NameAddr(lines.to().map_err(malformed)?))
        })
    }

    #[getter]
    pub(crate) fn call_id(&mut self, py: Python<'_>) -> PyResult<Py<PyString>> {
        let lines = &self.lines;
        recall(&mut self.call_id, py, || {
            let call_id = lines.call_id().map_err(malformed)?;
            Ok(Text::from(call_id).into_pyobject(py)?.unbind())
        })
    }

    #[getter]
    pub(crate) fn cseq(&mut self, py: Python<'_>) -> PyResult<Py<CSeq>> {
        let lines = &self.lines;
        recall(&mut self.cseq, py, || {
            Py::new(py, CSeq(lines.cseq().map_err(malformed)?))
        })
    }

    #[getter]
    fn max_forwards(&self) -> PyResult<Option<u8>> {
        self.lines.max_forwards().map_err(malformed)
    }

    #[getter]
    fn contact(&self) -> PyResult<Option<NameAddr>> {
        Ok(self.lines.contact().map_err(malformed)?.map(NameAddr))
    }

    #[getter]
    fn content_type(&self) -> PyResult<Option<MediaType>> {
        Ok(self.lines.content_type().map_err(malformed)?.map(MediaType))
    }
}
