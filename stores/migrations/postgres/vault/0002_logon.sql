-- Every logon check, three a day for each holder: too many for the log, and nothing folds them.
create table logon (
    logon_id uuid not null constraint logon_key primary key,
    holder_id uuid not null,
    card text collate "C" not null,
    at timestamptz not null,
    workstation text collate "C" not null,
    reader text collate "C" not null,
    verdict text collate "C" not null,
    -- JSON: what was due at that moment, with the policy it was judged by.
    due text collate "C" not null
);

create index logon_of_holder on logon (holder_id, at, logon_id);
create index logon_by_time on logon (at, logon_id);

-- Kept for auditors: added, and after the time the policy says deleted; never changed.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'a logon check never changes';
end
$$;

create trigger logon_never_changes before update on logon
for each row execute function refuse_change();
