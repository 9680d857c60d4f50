-- How often something happened in a window of time. In the database, because a restart must not give anybody a fresh
-- set of tries.
create table tally (
    -- What is counted, and about whom: 'poprf/0A1B…'. Never a secret.
    subject text collate "C" not null,
    window_start timestamptz not null,
    n_taken bigint not null,
    constraint tally_key primary key (subject, window_start)
);

create index tally_by_window on tally (window_start);
