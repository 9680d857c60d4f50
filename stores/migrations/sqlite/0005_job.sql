-- Acts that a person is in the middle of, between browser, server and agent. Losing one costs no
-- more than starting over, but for a row whose card was being written: it alone leads from the card
-- to the pending tag, so it stays until that write is settled.
create table job (
    job_id blob not null constraint job_key primary key,
    -- Counts up with each save: two who save at the same time cannot both win.
    version integer not null,
    -- JSON of the one who runs the job; opaque here.
    state text not null,
    -- SHA-256 of the cookie of the browser that started it.
    browser_sha256 blob,
    holder_id blob,
    card text,
    created_at text not null,
    expires_at text not null
) strict;

create index job_of_card on job (card, expires_at) where card is not null;
create index job_expiring on job (expires_at);

-- Takes the browser that started a job back to the portal: 128 random bits, used once.
create table return_code (
    code_sha256 blob not null constraint return_code_key primary key,
    job_id blob not null,
    expires_at text not null,
    used_at text
) strict;

create index return_code_expiring on return_code (expires_at);
