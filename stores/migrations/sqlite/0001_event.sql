-- The event log. Rows are only ever added.
create table event (
    -- Place in the log, in commit order, without gaps. Handed out by the one writer and never by
    -- the database: an automatic number can be taken before, and seen after, a later one.
    position integer not null constraint event_position_key primary key,
    -- Derived from the command, so that a repeat is recognised.
    id blob not null,
    stream text not null,
    -- The stream's name up to the first '-', kept beside it so that readers can ask for it.
    category text not null,
    revision integer not null,
    type text not null,
    schema integer not null,
    -- Microseconds since 1970-01-01T00:00:00Z: eight bytes, and the order is that of the instants.
    at integer not null,
    -- How many events of the same append follow: a repeat must bring as many as the first time.
    append_rest integer not null,
    -- Blobs, not json: the log gives back the very bytes that were written.
    data blob not null,
    meta blob not null,
    constraint event_id_once unique (id),
    constraint event_place_once unique (stream, revision),
    constraint event_id_is_uuid check (length(id) = 16)
) strict;

-- History is not corrected. What was wrong is put right by a later event.
create trigger event_never_changes before update on event
begin
    select raise(abort, 'an event never changes');
end;

create trigger event_never_goes before delete on event
begin
    select raise(abort, 'an event is never deleted');
end;
