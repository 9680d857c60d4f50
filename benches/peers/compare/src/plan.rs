//! What is compared with what: the first of each list is ours. Beside each figure stands what is
//! unfair about it, to whomever.

/// Who writes, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contender {
    /// As readers know it.
    pub(crate) name: &'static str,
    /// Which of our programs holds it; none for PostgreSQL's own `pgbench`.
    pub(crate) program: Option<&'static str>,
    /// That program's word for it.
    pub(crate) way: &'static str,
    /// Whether what it acknowledges survives a power cut.
    pub(crate) is_durable: bool,
}

/// Where a comparison's events are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    /// In a file of a new folder.
    File,
    /// In a new database of the one PostgreSQL server.
    Postgres,
}

/// Who does what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// They add to a log.
    Writers,
    /// They read a whole one.
    Readers,
}

impl Who {
    /// So many of them.
    pub(crate) fn counted(self, n: u32) -> String {
        let one = match self {
            Self::Writers => "writer",
            Self::Readers => "reader",
        };
        format!("{n} {one}{}", if n == 1 { "" } else { "s" })
    }
}

/// So many writers, who write so many events; or readers, who read as many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) n_writers: u32,
    pub(crate) n_events: u32,
}

/// What is set against another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// How much in a second: more is better.
    Rate,
    /// The median of the time of one: less is better.
    MedianTime,
}

/// How many times another's measure ours should be, at so many writers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Goal {
    pub(crate) over: &'static str,
    pub(crate) n_writers: u32,
    pub(crate) measure: Measure,
    pub(crate) at_least: f64,
    pub(crate) aim: f64,
}

/// Contenders that do the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Comparison {
    /// As on the command line, and of its chart.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// What is counted, in the plural.
    pub(crate) unit: &'static str,
    /// Those who do it.
    pub(crate) who: Who,
    pub(crate) medium: Medium,
    pub(crate) loads: &'static [Load],
    pub(crate) contenders: &'static [Contender],
    pub(crate) goals: &'static [Goal],
    /// What was done, and what is unfair about it: a paragraph each.
    pub(crate) notes: &'static [&'static str],
}

const UMADB: &str = "UmaDB in process";
const SQLITE_ES: &str = "sqlite-es, FULL";
const SQLITE_ES_DEFAULT: &str = "sqlite-es, its default";
const UMADB_GRPC: &str = "UmaDB over gRPC";
const POSTGRES_ES: &str = "postgres-es";
const INSERT: &str = "plain INSERT, sqlx";
const PGBENCH: &str = "plain INSERT, pgbench";

const WRITERS: &[Load] = &[
    Load { n_writers: 1, n_events: 3_000 },
    Load { n_writers: 16, n_events: 16_000 },
    Load { n_writers: 64, n_events: 24_000 },
];

const NOTHING_KEPT: &str = "Latchkey, nothing kept";
const SQLITE_ES_REPLAY: &str = "sqlite-es, replay_all";
const POSTGRES_ES_REPLAY: &str = "postgres-es, replay_all";
const SCAN: &str = "raw scan";
const COPY: &str = "COPY";

const MILLION: &[Load] = &[Load { n_writers: 1, n_events: 1_000_000 }];

const fn durable(name: &'static str, program: &'static str, way: &'static str) -> Contender {
    Contender { name, program: Some(program), way, is_durable: true }
}

const fn goal(over: &'static str, n_writers: u32, at_least: f64, aim: f64) -> Goal {
    Goal { over, n_writers, measure: Measure::Rate, at_least, aim }
}

/// All of them, in the order in which they are made and told.
pub(crate) const COMPARISONS: &[Comparison] =
    &[APPEND_FILE, APPEND_POSTGRES, COMMAND_FILE, COMMAND_POSTGRES, REPLAY_FILE, REPLAY_POSTGRES];

