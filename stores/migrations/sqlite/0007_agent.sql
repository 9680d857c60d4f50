-- Workstations whose agent may dial in.
create table agent (
    agent_id blob not null constraint agent_key primary key,
    -- As the agent says it; recorded, never believed.
    workstation text not null,
    certificate_sha256 blob not null,
    enrolled_at text not null,
    last_seen_at text,
    revoked_at text,
    constraint agent_certificate_once unique (certificate_sha256)
) strict;

-- A code lets one agent enrol, once.
create table enrolment_code (
    code_sha256 blob not null constraint enrolment_code_key primary key,
    expires_at text not null,
    used_at text
) strict;

create index enrolment_code_expiring on enrolment_code (expires_at);
