-- What each command was answered, so that a repeat is answered with the same bytes.
create table answer (
    command_id uuid not null constraint answer_key primary key,
    -- Keyed (pepper): a bare digest of a form with a passcode in it could be searched.
    request_mac bytea not null,
    pepper_version bigint not null,
    answer bytea not null,
    kept_at timestamptz not null
);

create index answer_by_time on answer (kept_at);
