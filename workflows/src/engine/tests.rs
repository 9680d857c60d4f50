//! The engine against a log in memory: what is due is done once, whatever fails in between.

mod certificates;
mod codes;
mod crash;
mod following;
mod forecast;
mod golden;
mod mails;
mod stopping;
mod torn;
mod waking;
mod world;
