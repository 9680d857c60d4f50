-- What events only point to. Deleting a person's rows here is what erasing a person means; the
-- log stays valid. secure_delete is on, so that deleted bytes are overwritten.

-- Personal data.
create table person (
    holder_id blob not null constraint person_key primary key,
    name text not null,
    email text not null,
    updated_at text not null
) strict;

-- Digests of passcodes, and tags of smartcard passcodes. Each needs a pepper key that is not here.
create table passcode_digest (
    secret_id blob not null constraint passcode_digest_key primary key,
    holder_id blob not null,
    -- A label of the caller's: 'smartcard', 'account_recovery', 'verification'.
    kind text not null,
    -- The row counts only once this event is in the log (vault first, log second).
    event_id blob not null,
    -- Null for a tag: it is the output of a keyed function already and is not stretched again.
    salt blob,
    digest blob not null,
    pepper_version integer not null,
    created_at text not null,
    -- Set when a sweep has found the event in the log, so that no sweep asks again.
    settled_at text,
    constraint passcode_digest_length check (length(digest) = 32),
    constraint passcode_digest_salt_length check (salt is null or length(salt) = 16)
) strict;

create index passcode_digest_of_holder on passcode_digest (holder_id);
create index passcode_digest_pending on passcode_digest (created_at) where settled_at is null;

-- Secrets that must be had back: unlocking keys of cards, values waiting for the end of a job.
create table sealed (
    secret_id blob not null constraint sealed_key primary key,
    holder_id blob not null,
    purpose text not null,
    card text not null,
    -- This row's own data key, encrypted by the seal key of this version.
    seal_version integer not null,
    wrap_nonce blob not null,
    wrapped_key blob not null,
    nonce blob not null,
    ciphertext blob not null,
    -- Null: kept until it is discarded or its person is erased.
    expires_at text,
    created_at text not null
) strict;

create index sealed_of_holder on sealed (holder_id);
create index sealed_expiring on sealed (expires_at) where expires_at is not null;
