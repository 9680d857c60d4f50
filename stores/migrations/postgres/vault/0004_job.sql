-- Acts that a person is in the middle of, between browser, server and agent. Losing one costs no more than starting
-- over, but for a row whose card was being written: it alone leads from the card to the pending tag, so it stays until
-- that write is settled.
create table job (
    job_id uuid not null constraint job_key primary key,
    -- Counts up with each save; two who save at the same time cannot both win.
    version bigint not null,
    -- JSON of the one who runs the job; opaque here.
    state text collate "C" not null,
    -- SHA-256 of the cookie of the browser that started it.
    browser_sha256 bytea,
    holder_id uuid,
    card text collate "C",
    created_at timestamptz not null,
    expires_at timestamptz not null
);

create index job_of_card on job (card, expires_at) where card is not null;
create index job_expiring on job (expires_at);

-- Takes the browser that started a job back to the portal: 128 random bits, used once.
create table return_code (
    code_sha256 bytea not null constraint return_code_key primary key,
    job_id uuid not null,
    expires_at timestamptz not null,
    used_at timestamptz
);

create index return_code_expiring on return_code (expires_at);
