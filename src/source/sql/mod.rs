//! x
mod lexer;
pub mod rewrite;

/// The SQL dialects that differ in what hides text and in their placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL and what speaks its protocol.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite, and the `files` source.
    Sqlite,
}

impl Dialect {
    /// The dialect of a database URL, known from its scheme.
    pub fn of_url(url: &str) -> Option<Self> {
        match url.split_once(':')?.0.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::MySql),
            "sqlite" => Some(Self::Sqlite),
            _ => None,
        }
    }
}
