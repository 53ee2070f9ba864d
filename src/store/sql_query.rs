//! What the HTTP API, the tools and the checker read, in SQL.

use async_trait::async_trait;

use super::{
    LaneStore as _, QueryStore, StoreError, TableRef, UntRow,
    archive::{Stretch, Sum},
    row::{Read, Row as _, Type},
    rows::{AprvRow, HistRow, LdgrRow},
    sql,
    sql_archive::{beside, stretch_binds, stretch_rows, stretch_sum},
    sql_store::{Bind, Database, SqlStore},
};
use crate::domain::{
    Time,
    ids::{OrderId, SkuId},
};

#[async_trait]
impl<D: Database> QueryStore for SqlStore<D> {
    fn kind(&self) -> &'static str {
        D::KIND
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.due(0, Time::UNIX_EPOCH, 1).await.map(drop)
    }

    async fn history(&self, id: &OrderId, after: i64, limit: u32) -> Result<Vec<HistRow>, StoreError> {
        let binds = vec![Bind::Text(id.as_str().to_owned()), Bind::Int(after), Bind::Int(limit.into())];
        let page = "WHERE t.ord_id = $1 AND t.hist_no > $2 ORDER BY t.hist_no LIMIT $3";
        let rows: Vec<HistRow> = self.list(page, binds.clone()).await?;
        if rows.iter().any(HistRow::archived) {
            return self.list_in(&beside(HistRow::TABLE), page, binds).await;
        }
        Ok(rows)
    }

    async fn ledger(&self, id: &SkuId, before: Option<i64>, limit: u32) -> Result<Vec<LdgrRow>, StoreError> {
        let binds =
            vec![Bind::Text(id.as_str().to_owned()), Bind::Int(before.unwrap_or(i64::MAX)), Bind::Int(limit.into())];
        let rest = "WHERE t.unt_id = $1 AND t.ldgr_no < $2 ORDER BY t.ldgr_no DESC LIMIT $3";
        let mut rows: Vec<LdgrRow> = self.list(rest, binds.clone()).await?;
        let more = rows.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        if more && rows.last().is_none_or(|last| last.ldgr_no > 1) {
            // those behind are in the archive
            rows.extend(self.list_in::<LdgrRow>(&beside(LdgrRow::TABLE), rest, binds).await?);
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        Ok(rows)
    }

    async fn approvals(&self, order: &OrderId) -> Result<Vec<AprvRow>, StoreError> {
        self.named_anywhere("ord_id", order.as_str()).await
    }

    async fn hottest(&self, limit: u32) -> Result<Vec<UntRow>, StoreError> {
        // SKUs with a campaign, and those of the newest orders: found without an index on a column that every batch
        // changes, and without reading every SKU
        let rest = "WHERE t.unt_id IN (SELECT c.unt_id FROM tb_pr_cmpn AS c UNION SELECT g.unt_id FROM \
            (SELECT o.ord_id FROM tb_od_ord AS o ORDER BY o.rcpt_dttm DESC LIMIT 200) AS n \
            JOIN tb_od_ord_gds AS g ON g.ord_id = n.ord_id) ORDER BY t.sold_qty DESC, t.unt_id LIMIT $1";
        self.list(rest, vec![Bind::Int(limit.into())]).await
    }

    async fn page(&self, table: TableRef, after: Option<Vec<Read>>, limit: u32) -> Result<Vec<Vec<Read>>, StoreError> {
        let sql = sql::page(&table, after.is_some());
        let mut binds = Vec::new();
        for value in after.unwrap_or_default() {
            binds.push(match value {
                Read::Text(Some(text)) => Bind::Text(text),
                Read::Int(Some(n)) => Bind::Int(n),
                Read::Time(Some(time)) => Bind::Time(time),
                Read::Text(None) | Read::Int(None) | Read::Time(None) | Read::Bool(_) => {
                    return Err(StoreError::Unusable(format!("not a key of {}", table.name)));
                }
            });
        }
        binds.push(Bind::Int(limit.into()));
        let types: Vec<Type> = table.columns.iter().map(|(_, kind)| *kind).collect();
        self.0.read(sql, binds, &types).await
    }

    async fn archived_sums(&self, orders: &[OrderId]) -> Result<Vec<Sum>, StoreError> {
        self.sums_of(orders).await
    }

    async fn archived_ledger_sum(&self, stretch: &Stretch) -> Result<Sum, StoreError> {
        let (sql, types) = stretch_rows(true);
        Ok(stretch_sum(&self.0.read(sql, stretch_binds(stretch), &types).await?))
    }
}
