//! The committer: a batch in one transaction on the process's only write connection.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use sqlx::{
    Arguments as _, AssertSqlSafe, Executor as _, Row as _, Sqlite, SqliteConnection, error::BoxDynError,
    error::ErrorKind, sqlite::SqliteArguments,
};

use super::{Writer, primary_code, values};
use crate::store::{
    Batch, Commit, Committer, Done, External, StoreError, UnitMove,
    row::Row,
    sql::{self, Visit, WriteMode},
};

/// Rows a statement: few sizes, so that each statement is prepared once. The widest table has 41 columns: 512 rows stay
/// below SQLite's 32,766 parameters.
const CHUNKS: [usize; 4] = [512, 64, 8, 1];

/// A lane's writer; the lanes of a process take turns on one connection.
pub struct SqliteCommitter {
    writer: Arc<Writer>,
    texts: Texts,
}

impl SqliteCommitter {
    /// A committer on the shared connection.
    pub fn new(writer: Arc<Writer>) -> Self {
        Self { writer, texts: Texts::default() }
    }
}

/// Why a transaction was given up before its COMMIT.
enum Stop {
    Fenced,
    Missing(String),
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Stop::Failed(error)
    }
}

#[async_trait]
impl Committer for SqliteCommitter {
    async fn commit(&mut self, batch: &Batch) -> Result<Commit, StoreError> {
        let folded = sql::fold(batch);
        let mut inserts = Inserts { texts: &mut self.texts, made: Vec::new(), error: None };
        sql::each_table(batch, &folded.units, &mut inserts);
        let Inserts { made, error, .. } = inserts;
        let unbindable = |e: BoxDynError| StoreError::Refused(format!("the batch can't be bound: {e}"));
        if let Some(error) = error {
            return Err(unbindable(error));
        }
        let sets = Sets {
            sent: values::set(batch.sent.iter().map(|id| &**id)).map_err(unbindable)?,
            refused: values::set(batch.refused.iter().map(|id| &**id)).map_err(unbindable)?,
        };

        let mut slot = self.writer.connection.lock().await;
        let mut connection = self.writer.take(&mut slot).await?;
        match work(&mut connection, &mut self.texts, batch, &folded.moves, made, sets).await {
            Ok(mut done) => match connection.execute("COMMIT").await {
                Ok(_) => {
                    *slot = Some(connection);
                    done.external.extend(folded.external);
                    Ok(Commit::Done(done))
                }
                // busy: nothing was written; the dropped connection rolls back
                Err(error) if primary_code(&error) == Some(5) => Err(StoreError::Unavailable(error.to_string())),
                Err(error) => Err(StoreError::Unknown(error.to_string())),
            },
            Err(stop) => {
                // a connection that can't roll back is dropped, which rolls back too
                if connection.execute("ROLLBACK").await.is_ok() {
                    *slot = Some(connection);
                }
                judge(stop)
            }
        }
    }
}

/// What a failure before COMMIT means: the transaction did not happen.
fn judge(stop: Stop) -> Result<Commit, StoreError> {
    let error = match stop {
        Stop::Fenced => return Ok(Commit::Fenced),
        Stop::Missing(unit) => return Err(StoreError::Refused(format!("no such unit: {unit}"))),
        Stop::Failed(error) => error,
    };
    match error.as_database_error().map(|e| e.kind()) {
        Some(ErrorKind::UniqueViolation) => return Ok(Commit::Conflict(error.to_string())),
        Some(ErrorKind::CheckViolation | ErrorKind::NotNullViolation) => {
            return Err(StoreError::Refused(error.to_string()));
        }
        _ => {}
    }
    match primary_code(&error) {
        // too big, a rule that a row breaks, another type: that may be a command's own
        Some(18..=20) => Err(StoreError::Refused(error.to_string())),
        // whatever else it is (busy, read only, I/O, full, damaged): the database's own trouble
        Some(_) | None => Err(StoreError::Unavailable(error.to_string())),
    }
}

struct Sets {
    sent: String,
    refused: String,
}

type Insert = (Arc<str>, SqliteArguments);

/// All of the transaction but its COMMIT.
async fn work(
    connection: &mut SqliteConnection,
    texts: &mut Texts,
    batch: &Batch,
    moves: &[&UnitMove],
    inserts: Vec<Insert>,
    sets: Sets,
) -> Result<Done, Stop> {
    connection.execute("BEGIN IMMEDIATE").await?;
    let fence = sqlx::query::<Sqlite>("SELECT 1 FROM tb_sy_lane WHERE prtn_no = $1 AND epch = $2");
    let fence = fence.bind(i64::from(batch.partition)).bind(batch.epoch);
    if fence.fetch_optional(&mut *connection).await?.is_none() {
        return Err(Stop::Fenced);
    }
    let known = if batch.refused.is_empty() { Vec::new() } else { known(connection, sets.refused).await? };
    for (sql, arguments) in inserts {
        sqlx::query_with::<Sqlite, _>(AssertSqlSafe(sql), arguments).execute(&mut *connection).await?;
    }
    let external = move_units(connection, texts, moves).await?;
    if !batch.sent.is_empty() {
        let sent = "DELETE FROM tb_sy_otbx WHERE otbx_id IN (SELECT value FROM json_each($1))";
        sqlx::query::<Sqlite>(sent).bind(sets.sent).execute(&mut *connection).await?;
    }
    Ok(Done { known, external })
}

