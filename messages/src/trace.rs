//! W3C trace context, as far as it is read here: a `traceparent` is passed on as it is, or not at all.

/// `text`, if it is a sound `traceparent` of version 00 (W3C Trace Context, section 3.2).
#[must_use]
pub fn sound(text: &str) -> Option<&str> {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = parts[..] else { return None };
    let hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    let sound = version == "00" && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    (sound && !zero(trace) && !zero(span)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sound_trace_context_is_passed_on() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(sound(text), Some(text));
        for wrong in [
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7-b7ad6b7169203331-01",
            "x",
            "",
        ] {
            assert_eq!(sound(wrong), None, "{wrong}");
        }
    }
}
