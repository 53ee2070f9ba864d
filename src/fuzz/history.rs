//! Stored histories, as a damaged database may hand them over.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    domain::{Time, order::Event},
    history::replay::{self, Folded},
    store::rows::HistRow,
};

/// A row of a history, a line of JSON each.
#[derive(Debug, Deserialize)]
struct Line<'a> {
    order: &'a str,
    no: i64,
    command: &'a str,
    version: i64,
    at: i64,
    status: &'a str,
    #[serde(borrow)]
    event: &'a RawValue,
}

/// Its rows; what is no row is a row less.
pub fn rows(data: &[u8]) -> Vec<HistRow> {
    let lines = data.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let row = |line: Line<'_>| {
        let event = line.event.get();
        #[derive(Deserialize)]
        struct Tag {
            r#type: String,
        }
        let kind = serde_json::from_str(event).map_or_else(|_| String::new(), |t: Tag| t.r#type);
        Some(HistRow {
            ord_id: line.order.into(),
            hist_no: line.no,
            cmd_id: line.command.into(),
            cmd_evnt_no: 0,
            cmd_dgst: "digest".into(),
            evnt_typ_cd: kind.into(),
            evnt_ver: line.version,
            evnt: event.into(),
            actr: "operator:test".into(),
            ord_stat_cd: line.status.to_owned().into(),
            ansr: None,
            strm_entr: None,
            hist_dttm: Time::from_timestamp_millis(line.at)?,
        })
    };
    lines.filter_map(|line| serde_json::from_slice(line).ok().and_then(row)).collect()
}

/// Folded, or an error: never an order out of a history with rows missing, doubled, mixed up or another's, and never money or
/// units that don't add up.
pub fn history(data: &[u8]) -> bool {
    let rows = rows(data);
    let Ok(Some(folded)) = replay::fold(&rows) else { return false };
    let order = &folded.order;
    for (row, no) in rows.iter().zip(1..) {
        assert!(row.hist_no == no && *row.ord_id == *order.id.as_str(), "a damaged history was folded: {row:?}");
    }
    assert_eq!(usize::try_from(order.version), Ok(rows.len()));
    for s in &order.settlements {
        assert!(s.balanced(), "{s:?}");
    }
    told(&folded, &rows);
    // what was read is written and read again as the same
    let rewritten: Vec<HistRow> = rows.iter().map(written).collect();
    let again = replay::fold(&rewritten);
    let Ok(Some(again)) = again else { panic!("{again:?}") };
    assert!(again.order == *order, "{again:#?} and {order:#?}");
    // and its beginning is a history, too
    let begun = replay::fold(&rows[..rows.len() - 1]);
    assert!(begun.is_ok_and(|b| b.is_some() == (rows.len() > 1)));
    true
}

/// Its commands are told again, each by the events that it has made.
fn told(folded: &Folded, rows: &[HistRow]) {
    let mut last = 0;
    for a in &folded.applied {
        assert!(a.first > last && a.version >= a.first, "{a:?}");
        last = a.first;
        assert!(rows.iter().any(|r| r.cmd_id == a.command_id), "{a:?}");
        let answer = replay::answer(a, folded.order.id.as_str(), 0, &a.digest, Arc::from("1-0"));
        assert!(answer.is_none_or(|told| told.command_id == a.command_id));
    }
}

fn written(row: &HistRow) -> HistRow {
    let event = Event::read(row.evnt_ver, &row.evnt);
    let json = event.as_ref().ok().and_then(|e| serde_json::to_string(e).ok());
    let Some(json) = json else { panic!("{event:?} can't be written") };
    HistRow { evnt: json.into(), ..row.clone() }
}
