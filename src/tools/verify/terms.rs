//! R3: what each sale allotted and limited, by its SKU's ledger. A sale may be changed while it runs; what was sold before, or
//! refused, was decided under the terms of its time.

use std::{collections::HashMap, sync::Arc};

use super::{Findings, Pass, Promise, VerifyError, pages::TableReader};
use crate::store::rows::{CmpnRow, CmpnTrmRow};

/// A sale with its terms, the oldest first.
pub struct Sale {
    pub row: CmpnRow,
    terms: Vec<CmpnTrmRow>,
}

/// All sales, by SKU.
pub async fn read(pass: &mut Pass) -> Result<HashMap<Arc<str>, Vec<Sale>>, VerifyError> {
    let (store, page) = (pass.store.clone(), pass.options.page);
    let mut terms: HashMap<Arc<str>, Vec<CmpnTrmRow>> = HashMap::new();
    let mut rows: TableReader<CmpnTrmRow> = TableReader::new(&store, page);
    while let Some(row) = rows.next().await? {
        terms.entry(Arc::clone(&row.cmpn_id)).or_default().push(row);
    }
    let mut sales: HashMap<Arc<str>, Vec<Sale>> = HashMap::new();
    let mut rows: TableReader<CmpnRow> = TableReader::new(&store, page);
    while let Some(row) = rows.next().await? {
        let sale = Sale { terms: terms.remove(&row.cmpn_id).unwrap_or_default(), row };
        sale.whole(&mut pass.f);
        sales.entry(Arc::clone(&sale.row.unt_id)).or_default().push(sale);
    }
    for id in terms.keys() {
        pass.f.bad(Promise::R3, format!("campaign {id}: it has terms, and there is no such campaign"));
    }
    Ok(sales)
}

impl Sale {
    /// The terms that a ledger row was decided under.
    pub fn of_row(&self, number: i64) -> Option<&CmpnTrmRow> {
        self.terms.iter().rev().find(|t| t.strt_ldgr_no < number)
    }

    /// The terms that were in force while the ledger stood here: more than one where they were changed meanwhile.
    pub fn at(&self, position: i64) -> impl Iterator<Item = &CmpnTrmRow> {
        let until = |n: usize| self.terms.get(n + 1).map_or(i64::MAX, |next| next.strt_ldgr_no);
        let there = move |(n, t): &(usize, &CmpnTrmRow)| t.strt_ldgr_no <= position && position <= until(*n);
        self.terms.iter().enumerate().filter(there).map(|(_, t)| t)
    }

    /// Numbered from 1, from the sale's start on, and the last are the sale's own.
    fn whole(&self, f: &mut Findings) {
        let (sale, terms) = (&self.row, &self.terms);
        let numbered = (1i64..).zip(terms).all(|(n, t)| t.trm_no == n);
        let forward = terms.is_sorted_by_key(|t| t.strt_ldgr_no);
        let begins = terms.first().is_some_and(|t| t.strt_ldgr_no == sale.strt_ldgr_no);
        f.hold(Promise::R3, numbered && forward && begins, || {
            let told: Vec<_> = terms.iter().map(|t| (t.trm_no, t.strt_ldgr_no)).collect();
            format!(
                "campaign {}: its terms (number, ledger number) {told:?} are not one after another from {} on",
                sale.cmpn_id, sale.strt_ldgr_no
            )
        });
        let own = (sale.trm_no, sale.alot_qty, sale.cust_lmt_qty);
        let last = terms.last().map(|t| (t.trm_no, t.alot_qty, t.cust_lmt_qty));
        f.hold(Promise::R3, last == Some(own), || {
            format!("campaign {}: it says {own:?} (terms, allotted, limit), its last terms {last:?}", sale.cmpn_id)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Time;

    /// A sale of ledger number 5 on, with terms set at these ledger numbers: the first allots 1, the second 2, and so on.
    fn sale(set_at: &[i64]) -> Sale {
        let term = |(n, at): (i64, &i64)| CmpnTrmRow {
            cmpn_id: "c".into(),
            trm_no: n,
            strt_ldgr_no: *at,
            alot_qty: n,
            cust_lmt_qty: None,
        };
        let last = i64::try_from(set_at.len()).unwrap();
        let row = CmpnRow {
            cmpn_id: "c".into(),
            unt_id: "s".into(),
            cmpn_nm: "c".into(),
            sl_upr: 1,
            alot_qty: last,
            opn_dttm: Time::MIN_UTC,
            cls_dttm: Time::MAX_UTC,
            cust_lmt_qty: None,
            stck_plcy_cd: "HOLD".into(),
            paus_yn: false,
            strt_ldgr_no: 5,
            trm_no: last,
        };
        Sale { row, terms: (1..).zip(set_at).map(term).collect() }
    }

    #[test]
    fn each_position_has_the_terms_of_its_time() {
        let sale = sale(&[5, 8, 8, 10]);
        let of_row = |n| sale.of_row(n).map(|t| t.alot_qty);
        assert_eq!([5, 6, 8, 9, 10, 11, 99].map(of_row), [None, Some(1), Some(1), Some(3), Some(3), Some(4), Some(4)]);
        let at = |n| sale.at(n).map(|t| t.alot_qty).collect::<Vec<_>>();
        assert_eq!([4, 5, 7].map(at), [vec![], vec![1], vec![1]]);
        assert_eq!([8, 9, 10, 11].map(at), [vec![1, 2, 3], vec![3], vec![3, 4], vec![4]]);
    }

    #[test]
    fn terms_that_are_not_whole_are_told() {
        let violated = |sale: &Sale| {
            let mut f = Findings::new(5);
            sale.whole(&mut f);
            f.finish().iter().map(|c| c.violated).sum::<u64>()
        };
        assert_eq!(violated(&sale(&[5, 8, 8])), 0);
        assert_eq!(violated(&sale(&[4, 8])), 1, "from before the sale");
        assert_eq!(violated(&sale(&[5, 9, 8])), 1, "backwards");
        assert_eq!(violated(&sale(&[])), 2, "none");
        let mut missing = sale(&[5, 8, 8]);
        missing.terms.remove(1);
        assert_eq!(violated(&missing), 1, "one of the middle");
        let mut other = sale(&[5, 8]);
        other.row.cust_lmt_qty = Some(1);
        assert_eq!(violated(&other), 1, "changed without a word");
    }
}
