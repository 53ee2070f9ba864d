//! The committer: a batch in one statement, one round trip, one transaction.
//!
//! The statement is made of data-modifying CTEs over arrays, with the fence inside: every write selects from `fence`, so a
//! superseded owner writes nothing. Its text depends on which lists are not empty, and on which of their columns ever
//! differed within a batch: only those are arrays. They are unnested among the selected values, side by side: as a table,
//! PostgreSQL would keep a tuple store for each. Each form is prepared once.

use std::{collections::HashMap, sync::Arc, time::Instant};

use async_trait::async_trait;
use sqlx::{
    Arguments as _, AssertSqlSafe, Executor as _, PgConnection, Postgres, Row as _,
    error::BoxDynError,
    postgres::{PgArguments, PgDatabaseError, PgRow, PgSeverity},
};

use super::{arrays, session::Sessions};
use crate::store::{
    Batch, BatchEncoder, Commit, Committer, Done, EncodedBatch, External, StoreError,
    row::{Row, Type},
    sql::{self, FoldedBatch, Visit, WriteMode},
};

/// Forms of the statement that are remembered, here and on the server; more start over.
const FORMS_MAX: usize = 64;

/// Makes batches into statements.
#[derive(Default)]
pub struct PgEncoder {
    /// by which lists are not empty
    forms: HashMap<u64, Arc<str>>,
    /// of each list, the columns that are arrays; they only grow more, so that there are few forms
    arrays: Vec<u64>,
    /// the memory of the last commit's arrays, in their order
    buffers: Vec<Vec<u8>>,
}

/// A batch's statement.
struct Statement {
    sql: Arc<str>,
    arguments: PgArguments,
    external: Vec<External>,
}

impl PgEncoder {
    fn statement(&mut self, batch: &Batch) -> Result<Statement, StoreError> {
        let folded = sql::fold(batch);
        let bound = bind(batch, &folded, &mut self.arrays, &mut self.buffers).map_err(|e| {
            self.forms.clear(); // the columns may be arrays by now
            StoreError::Refused(format!("the batch can't be put into a statement: {e}"))
        })?;
        if bound.widened || self.forms.len() >= FORMS_MAX {
            self.forms.clear();
        }
        let (form, arguments) = (bound.form, bound.arguments);
        let made = self.forms.entry(form).or_insert_with(|| statement(form, &self.arrays, batch, &folded).into());
        Ok(Statement { sql: Arc::clone(made), arguments, external: folded.external })
    }
}

impl BatchEncoder for PgEncoder {
    fn encode(&mut self, batch: &Batch) -> Result<EncodedBatch, StoreError> {
        self.statement(batch).map(EncodedBatch::of)
    }
}

/// A lane's writer. Its connection is gone while a commit is under way, and comes back only when the outcome is known.
pub struct PgCommitter {
    sessions: Sessions,
    connection: Option<PgConnection>,
    /// when it was made
    made: Instant,
    /// the last commit's outcome is not known: it may still be under way in the server
    doubtful: bool,
    /// for batches that come as they are
    encoder: PgEncoder,
}

impl PgCommitter {
    /// A committer, connected.
    pub(super) async fn connect(sessions: Sessions) -> Result<Self, StoreError> {
        let sessions = sessions.with_statements(FORMS_MAX);
        let (connection, made) = (Some(sessions.connect().await?), Instant::now());
        Ok(Self { sessions, connection, made, doubtful: false, encoder: PgEncoder::default() })
    }

    /// Waits until no earlier commit is under way: it holds the lease's row until its end, and what it did is seen then.
    async fn alone(&self, connection: &mut PgConnection, partition: u32) -> Result<(), StoreError> {
        let lease = "SELECT epch FROM tb_sy_lane WHERE prtn_no = $1 FOR UPDATE";
        let query = sqlx::query(lease).bind(i64::from(partition));
        match tokio::time::timeout(self.sessions.patience, connection.fetch_all(query)).await {
            Ok(held) => held.map(drop).map_err(|e| super::unavailable(&e)),
            Err(_) => Err(StoreError::Unavailable(self.sessions.silence())),
        }
    }

