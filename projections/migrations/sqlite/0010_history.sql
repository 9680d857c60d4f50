-- Every event of the log, so that it can be found by whom, by which card, by whose act, by which rule and by which run.
-- Its order is that of time; the position tells two of the same instant apart.
create table history (
    -- Place in the log.
    position bigint not null primary key,
    -- Microseconds since 1970.
    at bigint not null,
    stream text not null,
    revision bigint not null,
    -- Type of the event.
    kind text not null,
    -- Whom it is about; null if nobody.
    holder_id blob,
    -- Which card; null if none is named.
    card text,
    -- Who did it: holder, staff, system, operator.
    actor text not null,
    -- Which member of staff; null if none.
    staff_id blob,
    -- What began it all: the same for every event of one workflow run; null if it is not told.
    run blob,
    -- The version of the policy; null if it is not told.
    policy bigint,
    -- The rules it answers to, separated by spaces.
    rules text not null
);

create index history_by_time on history (at, position);
create index history_of_holder on history (holder_id, at, position) where holder_id is not null;
create index history_of_card on history (card, at, position) where card is not null;
create index history_of_staff on history (staff_id, at, position) where staff_id is not null;
create index history_of_run on history (run, at, position) where run is not null;
create index history_of_kind on history (kind, at, position);

-- The events of each rule, in the same order.
create table history_rule (
    rule text not null,
    at bigint not null,
    position bigint not null,
    primary key (rule, at, position)
) without rowid;

-- Everything is read from the log once more.
delete from passcode_status;
delete from ledger;
delete from certificate;
delete from staff_grant;
delete from assignment;
delete from work_item;
delete from staff_unlock;
delete from unlock_place;
update checkpoint set position = 0 where checkpoint_id = 1;
