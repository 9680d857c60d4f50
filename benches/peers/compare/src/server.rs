//! The PostgreSQL server of a comparison: `setup/postgres-sandbox`, durable as PostgreSQL is by itself.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use stores::cluster::Cluster;

/// A running server.
pub(crate) struct Server {
    cluster: Cluster,
    /// Of its data and its socket.
    pub(crate) folder: PathBuf,
    /// Its first process.
    pub(crate) process: u32,
    pub(crate) version: String,
}

impl Server {
    /// Starts it.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let cluster = Cluster::start()?;
        let address = cluster.database().await?;
        let (folder, _) = socket_of(&address)?;
        let pid = fs::read_to_string(folder.join("data/postmaster.pid"))?;
        let process = pid.lines().next().context("no process")?.trim().parse()?;
        let mut connection = connect(&address).await?;
        let version = sqlx::query_scalar("show server_version").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(Self { cluster, folder, process, version })
    }

    /// The address of a new database, with everything earlier written down, so that no run pays for
    /// the one before it.
    pub(crate) async fn database(&self) -> anyhow::Result<String> {
        let address = self.cluster.database().await?;
        let mut connection = connect(&address).await?;
        sqlx::query("checkpoint").execute(&mut connection).await?;
        connection.close().await?;
        Ok(address)
    }

    /// Throws a database away.
    pub(crate) async fn forget(&self, address: &str) -> anyhow::Result<()> {
        let name = database_of(address)?;
        let mut connection = connect(&address.replacen(name, "postgres", 1)).await?;
        let drop = format!("drop database {name} with (force)");
        sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }
}

/// A number from a database.
pub(crate) async fn number(address: &str, sql: &'static str) -> anyhow::Result<i64> {
    let mut connection = connect(address).await?;
    let number = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(number)
}

/// Of the SQLite that all programs of this workspace are linked with.
pub(crate) async fn sqlite_version() -> anyhow::Result<String> {
    let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:").await?;
    Ok(sqlx::query_scalar("select sqlite_version()").fetch_one(&mut connection).await?)
}

async fn connect(address: &str) -> anyhow::Result<sqlx::PgConnection> {
    Ok(address.parse::<PgConnectOptions>()?.connect().await?)
}

/// `postgres://latchkey@localhost/NAME?host=FOLDER&port=PORT`: the name.
pub(crate) fn database_of(address: &str) -> anyhow::Result<&str> {
    let (before, _) = address.split_once('?').context("no socket")?;
    Ok(before.rsplit_once('/').context("no database")?.1)
}

/// The same: folder and port.
pub(crate) fn socket_of(address: &str) -> anyhow::Result<(PathBuf, u16)> {
    let (_, socket) = address.split_once("?host=").context("no socket")?;
    let (folder, port) = socket.split_once("&port=").context("no port")?;
    Ok((PathBuf::from(folder), port.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let address = "postgres://latchkey@localhost/test_7?host=/tmp/latchkey-x&port=5433";
        assert_eq!(database_of(address).unwrap(), "test_7");
        assert_eq!(socket_of(address).unwrap(), (PathBuf::from("/tmp/latchkey-x"), 5433));
    }
}
