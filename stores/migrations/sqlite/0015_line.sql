-- Which card agents are connected. A file has one process, which is there as long as anybody asks.
create table process (
    process_id blob not null constraint process_key primary key,
    beat_at text not null
) strict;

create table agent_line (
    agent_id blob not null constraint agent_line_key primary key,
    line_id blob not null,
    process_id blob not null,
    -- As the agent says it.
    workstation text not null,
    readers text not null,
    -- Null as long as it is connected.
    left_at text
) strict;

create index agent_line_by_process on agent_line (process_id);

create view agent_line_now as
select agent_id, line_id, process_id, workstation, readers, left_at, null as beat_at,
    left_at is null as connected
from agent_line;

-- A code makes the first manager, once; void after so many wrong ones.
create table first_manager_code (
    code_sha256 blob not null constraint first_manager_code_key primary key,
    expires_at text not null,
    n_wrong integer not null
) strict;
