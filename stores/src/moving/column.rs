//! A column on its way: its values of a portion of rows, as the array that PostgreSQL takes.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{Postgres, Row as _, postgres::PgArguments, query::Query, sqlite::SqliteRow};
use uuid::Uuid;

/// A column, and what has been taken for it.
pub(super) struct Column {
    /// Its name in both databases.
    pub(super) name: String,
    values: Values,
}

enum Values {
    Bytes(Vec<Option<Vec<u8>>>),
    Days(Vec<Option<NaiveDate>>),
    Flags(Vec<Option<bool>>),
    Ids(Vec<Option<Uuid>>),
    Instants(Vec<Option<DateTime<Utc>>>),
    Integers(Vec<Option<i32>>),
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
}

impl Column {
    /// An empty one of this type, as `information_schema` names it; `None` of a type that no table of
    /// ours has.
    pub(super) fn of(name: &str, kind: &str) -> Option<Self> {
        let values = match kind {
            "bytea" => Values::Bytes(Vec::new()),
            "date" => Values::Days(Vec::new()),
            "boolean" => Values::Flags(Vec::new()),
            "uuid" => Values::Ids(Vec::new()),
            "timestamp with time zone" => Values::Instants(Vec::new()),
            "integer" => Values::Integers(Vec::new()),
            "bigint" => Values::Numbers(Vec::new()),
            "text" => Values::Texts(Vec::new()),
            _ => return None,
        };
        Some(Self { name: name.to_owned(), values })
    }

    /// Takes its value of a row of the file.
    pub(super) fn take(&mut self, row: &SqliteRow) -> sqlx::Result<()> {
        let name = self.name.as_str();
        match &mut self.values {
            Values::Bytes(values) => values.push(row.try_get(name)?),
            Values::Days(values) => values.push(row.try_get(name)?),
            Values::Flags(values) => values.push(row.try_get(name)?),
            Values::Ids(values) => values.push(row.try_get(name)?),
            Values::Instants(values) => values.push(row.try_get(name)?),
            Values::Integers(values) => values.push(row.try_get(name)?),
            Values::Numbers(values) => values.push(row.try_get(name)?),
            Values::Texts(values) => values.push(row.try_get(name)?),
        }
        Ok(())
    }

    /// The argument of this number, as an array of its type.
    pub(super) fn array(&self, number: usize) -> String {
        let kind = match &self.values {
            Values::Bytes(_) => "bytea",
            Values::Days(_) => "date",
            Values::Flags(_) => "boolean",
            Values::Ids(_) => "uuid",
            Values::Instants(_) => "timestamptz",
            Values::Integers(_) => "integer",
            Values::Numbers(_) => "bigint",
            Values::Texts(_) => "text",
        };
        format!("${number}::{kind}[]")
    }

    /// Binds what has been taken, and is empty again.
    pub(super) fn bind<'q>(
        &mut self,
        query: Query<'q, Postgres, PgArguments>,
    ) -> Query<'q, Postgres, PgArguments> {
        match &mut self.values {
            Values::Bytes(values) => query.bind(std::mem::take(values)),
            Values::Days(values) => query.bind(std::mem::take(values)),
            Values::Flags(values) => query.bind(std::mem::take(values)),
            Values::Ids(values) => query.bind(std::mem::take(values)),
            Values::Instants(values) => query.bind(std::mem::take(values)),
            Values::Integers(values) => query.bind(std::mem::take(values)),
            Values::Numbers(values) => query.bind(std::mem::take(values)),
            Values::Texts(values) => query.bind(std::mem::take(values)),
        }
    }
}
