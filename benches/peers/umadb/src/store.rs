//! The two doors to `UmaDB`.

use std::{path::Path, sync::Arc, thread, time::Duration};

use anyhow::{Context as _, anyhow};
use tokio::sync::{mpsc, oneshot, watch};
use umadb_client::{AsyncUmaDbClient, UmaDbClient};
use umadb_core::{
    db::UmaDb,
    mvcc::{Mvcc, StorageOptions},
    writer_thread_blocking::writer_thread_blocking,
    writer_thread_request::WriterThreadRequest,
};
use umadb_dcb::{
    DcbAppendCondition, DcbError, DcbEvent, DcbEventStoreAsync as _, DcbEventStoreSync as _,
};

/// Appends that may wait for the writer: as many as in `UmaDB`'s server.
const QUEUE: usize = 1024;

/// The most events in one batch: as many as in `UmaDB`'s server.
const BATCH: usize = 2048;

/// Events that are read together.
const PAGE: u32 = 4096;

/// How often a connection is tried while the server starts, 20 ms apart.
const TRIES: u32 = 250;

/// Somebody who appends.
#[derive(Clone)]
pub(crate) enum Door {
    /// The writer's queue, in this process.
    Queue(mpsc::Sender<WriterThreadRequest>, Arc<Mvcc>),
    /// A connection to the server.
    Connection(Arc<AsyncUmaDbClient>),
}

impl Door {
    /// Position of the event, once it is durable.
    pub(crate) async fn append(
        &self,
        events: Vec<DcbEvent>,
        condition: Option<DcbAppendCondition>,
    ) -> Result<u64, DcbError> {
        let queue = match self {
            Self::Connection(client) => return client.append(events, condition, None).await,
            Self::Queue(queue, _) => queue,
        };
        let (response_tx, answer) = oneshot::channel();
        let (tracking_info, cancel) = (None, None);
        let request =
            WriterThreadRequest::Append { events, condition, tracking_info, response_tx, cancel };
        let gone = || DcbError::InternalError("the writer has ended".to_owned());
        queue.send(request).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Reads everything, in order, and counts it.
    pub(crate) async fn count(&self) -> anyhow::Result<u64> {
        match self {
            Self::Queue(_, mvcc) => count_here(mvcc),
            Self::Connection(client) => {
                let mut events = client.read(None, None, false, None).await?;
                let mut n = 0;
                loop {
                    let page = events.next_batch().await?;
                    if page.is_empty() {
                        return Ok(n);
                    }
                    n += u64::try_from(page.len())?;
                }
            }
        }
    }
}

fn count_here(mvcc: &Arc<Mvcc>) -> anyhow::Result<u64> {
    let database = UmaDb::from_arc(Arc::clone(mvcc));
    let (mut n, mut start) = (0, None);
    loop {
        let (page, _) = database.read_with_head(None, start, false, Some(PAGE))?;
        let Some(last) = page.last() else { return Ok(n) };
        start = Some(last.position + 1);
        n += u64::try_from(page.len())?;
    }
}

fn storage(folder: &str) -> StorageOptions {
    StorageOptions::default().db_path(Path::new(folder).join("uma.db"))
}

/// A door for each writer, into this process: what `UmaDB`'s server has behind its own.
pub(crate) fn in_process(folder: &str, n_writers: u32) -> anyhow::Result<Vec<Door>> {
    let mvcc = Arc::new(Mvcc::new(false, storage(folder))?);
    let (queue, requests) = mpsc::channel(QUEUE);
    let (head, _) = watch::channel(None);
    let of_writer = Arc::clone(&mvcc);
    thread::spawn(move || writer_thread_blocking(of_writer, requests, head, BATCH));
    Ok((0..n_writers).map(|_| Door::Queue(queue.clone(), Arc::clone(&mvcc))).collect())
}

/// A door for each writer, into the server, which runs in this process, too. It ends with it.
pub(crate) async fn over_grpc(folder: &str, n_writers: u32) -> anyhow::Result<Vec<Door>> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let options = umadb_server::ServerOptions {
        listen_addr: address.clone(),
        tls: None,
        api_key: None,
        storage: storage(folder),
    };
    let (end, ended) = oneshot::channel();
    tokio::spawn(async move {
        let served = umadb_server::start_server_with_options(options, ended).await;
        // Held until here: the server ends when nobody holds it any more.
        drop(end);
        served.map_err(|error| anyhow!("{error}"))
    });
    let mut doors = Vec::new();
    for _ in 0..n_writers {
        doors.push(Door::Connection(Arc::new(connect(&format!("http://{address}")).await?)));
    }
    Ok(doors)
}

async fn connect(address: &str) -> anyhow::Result<AsyncUmaDbClient> {
    let mut last = None;
    for _ in 0..TRIES {
        match UmaDbClient::new(address.to_owned()).connect_async().await {
            Ok(client) => return Ok(client),
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(last.context("never tried")?.into())
}
