-- Portal sessions. Who reads this table cannot take over a session: the token is not in it.
create table session (
    -- SHA-256 of a random token of at least 128 bits; such a token cannot be searched.
    token_sha256 blob not null constraint session_key primary key,
    holder_id blob not null,
    card text not null,
    agent_id blob not null,
    -- 'full' or 'restricted' (B-17).
    scope text not null,
    opened_at text not null,
    last_seen_at text not null,
    ended_at text,
    end_reason text,
    constraint session_scope_known check (scope in ('full', 'restricted')),
    constraint session_end_has_reason check ((ended_at is null) = (end_reason is null))
) strict;

create index session_of_holder on session (holder_id) where ended_at is null;
create index session_of_card on session (card) where ended_at is null;
create index session_of_agent on session (agent_id) where ended_at is null;
create index session_by_opening on session (opened_at);
