//! PostgreSQL. Everything about a session is set inside its transaction, so that a pooler between
//! (pgbouncer in transaction mode) does not matter.

mod parameters;
mod url;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use futures_util::FutureExt;
use sqlx::error::DatabaseError;
use sqlx::postgres::types::PgInterval;
use sqlx::postgres::{
    PgConnectOptions, PgDatabaseError, PgErrorPosition, PgRow, PgTypeInfo, PgTypeKind, PgValueRef,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Decode, Executor, PgConnection, Row, SqlSafeStr, Statement as _,
    Type, TypeInfo, ValueRef, raw_sql,
};
use std::fmt::Write;
use tokio::time::Instant;

use self::url::{Role, Servers};
use super::cells;
use super::database::driver::{Driver, Failure, Meaning};
use super::server::cells::{clock, day, single};
use super::server::{first_of, left, names, place, read, types};
use crate::metric::{Cell, FetchError, FetchErrorKind, Table};
use crate::source::params::{ParamForm, ParamValue};
use crate::source::sql::SqlConfig;
use crate::source::statement::Statement;
use crate::source::{OpenError, Request};

pub(super) struct Postgres {
    servers: Servers,
}

impl Postgres {
    pub(super) fn new(config: &SqlConfig) -> Result<Self, OpenError> {
        Ok(Self { servers: Servers::read(config)? })
    }

    /// The first server that answers and has a role.
    async fn first(&self, role: Role) -> Result<Option<PgConnection>, sqlx::Error> {
        let Servers { options, connect_timeout, .. } = &self.servers;
        first_of(options, *connect_timeout, |server| connect(server, role).boxed()).await
    }
}

/// A connection, if the server will do.
async fn connect(
    server: &PgConnectOptions,
    role: Role,
) -> Result<Option<PgConnection>, sqlx::Error> {
    let mut connection = server.connect().await?;
    let good = has_role(&mut connection, role).await?;
    Ok(good.then_some(connection))
}

/// Whether a server will do.
async fn has_role(connection: &mut PgConnection, role: Role) -> Result<bool, sqlx::Error> {
    if matches!(role, Role::Any | Role::PreferStandby) {
        return Ok(true);
    }
    let sql = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'";
    let row = raw_sql(sql).fetch_one(connection).await?;
    let is = |index| row.try_get_unchecked::<String, _>(index).map(|text| text == "t");
    let (standby, read_only) = (is(0)?, is(1)?);
    Ok(match role {
        Role::Primary => !standby,
        Role::Standby => standby,
        Role::ReadWrite => !read_only,
        Role::ReadOnly => read_only,
        Role::Any | Role::PreferStandby => true,
    })
}

impl Driver for Postgres {
    type Connection = PgConnection;

    fn target(&self) -> String {
        let mut places: Vec<String> = self.servers.options.iter().map(at).collect();
        places.dedup();
        let database = self.database().map(|name| format!("/{name}")).unwrap_or_default();
        format!("postgres at {}{database}", places.join(", "))
    }

    fn database(&self) -> Option<&str> {
        self.servers.options.first().and_then(|options| options.get_database())
    }

    async fn connect(&self) -> Result<PgConnection, Failure> {
        let found = match self.servers.role {
            Role::PreferStandby => match self.first(Role::Standby).await {
                Ok(Some(standby)) => Some(standby),
                _ => self.first(Role::Any).await?,
            },
            role => self.first(role).await?,
        };
        found.ok_or_else(|| {
            let message = format!("none of {} is what `target_session_attrs` wants", self.target());
            Failure::Refused(FetchError::new(FetchErrorKind::Unreachable, message))
        })
    }

