-- Mails that are to be sent, and those that could not be. One row per step; it is deleted once the
-- log says that the mail was delivered. No personal data: a mail is composed when it is sent.
create table outbox (
    -- Derived from the id of the event that asks for the mail.
    step_id blob not null constraint outbox_key primary key,
    holder_id blob not null,
    -- The event, and its place in the holder's stream.
    event_id blob not null,
    revision bigint not null,
    -- When the event was, or the last redrive: what the hours until it is given up count from.
    since bigint not null,
    -- waiting, dead
    state text not null,
    -- Transient failures since then.
    attempts bigint not null,
    -- The last failure, as the courier named it.
    hitch text,
    -- When a worker may take it: at once, or the end of a lease or of a backoff; null if dead.
    look_at bigint,
    -- Counts up with each taking: who holds an older number has lost it.
    fence bigint not null,
    -- Revision of the last event of the step's own stream; null if there is none yet.
    settled bigint
);

create index outbox_to_look_at on outbox (look_at) where look_at is not null;
create index outbox_dead on outbox (step_id) where state = 'dead';
