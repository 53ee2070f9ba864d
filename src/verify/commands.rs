//! R2: a command id has one effect, in one order or in none.

use super::{Pass, Promise, VerifyError, pages::Rows};
use crate::store::rows::{CmdRow, HistRow};

/// Streams the events by command, beside the outcomes that belong to no order.
pub async fn check(pass: &mut Pass) -> Result<(), VerifyError> {
    let page = pass.options.page;
    let mut events: Rows<HistRow> = Rows::by(&pass.store, page, &["cmd_id", "cmd_evnt_no"]);
    let mut others: Rows<CmdRow> = Rows::new(&pass.store, page);
    let mut last: Option<HistRow> = None;
    while let Some(row) = events.next().await? {
        let f = &mut pass.f;
        match last.as_ref().filter(|l| l.cmd_id == row.cmd_id) {
            Some(l) => {
                f.hold(Promise::R2, row.cmd_evnt_no == l.cmd_evnt_no + 1 && row.hist_no == l.hist_no + 1, || {
                    format!(
                        "command {}: its events are not numbered in one row ({} is event {} of the order, {} event {})",
                        row.cmd_id, l.cmd_evnt_no, l.hist_no, row.cmd_evnt_no, row.hist_no
                    )
                });
                f.hold(Promise::R2, row.ord_id == l.ord_id && row.cmd_dgst == l.cmd_dgst, || {
                    format!("command {}: it took effect twice, in orders {} and {}", row.cmd_id, l.ord_id, row.ord_id)
                });
            }
            None => {
                f.hold(Promise::R2, row.cmd_evnt_no == 0, || {
                    format!("command {}: its first event has number {}", row.cmd_id, row.cmd_evnt_no)
                });
                while others.peek().await?.is_some_and(|o| *o.cmd_id < *row.cmd_id) {
                    let Some(other) = others.next().await? else { break };
                    outcome(pass, &other);
                }
                if others.peek().await?.is_some_and(|o| o.cmd_id == row.cmd_id) {
                    let what = format!("command {}: it took effect in order {} and outside", row.cmd_id, row.ord_id);
                    pass.f.bad(Promise::R2, what);
                }
            }
        }
        last = Some(row);
    }
    while let Some(other) = others.next().await? {
        outcome(pass, &other);
    }
    Ok(())
}

/// A committed command of no order: its answer must be out, where answers of its time are retained.
fn outcome(pass: &mut Pass, row: &CmdRow) {
    pass.f.saw(Promise::R2, 1);
    if let Some(retained) = &pass.retained {
        retained.answered(&mut pass.f, row.prtn_no, &row.cmd_id, &row.actr, row.strm_entr.as_deref());
    }
}
