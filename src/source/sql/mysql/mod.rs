//! MySQL and MariaDB.

mod incorrect;
mod mentions;
mod numbers;
mod url;
mod zone;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use futures_util::FutureExt;
use sqlx::error::DatabaseError;
use sqlx::mysql::types::{MySqlTime, MySqlTimeSign};
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlRow, MySqlValueRef};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection as _, Decode, Executor, MySqlConnection, Row,
    SqlSafeStr, Statement as _, TypeInfo, ValueRef, raw_sql,
};
use tokio::time::Instant;

use self::numbers::Compared;
use self::url::Servers;
use self::zone::SessionZone;
use super::cells;
use super::database::driver::{Driver, Failure, Meaning};
use super::server::cells::{clock, day, single};
use super::server::{first_of, left, names, place, read, types};
use crate::metric::moment::ZERO_DATE;
use crate::metric::{Cell, FetchError, FetchErrorKind, Table};
use crate::source::params::ParamValue;
use crate::source::sql::SqlConfig;
use crate::source::statement::Statement;
use crate::source::{OpenError, Request};

pub(super) struct MySql {
    servers: Servers,
}

/// A connection and what is known of its session.
pub(super) struct Connection {
    inner: MySqlConnection,
    mariadb: bool,
    /// Of the request that was begun last.
    zone: SessionZone,
    compared: Compared,
}

impl MySql {
    pub(super) fn new(config: &SqlConfig) -> Result<Self, OpenError> {
        Ok(Self { servers: Servers::read(config)? })
    }
}

async fn connect(server: &MySqlConnectOptions) -> Result<Option<MySqlConnection>, sqlx::Error> {
    server.connect().await.map(Some)
}

/// Where a server is.
fn at(options: &MySqlConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => place(options.get_host(), options.get_port()),
    }
}

fn fault(hint: &str) -> Meaning {
    Meaning::Fault { place: None, hint: Some(hint.to_owned()) }
}

impl Driver for MySql {
    type Connection = Connection;

    fn target(&self) -> String {
        let places: Vec<String> = self.servers.options.iter().map(at).collect();
        let database = self.database().map(|name| format!("/{name}")).unwrap_or_default();
        format!("mysql at {}{database}", places.join(", "))
    }

    fn database(&self) -> Option<&str> {
        self.servers.options.first().and_then(|options| options.get_database())
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let Servers { options, connect_timeout } = &self.servers;
        let found = first_of(options, *connect_timeout, |server| connect(server).boxed()).await?;
        let Some(mut inner) = found else {
            let message = "the source names no server";
            return Err(Failure::Refused(FetchError::new(FetchErrorKind::Unreachable, message)));
        };
        let row = raw_sql("SELECT VERSION()").fetch_one(&mut inner).await?;
        let version: String = row.try_get(0)?;
        Ok(Connection {
            inner,
            mariadb: version.contains("MariaDB"),
            zone: SessionZone::default(),
            compared: Compared::default(),
        })
    }

    async fn begin(
        &self,
        connection: &mut Connection,
        request: &Request,
        deadline: Instant,
    ) -> Result<(), sqlx::Error> {
        let zone = request.timezone.name();
        connection.zone = SessionZone::of(&mut connection.inner, request).await?;
        let zone = connection.zone.fixed.map_or(zone.to_owned(), |offset| offset.to_string());
        let limit = left(deadline);
        let limit = if connection.mariadb {
            format!("max_statement_time = {:.3}", limit.as_secs_f64())
        } else {
            format!("max_execution_time = {}", limit.as_millis())
        };
        for sql in [
            format!("SET SESSION time_zone = '{zone}', SESSION {limit}"),
            "SET SESSION TRANSACTION READ ONLY".to_owned(),
            "START TRANSACTION READ ONLY".to_owned(),
        ] {
            raw_sql(AssertSqlSafe(sql)).execute(&mut connection.inner).await?;
        }
        Ok(())
    }

    async fn run(
        &self,
        connection: &mut Connection,
        request: &Request,
        statement: &Statement,
        _deadline: Instant,
    ) -> Result<Table, Failure> {
        if connection.zone.is_doubtful(request, statement) {
            let columns = zone::timestamps(&mut connection.inner, statement).await?;
            let mariadb = connection.mariadb;
            if let Some(refusal) = connection.zone.refusal(request, statement, &columns, mariadb) {
                return Err(Failure::Refused(refusal));
            }
        }
        let text = request.sql().map_err(Failure::Refused)?;
        if let Some(refusal) = connection.compared.refusal(&mut connection.inner, text).await? {
            return Err(Failure::Refused(refusal));
        }
        let sql = || AssertSqlSafe(statement.sql().to_owned()).into_sql_str();
        let zone = request.timezone;
        // Kept by the connection: closing it would cost 40 ms a fetch. The packet that closes a statement has
        // no answer, sqlx 0.9.0 does not set TCP_NODELAY, and so the next one waits for a delayed ACK.
        let mut query = sqlx::query(sql()).persistent(true);
        for param in statement.params() {
            query = match param.value(request) {
                ParamValue::Instant(instant) => {
                    query.bind(instant.with_timezone(&zone).naive_local())
                }
                ParamValue::Date(date) => query.bind(date),
                ParamValue::Unix(seconds) => query.bind(seconds),
            };
        }
        let session = Session { zone, fixed_offset: connection.zone.fixed };
        let rows = query.fetch(&mut connection.inner);
        let mut table =
            read(rows, &request.metric, |row: &MySqlRow, index| cell(row, index, &session)).await?;
        incorrect::check(&mut connection.inner, statement, &mut table).await?;
        if table.rows.is_empty() {
            // Anew: the table may have got other columns.
            connection.inner.clear_cached_statements().await?;
            let prepared = (&mut connection.inner).prepare(sql()).await?;
            table.columns = names::<sqlx::MySql>(prepared.columns());
            table.types = types::<sqlx::MySql>(prepared.columns());
        }
        raw_sql("ROLLBACK").execute(&mut connection.inner).await?;
        Ok(table)
    }

