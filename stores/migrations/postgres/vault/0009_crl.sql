-- The certificate revocation lists that were published: the last ones, so that numbers never repeat and a list is there
-- again after a restart. Public; who reads this table learns what everybody may ask for.
create table crl (
    -- Greater than that of every list before (RFC 5280, section 5.2.3); whoever publishes holds the table's lock.
    number bigint not null constraint crl_key primary key,
    this_update timestamptz not null,
    next_update timestamptz not null,
    -- The signed list.
    der bytea not null
);
