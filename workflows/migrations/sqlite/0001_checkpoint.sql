-- How far these tables follow the log. One row; written in the transaction that applies the events.
-- All instants here are microseconds since 1970-01-01T00:00:00Z.
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
    recomputed_to blob
);

insert into checkpoint (checkpoint_id, position, n_holders, policy_version) values (1, 0, 0, 0);
