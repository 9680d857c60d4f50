-- Whose a certificate is and on which card it was issued, also when it is no longer in use: whoever
-- asks is told by the rules, not from here.
create table certificate (
    -- Lower-case hexadecimal.
    serial text not null primary key,
    holder_id blob not null,
    card text not null
);

-- Cards that were issued before this table was there are read from the log once more.
delete from passcode_status;
delete from ledger;
update checkpoint set position = 0 where checkpoint_id = 1;
