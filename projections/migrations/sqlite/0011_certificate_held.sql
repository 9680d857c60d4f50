-- B-57: what a suspended certificate goes back to when its suspension ends; null unless it is
-- suspended. Meanwhile its state is revoked, for the reason certificateHold.
alter table certificate add column held_state text;
alter table certificate add column held_since datetime;

-- Place in the log of the last event that has taken it off the revocation list.
alter table certificate add column reinstated_position bigint;
create index certificate_reinstated on certificate (reinstated_position)
    where reinstated_position is not null;
