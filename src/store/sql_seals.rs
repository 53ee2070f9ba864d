//! Sealed values and their keys, in SQL.

use async_trait::async_trait;

use super::{
    StoreError,
    row::{Row as _, Type},
    rows::{AprvRow, PrsnRow},
    seals::{SealAt, SealStore},
    sql_store::{Bind, Database, SqlStore, next},
};

/// What an optional text is compared and bound as: these columns hold no empty text.
fn or_none(text: Option<&str>) -> Bind {
    Bind::text(text.unwrap_or_default())
}

#[async_trait]
impl<D: Database> SealStore for SqlStore<D> {
    async fn noted(&self, name: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT value FROM tb_sy_meta WHERE key = $1".to_owned();
        let rows = self.0.read(sql, vec![Bind::text(name)], &[Type::Text]).await?;
        Ok(rows.into_iter().next().and_then(|row| next(&mut row.into_iter())))
    }

    async fn note_if(&self, name: &str, was: Option<&str>, value: &str) -> Result<bool, StoreError> {
        let (sql, mut binds) = match was {
            None => (
                "INSERT INTO tb_sy_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING RETURNING value",
                Vec::new(),
            ),
            Some(was) => (
                "UPDATE tb_sy_meta SET value = $2 WHERE key = $1 AND value = $3 RETURNING value",
                vec![Bind::text(was)],
            ),
        };
        let mut all = vec![Bind::text(name), Bind::text(value)];
        all.append(&mut binds);
        Ok(!self.0.write(sql.into(), all, &[Type::Text]).await?.is_empty())
    }

    async fn note_as(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO tb_sy_meta (key, value) VALUES ($1, $2) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.0.write(sql.into(), vec![Bind::text(name), Bind::text(value)], &[]).await.map(drop)
    }

    async fn secrets(&self, after: Option<&SealAt>, limit: u32) -> Result<Vec<PrsnRow>, StoreError> {
        let (order, kind, number) = after.map_or(("", "", 0), |at| (at.order.as_str(), at.kind.as_str(), at.number));
        let rest = "WHERE (t.ord_id, t.prsn_knd_cd, t.ord_seq) > ($1, $2, $3) \
                    AND (t.acct_enc IS NOT NULL OR t.vrtl_acct_no IS NOT NULL) \
                    ORDER BY t.ord_id, t.prsn_knd_cd, t.ord_seq LIMIT $4";
        self.list(rest, vec![Bind::text(order), Bind::text(kind), Bind::Int(number), Bind::Int(limit.into())]).await
    }

    async fn bare_approvals(&self, after: Option<&SealAt>, limit: u32) -> Result<Vec<AprvRow>, StoreError> {
        let (order, number) = after.map_or(("", 0), |at| (at.order.as_str(), at.number));
        let rest = "WHERE (t.ord_id, t.stlm_no) > ($1, $2) AND (t.aprv_tkn IS NOT NULL OR t.vrtl_acct_no IS NOT NULL) \
                    ORDER BY t.ord_id, t.stlm_no LIMIT $3";
        self.list(rest, vec![Bind::text(order), Bind::Int(number), Bind::Int(limit.into())]).await
    }

    async fn sealed_again(&self, was: &PrsnRow, sealed: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE tb_od_ord_prsn SET acct_enc = $4, vrtl_acct_no = NULL WHERE ord_id = $1 AND prsn_knd_cd = $2 \
                   AND ord_seq = $3 AND coalesce(acct_enc, '') = $5 AND coalesce(vrtl_acct_no, '') = $6 \
                   RETURNING ord_seq";
        let binds = vec![
            Bind::text(&was.ord_id),
            Bind::text(&was.prsn_knd_cd),
            Bind::Int(was.ord_seq),
            Bind::text(sealed),
            or_none(was.acct_enc.as_deref()),
            or_none(was.vrtl_acct_no.as_deref()),
        ];
        Ok(!self.0.write(sql.into(), binds, &[Type::Int]).await?.is_empty())
    }

    async fn approval_sealed(&self, was: &AprvRow, sealed: &[PrsnRow]) -> Result<bool, StoreError> {
        let is = "ord_id = $1 AND stlm_no = $2 AND coalesce(aprv_tkn, '') = $3 AND coalesce(vrtl_acct_no, '') = $4";
        let key = || {
            vec![
                Bind::text(&was.ord_id),
                Bind::Int(was.stlm_no),
                or_none(was.aprv_tkn.as_deref()),
                or_none(was.vrtl_acct_no.as_deref()),
            ]
        };
        for row in sealed {
            // kept first, taken away then. Who erases takes it away first: either finds the other's work, never neither
            let sql = format!(
                "INSERT INTO {} AS t (ord_id, prsn_knd_cd, ord_seq, acct_enc) SELECT a.ord_id, $5, CAST($6 AS bigint), $7 \
                 FROM tb_sc_crcd_aprv AS a WHERE {is} {} ON CONFLICT (ord_id, prsn_knd_cd, ord_seq) DO UPDATE \
                 SET acct_enc = COALESCE(t.acct_enc, excluded.acct_enc)",
                PrsnRow::TABLE,
                D::LOCKED,
            );
            let mut binds = key();
            binds.extend([Bind::text(&row.prsn_knd_cd), Bind::Int(row.ord_seq), or_none(row.acct_enc.as_deref())]);
            self.0.write(sql, binds, &[]).await?;
        }
        let sql =
            format!("UPDATE tb_sc_crcd_aprv SET aprv_tkn = NULL, vrtl_acct_no = NULL WHERE {is} RETURNING stlm_no");
        Ok(!self.0.write(sql, key(), &[Type::Int]).await?.is_empty())
    }

    async fn owned(&self) -> Result<Vec<i64>, StoreError> {
        let sql = format!("SELECT prtn_no FROM tb_sy_lane WHERE expr_dttm > {} ORDER BY prtn_no", D::NOW);
        let rows = self.0.read(sql, Vec::new(), &[Type::Int]).await?;
        Ok(rows.into_iter().map(|row| next(&mut row.into_iter())).collect())
    }
}
