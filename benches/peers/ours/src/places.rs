//! Where our log is, opened as the product opens it.

use std::{path::Path, sync::Arc};

use load::Task;
use stores::{
    event_store::EventStore,
    postgres::{Options as PostgresOptions, PostgresEventStore},
    sqlite::{Database, Options},
};

/// A log, and what has to stay for as long as it is used.
pub(crate) struct Place {
    pub(crate) log: Arc<dyn EventStore>,
    database: Option<Database>,
}

impl Place {
    /// Lets go of the file.
    pub(crate) async fn close(self) {
        drop(self.log);
        if let Some(database) = self.database {
            database.close().await;
        }
    }
}

/// A new file in the task's folder: WAL, `synchronous=FULL`.
pub(crate) async fn sqlite(task: &Task) -> anyhow::Result<Place> {
    let file = Path::new(&task.place).join("latchkey.db");
    let database = Database::open(&file, &Options::default()).await?;
    Ok(Place { log: Arc::new(database.log()), database: Some(database) })
}

/// The task's database.
pub(crate) async fn postgres(task: &Task) -> anyhow::Result<Place> {
    let options = PostgresOptions::parse(&task.place)?;
    Ok(Place { log: Arc::new(PostgresEventStore::open(&options).await?), database: None })
}
