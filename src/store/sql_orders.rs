//! Looking for orders, in SQL.

use super::{
    OrderQuery, StoreError,
    row::Row as _,
    rows::OrdRow,
    sql_archive::{beside, in_archive},
    sql_asked::{WhereClause, codes},
    sql_store::{Bind, Database, SqlStore},
};
use crate::domain::ids::PartnerId;

/// Whether a partner bought it: it was made for another order, or placed by the partner for itself. Customers' and partners'
/// ids are different name spaces.
const BY_PARTNER: &str = "(t.prnt_ord_id IS NOT NULL OR EXISTS (SELECT 1 FROM tb_od_ord_hist AS h \
    WHERE h.ord_id = t.ord_id AND h.hist_no = 1 AND h.actr IN ('partner:' || t.cust_id, 'seller:' || t.cust_id)))";

/// A way in which an order is a partner's.
struct Way {
    /// which orders
    orders: &'static str,
    /// which of their lines are its own; none: it is the whole order's
    lines: Option<&'static str>,
}

/// A partner's orders: it sells a line, it was asked for what another order lacked, or it bought for itself.
const PARTNERS: [Way; 3] = [
    Way {
        orders: "t.prnt_ord_id IS NULL AND t.ord_id IN (SELECT f.ord_id FROM tb_od_dlv_fee AS f WHERE f.ptnr_id = ? \
                 AND f.fee_knd_cd = 'ORDER')",
        lines: Some(
            "SELECT 1 FROM tb_od_ord_gds AS g JOIN tb_od_dlv_fee AS s ON s.ord_id = g.ord_id \
             AND s.dlv_fee_no = g.dlv_fee_no WHERE g.ord_id = t.ord_id AND s.ptnr_id = ?",
        ),
    },
    Way {
        orders: "t.ord_id IN (SELECT l.chld_ord_id FROM tb_od_lnk AS l WHERE l.ptnr_id = ?)",
        lines: Some("SELECT 1 FROM tb_od_ord_gds AS g WHERE g.ord_id = t.ord_id"),
    },
    Way { orders: "t.cust_id = ?", lines: None },
];

impl<D: Database> SqlStore<D> {
    /// Orders by what is asked, newest first.
    pub(super) async fn searched(&self, asked: &OrderQuery) -> Result<Vec<OrdRow>, StoreError> {
        let Some(partner) = &asked.partner else { return self.newest(asked, None).await };
        // each way by itself: no one plan is good for all of them, and for the biggest seller as for the smallest
        let mut found = Vec::new();
        for way in PARTNERS {
            found.extend(self.newest(asked, Some((&way, partner))).await?);
        }
        found.sort_unstable_by(|a, b| (b.rcpt_dttm, &b.ord_id).cmp(&(a.rcpt_dttm, &a.ord_id)));
        found.dedup_by(|a, b| a.ord_id == b.ord_id);
        found.truncate(usize::try_from(asked.limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// Orders as they are asked for, newest first; with a partner: those of it by this way.
    async fn newest(&self, asked: &OrderQuery, of: Option<(&Way, &PartnerId)>) -> Result<Vec<OrdRow>, StoreError> {
        let mut q = WhereClause::new();
        let codes = codes(&asked.statuses);
        let mut whole = true;
        if let Some((way, partner)) = of {
            let partner = || vec![Bind::text(partner.as_str())];
            q.and(way.orders, partner());
            match way.lines {
                Some(lines) if !codes.is_empty() => {
                    let values = if lines.contains('?') { partner() } else { Vec::new() };
                    q.and(&format!("EXISTS ({lines} AND g.ord_stat_cd IN ({codes}))"), values);
                    whole = false;
                }
                Some(_) => {}
                None => q.and(BY_PARTNER, Vec::new()),
            }
        }
        if let Some(customer) = &asked.customer {
            q.and("t.cust_id = ?", vec![Bind::text(customer.as_str())]);
            if asked.partner.is_none() {
                q.and(&format!("NOT {BY_PARTNER}"), Vec::new());
            }
        }
        if asked.placed {
            // a placement that other lanes refused has no lines
            q.and("EXISTS (SELECT 1 FROM tb_od_ord_gds AS g WHERE g.ord_id = t.ord_id)", Vec::new());
        }
        if whole && !codes.is_empty() {
            q.and(&format!("t.ord_stat_cd IN ({codes})"), Vec::new());
        }
        if let Some(from) = asked.placed_from {
            q.and("t.rcpt_dttm >= ?", vec![Bind::Time(from)]);
        }
        if let Some(before) = asked.placed_before {
            q.and("t.rcpt_dttm < ?", vec![Bind::Time(before)]);
        }
        if let Some((at, id)) = &asked.after {
            q.and("(t.rcpt_dttm, t.ord_id) < (?, ?)", vec![Bind::Time(*at), Bind::text(id.as_str())]);
        }
        q.binds.push(Bind::Int(asked.limit.into()));
        let rest = format!("{} ORDER BY t.rcpt_dttm DESC, t.ord_id DESC LIMIT ${}", q.text, q.binds.len());
        if asked.archived {
            return self.list_in(&beside(OrdRow::TABLE), &in_archive(&rest), q.binds).await;
        }
        self.list(&rest, q.binds).await
    }
}
