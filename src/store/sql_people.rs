//! What people look at, in SQL.

use std::vec::IntoIter;

use async_trait::async_trait;
use chrono::TimeDelta;

use super::{
    OrderQuery, StoreError, UntRow,
    people::{
        AT_WORK, AccessQuery, AccessRow, ClaimAsked, CountBy, GROUPS_MAX, LineCount, LineQuery, LineRow, PeopleStore,
        ReviewQuery, ReviewRow,
    },
    row::{Read, Row, Type},
    rows::{ExchRow, GdsRow, LnkRow, OrdRow, PrsnRow, RtnRow},
    sql,
    sql_archive::{beside, in_archive},
    sql_asked::{WhereClause, codes},
    sql_store::{Bind, Database, SqlStore, next},
};
use crate::domain::ids::{OrderId, PartnerId, SkuId};

/// Lines by way of their orders. CROSS JOIN says so to SQLite, which else reads every line there is; what joins them is a
/// condition.
const FROM: &str = "FROM tb_od_ord AS t CROSS JOIN tb_od_ord_gds AS g";
/// The partner of a line's fee row. It is looked up for each line: as a join it is planned from the fees' end, and all fees that
/// there ever were are read.
macro_rules! sold_by {
    () => {
        "(SELECT s.ptnr_id FROM tb_od_dlv_fee AS s WHERE s.ord_id = g.ord_id AND s.dlv_fee_no = g.dlv_fee_no)"
    };
}
/// Who sells a line, or was asked for it. A linked order has no fees.
const SELLER: &str = concat!(
    "coalesce((SELECT k.ptnr_id FROM tb_od_lnk AS k WHERE k.prnt_ord_id = t.prnt_ord_id \
     AND k.chld_ord_id = t.ord_id), ",
    sold_by!(),
    ", '')"
);
/// A partner's lines, each way by itself: no one plan is good for both. The first goes along the work that waits (or a month),
/// never along all that the partner has ever sold.
const OF_PARTNER: [&str; 2] = [
    concat!("t.prnt_ord_id IS NULL AND ", sold_by!(), " = ?"),
    "t.ord_id IN (SELECT k.chld_ord_id FROM tb_od_lnk AS k WHERE k.ptnr_id = ?)",
];
/// Longer than any shop has sold.
const RANGE_MAX: TimeDelta = TimeDelta::days(365_000);

/// Orders of which exchanged goods are still to come back, or to be inspected: few, whatever has become of them.
const OUT: &str = "t.ord_id IN (SELECT x.ord_id FROM tb_od_exch AS x WHERE x.clct_stat_cd IN ('DUE', 'COLLECTED'))";

/// Whether a line is in one of these claims.
fn in_claims(claims: &[ClaimAsked]) -> String {
    let exchange = |column: &str, state: &str| {
        format!(
            "EXISTS (SELECT 1 FROM tb_od_exch AS e WHERE e.ord_id = g.ord_id AND e.ord_seq = g.ord_seq \
             AND e.{column} = '{state}')"
        )
    };
    let one = |c: &ClaimAsked| match c {
        ClaimAsked::Return(state) => format!(
            "EXISTS (SELECT 1 FROM tb_od_rtn AS r WHERE r.ord_id = g.ord_id AND r.ord_seq = g.ord_seq \
             AND r.rtn_stat_cd = '{state}')"
        ),
        ClaimAsked::Exchange(state) => exchange("exch_stat_cd", state),
        ClaimAsked::Collection(state) => exchange("clct_stat_cd", state),
    };
    format!("({})", claims.iter().map(one).collect::<Vec<_>>().join(" OR "))
}

