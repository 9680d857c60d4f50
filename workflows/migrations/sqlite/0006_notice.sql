-- 1 for a mail that tells a holder what was just done with his card: nothing that stops the engine
-- holds it up. Mails that waited before there was this column go with all others.
alter table outbox add column is_urgent bigint not null default 0;

create index outbox_urgent on outbox (look_at) where is_urgent = 1 and look_at is not null;
