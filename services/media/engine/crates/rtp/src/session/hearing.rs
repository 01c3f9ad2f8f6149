//! What a session judges of its legs' audio, a few times a second.

use super::{Direction, Event, EventKind, Session, Side};
use crate::audibility::Change;
use crate::time::Time;

impl Session {
    /// Tell audio that is due and missing, and its return. What never came can't be sent on: that
    /// nothing went to a leg is told only where something came for it.
    pub(super) fn judge_audio(&mut self, now: Time, events: &mut Vec<Event>) {
        let last = Side::BOTH.map(|side| self.legs[side as usize].received.last_packet);
        let silent = Side::BOTH.map(|side| self.legs[side as usize].sends_nothing(now));
        let dead_air = silent == [true; 2];
        for side in Side::BOTH {
            let leg = &mut self.legs[side as usize];
            let (here, there) = (side as usize, side.other() as usize);
            let received = last[here].unwrap_or_default();
            let change = leg.received_audio.judge(silent[here], received, now);
            tell(side, Direction::Received, change, dead_air, events);
            let sent = leg.sent_watch.last();
            let comes = !silent[there] && leg.sent_audio.is_owed(sent, last[there]);
            let undelivered = comes && leg.sent_audio.is_silent(sent, now);
            let change = leg.sent_audio.judge(undelivered, sent, now);
            tell(side, Direction::Sent, change, false, events);
        }
    }
}

fn tell(
    side: Side,
    direction: Direction,
    change: Option<Change>,
    dead_air: bool,
    events: &mut Vec<Event>,
) {
    let kind = match change {
        None => return,
        Some(Change::Missing(silence)) => EventKind::AudioMissing {
            direction,
            silence,
            dead_air,
        },
        Some(Change::Back(silence)) => EventKind::AudioBack(direction, silence),
    };
    events.push(Event { side, kind });
}
