-- Every logon check, three a day for each holder: too many for the log, and nothing folds them.
create table logon (
    logon_id blob not null constraint logon_key primary key,
    holder_id blob not null,
    card text not null,
    at text not null,
    workstation text not null,
    reader text not null,
    verdict text not null,
    -- JSON: what was due at that moment, with the policy it was judged by.
    due text not null
) strict;

create index logon_of_holder on logon (holder_id, at, logon_id);
create index logon_by_time on logon (at);

-- Kept for auditors: added, and after the time the policy says deleted; never changed.
create trigger logon_never_changes before update on logon
begin
    select raise(abort, 'a logon check never changes');
end;
