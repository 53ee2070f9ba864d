//! Gifts are entitled: by the rows alone, and by no code that decides.

use super::{Findings, Promise, fold::FoldedRows, walk::Events};
use crate::{domain::order::event::Event, store::rows::GdsRow};

/// Units of gifts that one promotion gave with one main line, against what it entitled to.
pub fn check(stored: &FoldedRows, events: &Events, f: &mut Findings) {
    let (gds, gft) = (&stored.gds, &stored.gft);
    // returns that take gifts along which have not left; those of old took none, unless they took the last of the goods
    let told =
        |e: &Event| if let Event::ReturnCompleted { group, gifts_too: true, .. } = e { Some(*group) } else { None };
    let calling: Vec<i64> = events.iter().flatten().filter_map(told).map(i64::from).collect();
    let returned = |no: i64| -> i64 {
        let of = stored.rtn.iter().filter(|r| r.ord_seq == no && calling.contains(&r.rtn_grp_no));
        of.map(|r| r.rtn_qty).sum()
    };
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
        let called: i64 = chain.clone().map(|g| returned(g.ord_seq)).sum();
        let units: i64 = chain.map(|g| g.ord_qty - g.cncl_qty - g.exch_qty).sum::<i64>() - called;
        let free = |g: &GdsRow| g.ord_qty - g.cncl_qty - g.rtn_acpt_qty - g.exch_acpt_qty;
        let left = |g: &GdsRow| matches!(&*g.ord_stat_cd, "SHIPPED" | "PURCHASE_CONFIRMED");
        // since such a return, each that has not left is judged, whatever became of the others
        let (here, kept) = if called > 0 {
            (gifts.iter().any(|g| free(g) > 0 && !left(g)), gifts.iter().map(|g| free(g)).sum())
        } else {
            (here, gifts.iter().map(|g| g.ord_qty - g.cncl_qty).sum::<i64>())
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::order::{
            claim::ClaimReason,
            tests::{claims::procured, gifts::nine_of_ten_back, world::World},
        },
        tools::verify::fold::CheckedOrder,
    };

    /// What is found wrong with this history of the world's order.
    fn found(w: &World, history: &[Event]) -> Vec<String> {
        let (ord_id, mut told) = (w.id.shared(), None);
        for event in history {
            CheckedOrder::hear(&mut told, &ord_id, event, w.now).unwrap();
        }
        let (rows, mut f) = (told.unwrap().rows(0), Findings::new(9));
        check(&rows, &history.iter().cloned().map(Ok).collect(), &mut f);
        f.finish().into_iter().flat_map(|c| c.violations).collect()
    }

    #[test]
    fn returns_of_old_left_gifts_to_ship_and_those_of_now_do_not() {
        let w = nine_of_ten_back([0; 4], &procured());
        let now: Vec<Event> = w.history.iter().map(|(e, _)| e.clone()).collect();
        assert_eq!(found(&w, &now), Vec::<String>::new());
        // the gifts' own return, and all after it, never came to be
        let own = |e: &Event| matches!(e, Event::ReturnRequested(r) if r.reason == ClaimReason::MainGone);
        let mut left = now[..now.iter().position(own).unwrap()].to_vec();
        assert_eq!(found(&w, &left).len(), 1, "two gifts of one promotion");
        for event in &mut left {
            if let Event::ReturnCompleted { gifts_too, .. } = event {
                assert!(std::mem::take(gifts_too), "the return says so");
            }
        }
        assert_eq!(found(&w, &left), Vec::<String>::new(), "an order from before");
    }
}