    /// By error number, see the error references of MySQL and MariaDB.
    fn explain(&self, error: &dyn DatabaseError, _statement: &Statement) -> Meaning {
        let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
        match number.unwrap_or_default() {
            1969 | 3024 => Meaning::TimeLimit,
            1040 | 1053 | 1152 | 1158..=1161 | 1203 | 1226 | 1927 => Meaning::Unavailable,
            1045 | 1698 | 1862 => Meaning::Login,
            1044 | 1142 | 1143 => {
                fault("the user of the source needs SELECT on what the query reads")
            }
            1049 => fault("the database is the part of the url after the last `/`"),
            1054 => fault("is the column spelled as in the table?"),
            1146 => fault("is the table in this database? write database.table"),
            1792 => fault("queries run read-only: only SELECT makes sense"),
            _ => Meaning::Fault { place: None, hint: None },
        }
    }
}

struct Session {
    zone: Tz,
    fixed_offset: Option<FixedOffset>,
}

fn cell(row: &MySqlRow, index: usize, session: &Session) -> Result<Cell, sqlx::Error> {
    let value = row.try_get_raw(index)?;
    let info = value.type_info().into_owned();
    if value.is_null() {
        // The driver takes the day that is none for NULL.
        let zero = get::<&[u8]>(value).is_some();
        return Ok(if zero { Cell::Text(ZERO_DATE.to_owned()) } else { Cell::Null });
    }
    Ok(decode(value, info.name(), session).unwrap_or_else(|| Cell::Other(info.name().to_owned())))
}

fn get<'r, T: Decode<'r, sqlx::MySql>>(value: MySqlValueRef<'r>) -> Option<T> {
    T::decode(value).ok()
}

/// `None` for types that are neither number, text nor time.
fn decode(value: MySqlValueRef<'_>, kind: &str, session: &Session) -> Option<Cell> {
    Some(match kind {
        "BOOLEAN" => match get::<i64>(value)? {
            known @ (0 | 1) => cells::boolean(known == 1),
            other => cells::integer(other),
        },
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            cells::integer(get::<i64>(value)?)
        }
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED"
        | "BIGINT UNSIGNED" | "YEAR" => cells::integer(get::<u64>(value)?),
        "BIT" => bits(get::<&[u8]>(value)?),
        "FLOAT" => single(get::<f32>(value)?),
        "DOUBLE" => Cell::Number(get::<f64>(value)?),
        "DECIMAL" => cells::decimal(get::<&str>(value)?),
        "TIME" => time(get::<MySqlTime>(value)?),
        "DATE" => day(get::<NaiveDate>(value)?),
        "DATETIME" => cells::local_time(get::<NaiveDateTime>(value)?, session.zone),
        "TIMESTAMP" => timestamp(get::<NaiveDateTime>(value)?, session)?,
        // Text with a binary collation goes by the name of bytes.
        "CHAR" | "VARCHAR" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" | "ENUM" | "SET"
        | "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => {
            cells::text(get::<&[u8]>(value)?, kind)
        }
        _ => return None,
    })
}

/// Bytes of a column, but digits of what was calculated, both under one name.
fn bits(bytes: &[u8]) -> Cell {
    if bytes.iter().all(u8::is_ascii_digit) || bytes.len() > 8 {
        return Cell::Other("BIT, which may be digits or bits here: write `+ 0`".to_owned());
    }
    let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    cells::integer(number)
}

/// In seconds; it is a duration as well as a time of day, and can be negative.
fn time(time: MySqlTime) -> Cell {
    let seconds =
        (i64::from(time.hours()) * 60 + i64::from(time.minutes())) * 60 + i64::from(time.seconds());
    let size = seconds * 1_000_000 + i64::from(time.microseconds());
    clock(if time.sign() == MySqlTimeSign::Negative { -size } else { size })
}

/// An instant that the server shows in the zone of the session.
fn timestamp(shown: NaiveDateTime, session: &Session) -> Option<Cell> {
    match session.fixed_offset {
        None => Some(cells::local_time(shown, session.zone)),
        Some(offset) => {
            let instant: DateTime<Utc> = offset.from_local_datetime(&shown).single()?.to_utc();
            Some(Cell::Instant(instant))
        }
    }
}
