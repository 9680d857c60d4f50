-- What is overdue is looked for by its kind. Suspensions that wait for a decision have a kind of their
-- own: what waits is read from the log once more.
create index work_item_by_kind on work_item (kind, since, holder_id);
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
