//! R2: a command id has one effect in the whole namespace, in one order or in none.

use super::{Pass, Promise, VerifyError, pages::Rows};
use crate::{
    protocol::internal::OWN_KINDS,
    store::rows::{CmdRow, HistRow},
};

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
                    unkept(pass, &other);
                }
                let other = others.peek().await?.filter(|o| o.cmd_id == row.cmd_id);
                let same = other.map(|o| o.cmd_dgst == row.cmd_dgst);
                match (row.of_order(), same) {
                    (true, None) => {}
                    (true, Some(_)) => {
                        let what =
                            format!("command {}: it took effect in order {} and outside", row.cmd_id, row.ord_id);
                        pass.f.bad(Promise::R2, what);
                    }
                    (false, same) => {
                        pass.f.hold(Promise::R2, same == Some(true), || {
                            format!("command {}: it belongs to no order, and its outcome is not there", row.cmd_id)
                        });
                        if same.is_some()
                            && let Some(other) = others.next().await?
                        {
                            outcome(pass, &other);
                        }
                    }
                }
            }
        }
        last = Some(row);
    }
    while let Some(other) = others.next().await? {
        unkept(pass, &other);
    }
    Ok(())
}

/// A committed command of no order whose id no row keeps from being an order's: right for the lanes' own steps only.
fn unkept(pass: &mut Pass, row: &CmdRow) {
    pass.f.hold(Promise::R2, OWN_KINDS.contains(&&*row.cmd_typ_cd), || {
        format!("command {}: it belongs to no order, and nothing keeps its id from another's", row.cmd_id)
    });
    outcome(pass, row);
}

/// A committed command of no order: its answer must be out, where answers of its time are retained.
fn outcome(pass: &mut Pass, row: &CmdRow) {
    pass.f.saw(Promise::R2, 1);
    if let Some(retained) = &pass.retained {
        retained.answered(&mut pass.f, row.prtn_no, &row.cmd_id, &row.actr, row.strm_entr.as_deref());
    }
}
