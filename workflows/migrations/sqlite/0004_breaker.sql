-- Whether the engine has stopped because too many would be forced or locked at once. One row, made
-- from the events of the breaker's stream, but for the end of an acceptance.
create table breaker (
    breaker_id integer not null constraint breaker_key primary key,
    -- closed, stopped, accepted
    state text not null,
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
