-- What each command was answered, so that a repeat is answered with the same bytes.
create table answer (
    command_id blob not null constraint answer_key primary key,
    -- Keyed (pepper): a bare digest of a form with a passcode in it could be searched.
    request_mac blob not null,
    pepper_version integer not null,
    answer blob not null,
    kept_at text not null
) strict;

create index answer_by_time on answer (kept_at);
