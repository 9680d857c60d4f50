//! A text with its arguments for both databases, run on the one there is.

use std::borrow::Cow;

use futures::stream::{self, BoxStream, StreamExt as _};
use sqlx::{
    Arguments as _, AssertSqlSafe, Encode, FromRow, Postgres, Sqlite, Type,
    error::BoxDynError,
    postgres::{PgArguments, PgQueryResult, PgRow},
    sqlite::{SqliteArguments, SqliteQueryResult, SqliteRow},
};

use super::{Executor, Opened, Pool, Target};

/// What can be bound: a type that both databases know, or an [`Option`] of one. Those are `bool`,
/// `i32`, `i64`, text, `Vec<u8>` and `&[u8]`, `Uuid`, `DateTime<Utc>` and `NaiveDate`.
pub trait Argument<'q>:
    Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres>
{
}

impl<'q, T> Argument<'q> for T where
    T: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres>
{
}

/// What a row can be read as: a tuple, or a struct with `#[derive(sqlx::FromRow)]`.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// A statement for either database.
///
/// ```
/// # use stores::database::{Pool, Query};
/// # async fn forget(pool: &Pool, now: chrono::DateTime<chrono::Utc>) -> sqlx::Result<u64> {
/// Query::new("delete from answer where kept_at <= $1").bind(now).execute(pool).await
/// # }
/// ```
#[must_use = "a query does nothing until it is run"]
pub struct Query {
    text: Cow<'static, str>,
    /// The same for SQLite with `?` in place of numbers, as long as all of them were pushed. It finds a
    /// parameter with a number by looking at all before it, when it reads the text and when it binds: a
    /// thousand of them cost a million looks.
    unnumbered: Option<String>,
    on_postgres: Option<&'static str>,
    sqlite: SqliteArguments,
    postgres: PgArguments,
    not_bound: Option<BoxDynError>,
    is_kept: bool,
}

impl Query {
    /// A text in which `$1…` stand for what is bound.
    pub fn new(text: &'static str) -> Self {
        Self::of(Cow::Borrowed(text))
    }

    /// A text that was put together elsewhere; the caller has seen to it that there is nothing in it
    /// that somebody typed.
    pub fn asserted(text: AssertSqlSafe<String>) -> Self {
        Self::of(Cow::Owned(text.0))
    }

    fn of(text: Cow<'static, str>) -> Self {
        Self {
            unnumbered: (!text.contains('$')).then(|| text.to_string()),
            text,
            on_postgres: None,
            sqlite: SqliteArguments::default(),
            postgres: PgArguments::default(),
            not_bound: None,
            is_kept: true,
        }
    }

    /// The whole text for PostgreSQL, with the same arguments: where one does not do for both.
    pub fn on_postgres(mut self, text: &'static str) -> Self {
        self.on_postgres = Some(text);
        self
    }

    /// Does not keep the prepared statement: for a text that is hardly ever the same again.
    pub fn once(mut self) -> Self {
        self.is_kept = false;
        self
    }

