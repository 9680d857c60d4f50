-- The engine's tables, worked out from the log: all of it as SQLite's migrations have made it, one after the other.
-- Text is compared byte by byte everywhere, as the program does and SQLite.

-- How far these tables follow the log. One row; written in the transaction that applies the events, and locked by
-- whoever applies them. All instants here are microseconds since 1970-01-01T00:00:00Z.
create table checkpoint (
    checkpoint_id integer not null constraint checkpoint_key primary key,
    -- Position of the last event applied; 0 before the first.
    position bigint not null,
    -- Holders that were seen so far: what the breaker's share is a share of.
    n_holders bigint not null,
    -- The policy version that all wake-ups were worked out with; 0 while they never were.
    policy_version bigint not null,
    -- While they are worked out anew: with which version, and the last holder who has been.
    next_version bigint,
    recomputed_to uuid
);

insert into checkpoint (checkpoint_id, position, n_holders, policy_version) values (1, 0, 0, 0);

-- When a workflow has something to record for a holder. One row per workflow and holder, never
-- deleted: a function of his stream and the policy, but for what the engine keeps beside it.
create table wake_up (
    -- passcode_expiry
    workflow text collate "C" not null,
    holder_id uuid not null,
    -- Of the last event of his stream that the row was worked out from.
    revision bigint not null,
    -- When there is something to record; null if nothing is to come.
    due_at bigint,
    -- When he will be forced to change, and locked, where that is not recorded yet.
    forces_at bigint,
    locks_at bigint,
    -- When a worker may take it: due_at, or the end of a lease, or of a pause after a failure.
    look_at bigint,
    -- Counts up with each taking and each renewal: who holds an older number has lost it.
    fence bigint not null,
    -- Failures in a row, and what the last one was; no personal data.
    attempts bigint not null,
    hitch text collate "C",
    constraint wake_up_key primary key (workflow, holder_id)
);

create index wake_up_to_look_at on wake_up (look_at, holder_id) where look_at is not null;
create index wake_up_due on wake_up (due_at) where due_at is not null;
create index wake_up_failing on wake_up (holder_id) where hitch is not null;

-- Mails that are to be sent, and those that could not be. One row per step; it is deleted once the
-- log says that the mail was delivered. No personal data: a mail is composed when it is sent.
create table outbox (
    -- Derived from the id of the event that asks for the mail.
    step_id uuid not null constraint outbox_key primary key,
    holder_id uuid not null,
    -- The event, and its place in the holder's stream.
    event_id uuid not null,
    revision bigint not null,
    -- When the event was, or the last redrive: what the hours until it is given up count from.
    since bigint not null,
    -- waiting, dead
    state text collate "C" not null,
    -- Transient failures since then.
    attempts bigint not null,
    -- The last failure, as the courier named it.
    hitch text collate "C",
    -- When a worker may take it: at once, or the end of a lease or of a backoff; null if dead.
    look_at bigint,
    -- Counts up with each taking: who holds an older number has lost it.
    fence bigint not null,
    -- Revision of the last event of the step's own stream; null if there is none yet.
    settled bigint,
    -- A mail that brings a code: which one, and the instant at which it is over. Both null for every other mail.
    code_id uuid,
    ends_at bigint,
    -- 1 for a mail that tells a holder what was just done with his card: nothing that stops the engine holds it up.
    is_urgent bigint not null default 0
);

create index outbox_to_look_at on outbox (look_at, step_id) where look_at is not null;
create index outbox_dead on outbox (step_id) where state = 'dead';
create index outbox_codes on outbox (look_at) where ends_at is not null and look_at is not null;
create index outbox_code on outbox (code_id) where code_id is not null;
create index outbox_urgent on outbox (look_at) where is_urgent = 1 and look_at is not null;

-- Whether the engine has stopped because too many would be forced or locked at once. One row, made
-- from the events of the breaker's stream, but for the end of an acceptance.
create table breaker (
    breaker_id integer not null constraint breaker_key primary key,
    -- closed, stopped, accepted
    state text collate "C" not null,
    -- When it stopped, or was accepted; null before the first time.
    since bigint,
    -- How many would have been forced and locked then, of how many holders.
    n_forced bigint not null,
    n_locked bigint not null,
    n_holders bigint not null,
    -- Events of the breaker so far: what the next one's id is derived from.
    n_events bigint not null
);

insert into breaker (breaker_id, state, n_forced, n_locked, n_holders, n_events)
values (1, 'closed', 0, 0, 0, 0);
