-- What the registration authority looks at: who may do what, who works where, what waits for it.

-- B-58: the roles that are in force.
create table staff_grant (
    holder_id blob not null,
    -- ra_manager, ra_agent, sponsor, auditor, operator, policy_owner
    role text not null,
    organisation text not null,
    granted_on date not null,
    primary key (holder_id, role, organisation)
);
create index staff_grant_of_role on staff_grant (role, organisation);

-- B-59: the assignments that are in force.
create table assignment (
    holder_id blob not null,
    organisation text not null,
    primary key (holder_id, organisation)
);

-- What waits for somebody of the registration authority: one row per person and kind.
create table work_item (
    holder_id blob not null,
    -- account_locked, unlock_awaits_approval, self_service_blocked, passcode_check_blocked,
    -- renewal_needed, card_unfinished, unlocking_key_lost, suspended, not_me
    kind text not null,
    since datetime not null,
    primary key (holder_id, kind)
);
create index work_item_by_age on work_item (since, holder_id, kind);

-- Each time that a member of staff has let somebody unlock a card or an account.
create table staff_unlock (
    -- Place in the log.
    position bigint not null primary key,
    staff_id blob not null,
    at datetime not null
);
create index staff_unlock_by_time on staff_unlock (at, staff_id);
