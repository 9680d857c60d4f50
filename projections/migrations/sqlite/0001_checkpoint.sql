-- How far these tables follow the log. One row; written in the transaction that applies the events.
create table checkpoint (
    checkpoint_id integer not null primary key,
    -- Position of the last event applied; 0 before the first.
    position bigint not null
);

insert into checkpoint (checkpoint_id, position) values (1, 0);
