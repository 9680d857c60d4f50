-- Processes that hold agents' connections, and when each said last that it is there, by this server's clock.
create table process (
    process_id uuid not null constraint process_key primary key,
    beat_at timestamptz not null
);

-- Which card agents are connected, and to which process.
create table agent_line (
    agent_id uuid not null constraint agent_line_key primary key,
    line_id uuid not null,
    process_id uuid not null,
    -- As the agent says it.
    workstation text collate "C" not null,
    readers text collate "C" not null,
    -- Null as long as it is connected.
    left_at timestamptz
);

create index agent_line_by_process on agent_line (process_id);

-- A process that was silent for fifteen seconds has no connections.
create view agent_line_now as
select l.agent_id, l.line_id, l.process_id, l.workstation, l.readers, l.left_at, p.beat_at,
    l.left_at is null and coalesce(clock_timestamp() - interval '15 seconds' < p.beat_at, false) as connected
from agent_line as l
left join process as p on p.process_id = l.process_id;

-- A code makes the first manager, once; void after so many wrong ones.
create table first_manager_code (
    code_sha256 bytea not null constraint first_manager_code_key primary key,
    expires_at timestamptz not null,
    n_wrong bigint not null
);
