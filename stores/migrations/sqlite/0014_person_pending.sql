-- What an event is about to do to a person, written before the event: so that a crash between the
-- two is made good, and a person whose event never came is not kept.
create table person_pending (
    -- The event. Once it is in the log, this is done, and the row goes.
    event_id blob not null constraint person_pending_key primary key,
    holder_id blob not null,
    -- 'registered': the person stays; without the event, goes after a day.
    -- 'changed': name and address are these from then on.
    -- 'erased': all that the vault has of the person goes.
    kind text not null constraint person_pending_kind
        check (kind in ('registered', 'changed', 'erased')),
    -- Null but where they change.
    name text,
    email text,
    created_at text not null
) strict;

create index person_pending_of_holder on person_pending (holder_id);
create index person_pending_by_time on person_pending (created_at, event_id);