    /// One commit. Nothing uses the connection again that a commit was given up on: it is closed, the outcome is unknown.
    async fn run(&mut self, partition: u32, statement: Statement) -> Result<Commit, StoreError> {
        let Statement { sql, arguments, external } = statement;
        let mut connection = match self.connection.take().filter(|_| !self.sessions.condemns(self.made)) {
            Some(connection) => connection,
            None => {
                let connection = self.sessions.connect().await?;
                self.made = Instant::now();
                connection
            }
        };
        if self.doubtful {
            self.alone(&mut connection, partition).await?;
            self.doubtful = false;
        }
        // read to the end: the rows come before the COMMIT, only ReadyForQuery comes after it
        let query = sqlx::query_with::<Postgres, _>(AssertSqlSafe(sql), arguments);
        let Ok(answered) = tokio::time::timeout(self.sessions.patience, connection.fetch_all(query)).await else {
            self.doubtful = true;
            return Err(StoreError::Unknown(self.sessions.silence()));
        };
        match answered {
            Ok(rows) => {
                self.connection = Some(connection);
                let row = rows.first().ok_or_else(|| StoreError::Unknown("no answer row".into()))?;
                answer(row, external).map_err(|e| StoreError::Unknown(format!("unreadable answer row: {e}")))
            }
            Err(error) => {
                let outcome = judge(&error);
                self.doubtful = matches!(outcome, Err(StoreError::Unknown(_)));
                if !self.doubtful {
                    self.connection = Some(connection);
                }
                outcome
            }
        }
    }
}

#[async_trait]
impl Committer for PgCommitter {
    async fn commit(&mut self, batch: &Batch) -> Result<Commit, StoreError> {
        let statement = self.encoder.statement(batch)?;
        self.run(batch.partition, statement).await
    }

    async fn commit_encoded(&mut self, batch: &Batch, encoded: EncodedBatch) -> Result<Commit, StoreError> {
        match encoded.form::<Statement>() {
            Some(statement) => self.run(batch.partition, *statement).await,
            None => self.commit(batch).await,
        }
    }
}

/// What an error says about the transaction.
fn judge(error: &sqlx::Error) -> Result<Commit, StoreError> {
    let Some(server) = error.as_database_error().and_then(|e| e.try_downcast_ref::<PgDatabaseError>()) else {
        return Err(StoreError::Unknown(error.to_string()));
    };
    let code = server.code();
    let said = format!("{} (SQLSTATE {code})", server.message());
    // a session that is ended (57P01 …) or a cancelled statement may have passed its COMMIT already
    if matches!(server.severity(), PgSeverity::Fatal | PgSeverity::Panic) || code.starts_with("57") {
        return Err(StoreError::Unknown(said));
    }
    match code {
        "23505" => Ok(Commit::Conflict(said)),
        // two lanes inserted the same ids, or somebody else has locks: rolled back, to be looked at again
        "40P01" | "40001" => Ok(Commit::Deadlock(said)),
        // a value that no column takes, a rule that a row breaks: that may be a command's own
        _ if code.starts_with("22") || code.starts_with("23") => Err(StoreError::Refused(said)),
        // whatever else it is (I/O, rights, limits, read only, damaged pages): rolled back, and the database's own trouble
        _ => Err(StoreError::Unavailable(said)),
    }
}

fn answer(row: &PgRow, mut external: Vec<External>) -> Result<Commit, sqlx::Error> {
    if !row.try_get::<bool, _>("ours")? {
        return Ok(Commit::Fenced);
    }
    let units: Vec<String> = row.try_get("ext_unt")?;
    let deltas: Vec<i64> = row.try_get("ext_dlt")?;
    external.extend(units.into_iter().zip(deltas).map(|(id, delta)| External { unt_id: id.into(), delta }));
    let known: Vec<String> = row.try_get("known")?;
    Ok(Commit::Done(Done { known: known.into_iter().map(Into::into).collect(), external }))
}

