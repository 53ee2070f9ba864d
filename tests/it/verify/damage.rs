//! Damage, as SQL on a copy of a database, and the promises that it breaks.

use std::path::Path;

use jumun::store::{
    row::{Row, Type},
    rows,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

pub struct Case {
    pub what: &'static str,
    pub sql: &'static [&'static str],
    pub red: &'static [&'static str],
}

/// Runs statements on a file, its CHECKs aside; how many rows the last one changed.
pub async fn on(path: &Path, sql: &[&str]) -> u64 {
    let options = SqliteConnectOptions::new().filename(path).pragma("ignore_check_constraints", "on");
    let mut connection = options.connect().await.unwrap();
    let mut changed = 0;
    for statement in sql {
        let done = sqlx::query(AssertSqlSafe((*statement).to_owned())).execute(&mut connection).await;
        changed = done.unwrap_or_else(|e| panic!("{statement}: {e}")).rows_affected();
    }
    connection.close().await.unwrap();
    changed
}

/// A table that follows the histories, with all columns that they decide, and a statement that changes all of these in all its
/// rows.
pub struct Table {
    pub name: &'static str,
    pub columns: Vec<&'static str>,
    pub sql: String,
}

fn table<R: Row>(undecided: &[&str]) -> Table {
    let decided = |name: &&str| !R::KEY.contains(name) && !undecided.contains(name);
    let told: Vec<_> = R::COLUMNS.iter().filter(|(name, _)| decided(name)).collect();
    let change = |&&(name, kind): &&(&str, Type)| match kind {
        Type::Text => format!("{name} = coalesce({name}, '') || 'x'"),
        Type::Int => format!("{name} = coalesce({name}, 0) + 1"),
        Type::Bool => format!("{name} = NOT {name}"),
        Type::Time => format!("{name} = coalesce({name}, 0) + 1000"),
    };
    let changes: Vec<String> = told.iter().map(change).collect();
    let sql = format!("UPDATE {} SET {}", R::TABLE, changes.join(", "));
    Table { name: R::TABLE, columns: told.iter().map(|(name, _)| *name).collect(), sql }
}

/// All tables that follow the histories.
pub fn tables() -> Vec<Table> {
    vec![
        // which partition it is in, another check looks at
        table::<rows::OrdRow>(&["prtn_no"]),
        table::<rows::GdsRow>(&[]),
        table::<rows::GftRow>(&[]),
        table::<rows::StlmRow>(&[]),
        // tokens are in no event
        table::<rows::AprvRow>(&["aprv_tkn"]),
        table::<rows::CnclRow>(&[]),
        table::<rows::FeeRow>(&[]),
        table::<rows::DscntRow>(&[]),
        table::<rows::PntRow>(&[]),
        table::<rows::PrcrRow>(&[]),
        table::<rows::LnkRow>(&[]),
        table::<rows::WyblRow>(&[]),
        table::<rows::RtnRow>(&[]),
        table::<rows::ExchRow>(&[]),
        table::<rows::RvwRow>(&[]),
        // whose it is, is by what its history is found
        table::<rows::RfndRow>(&["ord_id"]),
    ]
}

