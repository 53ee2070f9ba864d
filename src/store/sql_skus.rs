//! SKUs in SQL: balances beside their ledgers, and what a sale's customers have had.

use std::sync::Arc;

use super::{
    StoreError, UntRow,
    row::{Read, Row as _, Type},
    rows::LdgrRow,
    sql,
    sql_store::{Database, SqlStore, next, texts},
};
use crate::domain::ids::SkuId;

impl<D: Database> SqlStore<D> {
    /// The units with the balance after their last ledger row, read as one.
    pub(super) async fn units(&self, ids: &[SkuId]) -> Result<Vec<(UntRow, Option<(i64, i64, i64)>)>, StoreError> {
        let mut types: Vec<Type> = UntRow::COLUMNS.iter().map(|(_, kind)| *kind).collect();
        types.extend([Type::Int; 3]);
        let sql = format!(
            "SELECT {}, l.stck_qty, l.hold_qty, l.sold_qty FROM tb_pd_unt AS u LEFT JOIN tb_pd_unt_ldgr AS l \
             ON l.unt_id = u.unt_id AND l.ldgr_no = (SELECT max(x.ldgr_no) FROM tb_pd_unt_ldgr AS x \
             WHERE x.unt_id = u.unt_id) WHERE u.unt_id {}",
            sql::columns::<UntRow>("u."),
            D::IN
        );
        let rows = self.0.read(sql, vec![texts(ids.iter().map(SkuId::as_str))], &types).await?;
        let unit = |values: Vec<Read>| {
            let mut values = values.into_iter();
            let unit = UntRow::read(&mut values);
            let [stck, hold, sold]: [Option<i64>; 3] = [next(&mut values), next(&mut values), next(&mut values)];
            (unit, stck.zip(hold).zip(sold).map(|((stck, hold), sold)| (stck, hold, sold)))
        };
        Ok(rows.into_iter().map(unit).collect())
    }

    /// What customers have used of these SKUs' campaigns: (campaign, customer, units).
    pub(super) async fn buyers(&self, ids: &[SkuId]) -> Result<Vec<(Arc<str>, Arc<str>, i64)>, StoreError> {
        // each of the two ledgers is looked up by its key: a sum over both as one would read them whole
        let used = |ledger: &str| {
            format!(
                "SELECT l.cmpn_id, l.cust_id, CAST(sum(l.cmpn_dlt) AS bigint) AS used FROM tb_pr_cmpn AS c \
                 JOIN {ledger} AS l ON l.unt_id = c.unt_id AND l.ldgr_no > c.strt_ldgr_no AND l.cmpn_id = c.cmpn_id \
                 WHERE c.unt_id {} AND l.cust_id IS NOT NULL GROUP BY l.cmpn_id, l.cust_id",
                D::IN
            )
        };
        let sql = format!(
            "SELECT u.cmpn_id, u.cust_id, CAST(sum(u.used) AS bigint) FROM ({} UNION ALL {}) AS u \
             GROUP BY u.cmpn_id, u.cust_id HAVING sum(u.used) > 0 ORDER BY 1, 2",
            used(LdgrRow::TABLE),
            used(LdgrRow::ARCHIVE)
        );
        let binds = vec![texts(ids.iter().map(SkuId::as_str))];
        let rows = self.0.read(sql, binds, &[Type::Text, Type::Text, Type::Int]).await?;
        let buyer = |values: Vec<Read>| {
            let mut values = values.into_iter();
            (next(&mut values), next(&mut values), next(&mut values))
        };
        Ok(rows.into_iter().map(buyer).collect())
    }
}
