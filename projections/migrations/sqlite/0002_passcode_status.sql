-- S-02: one row per holder and kind that was ever set. Neither value nor digest is known here.
create table passcode_status (
    holder_id blob not null,
    -- smartcard, account_recovery, verification
    kind text not null,
    -- The day from which the age is counted; null if the passcode was removed.
    set_on date,
    -- The day it was last set or removed.
    changed_on date not null,
    primary key (holder_id, kind)
);