fn asked_lines(asked: &LineQuery, of: Option<(&str, &PartnerId)>) -> WhereClause {
    let mut q = WhereClause::new();
    q.and("g.ord_id = t.ord_id", Vec::new());
    if asked.at_work() {
        q.and(&format!("t.ord_stat_cd IN ({})", codes(&AT_WORK)), Vec::new());
    }
    if let Some((way, partner)) = of {
        q.and(way, vec![Bind::text(partner.as_str())]);
    }
    if !asked.statuses.is_empty() {
        q.and(&format!("g.ord_stat_cd IN ({})", codes(&asked.statuses)), Vec::new());
    }
    if !asked.claims.is_empty() {
        q.and(&in_claims(&asked.claims), Vec::new());
        if asked.claims.iter().all(ClaimAsked::of_goods) {
            // by what is still out, in the words of the index
            q.and(OUT, Vec::new());
        }
    }
    if !asked.not_claims.is_empty() {
        q.and(&format!("NOT {}", in_claims(&asked.not_claims)), Vec::new());
    }
    if let Some(sku) = &asked.sku {
        q.and("g.unt_id = ?", vec![Bind::text(sku.as_str())]);
    }
    if let Some(product) = &asked.product {
        q.and("g.gds_id = ?", vec![Bind::text(product.as_str())]);
    }
    if let Some(carrier) = &asked.carrier {
        let on = "EXISTS (SELECT 1 FROM tb_od_wybl AS w WHERE w.ord_id = g.ord_id AND w.ord_seq = g.ord_seq \
                  AND w.carr_cd = ?)";
        q.and(on, vec![Bind::text(carrier)]);
    }
    if let Some(from) = asked.placed_from {
        q.and("t.rcpt_dttm >= ?", vec![Bind::Time(from)]);
    }
    if let Some(before) = asked.placed_before {
        q.and("t.rcpt_dttm < ?", vec![Bind::Time(before)]);
    }
    if let Some(at) = &asked.after {
        let side = if asked.oldest_first { '>' } else { '<' };
        let values = vec![Bind::Time(at.placed), Bind::text(at.order.as_str()), Bind::Int(at.line)];
        q.and(&format!("(t.rcpt_dttm, t.ord_id, g.ord_seq) {side} (?, ?, ?)"), values);
    }
    q
}

impl<D: Database> SqlStore<D> {
    async fn lines(&self, asked: &LineQuery, of: Option<(&str, &PartnerId)>) -> Result<Vec<LineRow>, StoreError> {
        let WhereClause { text, binds } = asked_lines(asked, of);
        let way = if asked.oldest_first { "" } else { " DESC" };
        // the limit is in the text: a planner that knows it goes along the index
        let sql = format!(
            "SELECT {}, t.cust_id, t.rcpt_dttm, t.prnt_ord_id, {SELLER} {FROM} {text} \
             ORDER BY t.rcpt_dttm{way}, t.ord_id{way}, g.ord_seq{way} LIMIT {}",
            sql::columns::<GdsRow>("g."),
            asked.limit
        );
        let mut types: Vec<Type> = GdsRow::COLUMNS.iter().map(|(_, kind)| *kind).collect();
        types.extend([Type::Text, Type::Time, Type::Text, Type::Text]);
        let rows = self.0.read(sql, binds, &types).await?;
        let line = |values: Vec<Read>| {
            let mut values = values.into_iter();
            LineRow {
                line: GdsRow::read(&mut values),
                customer: next(&mut values),
                placed: next(&mut values),
                parent: next(&mut values),
                partner: next(&mut values),
            }
        };
        Ok(rows.into_iter().map(line).collect())
    }

    async fn counted(
        &self,
        asked: &LineQuery,
        by: CountBy,
        of: Option<(&str, &PartnerId)>,
    ) -> Result<Vec<LineCount>, StoreError> {
        // all of it is counted: of a range without an end PostgreSQL believes that it is a third of all there is, and reads all
        let end = asked.placed_from.and_then(|from| from.checked_add_signed(RANGE_MAX));
        let asked = &LineQuery { placed_before: asked.placed_before.or(end), ..asked.clone() };
        let WhereClause { text, binds } = asked_lines(asked, of);
        let partner = if by.partner { SELLER } else { "''" };
        let sku = if by.sku { "g.unt_id" } else { "''" };
        let sql = format!(
            "SELECT c.stat, c.ptnr, c.unt, count(*), CAST(sum(c.qty) AS bigint) FROM (SELECT g.ord_stat_cd AS stat, \
             {partner} AS ptnr, {sku} AS unt, g.ord_qty - g.cncl_qty - g.rtn_qty - g.exch_qty AS qty \
             {FROM} {text}) AS c \
             GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT {}",
            GROUPS_MAX + 1
        );
        let types = [Type::Text, Type::Text, Type::Text, Type::Int, Type::Int];
        let rows = self.0.read(sql, binds, &types).await?;
        let count = |values: Vec<Read>| {
            let v: &mut IntoIter<Read> = &mut values.into_iter();
            LineCount { status: next(v), partner: next(v), sku: next(v), lines: next(v), units: next(v) }
        };
        Ok(rows.into_iter().map(count).collect())
    }
}

