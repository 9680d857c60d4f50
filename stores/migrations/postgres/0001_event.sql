-- The event log. Rows are only ever added, by append_batch and in the order of its commits.
create table event (
    -- Place in the log, in commit order, without gaps. Handed out under the lock of log_lock and never by a sequence: a
    -- sequence's number can be taken before, and seen after, a later one.
    position bigint not null constraint event_position_key primary key,
    revision bigint not null,
    -- Microseconds since 1970-01-01T00:00:00Z, as on every backend: what is copied from one to another stays the same.
    at bigint not null,
    -- Derived from the command, so that a repeat is recognised.
    id uuid not null,
    schema integer not null,
    -- How many events of the same append follow: a repeat must bring as many as the first time.
    append_rest integer not null,
    stream text collate "C" not null,
    -- The stream's name up to the first '-', kept beside it so that readers can ask for it.
    category text collate "C" not null,
    type text collate "C" not null,
    -- Bytes, not jsonb: the log gives back the very bytes that were written.
    data bytea not null,
    meta bytea not null,
    constraint event_id_once unique (id),
    constraint event_place_once unique (stream, revision)
);

-- Who appends holds the one row of this table from before the log is looked at until after the commit is seen. It is
-- locked and never changed: a row that were counted up at each commit would grow a tail of dead versions for as long as
-- a backup runs, and everybody would have to walk along it.
create table log_lock (
    only_row boolean not null default true constraint log_lock_key primary key check (only_row)
);

insert into log_lock default values;

-- History is not corrected. What was wrong is put right by a later event.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'an event never changes and is never deleted';
end
$$;

create trigger event_never_changes before update or delete on event
for each row execute function refuse_change();

create trigger event_never_goes before truncate on event
for each statement execute function refuse_change();

-- Writes a batch of appends, of which each is made whole or not at all and fails alone: one call, one round trip, one
-- transaction.
--
-- No two appends of a batch name the same event; the caller sees to that.
create function append_batch(
    -- The streams of the batch, each once.
    names text[],
    -- For each append: its stream, as an index of names from 1; the revision that it expects, -1 for no stream, -2 for
    -- whatever is there; its instant; how many events it has.
    slots integer[], expected bigint[], instants bigint[], sizes integer[],
    -- For each event: its append, from 1, and how many events of that append follow.
    owners integer[], rests integer[],
    ids uuid[], streams text[], types text[], schemas integer[], datas bytea[], metas bytea[],
    -- The answer to each append. 0: it is in the log, with its last event here. 1: the stream is at this revision
    -- instead, null if it does not exist. 2: some of its events are in the log, but not its first. 3: its first is, with
    -- others behind it.
    out outcomes integer[], out revisions bigint[], out positions bigint[]
) language plpgsql
-- One plan for each statement, made once: planning costs more than doing. Tables grow from nothing to millions of rows
-- under it, so it may not be the scan that was best when the table was small; nor is it worth compiling.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
    n_appends constant integer := cardinality(slots);
    head bigint;
    last bigint;
    has_repeats boolean;
    -- For each stream.
    tips bigint[];
    tip_instants bigint[];
    -- For each append.
    times bigint[] := array_fill(null::bigint, array[n_appends]);
    earlier record;
    slot integer;
begin
    -- What is answered is on the disk, whatever was switched since the server began; and what is looked up is what the
    -- last holder of the lock has left.
    if current_setting('synchronous_commit') = 'off' or current_setting('fsync') = 'off'
        or current_setting('full_page_writes') = 'off'
    then
        raise exception 'this database does not keep what it acknowledges: fsync, full_page_writes and synchronous_commit must be on';
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append_batch needs a transaction that is read committed';
    end if;
    perform from log_lock where only_row for update;
    if not found then
        raise exception 'the row of log_lock is missing';
    end if;
    outcomes := array_fill(-1, array[n_appends]);
    revisions := array_fill(null::bigint, array[n_appends]);
    positions := revisions;
    times := revisions;

    -- All that has to be known, in one statement: each costs more than what it looks up.
    select (select coalesce(max(event.position), 0) from event),
           exists (select from unnest(ids) as wanted (id) join event on event.id = wanted.id),
           array_agg(coalesce(tip.revision, -1) order by wanted.slot),
           array_agg(coalesce(tip.at, -9223372036854775808) order by wanted.slot)
    into head, has_repeats, tips, tip_instants
    from unnest(names) with ordinality as wanted (name, slot)
    left join lateral (
        select event.revision, event.at from event
        where event.stream = wanted.name
        order by event.revision desc
        limit 1
    ) as tip on true;
    last := head;

    -- A repeat is the whole append, in the same stream and order, with nothing behind it that was not behind it then.
    if has_repeats then
        for earlier in
            select wanted.owner,
                   bool_or(wanted.rest = sizes[wanted.owner] - 1) as has_first,
                   count(*) = sizes[wanted.owner]
                       and bool_and(event.stream = wanted.stream and event.append_rest = wanted.rest)
                       and max(event.revision + wanted.rest) = min(event.revision + wanted.rest) as is_whole,
                   max(event.revision) as revision,
                   max(event.position) as position
            from unnest(ids, owners, rests, streams) as wanted (id, owner, rest, stream)
            join event on event.id = wanted.id
            group by wanted.owner
        loop
            outcomes[earlier.owner] :=
                case when earlier.is_whole then 0 when earlier.has_first then 3 else 2 end;
            if earlier.is_whole then
                revisions[earlier.owner] := earlier.revision;
                positions[earlier.owner] := earlier.position;
            end if;
        end loop;
    end if;

    -- One after the other: each sees what the ones before it leave.
    for append in 1..n_appends loop
        slot := slots[append];
        if outcomes[append] >= 0 then
            -- Told already.
        elsif expected[append] = -2 or expected[append] = tips[slot] then
            tips[slot] := tips[slot] + sizes[append];
            -- B-09: time never goes back in a stream.
            tip_instants[slot] := greatest(tip_instants[slot], instants[append]);
            last := last + sizes[append];
            outcomes[append] := 0;
            revisions[append] := tips[slot];
            positions[append] := last;
            times[append] := tip_instants[slot];
        else
            outcomes[append] := 1;
            revisions[append] := nullif(tips[slot], -1);
        end if;
    end loop;

    if head < last then
        insert into event
            (position, revision, at, id, schema, append_rest, stream, category, type, data, meta)
        select positions[new.owner] - new.rest, revisions[new.owner] - new.rest, times[new.owner],
               new.id, new.schema, new.rest, new.stream, split_part(new.stream, '-', 1), new.type,
               new.data, new.meta
        from unnest(ids, owners, rests, streams, types, schemas, datas, metas)
            as new (id, owner, rest, stream, type, schema, data, meta)
        where times[new.owner] is not null;
        -- Once a commit: it takes a lock of the whole database.
        perform pg_notify('latchkey_log', last::text);
    end if;
end
$$;
