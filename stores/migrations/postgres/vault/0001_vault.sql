-- What events only point to. Deleting a person's rows here is what erasing a person means; the log stays valid.
-- Text is compared byte by byte everywhere, as the program does and SQLite.

-- Personal data. Whoever writes about a person takes rows in this order: person_pending, person, person_search.
create table person (
    holder_id uuid not null constraint person_key primary key,
    name text collate "C" not null,
    email text collate "C" not null,
    updated_at timestamptz not null
);

-- By what a person is found at the desk: the words of his name, folded. Personal data, in no event; erasing a person
-- deletes his rows here as well.
create table person_search (
    -- Lower case, without accents and apostrophes.
    word text collate "C" not null,
    holder_id uuid not null,
    constraint person_search_key primary key (word, holder_id)
);

create index person_search_of_holder on person_search (holder_id);

-- What an event is about to do to a person, written before the event: so that a crash between the two is made good, and
-- a person whose event never came is not kept.
create table person_pending (
    -- The event. Once it is in the log, this is done, and the row goes.
    event_id uuid not null constraint person_pending_key primary key,
    holder_id uuid not null,
    -- 'registered': the person stays; without the event, goes after a day.
    -- 'changed': name and address are these from then on.
    -- 'erased': all that the vault has of the person goes.
    kind text collate "C" not null constraint person_pending_kind
        check (kind in ('registered', 'changed', 'erased')),
    -- Null but where they change.
    name text collate "C",
    email text collate "C",
    created_at timestamptz not null
);

create index person_pending_of_holder on person_pending (holder_id);
create index person_pending_by_time on person_pending (created_at, event_id);

-- Digests of passcodes, and tags of smartcard passcodes. Each needs a pepper key that is not here.
create table passcode_digest (
    secret_id uuid not null constraint passcode_digest_key primary key,
    holder_id uuid not null,
    -- A label of the caller's: 'smartcard', 'account_recovery', 'verification'.
    kind text collate "C" not null,
    -- The row counts only once this event is in the log (vault first, log second).
    event_id uuid not null,
    -- Null for a tag: it is the output of a keyed function already and is not stretched again.
    salt bytea,
    digest bytea not null,
    pepper_version bigint not null,
    created_at timestamptz not null,
    -- Set when a sweep has found the event in the log, so that no sweep asks again.
    settled_at timestamptz,
    constraint passcode_digest_length check (length(digest) = 32),
    constraint passcode_digest_salt_length check (salt is null or length(salt) = 16)
);

create index passcode_digest_of_holder on passcode_digest (holder_id);
create index passcode_digest_pending on passcode_digest (created_at) where settled_at is null;

-- Secrets that must be had back: unlocking keys of cards, values waiting for the end of a job.
create table sealed (
    secret_id uuid not null constraint sealed_key primary key,
    holder_id uuid not null,
    purpose text collate "C" not null,
    card text collate "C" not null,
    -- This row's own data key, encrypted by the seal key of this version.
    seal_version bigint not null,
    wrap_nonce bytea not null,
    wrapped_key bytea not null,
    nonce bytea not null,
    ciphertext bytea not null,
    -- Null: kept until it is discarded or its person is erased.
    expires_at timestamptz,
    created_at timestamptz not null,
    -- The event that will name this row, while it is not known to be in the log: a row whose event never comes goes
    -- after a day. Null for rows that wait for none, and once it has come.
    event_id uuid
);

create index sealed_of_holder on sealed (holder_id);
create index sealed_expiring on sealed (expires_at) where expires_at is not null;
create index sealed_pending on sealed (created_at) where event_id is not null;