/// Memory of an array that is kept for the next commit.
const BUFFER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The bits of a form beyond the tables'.
const SENT: u64 = 1 << 62;
const REFUSED: u64 = 1 << 63;

struct Bound<'m> {
    next: usize,
    form: u64,
    arguments: PgArguments,
    arrays: &'m mut Vec<u64>,
    buffers: &'m mut Vec<Vec<u8>>,
    /// how many of them are used
    used: usize,
    /// a column became an array that was none in the forms so far
    widened: bool,
    error: Option<BoxDynError>,
}

impl Bound<'_> {
    fn add<'a>(&mut self, columns: impl IntoIterator<Item = arrays::ArrayColumn<'a>>) {
        for column in columns {
            if let Err(error) = self.arguments.add(&column) {
                self.error = Some(error);
            }
            if column.is_array() {
                let bytes = column.into_bytes();
                if bytes.capacity() > BUFFER_BYTES_MAX {
                    continue;
                }
                match self.buffers.get_mut(self.used) {
                    Some(buffer) => *buffer = bytes,
                    None => self.buffers.push(bytes),
                }
                self.used += 1;
            }
        }
    }
}

impl Visit for Bound<'_> {
    fn table<R: Row>(&mut self, rows: &[R], how: WriteMode) {
        let bound = match how {
            WriteMode::Bulk => true, // even when empty, so that there are few forms
            WriteMode::Usual => !rows.is_empty(),
        };
        if self.arrays.len() == self.next {
            self.arrays.push(0);
        }
        if bound {
            self.form |= 1 << self.next;
            let before = self.arrays[self.next];
            let mut buffers = self.buffers.iter_mut().skip(self.used);
            let columns = arrays::table(rows, before, || buffers.next().map(std::mem::take).unwrap_or_default());
            let bits = columns.iter().enumerate().filter(|(_, column)| column.is_array()).map(|(i, _)| 1 << i);
            let after = bits.fold(0, |all, bit: u64| all | bit);
            self.widened |= after != before;
            self.arrays[self.next] = after;
            self.arguments.reserve(columns.len(), columns.iter().map(arrays::ArrayColumn::len).sum());
            self.add(columns);
        }
        self.next += 1;
    }
}

/// The statement's form, and its arguments in the order of [`statement`].
fn bind<'m>(
    batch: &Batch,
    folded: &FoldedBatch<'_>,
    arrays: &'m mut Vec<u64>,
    buffers: &'m mut Vec<Vec<u8>>,
) -> Result<Bound<'m>, BoxDynError> {
    let arguments = PgArguments::default();
    let mut bound = Bound { next: 0, form: 0, arguments, arrays, buffers, used: 0, widened: false, error: None };
    bound.arguments.add(i64::from(batch.partition))?;
    bound.arguments.add(batch.epoch)?;
    let moves = folded.moves.iter();
    bound.add([
        arrays::texts(moves.clone().map(|m| &*m.unt_id)),
        arrays::ints(moves.clone().map(|m| m.stck_dlt)),
        arrays::ints(moves.clone().map(|m| m.hold_dlt)),
        arrays::ints(moves.clone().map(|m| m.sold_dlt)),
        arrays::ints(moves.clone().map(|m| m.ldgr_no)),
        arrays::ints(moves.clone().map(|m| m.expect_stck)),
        arrays::ints(moves.map(|m| m.rstk_dlt)),
    ]);
    sql::each_table(batch, &folded.units, &mut bound);
    for (ids, bit) in [(&batch.sent, SENT), (&batch.refused, REFUSED)] {
        if !ids.is_empty() {
            bound.form |= bit;
            bound.add([arrays::texts(ids.iter().map(|id| &**id))]);
        }
    }
    match bound.error.take() {
        Some(error) => Err(error),
        None => Ok(bound),
    }
}

struct Text<'m> {
    next: usize,
    form: u64,
    arrays: &'m [u64],
    parameter: usize,
    sql: String,
}

impl Text<'_> {
    fn push(&mut self, part: &str) {
        self.sql.push_str(part);
    }
}

