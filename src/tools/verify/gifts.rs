//! Gifts are entitled: by the rows alone, and by no code that decides.

use super::{Findings, Promise};
use crate::store::rows::{GdsRow, GftRow};

/// Units of gifts that one promotion gave with one main line, against what it entitled to.
pub fn check(gds: &[GdsRow], gft: &[GftRow], f: &mut Findings) {
    let line = |no: i64| gds.iter().find(|g| g.ord_seq == no);
    let mut told: Vec<(i64, Option<&str>)> = Vec::new();
    for row in gft {
        let group = (row.main_ord_seq, row.gft_prm_id.as_deref());
        if told.contains(&group) {
            continue;
        }
        told.push(group);
        let same = || gft.iter().filter(|r| (r.main_ord_seq, r.gft_prm_id.as_deref()) == group);
        let gifts: Vec<&GdsRow> = same().filter_map(|r| line(r.ord_seq)).collect();
        let Some(main) = line(row.main_ord_seq) else { continue };
        let entitled = |units: i64| units.checked_div(row.main_qty).unwrap_or(0).saturating_mul(row.gft_qty);
        let asked: i64 = gifts.iter().map(|g| g.ord_qty).sum();
        // once a gift has left, or is in a claim, a main line that is cut can't call it back
        let stay = gifts.iter().all(|g| g.dlv_strt_dttm.is_none() && g.dlv_qty == 0 && g.rtn_acpt_qty == 0);
        let here = stay && gifts.iter().all(|g| !matches!(&*g.ord_stat_cd, "SHIPPED" | "PURCHASE_CONFIRMED"));
        // with all that the line was exchanged for: a unit counts where it is
        let root = |g: &GdsRow| g.org_ord_seq.unwrap_or(g.ord_seq);
        let chain = gds.iter().filter(|g| !g.gft_yn && root(g) == root(main));
        let units: i64 = chain.map(|g| g.ord_qty - g.cncl_qty - g.exch_qty).sum();
        let kept = gifts.iter().map(|g| g.ord_qty - g.cncl_qty).sum::<i64>();
        let alike = same().all(|r| (r.gft_qty, r.main_qty) == (row.gft_qty, row.main_qty));
        let holds = alike && asked <= entitled(main.ord_qty) && (!here || kept <= entitled(units));
        f.hold(Promise::R9, holds, || {
            format!(
                "order {}: line {} of {} units, {units} of them left, came with {asked} gifts, {kept} of them left; {} is \
                 for {} each",
                row.ord_id,
                main.ord_seq,
                main.ord_qty,
                row.gft_qty,
                row.main_qty
            )
        });
    }
    for row in gft {
        let gift = line(row.ord_seq).is_some_and(|g| g.gft_yn && g.main_ord_seq == Some(row.main_ord_seq));
        f.hold(Promise::R9, gift, || format!("order {}: line {} is entitled, and no gift", row.ord_id, row.ord_seq));
    }
}
