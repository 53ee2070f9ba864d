//! What must be so: words, and what they look at.

use chrono::{DateTime, Datelike as _, FixedOffset, TimeDelta, Utc, Weekday};
use jumun::domain::Time;

use super::{
    books::{Books, Cells},
    pattern::{self, METHODS},
    scene::Call,
};

/// Every table that a check may name.
macro_rules! tables {
    () => {
        "lines|settlements|refunds|cancellations|fees|discounts|points|procurements|linked orders|waybills|returns|exchanges|reviews|audit entries|orders"
    };
}

/// Looks into the books; says what is not so.
pub type Look = fn(&Books, &Call) -> Result<(), String>;

pub const WORDS: &[(&str, Look)] = &[
    ("{order} is {status:code}", |b, c| {
        let order = c.order();
        let row = b.orders.iter().find(|o| *o.ord_id == *order).ok_or_else(|| format!("there is no {order}"))?;
        same("its status", &*row.ord_stat_cd, c.text("status"))
    }),
    ("{order} does not exist", |b, c| {
        let order = c.order();
        same("orders of that id", b.orders.iter().filter(|o| *o.ord_id == *order).count(), 0)
    }),
    ("{lines}[ of {order}] {be:is|are} {status:code}[ and {delivery:code}]", |b, c| {
        for no in c.lines() {
            let line = b.line(&c.order(), no)?;
            same("its status", &*line.ord_stat_cd, c.text("status"))?;
            if let Some(delivery) = c.may("delivery") {
                same("its delivery", line.dlv_sub_stat_cd.as_deref(), Some(delivery))?;
            }
        }
        Ok(())
    }),
    (
        "the {method}[ of {order}] {be:has|have} {a:won} refundable, {b:won} planned, {c:won} excluded and {d:won} refunded",
        |b, c| {
            let code = METHODS
                .iter()
                .find(|(said, _)| *said == c.text("method"))
                .map_or(String::new(), |m| m.1.to_uppercase());
            let rows = b.money.iter().filter(|s| *s.ord_id == *c.order() && s.pay_mns_cd == code);
            let terms: Vec<_> = rows.map(|s| [s.rfnd_psbl_amt, s.rfnd_plan_amt, s.rfnd_excl_amt, s.rfnd_amt]).collect();
            same("its terms", terms, vec![[c.won("a"), c.won("b"), c.won("c"), c.won("d")]])
        },
    ),
    (concat!("the {table:", tables!(), "}[ of {order}] are"), |b, c| {
        compare(&b.table(c.scene, c.text("table"), &c.order()), c)
    }),
    (concat!("there are no {table:", tables!(), "}[ of {order}]"), |b, c| {
        let rows = b.table(c.scene, c.text("table"), &c.order());
        if rows.is_empty() { Ok(()) } else { Err(format!("there are {rows:?}")) }
    }),
    ("{sku:name} has {a:n} on hand, {b:n} held and {c:n} sold", |b, c| {
        let sku = c.scene.sku(c.text("sku"));
        let unit = b.units.iter().find(|u| *u.unt_id == *sku).ok_or_else(|| format!("there is no {sku}"))?;
        same("its stock", [unit.stck_qty, unit.hold_qty, unit.sold_qty], [c.n("a"), c.n("b"), c.n("c")])
    }),
    ("{n} of {sku:name} came back, and {m:n} are sold net", |b, c| {
        let sku = c.scene.sku(c.text("sku"));
        let unit = b.units.iter().find(|u| *u.unt_id == *sku).ok_or_else(|| format!("there is no {sku}"))?;
        same("its figures", [unit.rstk_qty, unit.sold_qty - unit.rstk_qty], [c.n("n"), c.n("m")])
    }),
    ("the movements of {sku:name} are", |b, c| compare(&b.movements(c.scene, c.text("sku")), c)),
    ("{line}[ of {order}] is to ship {n} days after the order was received", |b, c| {
        let line = b.line(&c.order(), c.line())?;
        after_receipt(b, c, line.ship_inst_dttm)
    }),
    ("{line}[ of {order}] is expected {n} days after the order was received", |b, c| {
        let line = b.line(&c.order(), c.line())?;
        same("average lead days", line.avg_lead_days, c.n("n"))?;
        after_receipt(b, c, line.dlv_expt_dttm)
    }),
    (
        "the {what:preparation|start|delivery|carrier's own delivery|revenue} of {line}[ of {order}] {be:has a date|has no date}",
        |b, c| {
            let line = b.line(&c.order(), c.line())?;
            let date = match c.text("what") {
                "preparation" => line.dlv_prep_dttm,
                "start" => line.dlv_strt_dttm,
                "delivery" => line.dlv_cmpl_dttm,
                "revenue" => line.rvn_dttm,
                _ => line.carr_dlv_cmpl_dttm,
            };
            same("whether it has", date.is_some(), c.text("be") == "has a date")
        },
    ),
    ("the revenue of {line}[ of {order}] is of the moment of delivery", |b, c| {
        let line = b.line(&c.order(), c.line())?;
        same("its date", line.rvn_dttm, Some(line.dlv_cmpl_dttm.ok_or("it is not delivered")?))
    }),
    ("the revenue of {line}[ of {order}] is of the next business day", |b, c| {
        let line = b.line(&c.order(), c.line())?;
        let (delivered, revenue) = line.dlv_cmpl_dttm.zip(line.rvn_dttm).ok_or("it has no dates")?;
        let business = |at: Time| !matches!(korean(at).weekday(), Weekday::Sat | Weekday::Sun) && !holiday(c, at);
        let days = (revenue - delivered).num_days();
        same("its time of the day", delivered + TimeDelta::days(days), revenue)?;
        same(
            "business days from delivery on",
            (0..=days).filter(|n| business(delivered + TimeDelta::days(*n))).count(),
            1,
        )?;
        same("whether business is done then", business(revenue), true)
    }),
    ("the refusal names {fact:name} {value:name}", |_, c| fact(c, c.text("value"))),
    ("the answer names {fact:name} {value:name}", |_, c| fact(c, c.text("value"))),
    ("the answer leaves out {n} {sku:name} of {line}", |_, c| {
        let answer = c.scene.last.as_ref().ok_or("nothing was asked")?;
        let told = answer.facts.omitted_gifts.iter().map(|l| (l.line_no, l.sku_id.to_string(), i64::from(l.quantity)));
        same("what it leaves out", told.collect::<Vec<_>>(), vec![(c.line(), c.scene.sku(c.text("sku")), c.n("n"))])
    }),
    ("the answer leaves nothing out", |_, c| {
        let answer = c.scene.last.as_ref().ok_or("nothing was asked")?;
        same("what it leaves out", answer.facts.omitted_gifts.len(), 0)
    }),
    ("the answer plans refund {n}[ of {order}]", |_, c| {
        let answer = c.scene.last.as_ref().ok_or("nothing was asked")?;
        same("its refunds", answer.facts.refunds.clone(), vec![format!("rf:{}:{}", c.order(), c.n("n"))])
    }),
    ("the answer notes {note:words}", |_, c| {
        let answer = c.scene.last.as_ref().ok_or("nothing was asked")?;
        same("its note", answer.reason.as_deref(), Some(&*c.text("note").replace(' ', "_")))
    }),
];