    async fn begin(
        &self,
        connection: &mut PgConnection,
        request: &Request,
        deadline: Instant,
    ) -> Result<(), sqlx::Error> {
        let zone = request.timezone.name();
        let milliseconds = left(deadline).as_millis().clamp(1, i32::MAX as u128);
        let schemas = self.servers.search_path.as_ref();
        let schemas =
            schemas.map(|path| format!("; SET LOCAL search_path = {path}")).unwrap_or_default();
        let sql = format!(
            "BEGIN READ ONLY; SET LOCAL statement_timeout = {milliseconds}; \
             SET LOCAL TIME ZONE '{zone}'{schemas}"
        );
        raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop)
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        request: &Request,
        statement: &Statement,
        deadline: Instant,
    ) -> Result<Table, Failure> {
        let mut answer = ask(connection, request, statement).await;
        if let Err(Failure::Sql(error)) = &answer
            && is_lost_statement(error)
        {
            raw_sql("ROLLBACK").execute(&mut *connection).await?;
            self.begin(connection, request, deadline).await?;
            answer = ask(connection, request, statement).await;
        }
        let table = answer?;
        raw_sql("ROLLBACK").execute(&mut *connection).await?;
        Ok(table)
    }

    /// By SQLSTATE, see appendix A of the PostgreSQL manual.
    fn explain(&self, error: &dyn DatabaseError, statement: &Statement) -> Meaning {
        let code = error.code().unwrap_or_default();
        let hint = match &*code {
            // The same code stands for a cancel request by a person.
            "57014" if !error.message().contains("user request") => return Meaning::TimeLimit,
            "57P01" | "57P02" | "57P03" | "57P05" | "53300" => return Meaning::Unavailable,
            "28000" | "28P01" => return Meaning::Login,
            _ if code.starts_with("08") => return Meaning::Unavailable,
            "42703" => Some("is the column spelled as in the table?"),
            "42P01" => Some("is the table in the search path of this user? write schema.table"),
            "42501" => Some("the user of the source needs SELECT on what the query reads"),
            "25006" => Some("queries run read-only: only SELECT makes sense"),
            "3D000" => Some("the database is the part of the url after the last `/`"),
            _ => None,
        };
        let postgres = error.try_downcast_ref::<PgDatabaseError>();
        let place =
            postgres.and_then(PgDatabaseError::position).and_then(|position| match position {
                PgErrorPosition::Original(at) => Some(statement.place(at)),
                PgErrorPosition::Internal { .. } => None,
            });
        Meaning::Fault {
            place: place.map(|(line, column)| format!("line {line}, column {column} of the query")),
            hint: hint.or(postgres.and_then(PgDatabaseError::hint)).map(str::to_owned),
        }
    }
}

/// Where a server is.
fn at(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => place(options.get_host(), options.get_port()),
    }
}

/// The driver asks the server about types that it meets for the first time (enums, extensions), and
/// by that loses the unnamed statement that it has just prepared. The second time it knows them.
fn is_lost_statement(error: &sqlx::Error) -> bool {
    const INVALID_SQL_STATEMENT_NAME: &str = "26000";
    error.as_database_error().and_then(DatabaseError::code).as_deref()
        == Some(INVALID_SQL_STATEMENT_NAME)
}

async fn ask(
    connection: &mut PgConnection,
    request: &Request,
    statement: &Statement,
) -> Result<Table, Failure> {
    let sql = || AssertSqlSafe(statement.sql().to_owned()).into_sql_str();
    let mut query = sqlx::query(sql()).persistent(false);
    for param in statement.params() {
        query = match param.value(request) {
            ParamValue::Instant(instant) => query.bind(instant),
            ParamValue::Date(date) => query.bind(date),
            ParamValue::Unix(seconds) => query.bind(seconds),
        };
    }
    let rows = query.fetch(&mut *connection);
    let zone = request.timezone;
    let mut table =
        read(rows, &request.metric, |row: &PgRow, index| cell(row, index, zone)).await?;
    if table.rows.is_empty() {
        // Only rows tell their columns. Preparing names the statement, which must not be left
        // behind on a server connection that a pooler hands on.
        let given: Vec<PgTypeInfo> =
            statement.params().iter().map(|param| type_of(param.form)).collect();
        let prepared = connection.prepare_with(sql(), &given).await?;
        table.columns = names::<sqlx::Postgres>(prepared.columns());
        table.types = types::<sqlx::Postgres>(prepared.columns());
        raw_sql("DEALLOCATE ALL").execute(&mut *connection).await?;
    }
    Ok(table)
}

fn type_of(form: ParamForm) -> PgTypeInfo {
    match form {
        ParamForm::Instant => <DateTime<Utc> as Type<sqlx::Postgres>>::type_info(),
        ParamForm::Date => <NaiveDate as Type<sqlx::Postgres>>::type_info(),
        ParamForm::Unix => <i64 as Type<sqlx::Postgres>>::type_info(),
    }
}

fn cell(row: &PgRow, index: usize, zone: Tz) -> Result<Cell, sqlx::Error> {
    let value = row.try_get_raw(index)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let info = value.type_info().into_owned();
    Ok(decode(value, &info, zone).unwrap_or_else(|| Cell::Other(info.name().to_owned())))
}

