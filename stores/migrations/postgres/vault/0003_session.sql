-- Portal sessions. Who reads this table cannot take over a session: the token is not in it.
create table session (
    -- SHA-256 of a random token of at least 128 bits; such a token cannot be searched.
    token_sha256 bytea not null constraint session_key primary key,
    holder_id uuid not null,
    card text collate "C" not null,
    agent_id uuid not null,
    -- 'full' or 'restricted' (B-17).
    scope text collate "C" not null,
    -- C-14, C-15: how often renewals and revocations had ended all sessions of the holder when this one was opened. One
    -- that counts fewer than the log is over, whether or not anybody has come to end it.
    endings bigint not null,
    opened_at timestamptz not null,
    last_seen_at timestamptz not null,
    ended_at timestamptz,
    end_reason text collate "C",
    constraint session_scope_known check (scope in ('full', 'restricted')),
    constraint session_end_has_reason check ((ended_at is null) = (end_reason is null))
);

create index session_of_holder on session (holder_id) where ended_at is null;
create index session_of_card on session (card) where ended_at is null;
create index session_of_agent on session (agent_id, token_sha256) where ended_at is null;
create index session_by_opening on session (opened_at);