fn same<A: PartialEq<B> + std::fmt::Debug, B: std::fmt::Debug>(what: &str, got: A, expected: B) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: {got:?}, not {expected:?}")) }
}

fn korean(at: Time) -> DateTime<FixedOffset> {
    at.with_timezone(&FixedOffset::east_opt(9 * 3_600).expect("nine hours"))
}

fn holiday(c: &Call, at: Time) -> bool {
    !c.scene.policy.holidays.is_business_day(korean(at).date_naive())
}

fn after_receipt(b: &Books, c: &Call, date: Option<DateTime<Utc>>) -> Result<(), String> {
    let order = c.order();
    let row = b.orders.iter().find(|o| *o.ord_id == *order).ok_or_else(|| format!("there is no {order}"))?;
    same("its date", date, Some(row.rcpt_dttm + TimeDelta::days(c.n("n"))))
}

fn fact(c: &Call, value: &str) -> Result<(), String> {
    let answer = c.scene.last.as_ref().ok_or("nothing was asked")?;
    let facts = serde_json::to_value(&answer.facts).expect("facts are JSON");
    let told = &facts[c.text("fact")];
    let told = told.as_str().map_or_else(|| told.to_string(), |s| c.scene.said(s));
    same("it names", told.as_str(), value)
}

/// A cell as it is compared: amounts without "won" and grouping.
fn plain(cell: &str) -> String {
    let (sign, rest) = cell.strip_prefix('-').map_or(("", cell), |rest| ("-", rest));
    let amount = pattern::won(rest).or_else(|| pattern::won(&format!("{rest} won")));
    amount.map_or_else(|| cell.to_owned(), |amount| format!("{sign}{amount}"))
}

/// The rows under the headings that the scenario names, in order.
fn compare(rows: &[Cells], c: &Call) -> Result<(), String> {
    let expected = c.rows();
    let heads: Vec<&str> = c.table.first().map(|h| h.iter().map(String::as_str).collect()).unwrap_or_default();
    let cut = |row: &Cells| -> Result<Vec<String>, String> {
        let cell = |h: &&str| row.iter().find(|(head, _)| head == h).map(|(_, cell)| cell.clone());
        heads.iter().map(|h| cell(h).ok_or_else(|| format!("there is no heading {h:?}"))).collect()
    };
    let got: Vec<Vec<String>> = rows.iter().map(cut).collect::<Result<_, _>>()?;
    let wanted: Vec<Vec<String>> = expected.iter().map(|r| r.iter().map(|(_, cell)| plain(cell)).collect()).collect();
    if got == wanted {
        return Ok(());
    }
    let show = |rows: &[Vec<String>]| {
        rows.iter().map(|r| format!("      | {} |", r.join(" | "))).collect::<Vec<_>>().join("\n")
    };
    Err(format!("they are\n      | {} |\n{}\n    not\n{}", heads.join(" | "), show(&got), show(&wanted)))
}