pub const fn case(what: &'static str, sql: &'static [&'static str], red: &'static [&'static str]) -> Case {
    Case { what, sql, red }
}

/// What each promise must see.
pub fn cases() -> Vec<Case> {
    vec![
        case(
            "a command's events do not begin at 0",
            &["UPDATE tb_od_ord_hist SET cmd_evnt_no = 7 WHERE ord_id = 'o-paid' AND hist_no = 1"],
            &["R2"],
        ),
        case(
            "a command took effect in an order and outside",
            &[
                "INSERT INTO tb_sy_cmd SELECT cmd_id, cmd_dgst, 'x', 0, actr, NULL, NULL, hist_dttm FROM tb_od_ord_hist \
               WHERE ord_id = 'o-paid' AND hist_no = 1",
            ],
            &["R2"],
        ),
        case(
            "nothing keeps the id of a command of no order from being used again",
            &[
                "DELETE FROM tb_od_ord_hist WHERE ord_id IN (SELECT ord_id FROM tb_od_ord_hist WHERE ord_id >= '~' LIMIT 1)",
            ],
            &["R2"],
        ),
        case(
            "an id is kept for a command of no order whose outcome is gone",
            &["DELETE FROM tb_sy_cmd WHERE cmd_id IN (SELECT cmd_id FROM tb_od_ord_hist WHERE ord_id >= '~' LIMIT 1)"],
            &["R2"],
        ),
        case(
            "an id is kept for other content than the outcome's",
            &["UPDATE tb_od_ord_hist SET cmd_dgst = 'x' WHERE ord_id IN \
               (SELECT ord_id FROM tb_od_ord_hist WHERE ord_id >= '~' LIMIT 1)"],
            &["R2"],
        ),
        case(
            "a command took effect in two orders",
            &["UPDATE tb_od_ord_hist SET cmd_evnt_no = 1, cmd_id = (SELECT cmd_id FROM tb_od_ord_hist \
               WHERE ord_id = 'o-exp' AND hist_no = 1) WHERE ord_id = 'o-quit' AND hist_no = 2"],
            &["R2"],
        ),
        case(
            "units on hand from nowhere",
            &["UPDATE tb_pd_unt SET stck_qty = stck_qty + 1 WHERE unt_id LIKE 'sku0%'"],
            &["R3"],
        ),
        case(
            "units held for nobody",
            &["UPDATE tb_pd_unt SET hold_qty = hold_qty + 1 WHERE unt_id LIKE 'sku0%'"],
            &["R3"],
        ),
        case(
            "the last movement is lost",
            &["DELETE FROM tb_pd_unt_ldgr WHERE unt_id LIKE 'sku0%' AND ldgr_no = (SELECT max(ldgr_no) \
               FROM tb_pd_unt_ldgr WHERE unt_id LIKE 'sku0%')"],
            &["R3"],
        ),
        case(
            "a movement in the middle is lost",
            &["DELETE FROM tb_pd_unt_ldgr WHERE unt_id LIKE 'sku0%' AND ldgr_no = 3"],
            &["R3", "R4"],
        ),
        case(
            "a running balance is wrong",
            &["UPDATE tb_pd_unt_ldgr SET stck_qty = stck_qty + 1 WHERE unt_id LIKE 'sku0%' AND ldgr_no = 2"],
            &["R3", "R4"],
        ),
        case(
            "a movement does not move what it says",
            &["UPDATE tb_pd_unt_ldgr SET mvmt_qty = 9 WHERE unt_id LIKE 'sku0%' AND ldgr_no = 2"],
            &["R3", "R4"],
        ),
        case(
            "what came back is miscounted",
            &["UPDATE tb_pd_unt SET rstk_qty = rstk_qty + 1 WHERE unt_id LIKE 'sku1%'"],
            &["R3"],
        ),
        case("a SKU is gone", &["DELETE FROM tb_pd_unt WHERE unt_id LIKE 'sku1%'"], &["R3"]),
        case("a sale sold more than was allotted", &["UPDATE tb_pr_cmpn SET alot_qty = 4"], &["R3"]),
        case("a customer got more than the limit", &["UPDATE tb_pr_cmpn SET cust_lmt_qty = 1"], &["R3"]),
        case(
            "a sale sold more than was allotted, by all that is kept of its terms",
            &["UPDATE tb_pr_cmpn SET alot_qty = 4", "UPDATE tb_pr_cmpn_trm SET alot_qty = 4"],
            &["R3"],
        ),
        case(
            "a customer got more than the limit, by all that is kept of its terms",
            &["UPDATE tb_pr_cmpn SET cust_lmt_qty = 1", "UPDATE tb_pr_cmpn_trm SET cust_lmt_qty = 1"],
            &["R3"],
        ),
        case("a sale's terms are gone", &["DELETE FROM tb_pr_cmpn_trm"], &["R3"]),
        case("terms of no sale", &["INSERT INTO tb_pr_cmpn_trm VALUES ('none', 1, 0, 1, NULL)"], &["R3"]),
        case(
            "a movement that the model refuses",
            &[
                "INSERT INTO tb_pd_unt_ldgr SELECT unt_id, ldgr_no + 1, 'RECEIVE', 0, 0, 0, 0, stck_qty, hold_qty, sold_qty, \
                 NULL, NULL, 0, NULL, NULL, 'c-nothing', NULL, mvmt_dttm FROM tb_pd_unt_ldgr WHERE unt_id LIKE 'sku1%' \
                 ORDER BY ldgr_no DESC LIMIT 1",
                "UPDATE tb_pd_unt SET ldgr_no = ldgr_no + 1 WHERE unt_id LIKE 'sku1%'",
            ],
            &["R4"],
        ),
        case("a lease without an epoch", &["UPDATE tb_sy_lane SET epch = 0 WHERE prtn_no = 0"], &["R6"]),
        case("a partition that nobody ever owned", &["DELETE FROM tb_sy_lane WHERE prtn_no = 0"], &["R6"]),
        case("a SKU in another partition", &["UPDATE tb_pd_unt SET prtn_no = 1 WHERE unt_id LIKE 'sku0%'"], &["R6"]),
        case("an order's row differs", &["UPDATE tb_od_ord SET cust_id = 'u-9' WHERE ord_id = 'o-paid'"], &["R7"]),
        case("an order's row is lost", &["DELETE FROM tb_od_ord WHERE ord_id = 'o-paid'"], &["R7"]),
        case(
            "a fee differs",
            &["UPDATE tb_od_dlv_fee SET bas_fee_amt = bas_fee_amt + 1 WHERE ord_id = 'o-paid'"],
            &["R7"],
        ),
        case(
            "an approval differs",
            &["UPDATE tb_sc_crcd_aprv SET aprv_amt = aprv_amt + 1 WHERE ord_id = 'o-paid'"],
            &["R7"],
        ),
        case("a discount is lost", &["DELETE FROM tb_od_dscnt_hist WHERE ord_id = 'o-paid'"], &["R7"]),
        case("points are lost", &["DELETE FROM tb_od_pnt_hist WHERE ord_id = 'o-paid'"], &["R7"]),
        case("a cancellation is lost", &["DELETE FROM tb_od_cncl WHERE ord_id = 'o-paid'"], &["R7", "R8"]),
        case(
            "a line of no order",
            &[
                "CREATE TEMP TABLE t AS SELECT * FROM tb_od_ord_gds WHERE ord_id = 'o-paid' LIMIT 1",
                "UPDATE t SET ord_id = 'o-pb'",
                "INSERT INTO tb_od_ord_gds SELECT * FROM t",
            ],
            &["R7"],
        ),
        case(
            "an event says another type",
            &["UPDATE tb_od_ord_hist SET evnt_typ_cd = 'x' WHERE ord_id = 'o-dep' AND hist_no = 1"],
            &["R7"],
        ),
        case(
            "an event of a version to come",
            &["UPDATE tb_od_ord_hist SET evnt_ver = 99 WHERE ord_id = 'o-quit' AND hist_no = 2"],
            &["R7"],
        ),
        case(
            "the last event is lost, and its hold with it",
            &["DELETE FROM tb_od_ord_hist WHERE ord_id = 'o-quit' AND hist_no = 2"],
            &["R3", "R7"],
        ),
        case(
            "the first event is lost",
            &["DELETE FROM tb_od_ord_hist WHERE ord_id = 'o-quit' AND hist_no = 1"],
            &["R7"],
        ),
        case(
            "a settlement out of balance",
            &["UPDATE tb_od_stlm SET rfnd_psbl_amt = rfnd_psbl_amt + 1 WHERE ord_id = 'o-paid' AND stlm_no = 1"],
            &["R7", "R8"],
        ),
        case(
            "an order's amount is not its parts'",
            &["UPDATE tb_od_ord SET ord_amt = ord_amt - 1 WHERE ord_id = 'o-dep'"],
            &["R7", "R8"],
        ),
        case(
            "an order owes what it does not",
            &["UPDATE tb_od_ord SET due_amt = due_amt + 1 WHERE ord_id = 'o-dep'"],
            &["R7", "R8"],
        ),
        case(
            "a fee went back that the order's amount has still",
            &["UPDATE tb_od_dlv_fee SET rfnd_fee_amt = rfnd_fee_amt + 1 WHERE ord_id = 'o-dep'"],
            &["R7", "R8"],
        ),
        case(
            "a placement said another total",
            &[
                "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"total\":', '\"total\":1') WHERE ord_id = 'o-dep' AND hist_no = 1",
            ],
            &["R8"],
        ),
        case(
            "a line kept other terms",
            &["UPDATE tb_od_ord_gds SET bndl_yn = NOT bndl_yn WHERE ord_id = 'o-dep'"],
            &["R7"],
        ),
        case(
            "money given back twice",
            &[
                "CREATE TEMP TABLE t AS SELECT * FROM tb_od_rfnd WHERE ord_id = 'o-paid' AND rfnd_stat_cd = 'REFUNDED' LIMIT 1",
                "UPDATE t SET rfnd_seq = 9",
                "INSERT INTO tb_od_rfnd SELECT * FROM t",
            ],
            &["R7", "R8"],
        ),
        case(
            "a refund's request is lost",
            &["DELETE FROM tb_od_rfnd WHERE ord_id = 'o-paid' AND rfnd_seq = 0"],
            &["R7", "R8"],
        ),
        case("a refund is lost wholly", &["DELETE FROM tb_od_rfnd WHERE ord_id = 'o-paid'"], &["R7"]),
        case(
            "paid less than was due",
            &[
                "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"amount\":500,', '\"amount\":499,') WHERE ord_id = 'o-s1' AND hist_no = 2",
            ],
            &["R7", "R8"],
        ),
        case(
            "more cancelled than ordered",
            &["UPDATE tb_od_ord_gds SET cncl_qty = ord_qty + 1 WHERE ord_id = 'o-dep'"],
            &["R7", "R9"],
        ),
        case(
            "a history whose numbers make no sense",
            &[
                "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"quantity\":2', '\"quantity\":9') WHERE ord_id = 'o-now' AND evnt_typ_cd = 'cut'",
            ],
            &["R7"],
        ),
        case(
            "the buyer cancelled after preparation",
            &[
                "INSERT INTO tb_od_ord_hist SELECT ord_id, hist_no + 1, 'forged-00001', 0, cmd_dgst, 'cut', evnt_ver, '{\"type\":\"cut\",\"group\":1,\"cause\":\"BUYER\",\"lines\":[{\"line_no\":1,\"quantity\":1,\"amount\":0,\"released\":0}],\"fees\":[],\"refunds\":[]}', actr, 'CANCELLED', NULL, NULL, hist_dttm FROM tb_od_ord_hist WHERE ord_id = 'o-prep' AND evnt_typ_cd = 'prepared'",
            ],
            &["R7", "R10"],
        ),
        case(
            "an order got only part",
            &[
                "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"taken\":2', '\"taken\":1') WHERE ord_id = 'o-s1' AND hist_no = 1",
            ],
            &["R3", "R7", "R11"],
        ),
        case("a reservation is lost", &["DELETE FROM tb_sy_rsv WHERE ord_id = 'o-xkeep'"], &["R3", "R11"]),
        case("a reservation of no order", &["UPDATE tb_sy_rsv SET ord_id = 'o-zz' WHERE ord_id = 'o-xexp'"], &["R11"]),
        case(
            "a failed placement is still held elsewhere",
            &["UPDATE tb_sy_rsv SET rsv_stat_cd = 'HELD' WHERE ord_id = 'o-xno'"],
            &["R11"],
        ),
        case(
            "a return says that more came back",
            &["UPDATE tb_od_rtn SET clct_qty = 2, rtn_qty = 2 WHERE ord_id = 'o-proc' AND rtn_grp_no = 1"],
            &["R7"],
        ),
        case(
            "units accepted for return that no return has",
            &["UPDATE tb_od_ord_gds SET rtn_acpt_qty = 0 WHERE ord_id = 'o-proc' AND ord_seq = 1"],
            &["R7", "R9"],
        ),
        case("a waybill is lost", &["DELETE FROM tb_od_wybl WHERE ord_id = 'o-proc' AND wybl_no = '2'"], &["R7"]),
        case("an exchange is lost", &["DELETE FROM tb_od_exch WHERE ord_id = 'o-exch'"], &["R7"]),
        case(
            "an exchange took its money twice",
            &["UPDATE tb_od_ord_gds SET pay_amt = pay_amt + 1 WHERE ord_id = 'o-exch' AND ord_seq = 2"],
            &["R7", "R8"],
        ),
        case(
            "a procurement is forgotten",
            &["DELETE FROM tb_od_prcr WHERE ord_id = 'o-proc' AND prcr_no = 2"],
            &["R7"],
        ),
        case(
            "a linked order's news was lost",
            &[
                "DELETE FROM tb_od_ord_hist WHERE ord_id = 'o-lost' AND evnt_typ_cd IN ('link_changed', 'cut', 'procurement_cancelled')",
            ],
            // the partner's yes is one command of several events: one of them is missing; and what was planned to go back has no refund
            &["R2", "R3", "R7", "R8", "R11"],
        ),
        case(
            "a linked order nobody knows",
            &[
                "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"order_id\":\"o-proc\"', '\"order_id\":\"o-other\"') WHERE ord_id = 'o-child' AND hist_no = 1",
            ],
            &["R7", "R11"],
        ),
        case("what entitled to a gift is lost", &["DELETE FROM tb_od_ord_gft WHERE ord_id = 'o-gift'"], &["R7"]),
        case(
            "the goods were entitled to fewer gifts, by their history too",
            &[
                "UPDATE tb_od_ord_gft SET gft_qty = 1 WHERE ord_id = 'o-gift'",
                "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"entitled\":{\"gifts\":2', '\"entitled\":{\"gifts\":1') WHERE ord_id = 'o-gift' AND hist_no = 1",
            ],
            &["R9"],
        ),
        case(
            "a gift stayed though its goods were judged away",
            &["UPDATE tb_od_ord_gds SET cncl_qty = 1 WHERE ord_id = 'o-gift' AND ord_seq = 2"],
            &["R7", "R9"],
        ),
        case(
            "more units of a return are in the books than came, by its history",
            &[
                "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"unsellable\":1', '\"unsellable\":2') WHERE ord_id = 'o-proc' AND evnt_typ_cd = 'return_completed'",
            ],
            // more than was sold came back, then; and the rows follow their history
            &["R3", "R7", "R9"],
        ),
        case("an audit row is missing", &["DELETE FROM tb_sy_adit WHERE ord_id = 'o-exch'"], &["R13"]),
        case(
            "an audit row tells of what was not done",
            &["UPDATE tb_sy_adit SET adit_knd_cd = 'GIFT_ADDED' WHERE ord_id = 'o-exch'"],
            &["R13"],
        ),
        case(
            "a placement still waits",
            &["DELETE FROM tb_od_ord_hist WHERE ord_id = 'o-xno' AND hist_no > 1"],
            &["R3", "R7", "R11"],
        ),
    ]
}