/// `None` for types that are neither number, text nor time. All values are in the binary format;
/// see the `*_send` functions of the server for its layouts.
fn decode(value: PgValueRef<'_>, info: &PgTypeInfo, zone: Tz) -> Option<Cell> {
    let bytes = value.as_bytes().ok()?;
    let kind = info.name();
    let integer = || Some(i64::from_be_bytes(bytes.try_into().ok()?));
    Some(match kind {
        "INT2" => cells::integer(i16::from_be_bytes(bytes.try_into().ok()?)),
        "INT4" => cells::integer(i32::from_be_bytes(bytes.try_into().ok()?)),
        "INT8" => cells::integer(integer()?),
        "OID" => cells::integer(u32::from_be_bytes(bytes.try_into().ok()?)),
        "FLOAT4" => single(f32::from_be_bytes(bytes.try_into().ok()?)),
        "FLOAT8" => Cell::Number(f64::from_be_bytes(bytes.try_into().ok()?)),
        "NUMERIC" => numeric(bytes)?,
        "MONEY" => Cell::Other(MONEY.to_owned()),
        "BOOL" => cells::boolean(*bytes.first()? != 0),
        "TIME" => clock(integer()?),
        "INTERVAL" => interval(value)?,
        "DATE" => date(i32::from_be_bytes(bytes.try_into().ok()?))?,
        "TIMESTAMP" => {
            timestamp(integer()?, |instant| cells::local_time(instant.naive_utc(), zone))?
        }
        "TIMESTAMPTZ" => timestamp(integer()?, Cell::Instant)?,
        "UUID" => uuid(bytes),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "\"CHAR\"" | "UNKNOWN" => cells::text(bytes, kind),
        _ if matches!(info.kind(), PgTypeKind::Enum(_)) => cells::text(bytes, kind),
        _ if kind.eq_ignore_ascii_case("citext") => cells::text(bytes, kind),
        _ => return None,
    })
}

/// What a column of this type holds, in words. The server sends a whole number and does not say of
/// what: cents, or yen.
const MONEY: &str = "money, which `lc_monetary` of the server decides about: write `::numeric`";

/// Four digits at a time, the first of them `weight` groups before the point.
fn numeric(bytes: &[u8]) -> Option<Cell> {
    let word = |index: usize| bytes.get(index * 2..index * 2 + 2)?.try_into().ok();
    let groups = usize::from(u16::from_be_bytes(word(0)?));
    let weight = i32::from(i16::from_be_bytes(word(1)?));
    let decimals = usize::from(u16::from_be_bytes(word(3)?));
    let sign = match u16::from_be_bytes(word(2)?) {
        0 => "",
        0x4000 => "-",
        0xC000 => return Some(Cell::Number(f64::NAN)),
        0xD000 => return Some(Cell::Number(f64::INFINITY)),
        0xF000 => return Some(Cell::Number(f64::NEG_INFINITY)),
        _ => return None,
    };
    let group = |place: i32| match usize::try_from(place) {
        Ok(place) if place < groups => Some(u16::from_be_bytes(word(place + 4)?)),
        _ => Some(0),
    };
    let mut whole = String::new();
    for place in 0..=weight {
        let _ = write!(whole, "{:04}", group(place)?);
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let mut fraction = String::new();
    // Below zero for groups that a small number has before the first one that is sent.
    let mut place = weight + 1;
    while fraction.len() < decimals {
        let _ = write!(fraction, "{:04}", group(place)?);
        place += 1;
    }
    fraction.truncate(decimals);
    let point = if decimals == 0 { "" } else { "." };
    Some(cells::decimal(&format!("{sign}{whole}{point}{fraction}")))
}

/// In seconds, as `extract(epoch from ...)` counts them: a year has 365.25 days, a month that is left
/// over has 30.
fn interval(value: PgValueRef<'_>) -> Option<Cell> {
    let PgInterval { months, days, microseconds } =
        <PgInterval as Decode<sqlx::Postgres>>::decode(value).ok()?;
    let number = match (months, days, microseconds) {
        (i32::MAX, i32::MAX, i64::MAX) => f64::INFINITY,
        (i32::MIN, i32::MIN, i64::MIN) => f64::NEG_INFINITY,
        _ => {
            let days =
                f64::from(months / 12) * 365.25 + f64::from(months % 12) * 30.0 + f64::from(days);
            days * 86_400.0 + microseconds as f64 / 1e6
        }
    };
    Some(Cell::Number(number))
}

/// The words of the server for times that never come.
fn infinity(negative: bool) -> Cell {
    Cell::Text(if negative { "-infinity" } else { "infinity" }.to_owned())
}

/// Days since 2000; the extremes stand for the infinities.
fn date(days: i32) -> Option<Cell> {
    if matches!(days, i32::MIN | i32::MAX) {
        return Some(infinity(days < 0));
    }
    let epoch = NaiveDate::from_ymd_opt(2000, 1, 1)?;
    Some(day(epoch.checked_add_signed(TimeDelta::days(days.into()))?))
}

/// Microseconds since 2000, with infinities as in dates.
fn timestamp(micros: i64, cell: impl Fn(DateTime<Utc>) -> Cell) -> Option<Cell> {
    const EPOCH: i64 = 946_684_800_000_000;
    if matches!(micros, i64::MIN | i64::MAX) {
        return Some(infinity(micros < 0));
    }
    Some(cell(DateTime::from_timestamp_micros(micros.checked_add(EPOCH)?)?))
}

fn uuid(bytes: &[u8]) -> Cell {
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.extend(
            [byte >> 4, byte & 15]
                .map(|digit| char::from_digit(digit.into(), 16))
                .into_iter()
                .flatten(),
        );
    }
    Cell::Text(text)
}
