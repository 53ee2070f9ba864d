//! What the HTTP API and the webhooks keep, in SQL.

use async_trait::async_trait;

use super::{
    StoreError,
    admin::{AdminAuditRow, AuditStore, ErasureStore, HookLetterRow, HookRow, WebhookStore},
    archive::ARCHIVED,
    row::{Read, Row, Type, Value},
    rows::AditRow,
    sql,
    sql_archive::beside,
    sql_store::{Bind, Database, SqlStore, next},
};
use crate::domain::ids::OrderId;

/// Sorts behind every id.
const LAST: &str = "~";

/// Of the audit: why something was done, in words; what others have is a code or a key.
pub(super) const IN_WORDS: &str = "adit_knd_cd IN ('FORCED_DELIVERY', 'INSPECTION', 'COLLECTION_WAIVED', 'WRITTEN_OFF', \
                        'PROCUREMENT_CANCELLED', 'DEBT_WAIVED') AND adit_rsn IS NOT NULL";

/// A row's values, as parameters; these tables hold no NULL and no truth values.
pub(super) fn binds<R: Row>(row: &R) -> Vec<Bind> {
    let mut binds = Vec::new();
    row.each(&mut |value| {
        binds.push(match value {
            Value::Text(text) => Bind::Text(text.unwrap_or_default().to_owned()),
            Value::Int(n) => Bind::Int(n.unwrap_or_default()),
            Value::Time(at) => Bind::Time(at.unwrap_or_default()),
            Value::Bool(b) => Bind::Int(b.into()),
        });
    });
    binds
}

impl<D: Database> SqlStore<D> {
    /// Deletes what these orders keep of persons; how many rows.
    async fn gone(&self, orders: &[OrderId], which: &str) -> Result<u64, StoreError> {
        if orders.is_empty() {
            return Ok(0);
        }
        let sql = format!("DELETE FROM tb_od_ord_prsn WHERE ord_id {}{which} RETURNING ord_seq", D::IN);
        let ids = Bind::Texts(orders.iter().map(|id| id.as_str().to_owned()).collect());
        Ok(self.0.write(sql, vec![ids], &[Type::Int]).await?.len() as u64)
    }

    async fn put<R: Row>(&self, row: &R, rest: &str) -> Result<(), StoreError> {
        let marks: Vec<String> = (1..=R::COLUMNS.len()).map(|n| format!("${n}")).collect();
        let sql = format!("{}VALUES ({}){rest}", sql::insert_head::<R>(), marks.join(", "));
        self.0.write(sql, binds(row), &[]).await.map(drop)
    }
}

#[async_trait]
impl<D: Database> AuditStore for SqlStore<D> {
    async fn note(&self, row: &AdminAuditRow) -> Result<(), StoreError> {
        self.put(row, " ON CONFLICT DO NOTHING").await
    }

    async fn unnote(&self, id: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM tb_sy_door_adit WHERE adit_id = $1".to_owned();
        self.0.write(sql, vec![Bind::text(id)], &[]).await.map(drop)
    }

    async fn notes(&self, before: Option<&str>, limit: u32) -> Result<Vec<AdminAuditRow>, StoreError> {
        let binds = vec![Bind::text(before.unwrap_or(LAST)), Bind::Int(limit.into())];
        self.list("WHERE t.adit_id < $1 ORDER BY t.adit_id DESC LIMIT $2", binds).await
    }

    async fn order_notes(&self, order: &OrderId) -> Result<Vec<AditRow>, StoreError> {
        let rest = "WHERE t.ord_id = $1 ORDER BY t.adit_dttm, t.cmd_id, t.adit_knd_cd";
        let binds = vec![Bind::text(order.as_str())];
        let rows: Vec<AditRow> = self.list(rest, binds.clone()).await?;
        if !rows.is_empty() {
            return Ok(rows);
        }
        self.list_in(&beside(AditRow::TABLE), rest, binds).await
    }
}

#[async_trait]
impl<D: Database> ErasureStore for SqlStore<D> {
    async fn erase(&self, orders: &[OrderId]) -> Result<u64, StoreError> {
        if !orders.is_empty() {
            // first: whoever seals it meanwhile puts it where it is taken away next
            let sql = format!(
                "UPDATE tb_sc_crcd_aprv SET aprv_tkn = NULL, vrtl_acct_no = NULL WHERE ord_id {} \
                 AND (aprv_tkn IS NOT NULL OR vrtl_acct_no IS NOT NULL)",
                D::IN
            );
            let ids = Bind::Texts(orders.iter().map(|id| id.as_str().to_owned()).collect());
            self.0.write(sql, vec![ids], &[]).await?;
        }
        self.gone(orders, "").await
    }

