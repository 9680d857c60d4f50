-- Bearer tokens of machines. Who reads this table can use none: the token is not in it.
create table api_token (
    api_token_id blob not null constraint api_token_key primary key,
    -- SHA-256 of 256 random bits; such a token cannot be searched.
    token_sha256 blob not null,
    -- What it may do: 'logon-checks'.
    role text not null,
    -- What the operator calls the machine; stands in the records of what it does.
    name text not null,
    -- Whose machine it is; null: it acts for all of them.
    organisation text,
    issued_at text not null,
    expires_at text not null,
    revoked_at text,
    last_used_at text,
    constraint api_token_once unique (token_sha256)
) strict;
