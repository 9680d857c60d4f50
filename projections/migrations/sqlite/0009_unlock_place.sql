-- Where the card showed itself with which an unlock was started: the failures that follow are told
-- with it (U-06).
create table unlock_place (
    holder_id blob not null,
    -- The command that began the unlock, and all that belongs to it.
    unlock_id blob not null,
    -- As the agent said.
    workstation text not null,
    reader text not null,
    primary key (holder_id, unlock_id)
);