    async fn erase_recipients(&self, orders: &[OrderId]) -> Result<u64, StoreError> {
        self.gone(orders, " AND prsn_knd_cd = 'RECIPIENT'").await
    }

    async fn erase_words(
        &self,
        order: &OrderId,
        refunds: &[String],
        events: &[(i64, String)],
    ) -> Result<(), StoreError> {
        let of_refunds =
            format!("UPDATE tb_od_rfnd SET rfnd_rsn = '' WHERE rfnd_key {} AND rfnd_rsn IS NOT NULL", D::IN);
        let of_order = || vec![Bind::text(order.as_str())];
        let mut rows = vec![
            ("UPDATE tb_od_cncl SET cncl_rsn = '' WHERE ord_id = $1 AND cncl_rsn IS NOT NULL".to_owned(), of_order()),
            (of_refunds, vec![Bind::Texts(refunds.to_vec())]),
            (format!("UPDATE tb_sy_adit SET adit_rsn = '' WHERE ord_id = $1 AND {IN_WORDS}"), of_order()),
        ];
        // last: as long as an event has words, somebody comes again. One that is being archived is not the event any more
        rows.extend(events.iter().map(|(number, event)| {
            let sql = format!(
                "UPDATE tb_od_ord_hist SET evnt = $3 WHERE ord_id = $1 AND hist_no = $2 AND evnt_typ_cd <> '{ARCHIVED}'"
            );
            (sql, vec![Bind::text(order.as_str()), Bind::Int(*number), Bind::text(event)])
        }));
        for (sql, binds) in rows.clone() {
            self.0.write(sql, binds, &[]).await?;
        }
        // it may have been archived meanwhile
        self.change_archived(order, &rows).await
    }
}

#[async_trait]
impl<D: Database> WebhookStore for SqlStore<D> {
    async fn hook(&self, hook: &str) -> Result<Vec<HookRow>, StoreError> {
        self.list("WHERE t.hook_id = $1 ORDER BY t.prtn_no", vec![Bind::text(hook)]).await
    }

    async fn hook_at(&self, row: &HookRow) -> Result<(), StoreError> {
        self.put(row, &sql::insert_tail::<HookRow>(sql::WriteMode::Usual)).await
    }

    async fn hook_letter(&self, row: &HookLetterRow) -> Result<(), StoreError> {
        self.put(row, " ON CONFLICT (ltr_id) DO NOTHING").await
    }

    async fn hook_letters(
        &self,
        hook: &str,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<HookLetterRow>, StoreError> {
        let binds = vec![Bind::text(hook), Bind::text(before.unwrap_or(LAST)), Bind::Int(limit.into())];
        self.list("WHERE t.hook_id = $1 AND t.ltr_id < $2 ORDER BY t.ltr_id DESC LIMIT $3", binds).await
    }

    async fn hook_letter_of(&self, hook: &str, letter: &str) -> Result<Option<HookLetterRow>, StoreError> {
        let found =
            self.list("WHERE t.hook_id = $1 AND t.ltr_id = $2", vec![Bind::text(hook), Bind::text(letter)]).await?;
        Ok(found.into_iter().next())
    }

    async fn hook_letter_says(&self, letter: &str, before: &str, events: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE tb_sy_hook_ltr SET evnts = $3 WHERE ltr_id = $1 AND evnts = $2 RETURNING prtn_no";
        let binds = vec![Bind::text(letter), Bind::text(before), Bind::text(events)];
        Ok(!self.0.write(sql.into(), binds, &[Type::Int]).await?.is_empty())
    }

    async fn hook_letter_done(&self, hook: &str, letter: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM tb_sy_hook_ltr WHERE hook_id = $1 AND ltr_id = $2 RETURNING prtn_no";
        let gone = self.0.write(sql.into(), vec![Bind::text(hook), Bind::text(letter)], &[Type::Int]).await?;
        Ok(!gone.is_empty())
    }

    async fn hook_letter_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let sql = "SELECT hook_id, count(*) FROM tb_sy_hook_ltr GROUP BY hook_id ORDER BY hook_id";
        let rows = self.0.read(sql.into(), Vec::new(), &[Type::Text, Type::Int]).await?;
        let count = |row: Vec<Read>| {
            let mut values = row.into_iter();
            (next(&mut values), next(&mut values))
        };
        Ok(rows.into_iter().map(count).collect())
    }
}
