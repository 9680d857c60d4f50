-- The event that will name a sealed row, while it is not known to be in the log: a row whose event
-- never comes goes after a day. Null for rows that wait for none, and once it has come.
alter table sealed add column event_id blob;

create index sealed_pending on sealed (created_at) where event_id is not null;