    /// The next of `$1…`.
    pub fn bind<'q>(mut self, value: impl Argument<'q>) -> Self {
        self.unnumbered = None;
        self.add(&value);
        self
    }

    /// More of the text.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self.unnumbered = self.unnumbered.take().filter(|_| !text.contains('$'));
        if let Some(unnumbered) = &mut self.unnumbered {
            unnumbered.push_str(text);
        }
        self
    }

    /// The next of `$1…`, in the text and bound.
    pub fn push_bind<'q>(&mut self, value: impl Argument<'q>) -> &mut Self {
        self.add(&value);
        let text = self.text.to_mut();
        text.push('$');
        text.push_str(&self.sqlite.len().to_string());
        if let Some(unnumbered) = &mut self.unnumbered {
            unnumbered.push('?');
        }
        self
    }

    /// Values with commas between them, as `in (…)` wants them.
    pub fn push_list<'q>(&mut self, values: impl IntoIterator<Item: Argument<'q>>) -> &mut Self {
        for (place, value) in values.into_iter().enumerate() {
            self.push(if place == 0 { "" } else { ", " }).push_bind(value);
        }
        self
    }

    /// ` values (…), (…)`: a row for each item.
    pub fn push_values<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(&mut Values<'_>, T),
    ) -> &mut Self {
        self.push(" values ");
        for (place, item) in items.into_iter().enumerate() {
            self.push(if place == 0 { "(" } else { ", (" });
            fill(&mut Values { query: self, is_empty: true }, item);
            self.push(")");
        }
        self
    }

    fn add<'q>(&mut self, value: &impl Argument<'q>) {
        let added = self.sqlite.add(value).and_then(|()| self.postgres.add(value));
        if let Err(error) = added {
            self.not_bound.get_or_insert(error);
        }
    }

    /// Runs it. How many rows it wrote, changed or deleted.
    ///
    /// # Errors
    /// If the database refuses, or is not there.
    pub async fn execute<'e>(self, on: impl Into<Executor<'e>>) -> sqlx::Result<u64> {
        let Executor { target, fate } = on.into();
        fate.check()?;
        let done = match target {
            Target::SqlitePool(pool) => self.sqlite()?.execute(pool).await.map(Done::Sqlite),
            Target::Sqlite(connection) => {
                self.sqlite()?.execute(connection).await.map(Done::Sqlite)
            }
            Target::PostgresPool(pool) => self.postgres()?.execute(pool).await.map(Done::Postgres),
            Target::Postgres(connection) => {
                self.postgres()?.execute(connection).await.map(Done::Postgres)
            }
        };
        Ok(fate.settle(done)?.n_rows())
    }

    /// The only row; [`sqlx::Error::RowNotFound`] if there is none.
    ///
    /// # Errors
    /// Likewise, or if a column is not of the type that is asked for.
    pub async fn fetch_one<'e, R: Row>(self, on: impl Into<Executor<'e>>) -> sqlx::Result<R> {
        self.fetch_optional(on).await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// Likewise.
    pub async fn fetch_optional<'e, R: Row>(
        self,
        on: impl Into<Executor<'e>>,
    ) -> sqlx::Result<Option<R>> {
        let Executor { target, fate } = on.into();
        fate.check()?;
        fate.settle(match target {
            Target::SqlitePool(pool) => self.sqlite_rows()?.fetch_optional(pool).await,
            Target::Sqlite(connection) => self.sqlite_rows()?.fetch_optional(connection).await,
            Target::PostgresPool(pool) => self.postgres_rows()?.fetch_optional(pool).await,
            Target::Postgres(connection) => self.postgres_rows()?.fetch_optional(connection).await,
        })
    }

    /// All rows. The text says how many at most.
    ///
    /// # Errors
    /// Likewise.
    pub async fn fetch_all<'e, R: Row>(self, on: impl Into<Executor<'e>>) -> sqlx::Result<Vec<R>> {
        let Executor { target, fate } = on.into();
        fate.check()?;
        fate.settle(match target {
            Target::SqlitePool(pool) => self.sqlite_rows()?.fetch_all(pool).await,
            Target::Sqlite(connection) => self.sqlite_rows()?.fetch_all(connection).await,
            Target::PostgresPool(pool) => self.postgres_rows()?.fetch_all(pool).await,
            Target::Postgres(connection) => self.postgres_rows()?.fetch_all(connection).await,
        })
    }

    /// The first column of the only row.
    ///
    /// # Errors
    /// Likewise.
    pub async fn scalar<'e, T>(self, on: impl Into<Executor<'e>>) -> sqlx::Result<T>
    where
        (T,): Row,
    {
        self.fetch_one(on).await.map(|(value,)| value)
    }

    /// The first column of the first row, if there is one.
    ///
    /// # Errors
    /// Likewise.
    pub async fn scalar_optional<'e, T>(
        self,
        on: impl Into<Executor<'e>>,
    ) -> sqlx::Result<Option<T>>
    where
        (T,): Row,
    {
        Ok(self.fetch_optional(on).await?.map(|(value,)| value))
    }

    /// Row by row, for what is too much to be held: no more is read than is asked for.
    #[must_use = "nothing is read before the first row is asked for"]
    pub fn fetch<R: Row + 'static>(self, pool: &Pool) -> BoxStream<'_, sqlx::Result<R>> {
        match &pool.opened {
            Opened::Sqlite(pool) => match self.sqlite_rows() {
                Ok(query) => query.fetch(pool),
                Err(error) => stream::iter([Err(error)]).boxed(),
            },
            Opened::Postgres(pool) => match self.postgres_rows() {
                Ok(query) => query.fetch(pool),
                Err(error) => stream::iter([Err(error)]).boxed(),
            },
        }
    }

    fn sqlite(self) -> sqlx::Result<sqlx::query::Query<'static, Sqlite, SqliteArguments>> {
        encoded(self.not_bound)?;
        let text = self.unnumbered.map_or(self.text, Cow::Owned);
        Ok(sqlx::query_with(AssertSqlSafe(text), self.sqlite).persistent(self.is_kept))
    }

    fn sqlite_rows<R: Row>(
        self,
    ) -> sqlx::Result<sqlx::query::QueryAs<'static, Sqlite, R, SqliteArguments>> {
        encoded(self.not_bound)?;
        let text = self.unnumbered.map_or(self.text, Cow::Owned);
        Ok(sqlx::query_as_with(AssertSqlSafe(text), self.sqlite).persistent(self.is_kept))
    }

    fn postgres(self) -> sqlx::Result<sqlx::query::Query<'static, Postgres, PgArguments>> {
        encoded(self.not_bound)?;
        let text = self.on_postgres.map_or(self.text, Cow::Borrowed);
        Ok(sqlx::query_with(AssertSqlSafe(text), self.postgres).persistent(self.is_kept))
    }

    fn postgres_rows<R: Row>(
        self,
    ) -> sqlx::Result<sqlx::query::QueryAs<'static, Postgres, R, PgArguments>> {
        encoded(self.not_bound)?;
        let text = self.on_postgres.map_or(self.text, Cow::Borrowed);
        Ok(sqlx::query_as_with(AssertSqlSafe(text), self.postgres).persistent(self.is_kept))
    }
}

/// A row of [`Query::push_values`] that is being filled.
pub struct Values<'q> {
    query: &'q mut Query,
    is_empty: bool,
}

impl Values<'_> {
    /// The next value, bound.
    pub fn push_bind<'q>(&mut self, value: impl Argument<'q>) -> &mut Self {
        self.separate();
        self.query.push_bind(value);
        self
    }

    /// The next value, as it is written.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.separate();
        self.query.push(text);
        self
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_empty) {
            self.query.push(", ");
        }
    }
}

fn encoded(not_bound: Option<BoxDynError>) -> sqlx::Result<()> {
    not_bound.map_or(Ok(()), |error| Err(sqlx::Error::Encode(error)))
}

enum Done {
    Sqlite(SqliteQueryResult),
    Postgres(PgQueryResult),
}

impl Done {
    fn n_rows(&self) -> u64 {
        match self {
            Self::Sqlite(done) => done.rows_affected(),
            Self::Postgres(done) => done.rows_affected(),
        }
    }
}
