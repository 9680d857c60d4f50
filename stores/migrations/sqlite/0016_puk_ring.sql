-- Which key wraps a sealed row: PUKs have one of their own.
alter table sealed add column ring text not null default 'seal';
