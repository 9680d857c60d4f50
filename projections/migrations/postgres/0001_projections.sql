-- What people look at, made from the log: all of it as SQLite's migrations have made it, one after the other.
-- Text is compared byte by byte everywhere, as the program does and SQLite.

-- How far these tables follow the log. One row; written in the transaction that applies the events, and
-- locked by whoever applies them.
create table checkpoint (
    checkpoint_id integer not null primary key,
    -- Position of the last event applied; 0 before the first.
    position bigint not null
);

insert into checkpoint (checkpoint_id, position) values (1, 0);

-- S-02: one row per holder and kind that was ever set. Neither value nor digest is known here.
create table passcode_status (
    holder_id uuid not null,
    -- smartcard, account_recovery, verification
    kind text collate "C" not null,
    -- The day from which the age is counted; null if the passcode was removed.
    set_on date,
    -- The day it was last set or removed.
    changed_on date not null,
    primary key (holder_id, kind)
);

-- The holder's own ledger: one row per event of the holder's stream, as a sentence.
create table ledger (
    -- Place in the log.
    position bigint not null primary key,
    holder_id uuid not null,
    -- Place in the holder's stream; the order of the ledger and the cursor of its pages.
    revision bigint not null,
    at timestamptz not null,
    -- Type of the event.
    kind text collate "C" not null,
    -- What happened, for the holder.
    sentence text collate "C" not null,
    -- Who did it: holder, system.
    actor text collate "C" not null
);
create unique index ledger_of_holder on ledger (holder_id, revision);

-- How each certificate stands, for whoever relies on it, and whose it is.
create table certificate (
    -- Lower-case hexadecimal.
    serial text collate "C" not null primary key,
    holder_id uuid not null,
    card text collate "C" not null,
    -- authentication, signature
    slot text collate "C" not null,
    not_before timestamptz not null,
    not_after timestamptz not null,
    -- The card update that it was issued for; null for those of a new card.
    update_id uuid,
    -- unconfirmed (issued, not read back), good, superseded, revoked
    state text collate "C" not null,
    -- Since when.
    since timestamptz not null,
    -- Of RFC 5280 5.3.1; null unless revoked.
    reason integer,
    -- Place in the log of the event that revoked it; null unless revoked.
    revoked_position bigint,
    -- B-57: what a suspended certificate goes back to when its suspension ends; null unless it is
    -- suspended. Meanwhile its state is revoked, for the reason certificateHold.
    held_state text collate "C",
    held_since timestamptz,
    -- Place in the log of the last event that has taken it off the revocation list.
    reinstated_position bigint
);
-- The pages of a revocation list.
create index certificate_revoked on certificate (revoked_position, serial)
    where revoked_position is not null;
-- The certificates of an update.
create index certificate_update on certificate (update_id) where update_id is not null;
-- What a new card makes come to nothing: the certificates of an update that was open.
create index certificate_unconfirmed on certificate (holder_id) where state = 'unconfirmed';
create index certificate_reinstated on certificate (reinstated_position)
    where reinstated_position is not null;

-- B-58: the roles that are in force.
create table staff_grant (
    holder_id uuid not null,
    -- ra_manager, ra_agent, sponsor, auditor, operator, policy_owner
    role text collate "C" not null,
    organisation text collate "C" not null,
    granted_on date not null,
    primary key (holder_id, role, organisation)
);
create index staff_grant_of_role on staff_grant (role, organisation);

-- B-59: the assignments that are in force.
create table assignment (
    holder_id uuid not null,
    organisation text collate "C" not null,
    primary key (holder_id, organisation)
);

-- What waits for somebody of the registration authority: one row per person and kind.
create table work_item (
    holder_id uuid not null,
    -- One of `WorkKind`.
    kind text collate "C" not null,
    since timestamptz not null,
    -- Until when it waits, and not from then on; null where only an event ends it.
    over_at timestamptz,
    primary key (holder_id, kind)
);
create index work_item_by_age on work_item (since, holder_id, kind);
-- What is overdue is looked for by its kind.
create index work_item_by_kind on work_item (kind, since, holder_id);

-- Each time that a member of staff has let somebody unlock a card or an account.
create table staff_unlock (
    -- Place in the log.
    position bigint not null primary key,
    staff_id uuid not null,
    at timestamptz not null
);
create index staff_unlock_by_time on staff_unlock (at, staff_id);

-- Where the card showed itself with which an unlock was started: the failures that follow are told
-- with it (U-06).
create table unlock_place (
    holder_id uuid not null,
    -- The command that began the unlock, and all that belongs to it.
    unlock_id uuid not null,
    -- As the agent said.
    workstation text collate "C" not null,
    reader text collate "C" not null,
    primary key (holder_id, unlock_id)
);

-- B-45: whose account is closed.
create table closed_account (
    holder_id uuid not null primary key
);

-- Every event of the log, so that it can be found by whom, by which card, by whose act, by which rule and by which run.
-- Its order is that of time; the position tells two of the same instant apart.
create table history (
    -- Place in the log.
    position bigint not null primary key,
    -- Microseconds since 1970.
    at bigint not null,
    stream text collate "C" not null,
    revision bigint not null,
    -- Type of the event.
    kind text collate "C" not null,
    -- Whom it is about; null if nobody.
    holder_id uuid,
    -- Which card; null if none is named.
    card text collate "C",
    -- Who did it: holder, staff, system, operator.
    actor text collate "C" not null,
    -- Which member of staff; null if none.
    staff_id uuid,
    -- What began it all: the same for every event of one workflow run; null if it is not told.
    run uuid,
    -- The version of the policy; null if it is not told.
    policy bigint,
    -- The rules it answers to, separated by spaces.
    rules text collate "C" not null
);
create index history_by_time on history (at, position);
create index history_of_holder on history (holder_id, at, position) where holder_id is not null;
create index history_of_card on history (card, at, position) where card is not null;
create index history_of_staff on history (staff_id, at, position) where staff_id is not null;
create index history_of_run on history (run, at, position) where run is not null;
create index history_of_kind on history (kind, at, position);

-- The events of each rule, in the same order.
create table history_rule (
    rule text collate "C" not null,
    at bigint not null,
    position bigint not null,
    primary key (rule, at, position)
);
