//! R2: a command id has one effect in the whole namespace, in one order or in none.

use super::{Findings, Pass, Promise, VerifyError, pages::TableReader};
use crate::{
    protocol::internal::OWN_KINDS,
    store::rows::{CmdRow, HistRow},
};

/// Streams the events by command, beside the outcomes that belong to no order.
pub async fn check(pass: &mut Pass) -> Result<(), VerifyError> {
    let page = pass.options.page;
    let key = &["cmd_id", "cmd_evnt_no"];
    let mut events = Merged {
        live: TableReader::by(&pass.store, page, key),
        archived: TableReader::archived_by(&pass.store, page, key),
    };
    let mut others: TableReader<CmdRow> = TableReader::new(&pass.store, page);
    let mut last: Option<HistRow> = None;
    while let Some(row) = events.next(&mut pass.f).await? {
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

/// The events of all orders by command, those in the archive in their places.
struct Merged {
    live: TableReader<HistRow>,
    archived: TableReader<HistRow>,
}

impl Merged {
    /// The next one. What stays of an archived command among the live ones keeps its id, and is no event.
    async fn next(&mut self, f: &mut Findings) -> Result<Option<HistRow>, VerifyError> {
        let place = |row: &HistRow| (row.cmd_id.clone(), row.cmd_evnt_no);
        loop {
            let live = self.live.peek().await?.map(|row| (place(row), row.archived(), row.seals()));
            let moved = self.archived.peek().await?.map(place);
            match (live, moved) {
                (Some((_, _, true)), _) => {
                    self.live.next().await?;
                }
                (live, Some(moved)) if live.as_ref().is_none_or(|(live, ..)| moved < *live) => {
                    f.hold(Promise::R2, moved.1 > 0, || {
                        format!("command {}: it lies in the archive, and nothing keeps its id from another's", moved.0)
                    });
                    return Ok(self.archived.next().await?);
                }
                (Some((stub, true, _)), moved) => {
                    let there = moved.as_ref() == Some(&stub);
                    f.hold(Promise::R2, there, || format!("command {}: it is archived, and not there", stub.0));
                    self.live.next().await?;
                    if there {
                        return Ok(self.archived.next().await?);
                    }
                }
                _ => return Ok(self.live.next().await?),
            }
        }
    }
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
