//! The value of `a=fmtp` as most codecs write it: names and values, with semicolons between.

/// The value of a parameter, whatever the case of its name.
pub(super) fn value<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let pairs = parameters
        .split(';')
        .filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value.trim())
}

/// Whether a parameter is there and not zero.
pub(super) fn is_on(parameters: &str, name: &str) -> bool {
    value(parameters, name).is_some_and(|value| value != "0")
}