fn ids(orders: &[OrderId]) -> impl Iterator<Item = &str> + Send {
    orders.iter().map(OrderId::as_str)
}

impl<D: Database> SqlStore<D> {
    /// Reviews of live orders, or of archived ones.
    async fn reviews_in(&self, asked: &ReviewQuery, archived: bool) -> Result<Vec<ReviewRow>, StoreError> {
        let mut q = WhereClause::new();
        if let Some(partner) = &asked.partner {
            q.and(&format!("{SELLER} = ?"), vec![Bind::text(partner.as_str())]);
        }
        if let Some(product) = &asked.product {
            q.and("g.gds_id = ?", vec![Bind::text(product.as_str())]);
        }
        if let Some(at) = &asked.after {
            let values = vec![Bind::Time(at.placed), Bind::text(at.order.as_str()), Bind::Int(at.line)];
            q.and("(v.rvw_dttm, v.ord_id, v.ord_seq) < (?, ?, ?)", values);
        }
        let sql = format!(
            "SELECT v.ord_id, v.ord_seq, v.rvw_scor, v.rvw_dttm, g.gds_id, g.unt_id, {SELLER}, p.rvw_txt \
             FROM tb_od_rvw AS v JOIN tb_od_ord AS t ON t.ord_id = v.ord_id \
             JOIN tb_od_ord_gds AS g ON g.ord_id = v.ord_id AND g.ord_seq = v.ord_seq \
             LEFT JOIN tb_od_ord_prsn AS p ON p.ord_id = v.ord_id AND p.prsn_knd_cd = 'REVIEW' \
             AND p.ord_seq = v.ord_seq {} ORDER BY v.rvw_dttm DESC, v.ord_id DESC, v.ord_seq DESC LIMIT {}",
            q.text, asked.limit
        );
        let sql = if archived { in_archive(&sql) } else { sql };
        use Type::{Int, Text, Time};
        let rows = self.0.read(sql, q.binds, &[Text, Int, Int, Time, Text, Text, Text, Text]).await?;
        let review = |values: Vec<Read>| {
            let v: &mut IntoIter<Read> = &mut values.into_iter();
            ReviewRow {
                order: next(v),
                line: next(v),
                rating: next(v),
                at: next(v),
                product: next(v),
                sku: next(v),
                partner: next(v),
                words: next(v),
            }
        };
        Ok(rows.into_iter().map(review).collect())
    }
}

#[async_trait]
impl<D: Database> PeopleStore for SqlStore<D> {
    async fn find_orders(&self, asked: &OrderQuery) -> Result<Vec<OrdRow>, StoreError> {
        self.searched(asked).await
    }

