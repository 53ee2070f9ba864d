//! The rows of one accepted one-line order paid by card: the same for every rival, and the same as jumun's.
//!
//! Each table is described once, in terms of the order's fields, and rendered as single statements, as the body of a
//! function, or as parts of one bulk statement.

use chrono::{DateTime, Utc};

/// Units that the SKUs of the Redis-first rivals start with.
pub const TOTAL: i64 = 1_000_000_000;

/// What differs from order to order, with its type.
pub const FIELDS: [(&str, &str); 15] = [
    ("ord_id", "text"),
    ("cust_id", "text"),
    ("unt_id", "text"),
    ("qty", "bigint"),
    ("amt", "bigint"),
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
    pub amt: i64,
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
    pub fn new(tag: &str, n: u64, unt_id: &str, entr: &str, rcvd: DateTime<Utc>) -> Self {
        let (ord_id, cmd_id) = (format!("o-{tag}-{n}"), format!("{tag}-{n}"));
        let (aprv_id, tkn) = (format!("a-{tag}-{n}"), format!("tok-{n}"));
        Self {
            evnt: event(n, unt_id, &aprv_id, &tkn),
            ansr: format!(r#"{{"facts":{{"stock":[{{"sku_id":"{unt_id}","position":{n},"on_hand":{TOTAL}}}]}}}}"#),
            dgst: format!("{:032x}", u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)),
            cust_id: format!("u-{n}"),
            unt_id: unt_id.to_owned(),
            qty: 1,
            amt: 10_000,
            entr: entr.to_owned(),
            rcvd,
            ldgr_no: 0,
            stck: 0,
            ord_id,
            cmd_id,
            aprv_id,
            tkn,
        }
    }
}

/// The history's event, as jumun writes it.
fn event(n: u64, unt_id: &str, aprv_id: &str, tkn: &str) -> String {
    format!(
        r#"{{"type":"placed","customer_id":"u-{n}","lines":[{{"sku_id":"{unt_id}","product_id":"g-429566524aae","quantity":1,"unit_price":10000,"lead_time_days":2,"taken":1}}],"fees":[{{"partner_id":"p-load","template_id":"t-429566524aae","base":0,"amount":0,"reason":"FREE_GOODS"}}],"paid":[{{"means":"card","amount":10000,"approval_id":"{aprv_id}","token":"{tkn}"}}]}}"#
    )
}

/// One table's row: columns, and values in which `{field}` stands for the order's.
pub struct Insert {
    pub table: &'static str,
    pub columns: &'static str,
    pub values: &'static str,
}

/// Everything but the ledger, which needs the number that the stock's update gives.
pub const ORDER_ROWS: [Insert; 6] = [
    Insert {
        table: "tb_od_ord",
        columns: "ord_id, prtn_no, cust_id, ord_stat_cd, ord_ver, rcpt_dttm, part_alw_yn, gds_amt, dscnt_amt, \
                  dlv_fee_amt, ord_amt",
        values: "{ord_id}, 0, {cust_id}, 'ORDERED', 1, {rcvd}, false, {amt}, 0, 0, {amt}",
    },
    Insert {
        table: "tb_od_ord_gds",
        columns: "ord_id, ord_seq, unt_id, gds_id, ord_stat_cd, main_gds_yn, gft_incl_yn, gft_yn, ord_qty, cncl_qty, \
                  rtn_acpt_qty, rtn_qty, exch_acpt_qty, exch_qty, dlv_qty, hold_qty, dduct_qty, stck_plcy_cd, sl_upr, \
                  sl_tot_amt, prm_dscnt_amt, cpn_dscnt_amt, pay_amt, dlv_fee_no, pre_rfnd_yn, avg_lead_days, \
                  ship_inst_dttm, dlv_expt_dttm",
        values: "{ord_id}, 1, {unt_id}, 'g-1', 'ORDERED', true, false, false, {qty}, 0, 0, 0, 0, 0, 0, 0, {qty}, \
                 'HOLD', 10000, {amt}, 0, 0, {amt}, 1, false, 2, {rcvd} + interval '1 day', {rcvd} + interval '2 days'",
    },
    Insert {
        table: "tb_od_stlm",
        columns: "ord_id, stlm_no, pay_grp_no, pay_mns_cd, pay_mns_rel_id, expt_amt, pay_amt, rfnd_psbl_amt, \
                  rfnd_plan_amt, rfnd_excl_amt, rfnd_amt, pay_dttm",
        values: "{ord_id}, 1, 1, 'CARD', {aprv_id}, 0, {amt}, {amt}, 0, 0, 0, {rcvd}",
    },
    Insert {
        table: "tb_sc_crcd_aprv",
        columns: "aprv_id, ord_id, stlm_no, aprv_tkn, aprv_amt, aprv_dttm",
        values: "{aprv_id}, {ord_id}, 1, {tkn}, {amt}, {rcvd}",
    },
    Insert {
        table: "tb_od_dlv_fee",
        columns: "ord_id, dlv_fee_no, pay_grp_no, ptnr_id, dlv_tmpl_id, bas_fee_amt, fee_amt, rfnd_fee_amt, fee_rsn_cd",
        values: "{ord_id}, 1, 1, 'p-1', 't-1', 3000, 0, 0, 'FREE_GOODS'",
    },
    Insert {
        table: "tb_od_ord_hist",
        columns: "ord_id, hist_no, cmd_id, cmd_evnt_no, cmd_dgst, evnt_typ_cd, evnt_ver, evnt, actr, ord_stat_cd, \
                  ansr, strm_entr, hist_dttm",
        values: "{ord_id}, 1, {cmd_id}, 0, {dgst}, 'placed', 1, {evnt}, 'buyer', 'ORDERED', {ansr}, {entr}, {rcvd}",
    },
];

