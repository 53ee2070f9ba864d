//! What goes when its time is over, in SQL. Each statement finds what it deletes by an index: the keys of what grows with time
//! begin with it, and outcomes have an index by time.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{
    StoreError,
    retention::{Expiring, KeepsPerson, RetentionStore},
    row::Type,
    rows::HistRow,
    sql_admin::IN_WORDS,
    sql_asked::quoted,
    sql_store::{Bind, Database, SqlStore, next},
};
use crate::domain::{Time, ids::OrderId, order::event::worded};

/// The first id that this moment can have: version 7 of UUIDs grows with time.
fn first_uuid(at: Time) -> String {
    let millis = at.timestamp_millis().max(0);
    format!("{:08x}-{:04x}-7000-8000-000000000000", millis >> 16, millis & 0xffff)
}

impl<D: Database> SqlStore<D> {
    async fn delete_below(&self, table: &str, key: &str, below: String, limit: u32) -> Result<u64, StoreError> {
        // in two: a delete with the search in it may be planned as a look at every row
        let sql = format!("SELECT {key} FROM {table} WHERE {key} < $1 ORDER BY {key} LIMIT $2");
        let found = self.0.read(sql, vec![Bind::Text(below), Bind::Int(limit.into())], &[Type::Text]).await?;
        let ids: Vec<String> = found.into_iter().map(|row| next(&mut row.into_iter())).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        let sql = format!("DELETE FROM {table} WHERE {key} {} RETURNING {key}", D::IN);
        let gone = self.0.write(sql, vec![Bind::Texts(ids)], &[Type::Text]).await?;
        Ok(gone.len() as u64)
    }

    async fn keeping(&self, sql: String, after: Option<&str>, limit: u32) -> Result<Vec<KeepsPerson>, StoreError> {
        let binds = vec![Bind::text(after.unwrap_or_default()), Bind::Int(limit.into())];
        let rows = self.0.read(sql, binds, &[Type::Text, Type::Time]).await?;
        let kept = |row: Vec<_>| {
            let mut values = row.into_iter();
            KeepsPerson { order: OrderId::stored(&next::<String>(&mut values)), placed: next(&mut values) }
        };
        Ok(rows.into_iter().map(kept).collect())
    }

    /// With the rows that keep the ids: one without the other would be damage.
    async fn expire_outcomes(&self, before: Time, limit: u32) -> Result<u64, StoreError> {
        let mut work = self.0.begin().await?;
        let sql = "SELECT cmd_id FROM tb_sy_cmd WHERE cmd_dttm < $1 LIMIT $2";
        let found = work.run(sql, vec![Bind::Time(before), Bind::Int(limit.into())], &[Type::Text]).await?;
        let ids: Vec<String> = found.into_iter().map(|row| next(&mut row.into_iter())).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        let keepers = Bind::Texts(ids.iter().map(|id| format!("{}{id}", HistRow::OUTSIDE)).collect());
        work.run(&format!("DELETE FROM tb_od_ord_hist WHERE ord_id {}", D::IN), vec![keepers], &[]).await?;
        let gone = ids.len() as u64;
        work.run(&format!("DELETE FROM tb_sy_cmd WHERE cmd_id {}", D::IN), vec![Bind::Texts(ids)], &[]).await?;
        work.commit().await?;
        Ok(gone)
    }
}

#[async_trait]
impl<D: Database> RetentionStore for SqlStore<D> {
    async fn expire(&self, what: Expiring, before: Time, limit: u32) -> Result<u64, StoreError> {
        let table = what.table();
        match what {
            Expiring::Accesses => self.delete_below(table, "accs_id", first_uuid(before), limit).await,
            Expiring::DoorAudit => self.delete_below(table, "adit_id", first_uuid(before), limit).await,
            Expiring::HookLetters => {
                let below = format!("{:014}", before.timestamp_millis().max(0));
                self.delete_below(table, "ltr_id", below, limit).await
            }
            Expiring::Outcomes => self.expire_outcomes(before, limit).await,
        }
    }

    async fn keeping_persons(&self, after: Option<&str>, limit: u32) -> Result<Vec<KeepsPerson>, StoreError> {
        let sql = "SELECT p.ord_id, COALESCE(o.rcpt_dttm, a.rcpt_dttm) FROM (SELECT DISTINCT ord_id FROM tb_od_ord_prsn WHERE ord_id > $1 \
                   ORDER BY ord_id LIMIT $2) AS p LEFT JOIN tb_od_ord AS o ON o.ord_id = p.ord_id \
                   LEFT JOIN tb_od_ord_arch AS a ON a.ord_id = p.ord_id ORDER BY p.ord_id";
        self.keeping(sql.into(), after, limit).await
    }

    async fn keeping_words(&self, after: Option<&str>, limit: u32) -> Result<Vec<KeepsPerson>, StoreError> {
        let of = |archived: &str| {
            let some = |table: &str, of: &str| {
                format!(
                    "SELECT ord_id FROM (SELECT DISTINCT t.ord_id FROM {table}{archived} AS t WHERE t.ord_id > $1 AND {of} \
                     AND NOT EXISTS (SELECT 1 FROM tb_od_ord_prsn AS p WHERE p.ord_id = t.ord_id) \
                     ORDER BY t.ord_id LIMIT $2) AS worded"
                )
            };
            let audit = format!("{IN_WORDS} AND adit_rsn <> ''");
            // what no other row repeats: why a payment was declined, or a claim refused
            let of = |(field, types): (&str, BTreeSet<&str>)| {
                let types: Vec<&str> = types.into_iter().collect();
                format!("(evnt_typ_cd IN ({}) AND {})", quoted(&types), D::has_text(field))
            };
            let history = format!("({})", worded().into_iter().map(of).collect::<Vec<_>>().join(" OR "));
            [
                some("tb_od_cncl", "cncl_rsn <> ''"),
                some("tb_od_rfnd", "rfnd_rsn <> ''"),
                some("tb_sy_adit", &audit),
                some("tb_od_ord_hist", &history),
            ]
        };
        let all = [of(""), of("_arch")].concat().join(" UNION ");
        // the words of an order with personal data go together with that
        let sql = format!(
            "SELECT w.ord_id, COALESCE(o.rcpt_dttm, a.rcpt_dttm) FROM ({all}) AS w \
             LEFT JOIN tb_od_ord AS o ON o.ord_id = w.ord_id LEFT JOIN tb_od_ord_arch AS a ON a.ord_id = w.ord_id \
             ORDER BY w.ord_id LIMIT $2"
        );
        self.keeping(sql, after, limit).await
    }
}
