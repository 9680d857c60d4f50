-- What waits for somebody until an instant, and not from then on; null where only an event ends it. Blocked
-- passcodes have a kind each. What waits is read from the log once more.
alter table work_item add column over_at datetime;

-- B-45: whose account is closed.
create table closed_account (
    holder_id blob not null primary key
);
delete from passcode_status;
delete from ledger;
delete from certificate;
delete from staff_grant;
delete from assignment;
delete from work_item;
delete from staff_unlock;
delete from unlock_place;
delete from history;
delete from history_rule;
update checkpoint set position = 0 where checkpoint_id = 1;
