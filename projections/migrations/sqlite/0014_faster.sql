-- The two tables that grow with every event: a position that is the row's own number, and indexes that
-- a rebuild can make at its end. Everything is read from the log once more.
drop table ledger;

-- The holder's own ledger: one row per event of the holder's stream, as a sentence.
create table ledger (
    -- Place in the log.
    position integer not null primary key,
    holder_id blob not null,
    -- Place in the holder's stream; the order of the ledger and the cursor of its pages.
    revision bigint not null,
    at datetime not null,
    -- Type of the event.
    kind text not null,
    -- What happened, for the holder.
    sentence text not null,
    -- Who did it: holder, system.
    actor text not null
);
create unique index ledger_of_holder on ledger (holder_id, revision);

drop table history;

-- Every event of the log, so that it can be found by whom, by which card, by whose act, by which rule and by which run.
-- Its order is that of time; the position tells two of the same instant apart.
create table history (
    -- Place in the log.
    position integer not null primary key,
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

delete from passcode_status;
delete from certificate;
delete from staff_grant;
delete from assignment;
delete from work_item;
delete from staff_unlock;
delete from unlock_place;
delete from history_rule;
delete from closed_account;
update checkpoint set position = 0 where checkpoint_id = 1;
