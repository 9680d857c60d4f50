-- Bearer tokens of machines. Who reads this table can use none: the token is not in it.
create table api_token (
    api_token_id uuid not null constraint api_token_key primary key,
    -- SHA-256 of 256 random bits; such a token cannot be searched.
    token_sha256 bytea not null,
    -- What it may do: 'logon-checks'.
    role text collate "C" not null,
    -- What the operator calls the machine; stands in the records of what it does.
    name text collate "C" not null,
    -- Whose machine it is; null: it acts for all of them.
    organisation text collate "C",
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    last_used_at timestamptz,
    constraint api_token_once unique (token_sha256)
);
