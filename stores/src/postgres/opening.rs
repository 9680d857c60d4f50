//! Before the first event: is what the server acknowledges durable, and is the schema ours?

use sqlx::{ConnectOptions as _, Connection as _, PgConnection, migrate::Migrator};

use super::{OpenError, Options};

/// What must not be off (PostgreSQL's documentation, *Write Ahead Log*).
const DURABLE: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

/// Refuses a server that would lose what it acknowledges; then brings the schema up to date. Several
/// processes may do so at once: one migrates, the others wait for it and find nothing left to do.
///
/// Without the pools' timeouts, for a migration may take long. A schema that is named is made if it is
/// not there; `options` say by which schema tables are looked up.
pub(crate) async fn prepare(
    options: &Options,
    migrations: &Migrator,
    schema: Option<&'static str>,
) -> Result<(), OpenError> {
    let mut connection = options.connect.clone().disable_statement_logging().connect().await?;
    assert_durable(&mut connection).await?;
    // Who may only append and read cannot migrate, and need not when somebody else has.
    if !is_up_to_date(&mut connection, migrations).await? {
        // Made under the lock that migrations take, so that several may start at once.
        let mut migrator = Migrator::with_migrations(migrations.iter().cloned().collect());
        if let Some(schema) = schema {
            migrator.create_schema(schema);
        }
        migrator.run(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

pub(super) async fn assert_durable(connection: &mut PgConnection) -> Result<(), OpenError> {
    for setting in DURABLE {
        let found: String = sqlx::query_scalar("select current_setting($1)")
            .bind(setting)
            .fetch_one(&mut *connection)
            .await?;
        // Of the last there are several that are not off; each waits for this machine's disk.
        if found == "off" {
            return Err(OpenError::NotDurable { setting, found });
        }
    }
    Ok(())
}

/// True if exactly our migrations have been run; all else is the migrator's to judge.
async fn is_up_to_date(
    connection: &mut PgConnection,
    migrations: &Migrator,
) -> Result<bool, sqlx::Error> {
    let is_begun: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !is_begun {
        return Ok(false);
    }
    let done: Vec<(i64, Vec<u8>, bool)> =
        sqlx::query_as("select version, checksum, success from _sqlx_migrations order by version")
            .fetch_all(&mut *connection)
            .await?;
    let ours = migrations.iter().map(|one| (one.version, one.checksum.to_vec(), true));
    Ok(ours.eq(done))
}
