//! A frame as its device says it on the log, whichever way it came in.

use super::Telemetry;
use crate::envelope::Envelope;
use crate::id::MessageId;
use crate::record::EncodeError;
use crate::subject;

impl Telemetry {
    /// What the device's `own_id` names: an event among those of that device, and of nobody else.
    #[must_use]
    pub fn event_name(&self, own_id: &str) -> MessageId {
        let token = |text| subject::escape(text).unwrap_or_default();
        let device = format!("{}/{}", token(&self.fleet), token(&self.asset));
        MessageId::named("telemetry", &format!("{device}/{own_id}"))
    }

    /// One message for each record that the frame needs, the first of them named `first`.
    ///
    /// # Errors
    /// [`EncodeError`] when one sample alone is too large for a record.
    pub fn said(
        self,
        first: MessageId,
        traceparent: Option<String>,
    ) -> Result<Vec<Envelope>, EncodeError> {
        let source = format!("device/{}/{}", self.fleet, self.asset);
        let frames = self.split().into_iter().zip(0_u32..);
        frames
            .map(|(frame, index)| {
                let id = if index == 0 { first } else { MessageId::output("split", first, index) };
                let envelope = Envelope::new(id, source.as_str(), &frame)?;
                Ok(Envelope { traceparent: traceparent.clone(), ..envelope })
            })
            .collect()
    }
}
