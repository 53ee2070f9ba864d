//! The rows of one accepted one-line order paid by card: the same for every rival, and the same as jumun's.
//!
//! They are not written down here. A lane decides one placement, and what its batch writes is taken apart: a value that
//! differs from order to order becomes a field, the others stay as they are. So a column or a table that jumun gets is
//! a column or a table of the rivals, too.

use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use jumun::{
    domain::Time,
    store::{
        TableRef, UntRow,
        row::{Read, Row},
    },
};

use crate::support::{self, Lane, placement, shelf};

/// Units that the SKUs of the Redis-first rivals start with.
pub const TOTAL: i64 = 1_000_000_000;

/// What differs from order to order, with its type.
pub const FIELDS: [(&str, &str); 14] = [
    ("ord_id", "text"),
    ("cust_id", "text"),
    ("unt_id", "text"),
    ("qty", "bigint"),
    ("cmd_id", "text"),
    ("dgst", "text"),
    ("evnt", "text"),
    ("ansr", "text"),
    ("aprv_id", "text"),
    ("tkn", "text"),
    ("entr", "text"),
    ("rcvd", "timestamptz"),
    ("ldgr_no", "bigint"),
    ("stck", "bigint"),
];

/// One order.
#[derive(Debug, Clone)]
pub struct Order {
    pub ord_id: String,
    pub cust_id: String,
    pub unt_id: String,
    pub qty: i64,
    pub cmd_id: String,
    pub dgst: String,
    pub evnt: String,
    pub ansr: String,
    pub aprv_id: String,
    pub tkn: String,
    pub entr: String,
    pub rcvd: DateTime<Utc>,
    pub ldgr_no: i64,
    pub stck: i64,
}

impl Order {
    /// Order `n` of the run `tag`, for one unit of `unt_id`.
    pub fn new(rows: &Rows, tag: &str, n: u64, unt_id: &str, entr: &str, rcvd: DateTime<Utc>) -> Self {
        let mut order = Self {
            dgst: format!("{:032x}", u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)),
            cust_id: format!("u-{n}"),
            unt_id: unt_id.to_owned(),
            qty: 1,
            entr: entr.to_owned(),
            rcvd,
            ldgr_no: 0,
            stck: 0,
            ord_id: format!("o-{tag}-{n}"),
            cmd_id: format!("{tag}-{n}"),
            aprv_id: format!("a-{tag}-{n}"),
            tkn: format!("tok-{n}"),
            evnt: String::new(),
            ansr: String::new(),
        };
        (order.evnt, order.ansr) = (order.text(&rows.event), order.text(&rows.answer));
        order
    }

    /// A text with the order's own ids in it.
    fn text(&self, parts: &[Part]) -> String {
        parts.iter().fold(String::with_capacity(512), |mut text, part| {
            text.push_str(match part {
                Part::Same(same) => same,
                Part::Field("ord_id") => &self.ord_id,
                Part::Field("cust_id") => &self.cust_id,
                Part::Field("unt_id") => &self.unt_id,
                Part::Field("cmd_id") => &self.cmd_id,
                Part::Field("aprv_id") => &self.aprv_id,
                Part::Field("entr") => &self.entr,
                Part::Field(_) => &self.tkn,
            });
            text
        })
    }
}

