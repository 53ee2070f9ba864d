//! What the server's own user of the database may do, where the schema has another owner: read and write rows as the server
//! does, and change no table.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::unavailable;
use crate::store::{
    Batch, StoreError,
    row::{Row, Write},
    sql::{self, Visit, WriteMode},
};

const READS: &str = "SELECT";
const ADDS: &str = "SELECT, INSERT";
const CHANGES: &str = "SELECT, INSERT, UPDATE";
const ADDS_AND_DROPS: &str = "SELECT, INSERT, DELETE";

/// What commits don't write, or not only: the HTTP API's, the leases', what is erased or has been sent.
const OTHERS: &[(&str, &str)] = &[
    ("_sqlx_migrations", READS),
    ("tb_pd_unt", CHANGES),
    ("tb_sy_lane", CHANGES),
    ("tb_sy_meta", CHANGES),
    ("tb_sy_otbx", ADDS_AND_DROPS),
    ("tb_sy_hook", CHANGES),
    ("tb_sy_hook_ltr", "SELECT, INSERT, UPDATE (evnts), DELETE"),
    ("tb_od_ord_prsn", "SELECT, INSERT, UPDATE, DELETE"),
    // what was done and looked at: nobody changes a row of it. An entry goes when what it tells of did not come about, or
    // when its time is over, as an access does.
    ("tb_sy_adit", "SELECT, INSERT, UPDATE (adit_rsn)"),
    // words about persons go from it on request
    ("tb_od_ord_hist", "SELECT, INSERT, UPDATE (evnt)"),
    ("tb_sy_door_adit", ADDS_AND_DROPS),
    ("tb_sy_prsn_accs", ADDS_AND_DROPS),
    // the archive, which its owner fills: it is read, and words about persons go from it
    ("tb_sy_arch", "SELECT, UPDATE (row_cnt, row_dgst)"),
    ("tb_od_ord_arch", READS),
    ("tb_od_ord_gds_arch", READS),
    ("tb_od_ord_gft_arch", READS),
    ("tb_od_stlm_arch", READS),
    ("tb_sc_crcd_aprv_arch", READS),
    ("tb_od_dlv_fee_arch", READS),
    ("tb_od_dscnt_hist_arch", READS),
    ("tb_od_pnt_hist_arch", READS),
    ("tb_od_prcr_arch", READS),
    ("tb_od_lnk_arch", READS),
    ("tb_od_wybl_arch", READS),
    ("tb_od_rtn_arch", READS),
    ("tb_od_exch_arch", READS),
    ("tb_od_rvw_arch", READS),
    ("tb_sy_rsv_arch", READS),
    ("tb_pd_unt_ldgr_arch", READS),
    ("tb_od_rfnd_arch", "SELECT, UPDATE (rfnd_rsn)"),
    ("tb_od_cncl_arch", "SELECT, UPDATE (cncl_rsn)"),
    ("tb_sy_adit_arch", "SELECT, UPDATE (adit_rsn)"),
    ("tb_od_ord_hist_arch", "SELECT, UPDATE (evnt)"),
];

/// Each table with what the server does there.
fn rights() -> BTreeMap<&'static str, &'static str> {
    struct Tables(BTreeMap<&'static str, &'static str>);
    impl Visit for Tables {
        fn table<R: Row>(&mut self, _: &[R], _: WriteMode) {
            let does = match R::WRITE {
                Write::Insert => ADDS,
                Write::Upsert => CHANGES,
            };
            self.0.insert(R::TABLE, does);
        }
    }
    let mut tables = Tables(BTreeMap::new());
    sql::each_table(&Batch::default(), &[], &mut tables);
    tables.0.extend(OTHERS.iter().copied());
    tables.0
}

/// Gives a role its rights, and takes from it what it had beyond.
pub(super) async fn grant(mut connection: PgConnection, role: &str) -> Result<(), StoreError> {
    let named = !role.is_empty()
        && role.len() <= 63
        && role.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !named {
        return Err(StoreError::Unusable(format!("a role is lower-case letters, digits and _, not {role:?}")));
    }
    let refused = |why: String| Err(StoreError::Unusable(why));
    let found = "SELECT rolsuper OR pg_has_role(rolname, current_user, 'MEMBER') FROM pg_roles WHERE rolname = $1";
    let more: Option<bool> =
        sqlx::query_scalar(found).bind(role).fetch_optional(&mut connection).await.map_err(|e| unavailable(&e))?;
    match more {
        Some(false) => {}
        Some(true) => return refused(format!("the role {role} is the schema's owner, or may do what the owner may")),
        None => return refused(format!("there is no role {role}: CREATE ROLE {role} LOGIN PASSWORD '…'")),
    }
    let failed = |e: sqlx::Error| StoreError::Unusable(format!("the role {role} can't be given its rights: {e}"));
    let mut transaction = connection.begin().await.map_err(failed)?;
    let schema: String = sqlx::query_scalar("SELECT quote_ident(current_schema())")
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
    let mut all = vec![
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
        format!("REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"),
        format!("REVOKE CREATE ON SCHEMA {schema} FROM {role}"),
    ];
    all.extend(rights().into_iter().map(|(table, does)| format!("GRANT {does} ON {schema}.{table} TO {role}")));
    for sql in all {
        transaction.execute(AssertSqlSafe(sql)).await.map_err(failed)?;
    }
    let creates = "SELECT has_schema_privilege($1, current_schema(), 'CREATE')";
    let creates: bool = sqlx::query_scalar(creates).bind(role).fetch_one(&mut *transaction).await.map_err(failed)?;
    if creates {
        return refused(format!(
            "the role {role} may make tables all the same, as everybody may here: REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"
        ));
    }
    transaction.commit().await.map_err(failed)
}