/// The stock ledger's row.
pub const LEDGER_ROW: Insert = Insert {
    table: "tb_pd_unt_ldgr",
    columns: "unt_id, ldgr_no, mvmt_cd, mvmt_qty, stck_dlt, hold_dlt, sold_dlt, stck_qty, hold_qty, sold_qty, cust_id, \
              cmpn_dlt, ord_id, ord_seq, cmd_id, mvmt_dttm",
    values: "{unt_id}, {ldgr_no}, 'DEDUCT', {qty}, -{qty}, 0, {qty}, {stck}, 0, {ldgr_no}, {cust_id}, 0, {ord_id}, 1, \
             {cmd_id}, {rcvd}",
};

/// The conditional deduction. Its `$1` is the SKU, `$2` the quantity.
pub const DEDUCT: &str = "UPDATE tb_pd_unt SET stck_qty = stck_qty - $2, sold_qty = sold_qty + $2, ldgr_no = ldgr_no + 1 \
                          WHERE unt_id = $1 AND stck_qty >= $2 RETURNING ldgr_no, stck_qty";

impl Insert {
    /// The statement with each `{field}` written by `name`.
    fn render(&self, mut name: impl FnMut(&'static str) -> String) -> String {
        let mut values = self.values.to_owned();
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
    pub fn in_function(&self) -> String {
        let values = self.render(|field| format!("p_{field}"));
        format!("INSERT INTO {} ({}) VALUES ({values});", self.table, self.columns)
    }

    /// A part of a bulk statement, from the common table expression `o`.
    pub fn bulk(&self) -> String {
        let values = self.render(|field| format!("o.{field}"));
        format!("INSERT INTO {} ({}) SELECT {values} FROM o", self.table, self.columns)
    }
}

/// (c): all of an order in one call. The deduction comes after the inserts, so that the hot row's lock is held while
/// one ledger row is written and the transaction committed, and no longer.
pub fn function() -> String {
    let parameters: Vec<String> = FIELDS
        .iter()
        .filter(|(name, _)| !matches!(*name, "ldgr_no" | "stck"))
        .map(|(name, cast)| format!("p_{name} {cast}"))
        .collect();
    let inserts: Vec<String> = ORDER_ROWS.iter().map(Insert::in_function).collect();
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
        LEDGER_ROW.in_function(),
    )
}

/// (d): all of a batch in one statement.
pub fn bulk() -> String {
    let arrays: Vec<String> = FIELDS.iter().enumerate().map(|(i, (_, cast))| format!("${}::{cast}[]", i + 1)).collect();
    let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
    let inserts: Vec<String> = ORDER_ROWS
        .iter()
        .chain([&LEDGER_ROW])
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
