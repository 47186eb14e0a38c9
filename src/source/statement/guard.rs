//! A query only reads: its first word, whatever comments, brackets and blanks stand before it, and
//! the words by which a query that looks harmless writes all the same. The server's read-only
//! transaction is the second line of defence; not every server has one, and not everything that
//! writes minds it. Not here: parameters, a second statement (`rewrite`).

use super::Dialect;
use super::error::SqlError;
use super::lexer::opaque_at;
use super::tokens::{Token, TokenKind, tokens};
use crate::shown;

/// What a query may begin with.
const READS: [&str; 6] = ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN"];

/// What changes rows where a query could stand: after `WITH x AS (...)` and inside of it.
const CHANGES: [&str; 5] = ["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"];

/// What `EXPLAIN ANALYZE` would run as well.
const RUNS: [&str; 10] =
    ["CREATE", "DROP", "ALTER", "TRUNCATE", "CALL", "DO", "EXECUTE", "DECLARE", "REFRESH", "COPY"];

/// Functions of SQLite that reach beyond the database.
const SQLITE: [&str; 3] = ["load_extension", "writefile", "fts3_tokenizer"];

/// How functions of PostgreSQL begin that do something which a read-only transaction does not stop:
/// to other sessions, to the server, to its files, in a session of their own, or beyond the end of
/// the transaction.
const POSTGRES: [&str; 27] = [
    "dblink",
    "lo_export",
    "pg_terminate_backend",
    "pg_cancel_backend",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_log_",
    "pg_promote",
    "pg_switch_wal",
    "pg_create_",
    "pg_backup_st",
    "pg_start_backup",
    "pg_stop_backup",
    "pg_wal_replay_pause",
    "pg_wal_replay_resume",
    "pg_drop_replication_slot",
    "pg_copy_",
    "pg_replication_",
    "pg_logical_",
    "pg_file_",
    "pg_stat_reset",
    "pg_stat_statements_reset",
    "pg_advisory_lock",
    "pg_try_advisory_lock",
    "pg_prewarm",
    "autoprewarm_",
    "set_config",
];

/// The same for MySQL and MariaDB: locks that outlive a query, and the usual additions that run
/// commands.
const MYSQL: [&str; 6] =
    ["get_lock", "release_lock", "release_all_locks", "sys_exec", "sys_eval", "sys_set"];

/// The same for ClickHouse: what runs a program, and where it is asked to write.
const CLICKHOUSE: [&str; 2] = ["executable", "executablepool"];

const DBLINK: &str = "its session is not read-only: make the other database a source of its own";

const ONLY_READS: &str = "a query only reads: it begins with SELECT or WITH";

/// What is known of the inside of a pair of brackets, or of the whole.
#[derive(Clone, Copy, Default)]
struct Level {
    /// A statement may stand here, and nothing of it has been seen.
    begins: bool,
    /// `WITH` has been seen, and not yet what it leads to.
    with: bool,
    /// It is a query.
    selects: bool,
}

/// Refuses a statement that does anything but read.
pub(super) fn only_reads(dialect: Dialect, text: &str) -> Result<(), SqlError> {
    no_executed_comment(dialect, text)?;
    let tokens = tokens(dialect, text);
    let Some(first) = tokens.iter().find(|token| token.kind != TokenKind::Open) else {
        return Ok(());
    };
    if !first.is_one_of(&READS) {
        return Err(no_beginning(dialect, *first));
    }
    if first.is("EXPLAIN") {
        explains(&tokens)?;
    }
    let mut levels = vec![Level { begins: true, ..Level::default() }];
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| tokens.get(index));
        match token.kind {
            TokenKind::Open => {
                let outer = levels.last().copied().unwrap_or_default();
                let body = before.is_some_and(|token| token.is_one_of(&["AS", "MATERIALIZED"]));
                let begins = body || outer.begins || before.is_none_or(is_sign);
                levels.push(Level { begins, ..Level::default() });
            }
            TokenKind::Close => {
                if levels.len() > 1 {
                    levels.pop();
                }
            }
            TokenKind::Word => {
                let Some(level) = levels.last_mut() else { continue };
                word(dialect, level, &tokens, index)?;
                level.begins = false;
            }
            _ => {
                called(dialect, &tokens, index)?;
                if let Some(level) = levels.last_mut() {
                    level.begins = false;
                }
            }
        }
    }
    Ok(())
}

