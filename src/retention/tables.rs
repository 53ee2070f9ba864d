//! What becomes of each table. A test holds the list to the migrations: a table without a decision is red.

use std::time::Duration;

use super::{ACCESS_LOG, days};

/// What bounds a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableBound {
    /// it does not grow with sales: why
    Bounded(&'static str),
    /// rows go by age: the flag, what it is without it (`None`: for ever), the least that it takes, and what for
    Term { flag: &'static str, usual: Option<Duration>, least: Duration, why: &'static str },
    /// personal data: goes so long after an order's last change, or by request
    Person { flag: &'static str, least: &'static str, why: &'static str },
    /// `jumun archive` moves its rows
    Archived(&'static str),
    /// for ever: why
    Forever(&'static str),
}

/// The least that a log of accesses may be kept: one year (안전성 확보조치 기준 §8).
pub const ACCESS_LOG_MIN: Duration = days(365);
/// An audit that is gone within a year proves nothing.
pub const AUDIT_MIN: Duration = days(365);
/// Who is told of a failed delivery needs a week-end to act.
pub const LETTERS_MIN: Duration = days(7);
/// As long as a producer may send a command again.
pub const OUTCOMES_MIN: Duration = days(30);

const WITH_ORDER: TableBound = TableBound::Archived("with its order, once that has ended");
const GOODS: TableBound = TableBound::Bounded("grows with the catalogue, not with sales");

/// Every table.
pub const ALL: &[(&str, TableBound)] = &[
    ("tb_od_ord", WITH_ORDER),
    ("tb_od_ord_gds", WITH_ORDER),
    ("tb_od_ord_gft", WITH_ORDER),
    (
        "tb_od_ord_hist",
        TableBound::Archived(
            "with its order; a small row for each command stays, so that no id takes effect twice. Rows that keep the ids of \
             commands without an order go with `tb_sy_cmd`",
        ),
    ),
    ("tb_od_stlm", WITH_ORDER),
    ("tb_sc_crcd_aprv", WITH_ORDER),
    ("tb_od_rfnd", WITH_ORDER),
    ("tb_od_cncl", WITH_ORDER),
    ("tb_od_dlv_fee", WITH_ORDER),
    ("tb_od_dscnt_hist", WITH_ORDER),
    ("tb_od_pnt_hist", WITH_ORDER),
    ("tb_od_prcr", WITH_ORDER),
    ("tb_od_lnk", WITH_ORDER),
    ("tb_od_wybl", WITH_ORDER),
    ("tb_od_rtn", WITH_ORDER),
    ("tb_od_exch", WITH_ORDER),
    ("tb_od_rvw", WITH_ORDER),
    ("tb_sy_adit", WITH_ORDER),
    ("tb_sy_rsv", WITH_ORDER),
    (
        "tb_od_ord_prsn",
        TableBound::Person {
            flag: "--destroy-persons-after",
            least: "`--claim-window`",
            why: "개인정보 보호법 §21: destroyed when it is no longer needed. It stays apart from the archive",
        },
    ),
    (
        "tb_sc_pay_rgst",
        TableBound::Forever("a payment pays one order, for ever; a small row each, without personal data"),
    ),
    ("tb_pd_unt_ldgr", TableBound::Archived("by age, a SKU's last row excepted: the balances go on from it")),
    (
        "tb_sy_cmd",
        TableBound::Term {
            flag: "--keep-outcomes",
            usual: None,
            least: OUTCOMES_MIN,
            why: "the ids of commands without an order (goods, steps between lanes); one that comes again later is decided again",
        },
    ),
    (
        "tb_sy_door_adit",
        TableBound::Term {
            flag: "--keep-audit",
            usual: None,
            least: AUDIT_MIN,
            why: "privileged actions over HTTP, with their actors",
        },
    ),
    (
        "tb_sy_prsn_accs",
        TableBound::Term {
            flag: "--keep-access-log",
            usual: Some(ACCESS_LOG),
            least: ACCESS_LOG_MIN,
            why: "개인정보의 안전성 확보조치 기준 §8: one year, two from 50,000 people on",
        },
    ),
    (
        "tb_sy_hook_ltr",
        TableBound::Term {
            flag: "--keep-failed-deliveries",
            usual: None,
            least: LETTERS_MIN,
            why: "events that a receiver refused; they stay in the orders' histories",
        },
    ),
    (
        "tb_sy_arch",
        TableBound::Forever(
            "contents of the archive, by number and digest: a row per order, and a row per stretch of a ledger",
        ),
    ),
    ("tb_sy_otbx", TableBound::Bounded("the next commit after a step between lanes was sent deletes it")),
    ("tb_sy_lane", TableBound::Bounded("a row per partition")),
    ("tb_sy_meta", TableBound::Bounded("a row per fact")),
    ("tb_sy_hook", TableBound::Bounded("a row per webhook and partition")),
    ("tb_pd_unt", GOODS),
    ("tb_pd_gds", GOODS),
    ("tb_dv_dlv_tmpl", GOODS),
    ("tb_pt_ptnr", GOODS),
    ("tb_pt_ptnr_byr", TableBound::Bounded("a row per pair of partners that trade")),
    ("tb_pr_prm", GOODS),
    ("tb_pr_cmpn", GOODS),
    ("tb_pr_cmpn_trm", TableBound::Bounded("a row for each change of a campaign's allotment or limit")),
    ("tb_pr_gft_prm", GOODS),
    ("tb_pr_gft_prm_gds", GOODS),
    ("tb_pr_gft_prm_unt", GOODS),
];
