//! The engine against a log in memory, with tables of its own in SQLite and in PostgreSQL: what is due is done once, whatever fails in between.

mod certificates;
mod codes;
mod crash;
mod following;
mod forecast;
mod golden;
mod mails;
mod postgres;
mod stopping;
mod torn;
mod waking;
mod world;