impl Visit for Text<'_> {
    fn table<R: Row>(&mut self, _: &[R], how: WriteMode) {
        let bit = 1_u64 << self.next;
        let bits = self.arrays.get(self.next).copied().unwrap_or_default();
        self.next += 1;
        if self.form & bit == 0 {
            return;
        }
        let (mut values, mut arrays) = (Vec::new(), Vec::new());
        for (i, (name, kind)) in R::COLUMNS.iter().enumerate() {
            let kind = match kind {
                Type::Text => "text",
                Type::Int => "bigint",
                Type::Bool => "boolean",
                Type::Time => "timestamptz",
            };
            if bits & (1 << i) == 0 {
                values.push(format!("${}::{kind}", self.parameter));
            } else {
                values.push(format!("u.{name}"));
                arrays.push(format!("unnest(${}::{kind}[]) AS {name}", self.parameter));
            }
            self.parameter += 1;
        }
        let (head, tail) = (sql::insert_head::<R>(), sql::insert_tail::<R>(how));
        self.push(&format!(
            ", {}_{} AS ({head}SELECT {} FROM (SELECT {} FROM fence) AS u WHERE true{tail})",
            R::TABLE,
            self.next,
            values.join(", "),
            arrays.join(", "),
        ));
    }
}

/// The statement of a form.
fn statement(form: u64, arrays: &[u64], batch: &Batch, folded: &FoldedBatch<'_>) -> String {
    let mut text = Text { next: 0, form, arrays, parameter: 10, sql: String::with_capacity(16_384) };
    text.push(
        "WITH fence AS MATERIALIZED (SELECT 1 FROM tb_sy_lane WHERE prtn_no = $1 AND epch = $2 FOR SHARE), \
         moved AS (UPDATE tb_pd_unt AS u SET stck_qty = u.stck_qty + m.stck_dlt, hold_qty = u.hold_qty + m.hold_dlt, \
         sold_qty = u.sold_qty + m.sold_dlt, ldgr_no = m.ldgr_no, rstk_qty = u.rstk_qty + m.rstk_dlt \
         FROM (SELECT unnest($3::text[]) AS unt_id, unnest($4::bigint[]) AS stck_dlt, unnest($5::bigint[]) AS hold_dlt, \
         unnest($6::bigint[]) AS sold_dlt, unnest($7::bigint[]) AS ldgr_no, unnest($8::bigint[]) AS expect_stck, \
         unnest($9::bigint[]) AS rstk_dlt FROM fence) AS m \
         WHERE u.unt_id = m.unt_id RETURNING u.unt_id, u.stck_qty - m.expect_stck AS dlt)",
    );
    sql::each_table(batch, &folded.units, &mut text);
    if form & SENT != 0 {
        let parameter = text.parameter;
        text.parameter += 1;
        text.push(&format!(", sent AS (DELETE FROM tb_sy_otbx USING fence WHERE otbx_id = ANY(${parameter}::text[]))"));
    }
    // a move without its unit must roll everything back: the cast of the sentence to an integer fails, and names it
    text.push(
        " SELECT EXISTS (SELECT 1 FROM fence) AS ours, \
         (SELECT ('no such unit: ' || string_agg(m.unt_id, ', '))::integer FROM fence, unnest($3::text[]) AS m (unt_id) \
         WHERE NOT EXISTS (SELECT 1 FROM moved AS v WHERE v.unt_id = m.unt_id)) AS missing, \
         ARRAY(SELECT unt_id FROM moved WHERE dlt <> 0 ORDER BY unt_id) AS ext_unt, \
         ARRAY(SELECT dlt FROM moved WHERE dlt <> 0 ORDER BY unt_id) AS ext_dlt, ",
    );
    if form & REFUSED == 0 {
        text.push("'{}'::text[] AS known");
    } else {
        let ids = format!("cmd_id = ANY(${}::text[])", text.parameter);
        text.push(&format!(
            "ARRAY(SELECT cmd_id FROM tb_od_ord_hist WHERE {ids} AND cmd_evnt_no = 0 \
             UNION SELECT cmd_id FROM tb_sy_cmd WHERE {ids}) AS known"
        ));
    }
    text.sql
}