    async fn find_lines(&self, asked: &LineQuery) -> Result<Vec<LineRow>, StoreError> {
        let ways = asked.ways();
        let mut found = Vec::new();
        for part in &ways {
            let Some(partner) = &part.partner else {
                found.extend(self.lines(part, None).await?);
                continue;
            };
            for way in OF_PARTNER {
                found.extend(self.lines(part, Some((way, partner))).await?);
            }
        }
        found.sort_unstable_by(|a, b| {
            let order = (a.placed, &a.line.ord_id, a.line.ord_seq).cmp(&(b.placed, &b.line.ord_id, b.line.ord_seq));
            if asked.oldest_first { order } else { order.reverse() }
        });
        found.truncate(usize::try_from(asked.limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn count_lines(&self, asked: &LineQuery, by: CountBy) -> Result<Vec<LineCount>, StoreError> {
        let mut found: Vec<LineCount> = Vec::new();
        let ways = asked.ways();
        let parts = ways.iter().flat_map(|part| match &part.partner {
            Some(partner) => OF_PARTNER.map(|way| (part, Some((way, partner)))).to_vec(),
            None => vec![(part, None)],
        });
        for (part, of) in parts {
            for count in self.counted(part, by, of).await? {
                let same =
                    |f: &&mut LineCount| (&f.status, &f.partner, &f.sku) == (&count.status, &count.partner, &count.sku);
                match found.iter_mut().find(same) {
                    Some(there) => {
                        there.lines += count.lines;
                        there.units += count.units;
                    }
                    None => found.push(count),
                }
            }
        }
        Ok(found)
    }

    async fn persons(&self, orders: &[OrderId]) -> Result<Vec<PrsnRow>, StoreError> {
        self.named("ord_id", ids(orders)).await
    }

    async fn parents(&self, orders: &[OrderId]) -> Result<Vec<LnkRow>, StoreError> {
        let mut links: Vec<LnkRow> = self.named("chld_ord_id", ids(orders)).await?;
        links.extend(self.named_in(&beside(LnkRow::TABLE), "chld_ord_id", ids(orders)).await?);
        Ok(links)
    }

    async fn children(&self, orders: &[OrderId]) -> Result<Vec<LnkRow>, StoreError> {
        let mut links: Vec<LnkRow> = self.named("prnt_ord_id", ids(orders)).await?;
        links.extend(self.named_in(&beside(LnkRow::TABLE), "prnt_ord_id", ids(orders)).await?);
        Ok(links)
    }

    async fn claims(&self, orders: &[OrderId]) -> Result<(Vec<RtnRow>, Vec<ExchRow>), StoreError> {
        Ok((self.named("ord_id", ids(orders)).await?, self.named("ord_id", ids(orders)).await?))
    }

    async fn units_named(&self, skus: &[SkuId]) -> Result<Vec<UntRow>, StoreError> {
        self.named("unt_id", skus.iter().map(SkuId::as_str)).await
    }

    async fn units_of(&self, partner: &PartnerId, after: Option<&str>, limit: u32) -> Result<Vec<UntRow>, StoreError> {
        let rest = "WHERE t.unt_id > $1 AND (t.hldr_id = $2 OR t.gds_id IN (SELECT p.gds_id FROM tb_pd_gds AS p \
                    WHERE p.ptnr_id = $2)) ORDER BY t.unt_id LIMIT $3";
        let binds = vec![Bind::text(after.unwrap_or_default()), Bind::text(partner.as_str()), Bind::Int(limit.into())];
        self.list(rest, binds).await
    }

    async fn reviews(&self, asked: &ReviewQuery) -> Result<Vec<ReviewRow>, StoreError> {
        let mut found = self.reviews_in(asked, false).await?;
        found.extend(self.reviews_in(asked, true).await?);
        found.sort_by(|a, b| (b.at, &b.order, b.line).cmp(&(a.at, &a.order, a.line)));
        found.truncate(usize::try_from(asked.limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn note_access(&self, rows: &[AccessRow]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let width = AccessRow::COLUMNS.len();
        let (mut values, mut binds) = (Vec::new(), Vec::new());
        for row in rows {
            let marks: Vec<String> = (1..=width).map(|n| format!("${}", binds.len() + n)).collect();
            values.push(format!("({})", marks.join(", ")));
            binds.extend(super::sql_admin::binds(row));
        }
        let sql = format!("{}VALUES {}", sql::insert_head::<AccessRow>(), values.join(", "));
        self.0.write(sql, binds, &[]).await.map(drop)
    }

    async fn accesses(&self, asked: &AccessQuery) -> Result<Vec<AccessRow>, StoreError> {
        let mut q = WhereClause::new();
        for (column, wanted) in [("ord_id", &asked.order), ("cust_id", &asked.customer)] {
            if let Some(wanted) = wanted {
                q.and(&format!("t.{column} = ?"), vec![Bind::text(wanted)]);
            }
        }
        if let Some(before) = &asked.before {
            q.and("t.accs_id < ?", vec![Bind::text(before)]);
        }
        let rest = format!("{} ORDER BY t.accs_id DESC LIMIT {}", q.text, asked.limit);
        self.list(&rest, q.binds).await
    }
}
