//! R13: what the histories say was privileged, and the rows that the audit keeps of it.

use std::collections::HashSet;

use super::{
    Findings, Pass, Promise, VerifyError,
    fold::privileged,
    pages::{TableReader, mark},
    walk::Events,
};
use crate::store::rows::{AditRow, HistRow};

/// Privileged actions that the histories tell of, as marks.
#[derive(Debug, Default)]
pub struct Audit(HashSet<u64>);

/// An action by the command, its kind, the order that it was done to, and who did it.
fn name(cmd_id: &str, kind: &str, ord_id: &str, actor: &str) -> u64 {
    mark([cmd_id, kind, ord_id, actor])
}

impl Audit {
    /// Notes what a history's commands did: each kind of privileged event once.
    pub fn expect(&mut self, history: &[HistRow], events: &Events, f: &mut Findings) {
        for (row, event) in history.iter().zip(events) {
            let kind = event.as_ref().ok().and_then(privileged);
            if kind.is_some_and(|kind| self.0.insert(name(&row.cmd_id, kind, &row.ord_id, &row.actr))) {
                f.saw(Promise::R13, 1);
            }
        }
    }
}

/// Compares them with the table.
pub async fn check(pass: &mut Pass) -> Result<(), VerifyError> {
    let mut expected = std::mem::take(&mut pass.audit).0;
    let page = pass.options.page;
    for mut rows in [TableReader::<AditRow>::new(&pass.store, page), TableReader::archived(&pass.store, page)] {
        while let Some(row) = rows.next().await? {
            let told = expected.remove(&name(&row.cmd_id, &row.adit_knd_cd, &row.ord_id, &row.actr));
            pass.f.hold(Promise::R13, told, || {
                format!(
                    "order {}: the audit has {} by command {} of {}, its history has not",
                    row.ord_id, row.adit_knd_cd, row.cmd_id, row.actr
                )
            });
        }
    }
    let missing = expected.len();
    pass.f.hold(Promise::R13, missing == 0, || format!("{missing} privileged actions have no audit row"));
    Ok(())
}