fn word(
    dialect: Dialect,
    level: &mut Level,
    tokens: &[Token<'_>],
    index: usize,
) -> Result<(), SqlError> {
    let token = tokens[index];
    let is = |distance: usize, word: &str| tokens.get(index + distance).is_some_and(|t| t.is(word));
    let next = tokens.get(index + 1);
    let names = next.is_some_and(Token::is_content);
    let names = names && !is(1, "AS");
    if token.is_one_of(&CHANGES) && (level.begins || level.with) && names {
        return Err(writes(token));
    }
    if token.is_one_of(&["SELECT", "VALUES", "TABLE"]) {
        level.with = false;
        level.selects = true;
    } else if token.is("WITH") && !level.selects {
        level.with = true;
    }
    let before = index.checked_sub(1).and_then(|index| tokens.get(index));
    let is_name = before.is_some_and(|before| before.text == "." || before.is("AS"));
    if token.is("INTO") && !is_name {
        let mut error = refused("`INTO` writes what a query selects".to_owned(), token);
        error.hint = Some("a query only reads: delete it".to_owned());
        return Err(error);
    }
    let locks = token.is("FOR")
        && (is(1, "UPDATE") || is(1, "SHARE") || is(1, "NO") && is(2, "KEY") || is(1, "KEY"));
    let locks = locks || token.is("LOCK") && is(1, "IN") && is(2, "SHARE");
    if locks && level.selects {
        let words = format!("{} {}", token.text, next.map_or("", |next| next.text));
        let mut error = refused(format!("`{words}` locks rows"), token);
        error.hint = Some("a query only reads: delete it".to_owned());
        return Err(error);
    }
    called(dialect, tokens, index)
}

/// Refuses to call what reaches beyond the database, in quotes or without.
fn called(dialect: Dialect, tokens: &[Token<'_>], index: usize) -> Result<(), SqlError> {
    let token = tokens[index];
    let next = tokens.get(index + 1);
    let Some(name) = token.name().filter(|_| next.is_some_and(|next| next.kind == TokenKind::Open))
    else {
        return Ok(());
    };
    let name = name.to_ascii_lowercase();
    let is = |word: &&str| name == *word;
    let reaches_out = match dialect {
        Dialect::Sqlite => SQLITE.iter().any(is),
        Dialect::Postgres => POSTGRES.iter().any(|begin| name.starts_with(begin)),
        Dialect::MySql => MYSQL.iter().any(is),
        Dialect::ClickHouse => CLICKHOUSE.iter().any(is),
        Dialect::Trino => false,
    };
    if reaches_out {
        let mut error = refused(format!("`{}` does more than read", token.text), token);
        let dblink = name.starts_with("dblink");
        let hint = if dblink { DBLINK } else { "a query only reads" };
        error.hint = Some(hint.to_owned());
        return Err(error);
    }
    Ok(())
}

/// What is explained may be run: it has to be a query as well.
fn explains(tokens: &[Token<'_>]) -> Result<(), SqlError> {
    let mut depth = 0_usize;
    for token in tokens.iter().skip_while(|token| !token.is("EXPLAIN")).skip(1) {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            TokenKind::Word if token.is_one_of(&READS) => return Ok(()),
            TokenKind::Word
                if depth == 0 && (token.is_one_of(&CHANGES) || token.is_one_of(&RUNS)) =>
            {
                return Err(writes(*token));
            }
            _ => {}
        }
    }
    Ok(())
}

/// `/*! ... */` of MySQL and `/*M! ... */` of MariaDB are no comments to them.
fn no_executed_comment(dialect: Dialect, text: &str) -> Result<(), SqlError> {
    const OPENINGS: [&str; 3] = ["/*!", "/*M!", "/*m!"];
    if dialect != Dialect::MySql {
        return Ok(());
    }
    let mut at = 0;
    while at < text.len() {
        let Some(opaque) = opaque_at(dialect, text.as_bytes(), at) else {
            at += 1;
            continue;
        };
        let rest = text.get(at..).unwrap_or_default();
        if let Some(opening) = OPENINGS.into_iter().find(|opening| rest.starts_with(opening)) {
            let message = format!("`{opening}` begins a comment that is executed");
            let mut error = SqlError::new(message, at, opening.len());
            let hint = "write what is in it as a part of the query, or delete it";
            error.hint = Some(hint.to_owned());
            return Err(error);
        }
        at = opaque.end;
    }
    Ok(())
}

fn no_beginning(dialect: Dialect, first: Token<'_>) -> SqlError {
    let shown = shown::cut(first.text, 30);
    let mut error = refused(format!("`{shown}` begins no query"), first);
    error.hint = Some(match first {
        set if set.is("SET") => settings(dialect).to_owned(),
        _ => ONLY_READS.to_owned(),
    });
    error
}

/// What to do instead of a `SET` of one's own.
pub(super) fn settings(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::ClickHouse => {
            "the session has the calendar's zone already; other settings stand at the end of the \
             query: SETTINGS name = value"
        }
        Dialect::Postgres => {
            "the session has the calendar's zone already; other settings belong to the role: \
             ALTER ROLE … SET …"
        }
        Dialect::MySql | Dialect::Sqlite | Dialect::Trino => {
            "the session has the calendar's zone already: delete the SET"
        }
    }
}

fn writes(token: Token<'_>) -> SqlError {
    let mut error = refused(format!("`{}` writes", token.text), token);
    error.hint = Some(ONLY_READS.to_owned());
    error
}

fn is_sign(token: &Token<'_>) -> bool {
    !token.is_content() && !matches!(token.kind, TokenKind::Open | TokenKind::Close)
}

fn refused(message: String, token: Token<'_>) -> SqlError {
    SqlError::new(message, token.at, token.text.len())
}

#[cfg(test)]
#[path = "tests/guard.rs"]
mod tests;
