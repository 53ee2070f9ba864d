//! Histories in SQL, and what they say of commands: of live orders, and of those in the archive.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use super::{
    Outcome, OutcomeOrder, StoreError,
    archive::ARCHIVED,
    row::{Read, Row as _, Type},
    rows::{Code, HistRow},
    sql_archive::{beside, in_archive},
    sql_store::{Bind, Database, SqlStore, next, texts},
};
use crate::domain::{
    Time,
    ids::{CommandId, OrderId},
};

impl<D: Database> SqlStore<D> {
    /// Histories, each in order, in the order of the orders' ids.
    pub(super) async fn histories(&self, ids: &[OrderId]) -> Result<Vec<Vec<HistRow>>, StoreError> {
        let rows: Vec<HistRow> = self.named("ord_id", ids.iter().map(OrderId::as_str)).await?;
        let (moved, mut rows): (Vec<HistRow>, Vec<HistRow>) = rows.into_iter().partition(HistRow::archived);
        if !moved.is_empty() {
            let moved: BTreeSet<&str> = moved.iter().map(|r| &*r.ord_id).collect();
            rows.extend(self.named_in(&beside(HistRow::TABLE), "ord_id", moved.into_iter()).await?);
            rows.sort_by(|a, b| (&a.ord_id, a.hist_no).cmp(&(&b.ord_id, b.hist_no)));
        }
        let mut orders: Vec<Vec<HistRow>> = Vec::new();
        for row in rows {
            match orders.last_mut().filter(|order| order.first().is_some_and(|first| first.ord_id == row.ord_id)) {
                Some(order) => order.push(row),
                None => orders.push(vec![row]),
            }
        }
        Ok(orders)
    }

    /// What was decided of a partition's orders within a stretch of time, newest first.
    pub(super) async fn between(
        &self,
        partition: u32,
        (from, until): (Time, Time),
        limit: u32,
    ) -> Result<Vec<(OrderId, i64, Time)>, StoreError> {
        let sql = "SELECT h.ord_id, h.hist_no, h.hist_dttm FROM tb_od_ord_hist AS h JOIN tb_od_ord AS o ON o.ord_id = h.ord_id \
                   WHERE h.hist_dttm >= $1 AND h.hist_dttm < $2 AND o.prtn_no = $3 \
                   ORDER BY h.hist_dttm DESC, h.ord_id, h.hist_no LIMIT $4";
        let binds = vec![Bind::Time(from), Bind::Time(until), Bind::Int(partition.into()), Bind::Int(limit.into())];
        let types = [Type::Text, Type::Int, Type::Time];
        let mut rows = self.0.read(sql.into(), binds.clone(), &types).await?;
        rows.extend(self.0.read(in_archive(sql), binds, &types).await?);
        let event = |row: Vec<Read>| {
            let mut values = row.into_iter();
            (OrderId::stored(&next::<String>(&mut values)), next::<i64>(&mut values), next::<Time>(&mut values))
        };
        let mut events: Vec<_> = rows.into_iter().map(event).collect();
        events.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| (&a.0, a.1).cmp(&(&b.0, b.1))));
        events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(events)
    }

    /// Outcomes of commands, of whatever they belong to.
    pub(super) async fn stored_outcomes(&self, ids: &[CommandId]) -> Result<Vec<Outcome>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut outcomes = self.order_outcomes(ids, false).await?;
        outcomes.extend(self.other_outcomes(ids).await?);
        let found: HashSet<&str> = outcomes.iter().map(|o| &*o.cmd_id).collect();
        let others: Vec<CommandId> = ids.iter().filter(|id| !found.contains(id.as_str())).cloned().collect();
        if !others.is_empty() {
            outcomes.extend(self.order_outcomes(&others, true).await?);
        }
        Ok(outcomes)
    }

    /// Outcomes of commands that belong to orders.
    async fn order_outcomes(&self, ids: &[CommandId], archived: bool) -> Result<Vec<Outcome>, StoreError> {
        let sql = format!(
            "SELECT h.cmd_id, h.cmd_dgst, o.prtn_no, h.ord_id, h.ord_stat_cd, h.hist_no, h.evnt_ver, h.evnt, \
             h.hist_dttm, h.ansr FROM tb_od_ord_hist AS h LEFT JOIN tb_od_ord AS o ON o.ord_id = h.ord_id \
             WHERE h.cmd_id {} AND h.ord_id < '~' AND h.evnt_typ_cd <> '{ARCHIVED}' ORDER BY h.cmd_id, h.cmd_evnt_no",
            D::IN
        );
        let sql = if archived { in_archive(&sql) } else { sql };
        use Type::{Int, Text};
        let types = [Text, Text, Int, Text, Text, Int, Int, Text, Type::Time, Text];
        let rows = self.0.read(sql, vec![texts(ids.iter().map(CommandId::as_str))], &types).await?;
        let mut outcomes: Vec<Outcome> = Vec::new();
        for values in rows {
            let mut values = values.into_iter();
            let (cmd_id, digest): (Arc<str>, Arc<str>) = (next(&mut values), next(&mut values));
            let partition: Option<i64> = next(&mut values);
            let (ord_id, status): (Arc<str>, Code) = (next(&mut values), next(&mut values));
            let event: (i64, i64, Arc<str>, Time) =
                (next(&mut values), next(&mut values), next(&mut values), next(&mut values));
            let answer: Option<Arc<str>> = next(&mut values);
            let order = Some(OutcomeOrder { ord_id, status, version: event.0 });
            match outcomes.last_mut().filter(|last| last.cmd_id == cmd_id) {
                Some(last) => {
                    last.order = order;
                    last.answer = last.answer.take().or(answer);
                    last.events.push(event);
                }
                None => {
                    let partition = partition_number(partition)?;
                    outcomes.push(Outcome { cmd_id, digest, partition, order, answer, events: vec![event] });
                }
            }
        }
        Ok(outcomes)
    }

    /// Outcomes of commands that belong to no order.
    async fn other_outcomes(&self, ids: &[CommandId]) -> Result<Vec<Outcome>, StoreError> {
        let sql = format!("SELECT cmd_id, cmd_dgst, prtn_no, ansr FROM tb_sy_cmd WHERE cmd_id {}", D::IN);
        let binds = vec![texts(ids.iter().map(CommandId::as_str))];
        let rows = self.0.read(sql, binds, &[Type::Text, Type::Text, Type::Int, Type::Text]).await?;
        let mut outcomes = Vec::with_capacity(rows.len());
        for values in rows {
            let mut values = values.into_iter();
            let (cmd_id, digest) = (next(&mut values), next(&mut values));
            let partition = partition_number(next(&mut values))?;
            let answer = next(&mut values);
            outcomes.push(Outcome { cmd_id, digest, partition, order: None, answer, events: Vec::new() });
        }
        Ok(outcomes)
    }
}

fn partition_number(stored: Option<i64>) -> Result<u32, StoreError> {
    stored
        .and_then(|n| u32::try_from(n).ok())
        .ok_or_else(|| StoreError::Unusable("an event without its order's row: the store is damaged".into()))
}
