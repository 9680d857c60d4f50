-- Workstations whose agent may dial in.
create table agent (
    agent_id uuid not null constraint agent_key primary key,
    -- As the agent says it; recorded, never believed.
    workstation text collate "C" not null,
    certificate_sha256 bytea not null,
    enrolled_at timestamptz not null,
    last_seen_at timestamptz,
    revoked_at timestamptz,
    constraint agent_certificate_once unique (certificate_sha256)
);

-- A code lets one agent enrol, once.
create table enrolment_code (
    code_sha256 bytea not null constraint enrolment_code_key primary key,
    expires_at timestamptz not null,
    used_at timestamptz
);

create index enrolment_code_expiring on enrolment_code (expires_at);