async fn known(connection: &mut SqliteConnection, ids: String) -> Result<Vec<Arc<str>>, sqlx::Error> {
    let sql = "SELECT cmd_id FROM tb_od_ord_hist WHERE cmd_id IN (SELECT value FROM json_each($1)) \
               AND cmd_evnt_no = 0 \
               UNION SELECT cmd_id FROM tb_sy_cmd WHERE cmd_id IN (SELECT value FROM json_each($1))";
    let rows = sqlx::query::<Sqlite>(sql).bind(ids).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get::<String, _>(0).map(Into::into)).collect()
}

/// Moves the balances; what other systems did to them meanwhile.
async fn move_units(
    connection: &mut SqliteConnection,
    texts: &mut Texts,
    moves: &[&UnitMove],
) -> Result<Vec<External>, Stop> {
    let mut after: BTreeMap<String, i64> = BTreeMap::new();
    for chunk in chunks(moves) {
        let mut arguments = SqliteArguments::default();
        for step in chunk {
            let bound = arguments.add(&*step.unt_id).and_then(|()| {
                [step.stck_dlt, step.hold_dlt, step.sold_dlt, step.ldgr_no, step.rstk_dlt]
                    .into_iter()
                    .try_for_each(|n| arguments.add(n))
            });
            bound.map_err(sqlx::Error::Encode)?;
        }
        let sql = texts.get("moves", chunk.len(), false, || {
            format!(
                "WITH m (id, stck, hold, sold, no, rstk) AS ({}) UPDATE tb_pd_unt AS u SET \
                 stck_qty = u.stck_qty + m.stck, hold_qty = u.hold_qty + m.hold, sold_qty = u.sold_qty + m.sold, \
                 ldgr_no = m.no, rstk_qty = u.rstk_qty + m.rstk FROM m WHERE u.unt_id = m.id RETURNING unt_id, stck_qty",
                rows_of(6, chunk.len())
            )
        });
        let query = sqlx::query_with::<Sqlite, _>(AssertSqlSafe(sql), arguments);
        for row in query.fetch_all(&mut *connection).await? {
            after.insert(row.try_get(0)?, row.try_get(1)?);
        }
    }
    let mut external = Vec::new();
    for step in moves {
        let stck = after.get(&*step.unt_id).ok_or_else(|| Stop::Missing(step.unt_id.to_string()))?;
        if *stck != step.expect_stck {
            external.push(External { unt_id: step.unt_id.clone(), delta: stck - step.expect_stck });
        }
    }
    Ok(external)
}

/// Statements by table and number of rows.
#[derive(Default)]
struct Texts(HashMap<(&'static str, usize, bool), Arc<str>>);

impl Texts {
    fn get(&mut self, name: &'static str, rows: usize, new: bool, make: impl FnOnce() -> String) -> Arc<str> {
        Arc::clone(self.0.entry((name, rows, new)).or_insert_with(|| make().into()))
    }
}

/// `VALUES (?,?),(?,?)…`
fn rows_of(columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    format!("VALUES {}", vec![row.as_str(); rows].join(","))
}

/// Cuts rows into pieces of the known sizes, largest first.
fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = CHUNKS.into_iter().find(|&size| size <= rows.len())?;
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        Some(chunk)
    })
}

struct Inserts<'a> {
    texts: &'a mut Texts,
    made: Vec<Insert>,
    error: Option<BoxDynError>,
}

impl Visit for Inserts<'_> {
    fn table<R: Row>(&mut self, rows: &[R], how: WriteMode) {
        for chunk in chunks(rows) {
            let mut arguments = SqliteArguments::default();
            arguments.reserve(chunk.len() * R::COLUMNS.len(), 0);
            for row in chunk {
                row.each(&mut |value| {
                    if let Err(error) = values::add(&mut arguments, value) {
                        self.error = Some(error);
                    }
                });
            }
            let sql = self.texts.get(R::TABLE, chunk.len(), how == WriteMode::Bulk, || {
                let rows = rows_of(R::COLUMNS.len(), chunk.len());
                format!("{}{rows}{}", sql::insert_head::<R>(), sql::insert_tail::<R>(how))
            });
            self.made.push((sql, arguments));
        }
    }
}
