//! Things that have one place: the wall clock, randomness, the reader, the random word in SQL.

use super::sources::{none, sources};

/// What is looked for, the files where it may stand, and what to do instead.
const PLACES: &[(&str, &[&str], &str)] = &[
    ("Utc::now(", &["api/src/clock.rs"], "take `now` as an argument"),
    ("SystemTime::now(", &["api/src/clock.rs"], "take `now` as an argument"),
    ("Local::now(", &[], "civil days come from domain::calendar"),
    ("Uuid::new_v4(", &[], "take the id as an argument"),
    ("Uuid::now_v7(", &[], "take the id as an argument"),
    (
        "getrandom::fill(",
        &[
            "api/src/clock.rs",
            "card-agent/src/entropy.rs",
            "card-agent/virtual-card/src/entropy.rs",
        ],
        "take random bytes as an argument",
    ),
    (
        "OsRng",
        &["card-agent/src/entropy.rs", "card-agent/virtual-card/src/entropy.rs"],
        "take random bytes as an argument",
    ),
    ("chrono_tz", &["domain/src/calendar.rs", "domain/src/policy.rs"], "ask domain::calendar"),
    ("use pcsc", &["card-agent/src/transport/pcsc.rs"], "go through card_agent::transport"),
    ("pcsc::", &["card-agent/src/transport/pcsc.rs"], "go through card_agent::transport"),
];

#[test]
fn the_clock_randomness_and_the_reader_have_one_place_each() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (mark, allowed, instead) in PLACES {
            // A folder of the same name belongs to the file.
            let at_home = allowed.iter().any(|place| {
                source.path == **place
                    || source.path.starts_with(&format!("{}/", place.trim_end_matches(".rs")))
            });
            let used = source
                .shipped()
                .lines()
                .any(|line| line.contains(mark) && !line.trim_start().starts_with("//"));
            if used && !at_home {
                wrong.push(format!("{}: {mark} ({instead})", source.path));
            }
        }
    }
    none(&wrong, "these stand where they may not:");
}

#[test]
fn r03_nothing_asks_which_browser_somebody_uses() {
    let asks = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["user-agent", "user_agent", "useragent"].iter().any(|mark| text.contains(mark))
    };
    let asking: Vec<_> =
        sources().into_iter().filter(|one| asks(one.shipped())).map(|one| one.path).collect();
    none(&asking, "any browser will do, so do not ask for it:");
}

#[test]
fn demo_routes_are_compiled_only_with_the_demo_feature() {
    let portal = sources().into_iter().find(|source| source.path == "api/src/portal.rs").unwrap();
    let line = portal.text.lines().position(|line| line.contains("mod demo;")).unwrap();
    let before = portal.text.lines().nth(line - 1).unwrap();
    assert_eq!(before.trim(), r#"#[cfg(feature = "demo")]"#);
}