/// A part of a text: one that is the same in every order's, or a field.
#[derive(Debug, Clone)]
enum Part {
    Same(String),
    Field(&'static str),
}

/// One table's row: columns, and values in which `{field}` stands for the order's.
#[derive(Debug)]
pub struct Insert {
    table: &'static str,
    columns: String,
    values: String,
}

/// What an order writes.
#[derive(Debug)]
pub struct Rows {
    /// all but the ledger's
    pub order: Vec<Insert>,
    /// needs the number that the stock's update gives
    pub ledger: Insert,
    event: Vec<Part>,
    answer: Vec<Part>,
}

/// The order that is taken apart.
const EXAMPLE: u64 = 7_777_777;

/// The example's texts that differ from order to order.
fn example(entry: &str) -> Vec<(String, &'static str)> {
    vec![
        (format!("c-{EXAMPLE:010}"), "cmd_id"),
        (format!("o-{EXAMPLE}"), "ord_id"),
        (format!("u-{EXAMPLE}"), "cust_id"),
        (format!("tok-{EXAMPLE}"), "tkn"),
        (format!("a-{EXAMPLE}"), "aprv_id"),
        ("sku-0".to_owned(), "unt_id"),
        (entry.to_owned(), "entr"),
    ]
}

/// Takes the text apart at the example's values.
fn parts(text: &str, example: &[(String, &'static str)]) -> Vec<Part> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((at, value, field)) = example
        .iter()
        .filter_map(|(value, field)| rest.find(value.as_str()).map(|at| (at, value, *field)))
        .min_by_key(|(at, ..)| *at)
    {
        if at > 0 {
            parts.push(Part::Same(rest[..at].to_owned()));
        }
        parts.push(Part::Field(field));
        rest = &rest[at + value.len()..];
    }
    if !rest.is_empty() {
        parts.push(Part::Same(rest.to_owned()));
    }
    parts
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A literal.
fn literal(value: &Read) -> String {
    match value {
        Read::Text(None) | Read::Int(None) | Read::Time(None) => "NULL".to_owned(),
        Read::Text(Some(text)) => quoted(text),
        Read::Int(Some(n)) => n.to_string(),
        Read::Bool(b) => b.to_string(),
        Read::Time(Some(time)) => quoted(&time.to_rfc3339()),
    }
}

/// The statement that writes one row as it stands, with `more` for some of its columns.
fn insert_with<R: Row>(row: &R, more: &[(&str, &str)]) -> (String, String) {
    let names: Vec<&str> = R::COLUMNS.iter().map(|(name, _)| *name).collect();
    let mut values = Vec::with_capacity(names.len());
    row.each(&mut |value| values.push(literal(&value.into())));
    for (value, name) in values.iter_mut().zip(&names) {
        if let Some((_, other)) = more.iter().find(|(column, _)| column == name) {
            (*other).clone_into(value);
        }
    }
    (format!("INSERT INTO {} ({})", R::TABLE, names.join(", ")), values.join(", "))
}

/// The product that the SKUs are of, and `s-0`, `s-1`, … with `$2` units each, `$1` of them.
pub fn shelf() -> [String; 2] {
    let sku = shelf::sku("s-0");
    let (head, values) = insert_with(&sku.product, &[]);
    let unit = UntRow { ldgr_no: 0, stck_qty: 0, ..sku.unit };
    let (unit_head, unit_values) = insert_with(&unit, &[("unt_id", "'s-' || i"), ("stck_qty", "$2")]);
    [format!("{head} VALUES ({values})"), format!("{unit_head} SELECT {unit_values} FROM generate_series(0, $1 - 1) i")]
}

/// What an order writes, learnt once from a lane.
pub fn rows() -> Result<&'static Rows> {
    static ROWS: OnceLock<Rows> = OnceLock::new();
    if let Some(rows) = ROWS.get() {
        return Ok(rows);
    }
    // a lane is of one thread, and this one may drive others' work
    let learnt = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        tokio::task::LocalSet::new().block_on(&runtime, learn())
    });
    let learnt = learnt.join().map_err(|_| anyhow::anyhow!("the lane that shows jumun's rows broke"))??;
    Ok(ROWS.get_or_init(|| learnt))
}

async fn learn() -> Result<Rows> {
    let mut lane = Lane::new(std::sync::Arc::new(shelf::Shelf), 10, 10);
    let sealed = lane.accepted([placement(EXAMPLE, 1)]).await?;
    let (mut order, mut ledger, mut event, mut answer) = (Vec::new(), None, Vec::new(), Vec::new());
    let lists = support::rows(&sealed, 1)?.written();
    let of = |name: &str, column: &str| {
        let (table, rows) = lists.iter().find(|(table, _)| table.name == name)?;
        let i = table.columns.iter().position(|(name, _)| *name == column)?;
        rows.first().map(|row| row[i].clone())
    };
    let Some(Read::Time(Some(received))) = of("tb_od_ord", "rcpt_dttm") else {
        bail!("the order says not when it was received");
    };
    let Some(Read::Text(Some(entry))) = of("tb_od_ord_hist", "strm_entr") else {
        bail!("the history names no entry");
    };
    let example = example(&entry);
    for (table, rows) in &lists {
        let [row] = rows.as_slice() else { bail!("{} has {} rows an order", table.name, rows.len()) };
        let insert = taken_apart(table, row, received, &example);
        if table.name == "tb_pd_unt_ldgr" {
            ledger = Some(insert);
        } else {
            order.push(insert);
        }
    }
    for (column, parts_of) in [("evnt", &mut event), ("ansr", &mut answer)] {
        if let Some(Read::Text(Some(text))) = of("tb_od_ord_hist", column) {
            *parts_of = parts(&text, &example);
        }
    }
    anyhow::ensure!(!event.is_empty() && order.len() >= 6, "an order writes {} tables", lists.len());
    Ok(Rows { order, ledger: ledger.context("an order writes no ledger row")?, event, answer })
}

/// A row's columns, with fields where its values are the example's own.
fn taken_apart(table: &TableRef, row: &[Read], received: Time, example: &[(String, &'static str)]) -> Insert {
    let value = |((column, _), value): (&(&'static str, _), &Read)| match (*column, value) {
        ("cmd_dgst", Read::Text(Some(_))) => "{dgst}".to_owned(),
        ("evnt", Read::Text(Some(_))) => "{evnt}".to_owned(),
        ("ansr", Read::Text(Some(_))) => "{ansr}".to_owned(),
        // the ledger's number and what is left come from the deduction
        ("ldgr_no" | "sold_qty", Read::Int(Some(_))) => "{ldgr_no}".to_owned(),
        ("stck_qty", Read::Int(Some(_))) => "{stck}".to_owned(),
        (_, Read::Text(Some(text))) => {
            let part = |part: Part| match part {
                Part::Same(same) => quoted(&same),
                Part::Field(field) => format!("{{{field}}}"),
            };
            parts(text, example).into_iter().map(part).collect::<Vec<_>>().join(" || ")
        }
        (_, Read::Time(Some(time))) => match (*time - received).num_milliseconds() {
            0 => "{rcvd}".to_owned(),
            ms => format!("{{rcvd}} + interval '{ms} milliseconds'"),
        },
        (_, other) => literal(other),
    };
    let values: Vec<String> = table.columns.iter().zip(row).map(value).collect();
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    Insert { table: table.name, columns: columns.join(", "), values: values.join(", ") }
}

/// The conditional deduction. Its `$1` is the SKU, `$2` the quantity.
pub const DEDUCT: &str = "UPDATE tb_pd_unt SET stck_qty = stck_qty - $2, sold_qty = sold_qty + $2, ldgr_no = ldgr_no + 1 \
                          WHERE unt_id = $1 AND stck_qty >= $2 RETURNING ldgr_no, stck_qty";

impl Insert {
    /// The values with each `{field}` written by `name`.
    fn render(&self, mut name: impl FnMut(&'static str) -> String) -> String {
        let mut values = self.values.clone();
        for (field, _) in FIELDS {
            let mark = format!("{{{field}}}");
            if values.contains(&mark) {
                values = values.replace(&mark, &name(field));
            }
        }
        values
    }

    /// A statement of its own: the SQL, and the fields that its parameters are.
    pub fn single(&self) -> (String, Vec<&'static str>) {
        let mut fields = Vec::new();
        let values = self.render(|field| {
            fields.push(field);
            let cast = FIELDS.iter().find(|(name, _)| *name == field).map_or("text", |(_, cast)| cast);
            format!("${}::{cast}", fields.len())
        });
        (format!("INSERT INTO {} ({}) VALUES ({values})", self.table, self.columns), fields)
    }

    /// A statement inside a function whose parameters are `p_{field}`.
    fn in_function(&self) -> String {
        let values = self.render(|field| format!("p_{field}"));
        format!("INSERT INTO {} ({}) VALUES ({values});", self.table, self.columns)
    }

    /// A part of a bulk statement, from the common table expression `o`.
    fn bulk(&self) -> String {
        let values = self.render(|field| format!("o.{field}"));
        format!("INSERT INTO {} ({}) SELECT {values} FROM o", self.table, self.columns)
    }
}

impl Rows {
    /// (c): all of an order in one call. The deduction comes after the inserts, so that the hot row's lock is held while
    /// one ledger row is written and the transaction committed, and no longer.
    pub fn function(&self) -> String {
        let parameters: Vec<String> = FIELDS
            .iter()
            .filter(|(name, _)| !matches!(*name, "ldgr_no" | "stck"))
            .map(|(name, cast)| format!("p_{name} {cast}"))
            .collect();
        let inserts: Vec<String> = self.order.iter().map(Insert::in_function).collect();
        let deduct = DEDUCT.replace("$1", "p_unt_id").replace("$2", "p_qty");
        format!(
            "CREATE FUNCTION versus_order({}) RETURNS boolean LANGUAGE plpgsql AS $body$
             DECLARE p_ldgr_no bigint; p_stck bigint;
             BEGIN
                 -- the cheapest refusal: nothing locked, nothing written
                 IF NOT EXISTS (SELECT 1 FROM tb_pd_unt WHERE unt_id = p_unt_id AND stck_qty >= p_qty) THEN
                     RETURN false;
                 END IF;
                 {}
                 {deduct} INTO p_ldgr_no, p_stck;
                 IF NOT FOUND THEN RAISE EXCEPTION 'sold out'; END IF;
                 {}
                 RETURN true;
             END $body$",
            parameters.join(", "),
            inserts.join("\n"),
            self.ledger.in_function(),
        )
    }

    /// (d): all of a batch in one statement.
    pub fn bulk(&self) -> String {
        let arrays: Vec<String> =
            FIELDS.iter().enumerate().map(|(i, (_, cast))| format!("${}::{cast}[]", i + 1)).collect();
        let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        let inserts: Vec<String> = self
            .order
            .iter()
            .chain([&self.ledger])
            .enumerate()
            .map(|(i, insert)| format!("i{i} AS ({})", insert.bulk()))
            .collect();
        format!(
            "WITH o AS MATERIALIZED (SELECT * FROM unnest({}) AS o({})), {},
             m AS (SELECT unt_id, sum(qty)::bigint AS qty, max(ldgr_no) AS ldgr_no FROM o GROUP BY unt_id)
             UPDATE tb_pd_unt u SET stck_qty = u.stck_qty - m.qty, sold_qty = u.sold_qty + m.qty,
                    ldgr_no = greatest(u.ldgr_no, m.ldgr_no)
             FROM m WHERE u.unt_id = m.unt_id",
            arrays.join(", "),
            names.join(", "),
            inserts.join(", "),
        )
    }
}
