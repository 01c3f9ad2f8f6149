//! A session's RTCP: relayed where voice is, our own where voice is made here.

use std::net::SocketAddr;

use super::{Component, Forward, Session, Side, dropped};
use crate::counters::Dropped;
use crate::path::Path;
use crate::protection::Datagram;
use crate::reports::Reports;
use crate::rtcp::Compound;
use crate::time::Time;

impl Session {
    pub(super) fn receive_rtcp(
        &mut self,
        side: Side,
        from: SocketAddr,
        datagram: &mut Datagram<'_>,
        now: Time,
    ) -> Result<Option<Forward>, Dropped> {
        let leg = &mut self.legs[side as usize];
        if !leg.latch.knows(from.ip()) {
            return Err(Dropped::Stranger);
        }
        if let Some(protection) = &mut leg.protection {
            protection.open_rtcp(datagram).map_err(dropped)?;
        }
        let compound = Compound::parse(datagram.bytes()).map_err(|_| Dropped::Malformed)?;
        let source = leg.outgoing.ssrc();
        leg.far_end.receive(compound.clone(), source, now);
        leg.learn_rtcp(from);
        leg.received.rtcp_packets += 1;
        if let Some(reports) = &mut leg.reports {
            reports.receive(compound, now);
            return Ok(None);
        }
        self.send_rtcp(side.other(), datagram, now).map(Some)
    }

    fn send_rtcp(
        &mut self,
        side: Side,
        datagram: &mut Datagram<'_>,
        now: Time,
    ) -> Result<Forward, Dropped> {
        let leg = &mut self.legs[side as usize];
        let to = leg.rtcp_destination().ok_or(Dropped::Undeliverable)?;
        if let Ok(compound) = Compound::parse(datagram.bytes()) {
            leg.far_end.send(compound, now);
        }
        if let Some(protection) = &mut leg.protection {
            protection
                .seal_rtcp(datagram)
                .map_err(|_| Dropped::Undeliverable)?;
        }
        leg.sent.rtcp_packets += 1;
        let component = if leg.settings.rtcp_mux {
            Component::Rtp
        } else {
            Component::Rtcp
        };
        Ok(Forward { component, to })
    }

    /// Report on both legs where voice is converted, on none where it is relayed.
    pub(super) fn update_reports(&mut self) {
        let converts = |path: &Path| path.converts();
        let converted = self
            .legs
            .iter()
            .any(|leg| !leg.settings.fax && leg.path.as_deref().is_some_and(converts));
        for side in Side::BOTH {
            let reports = &mut self.legs[side as usize].reports;
            if !converted {
                *reports = None;
            } else if reports.is_none() {
                *reports = Some(Box::new(Reports::new(self.origin, side)));
            }
        }
    }

    /// Write the report of a leg that is due. None goes where nothing could.
    pub(super) fn poll_report(
        &mut self,
        side: Side,
        datagram: &mut Datagram<'_>,
        now: Time,
    ) -> Option<Forward> {
        let leg = &mut self.legs[side as usize];
        let reports = leg.reports.as_mut().filter(|reports| reports.is_due())?;
        datagram.resize_to_room();
        let (account, clock_rate) = (leg.reception.account(), leg.settings.clock_rate());
        let length = reports.write(datagram.bytes_mut(), account, clock_rate, now);
        datagram.resize(length).ok()?;
        self.send_rtcp(side, datagram, now).ok()
    }
}