const APPEND_FILE: Comparison = Comparison {
    id: "append-file",
    title: "Appends to a file in the own process",
    unit: "events",
    who: Who::Writers,
    medium: Medium::File,
    loads: WRITERS,
    contenders: &[
        durable("Latchkey, SQLite FULL", "peer-ours", "append-sqlite"),
        durable(UMADB, "peer-umadb", "append"),
        durable(SQLITE_ES, "peer-cqrs", "append-sqlite-full"),
        Contender {
            name: SQLITE_ES_DEFAULT,
            program: Some("peer-cqrs"),
            way: "append-sqlite-default",
            is_durable: false,
        },
    ],
    goals: &[
        goal(UMADB, 1, 2.0, 2.5),
        goal(UMADB, 16, 1.3, 2.0),
        goal(UMADB, 64, 0.9, 1.5),
        goal(SQLITE_ES, 16, 4.5, 7.0),
        goal(SQLITE_ES, 64, 5.5, 8.0),
        goal(SQLITE_ES_DEFAULT, 16, 1.5, 2.0),
        goal(SQLITE_ES_DEFAULT, 64, 1.5, 2.0),
    ],
    notes: &[
        "One event an append, by optimistic concurrency: ours with the stream's revision, UmaDB with the condition that \
         nothing with the holder's tag came after his last event, sqlite-es with the next sequence number.",
        "UmaDB is its own writer thread, fed as its server feeds it (queue of 1,024, batches of up to 2,048 events), with \
         its default storage options; its io_uring writer was slower when it was tried. It flushes twice a batch, SQLite \
         once. The event's id is kept as its UUID and `meta` as its metadata; it has an index by tag and none by id.",
        "sqlite-es has no order across streams, no ids and no recognition of repeats, for each of which we keep an index: \
         unfair to us. It writes a transaction an append, because it has nothing else: that is the design that is \
         compared. Its default (`default_sqlite_pool`: WAL, `synchronous=NORMAL`) loses acknowledged events at a power \
         cut; at FULL it has the same pool of ten connections and a longer patience with locks. All of them use one and \
         the same SQLite library.",
    ],
};

const APPEND_POSTGRES: Comparison = Comparison {
    id: "append-postgres",
    title: "Appends to a server",
    unit: "events",
    who: Who::Writers,
    medium: Medium::Postgres,
    loads: WRITERS,
    contenders: &[
        durable("Latchkey, PostgreSQL", "peer-ours", "append-postgres"),
        durable(UMADB_GRPC, "peer-umadb", "append-grpc"),
        durable(POSTGRES_ES, "peer-cqrs", "append-postgres"),
        durable("esrs", "peer-esrs", "append-postgres"),
        durable(INSERT, "peer-ours", "insert-postgres"),
        Contender { name: PGBENCH, program: None, way: "", is_durable: true },
    ],
    goals: &[
        goal(UMADB_GRPC, 1, 1.2, 2.5),
        goal(UMADB_GRPC, 16, 1.7, 5.0),
        goal(UMADB_GRPC, 64, 2.3, 7.0),
        goal(POSTGRES_ES, 16, 4.0, 6.0),
        goal(POSTGRES_ES, 64, 7.0, 10.0),
        goal(PGBENCH, 16, 1.8, 2.5),
        goal(PGBENCH, 64, 3.0, 4.0),
        // Nobody waits for company.
        Goal {
            over: INSERT,
            n_writers: 1,
            measure: Measure::MedianTime,
            at_least: 1.25,
            aim: 1.05,
        },
    ],
    notes: &[
        "One PostgreSQL server with its defaults (fsync, full_page_writes and synchronous_commit are on) over its Unix \
         socket; ours with its one writing connection, everybody else with a connection for each writer. UmaDB's server \
         runs in its client's process, with a connection for each writer over loopback TCP, which costs more than a Unix \
         socket: unfair to it; its file is on the same disk.",
        "The plain INSERTs go into our own table with its three unique indexes, but take positions from a sequence: so \
         none of our promises is kept (a reader misses events that commit late). sqlx prepares its statement once a \
         connection. pgbench (`-M prepared -j 2`) is a C program that inserts one and the same event, as constants of a \
         prepared statement, into ever new streams, and does no work of its own: unfair to us.",
        "postgres-es and esrs have no global order and no recognition of repeats; esrs was given the next sequence number \
         in memory, so it reads nothing here.",
    ],
};

