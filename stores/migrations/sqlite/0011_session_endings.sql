-- C-14, C-15: how often renewals and revocations had ended all sessions of the holder when this one was opened. One
-- that counts fewer than the log is over, whether or not anybody has come to end it.
alter table session add column endings integer not null default 0;
