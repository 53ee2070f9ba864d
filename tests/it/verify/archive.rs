//! The archive is held to the promises as the live tables are: green after real work, red for every damage.

use std::sync::Arc;

use chrono::TimeDelta;
use jumun::{
    clock::{Clock as _, RealClock},
    store::{self, Store},
    tools::archive::{self, ArchiveRequest},
};

use super::{
    damage::{Case, case, on},
    report, unseen, work,
};

/// The order that was paid, partly cancelled and refunded is archived in all of its tables once it has ended.
fn cases() -> Vec<Case> {
    vec![
        case(
            "a line's amount is another",
            &["UPDATE tb_od_ord_gds_arch SET sl_upr = sl_upr + 1 WHERE ord_id = 'o-quit'"],
            &["R7"],
        ),
        case(
            "a word that no history tells is another",
            &[
                "UPDATE tb_sc_crcd_aprv_arch SET aprv_tkn = 'x' WHERE rowid = (SELECT min(rowid) FROM tb_sc_crcd_aprv_arch)",
            ],
            &["R7"],
        ),
        case(
            "a byte of an event is another",
            &["UPDATE tb_od_ord_hist_arch SET actr = 'x:y' WHERE ord_id = 'o-quit' AND hist_no = 2"],
            &["R7"],
        ),
        case(
            "an event is gone",
            &["DELETE FROM tb_od_ord_hist_arch WHERE ord_id = 'o-quit' AND hist_no = 2"],
            &["R2", "R3", "R7"],
        ),
        case("an order's row is gone", &["DELETE FROM tb_od_ord_arch WHERE ord_id = 'o-quit'"], &["R7"]),
        case(
            "a line is there twice",
            &[
                "INSERT INTO tb_od_ord_gds_arch SELECT ord_id, 99, unt_id, gds_id, ord_stat_cd, dlv_sub_stat_cd, main_gds_yn, \
               gft_incl_yn, gft_yn, main_ord_seq, gft_prm_id, gft_rsn_cd, org_ord_seq, ord_qty, cncl_qty, rtn_acpt_qty, rtn_qty, \
               exch_acpt_qty, exch_qty, dlv_qty, hold_qty, dduct_qty, cmpn_id, stck_plcy_cd, sl_upr, sl_tot_amt, prm_id, \
               prm_dscnt_amt, cpn_id, cpn_dscnt_amt, pay_amt, pnt_rate_bp, pnt_amt, dlv_fee_no, pre_rfnd_yn, rfnd_tmng_cd, \
               avg_lead_days, ship_inst_dttm, dlv_expt_dttm, dlv_prep_dttm, dlv_strt_dttm, dlv_cmpl_dttm, carr_dlv_cmpl_dttm, \
               rvn_dttm, indv_dlv_fee, bndl_yn, free_dlv_yn, ship_dttm, dlv_mthd_cd, stck_jdg_dttm, auto_cnfm_dttm \
               FROM tb_od_ord_gds_arch WHERE ord_id = 'o-quit'",
            ],
            &["R7", "R8"],
        ),
        case("an order is not on the list", &["DELETE FROM tb_sy_arch WHERE trgt_id = 'o-quit'"], &["R7"]),
        case(
            "the list has an order that is not there",
            &["INSERT INTO tb_sy_arch VALUES ('ORDER', 'o-nix', 1, 2, 9, 'x', 0)"],
            &["R7"],
        ),
        case(
            "nothing keeps an archived command's id",
            &["DELETE FROM tb_od_ord_hist WHERE ord_id = 'o-quit' AND hist_no = 2"],
            &["R2", "R7"],
        ),
        case(
            "nothing keeps an archived order from going on",
            &["DELETE FROM tb_od_ord_hist WHERE cmd_id = '~o-quit'"],
            &["R7"],
        ),
        case(
            "nothing stands for an archived order",
            &["DELETE FROM tb_od_ord_hist WHERE ord_id = 'o-quit'"],
            &["R2", "R7"],
        ),
        case(
            "an archived order is among the live ones, too",
            &["INSERT INTO tb_od_ord SELECT * FROM tb_od_ord_arch WHERE ord_id = 'o-quit'"],
            &["R7"],
        ),
        case(
            "a refund is gone",
            &["DELETE FROM tb_od_rfnd_arch WHERE rfnd_seq = 0 AND ord_id = 'o-gone'"],
            &["R7", "R8"],
        ),
        case("a ledger row is gone", &["DELETE FROM tb_pd_unt_ldgr_arch WHERE ldgr_no = 2"], &["R3", "R4", "R7"]),
        case(
            "a ledger row has another reason",
            &["UPDATE tb_pd_unt_ldgr_arch SET mvmt_rsn = 'x' WHERE ldgr_no = 1"],
            &["R7"],
        ),
        case(
            "a stretch of a ledger is not on the list",
            &["DELETE FROM tb_sy_arch WHERE arch_knd_cd = 'LEDGER'"],
            &["R7"],
        ),
        case(
            "an archived ledger row is among the live ones, too",
            &["INSERT INTO tb_pd_unt_ldgr SELECT * FROM tb_pd_unt_ldgr_arch WHERE ldgr_no = 1"],
            &["R3", "R4", "R7"],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_the_archive_is_red() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jumun.db");
    let url = format!("sqlite:{}", path.display());
    let log = work::memory_log();
    {
        let store: Arc<dyn Store> = store::open(&url).await.unwrap();
        let server = work::serve(&store, &log).await;
        work::run(&store, &log).await;
        work::cancel_whole(&store, &log, "o-gone").await;
        let at = RealClock.now();
        let asked = ArchiveRequest { before: at + TimeDelta::hours(1), at, dry_run: false };
        let moved = archive::run(&*store, asked).await.unwrap();
        assert!(moved.orders >= 4 && moved.ledger_rows > 10, "{moved:?}");
        let green = report(&store, Some(Arc::clone(&log))).await;
        assert!(green.holds() && green.archived == moved.orders, "{green:?}");
        server.stop().await;
    }
    let base = dir.path().join("base.db");
    on(&path, &[&format!("VACUUM INTO '{}'", base.display())]).await;
    let wrong = unseen(&base, dir.path(), cases()).await;
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
