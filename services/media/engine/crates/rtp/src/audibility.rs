//! Audio that is due and missing: one-way audio and dead air, judged on the engine's tick at no cost
//! to a packet.

use std::time::Duration;

use crate::time::Time;

/// What became of a direction's audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It has been missing for this long, which is over the limit.
    Missing(Duration),
    /// It is back, or no longer due, after it was missing for this long.
    Back(Duration),
}

/// One direction of one leg. Each time that audio is missing is told once, and so is its end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Audibility {
    limit: Option<Duration>,
    due_since: Time,
    missing_since: Option<Time>,
}

impl Audibility {
    /// Judge from `now` on by `limit`; without one, no audio is due.
    pub(crate) fn arm(&mut self, limit: Option<Duration>, now: Time) {
        if self.limit != limit {
            (self.limit, self.due_since) = (limit, now);
        }
    }

    /// Whether audio is due and has been missing for the limit. `last` is when the last packet passed.
    pub(crate) fn is_silent(&self, last: Time, now: Time) -> bool {
        let since = self.due_since.max(last);
        self.limit.is_some_and(|limit| now.since(since) >= limit)
    }

    /// Whether packets, the latest of which came at `came`, have come for half of the limit since `last`.
    pub(crate) fn is_owed(&self, last: Time, came: Option<Time>) -> bool {
        let span = came.map(|came| came.since(self.due_since.max(last)));
        let limit = self.limit.map(|limit| limit / 2);
        span.zip(limit).is_some_and(|(span, limit)| span >= limit)
    }

    /// Take a judgement, and return what is new in it.
    pub(crate) fn judge(&mut self, silent: bool, last: Time, now: Time) -> Option<Change> {
        match self.missing_since {
            None if silent => {
                let since = self.due_since.max(last);
                self.missing_since = Some(since);
                Some(Change::Missing(now.since(since)))
            }
            Some(since) if !silent => {
                self.missing_since = None;
                Some(Change::Back(now.since(since)))
            }
            _ => None,
        }
    }
}