const COMMAND_FILE: Comparison = Comparison {
    id: "command-file",
    title: "Whole commands, in the own process",
    unit: "commands",
    who: Who::Writers,
    medium: Medium::File,
    loads: WRITERS,
    contenders: &[
        durable("Latchkey, SQLite FULL", "peer-ours", "command-sqlite"),
        durable(NOTHING_KEPT, "peer-ours", "command-sqlite-cold"),
        durable(SQLITE_ES, "peer-cqrs", "command-sqlite-full"),
        Contender {
            name: SQLITE_ES_DEFAULT,
            program: Some("peer-cqrs"),
            way: "command-sqlite-default",
            is_durable: false,
        },
    ],
    goals: &[goal(SQLITE_ES, 16, 4.0, 8.0), goal(SQLITE_ES, 64, 4.0, 8.0)],
    notes: &[
        "Load a holder, decide, append what follows. The command notes that one of the last five passcodes was tried \
         again (P-22), decided by our rules on both sides: sqlite-es folds the very states and events of our domain. \
         Ours is `Commands::execute` as the product calls it. It asks first whether the command was carried out before, \
         which sqlite-es never asks: unfair to us. It keeps holders who were looked at lately and asks the log for what is \
         new of them; here most come for the first or second time, so that helps little. The same with nothing kept \
         stands beside it.",
        "sqlite-es is `CqrsFramework::execute_with_metadata` over its event store, without snapshots: a stream has five to \
         ten events here, and a snapshot would be one write more.",
    ],
};

const COMMAND_POSTGRES: Comparison = Comparison {
    id: "command-postgres",
    title: "Whole commands, on a server",
    unit: "commands",
    who: Who::Writers,
    medium: Medium::Postgres,
    loads: WRITERS,
    contenders: &[
        durable("Latchkey, PostgreSQL", "peer-ours", "command-postgres"),
        durable(NOTHING_KEPT, "peer-ours", "command-postgres-cold"),
        durable(POSTGRES_ES, "peer-cqrs", "command-postgres"),
    ],
    goals: &[goal(POSTGRES_ES, 16, 4.0, 8.0), goal(POSTGRES_ES, 64, 5.0, 12.0)],
    notes: &[
        "As above. Ours has four connections that read and one that writes, postgres-es one for each writer.",
    ],
};

const REPLAY_FILE: Comparison = Comparison {
    id: "replay-file",
    title: "A million events read from a file",
    unit: "events",
    who: Who::Readers,
    medium: Medium::File,
    loads: MILLION,
    contenders: &[
        durable("Latchkey, read and folded", "peer-ours", "replay-sqlite"),
        durable(SQLITE_ES_REPLAY, "peer-cqrs", "replay-sqlite"),
        durable(SCAN, "peer-ours", "scan-sqlite"),
    ],
    goals: &[goal(SQLITE_ES_REPLAY, 1, 5.0, 8.0)],
    notes: &[
        "40,000 holders of 25 events each, read once just after they were written, so from memory. Ours reads in the \
         order of the log (`read_all`, in pages, each resumable), decodes and folds every holder by our rules; \
         sqlite-es does the same by `replay_all`, ordered by aggregate alone. The scan is one `select` of all columns \
         by sqlx from our own table, without looking into them.",
    ],
};

const REPLAY_POSTGRES: Comparison = Comparison {
    id: "replay-postgres",
    title: "A million events read from a server",
    unit: "events",
    who: Who::Readers,
    medium: Medium::Postgres,
    loads: MILLION,
    contenders: &[
        durable("Latchkey, read and folded", "peer-ours", "replay-postgres"),
        durable(POSTGRES_ES_REPLAY, "peer-cqrs", "replay-postgres"),
        durable(COPY, "peer-ours", "copy-postgres"),
    ],
    goals: &[goal(POSTGRES_ES_REPLAY, 1, 2.8, 4.5), goal(COPY, 1, 0.4, 0.6)],
    notes: &[
        "The same, after `vacuum (analyze)` and a checkpoint of everybody's table. COPY (binary, in the order of \
              positions) is counted in bytes and not taken apart.",
    ],
};
