-- When a workflow has something to record for a holder. One row per workflow and holder, never
-- deleted: a function of his stream and the policy, but for what the engine keeps beside it.
create table wake_up (
    -- passcode_expiry
    workflow text not null,
    holder_id blob not null,
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
    hitch text,
    constraint wake_up_key primary key (workflow, holder_id)
);

create index wake_up_to_look_at on wake_up (look_at) where look_at is not null;
create index wake_up_due on wake_up (due_at) where due_at is not null;
create index wake_up_failing on wake_up (holder_id) where hitch is not null;
