-- The holder's own ledger: one row per event of the holder's stream, as a sentence.
create table ledger (
    holder_id blob not null,
    -- Place in the holder's stream; the order of the ledger and the cursor of its pages.
    revision bigint not null,
    -- Place in the log.
    position bigint not null,
    at datetime not null,
    -- Type of the event.
    kind text not null,
    -- What happened, for the holder.
    sentence text not null,
    -- Who did it: holder, system.
    actor text not null,
    primary key (holder_id, revision)
);
