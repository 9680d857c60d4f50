-- A mail that brings a code: which one, and the instant at which it is over. Both null for every
-- other mail.
alter table outbox add column code_id blob;
alter table outbox add column ends_at bigint;

create index outbox_codes on outbox (look_at) where ends_at is not null and look_at is not null;
create index outbox_code on outbox (code_id) where code_id is not null;
