-- How each certificate stands, for whoever relies on it, and whose it is.
drop table certificate;

create table certificate (
    -- Lower-case hexadecimal.
    serial text not null primary key,
    holder_id blob not null,
    card text not null,
    -- authentication, signature
    slot text not null,
    not_before datetime not null,
    not_after datetime not null,
    -- The card update that it was issued for; null for those of a new card.
    update_id blob,
    -- unconfirmed (issued, not read back), good, superseded, revoked
    state text not null,
    -- Since when.
    since datetime not null,
    -- Of RFC 5280 5.3.1; null unless revoked.
    reason integer,
    -- Place in the log of the event that revoked it; null unless revoked.
    revoked_position bigint
);

-- The pages of a revocation list.
create index certificate_revoked on certificate (revoked_position, serial)
    where revoked_position is not null;

-- The certificates of an update.
create index certificate_update on certificate (update_id) where update_id is not null;

-- Everything is read from the log once more.
delete from passcode_status;
delete from ledger;
update checkpoint set position = 0 where checkpoint_id = 1;
