//! R13: what the histories say was privileged, and the rows that the audit keeps of it.

use std::collections::HashSet;

use super::{
    Findings, Pass, Promise, VerifyError,
    pages::{Rows, mark},
};
use crate::{
    commit::project::audited,
    domain::order::event::Event,
    store::rows::{AditRow, HistRow},
};

/// Privileged actions that the histories tell of, as marks.
#[derive(Debug, Default)]
pub struct Audit(HashSet<u64>);

fn name(cmd_id: &str, kind: &str) -> u64 {
    mark(format!("{cmd_id} {kind}"))
}

impl Audit {
    /// Notes what a history's commands did: each kind of privileged event once.
    pub fn expect(&mut self, history: &[HistRow], f: &mut Findings) {
        for row in history {
            let Ok(event) = Event::read(row.evnt_ver, &row.evnt) else { continue };
            if let Some((kind, _)) = audited(&event)
                && self.0.insert(name(&row.cmd_id, &kind))
            {
                f.saw(Promise::R13, 1);
            }
        }
    }
}

/// Compares them with the table.
pub async fn check(pass: &mut Pass) -> Result<(), VerifyError> {
    let mut expected = std::mem::take(&mut pass.audit).0;
    let mut rows: Rows<AditRow> = Rows::new(&pass.store, pass.options.page);
    while let Some(row) = rows.next().await? {
        let told = expected.remove(&name(&row.cmd_id, &row.adit_knd_cd));
        pass.f.hold(Promise::R13, told, || {
            format!(
                "order {}: the audit has {} by command {}, its history has not",
                row.ord_id, row.adit_knd_cd, row.cmd_id
            )
        });
    }
    let missing = expected.len();
    pass.f.hold(Promise::R13, missing == 0, || format!("{missing} privileged actions have no audit row"));
    Ok(())
}
