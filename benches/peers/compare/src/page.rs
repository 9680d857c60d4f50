//! `docs/benchmarks.md`: everything that was found, with everything that has to be known about it.

use std::fmt::Write as _;

use load::{HOLDERS, PRELOADED_EACH, event};

use crate::{
    plan::{Comparison, Goal, Measure, Who},
    results::{Results, Spread},
};

/// What holds for all figures of a page.
pub(crate) struct Circumstances {
    pub(crate) date: String,
    pub(crate) n_rounds: u32,
    pub(crate) n_cores: usize,
    pub(crate) kernel: String,
    pub(crate) file_system: String,
    /// Before the first run, and after the last one.
    pub(crate) sync_ms: [f64; 2],
    /// Of all processors, from 0 to 1, that others had during runs.
    pub(crate) others: Spread,
    /// Name and version of everything that was measured.
    pub(crate) versions: Vec<(String, String)>,
}

/// The page.
pub(crate) fn page(
    circumstances: &Circumstances,
    all: &[Results],
) -> Result<String, std::fmt::Error> {
    let mut page = String::new();
    head(&mut page, circumstances)?;
    overview(&mut page, all)?;
    for results in all {
        section(&mut page, results)?;
    }
    Ok(page)
}

fn head(page: &mut String, told: &Circumstances) -> std::fmt::Result {
    let sample = event(0, 1);
    let (data, meta) = (sample.data.to_string().len(), sample.meta.to_string().len());
    let n_before = HOLDERS * PRELOADED_EACH;
    let [sync_before, sync_after] = told.sync_ms;
    let others = |share: f64| format!("{:.0} %", share * 100.0);
    writeln!(page, "# Benchmarks\n")?;
    writeln!(
        page,
        "Written by `./latchkey bench peers` on {}; not edited by hand. One run on one machine: \
         {} rounds, in each of which every contender had its turn, one after the other, each in a \
         new process and on a new file or database. Figures are medians of the rounds; a ratio is \
         that of two runs of the same round, and behind it stand the smallest and the largest of \
         all rounds.\n",
        told.date, told.n_rounds
    )?;
    writeln!(page, "| | |\n|---|---|")?;
    writeln!(page, "| processors | {} |", told.n_cores)?;
    writeln!(page, "| system | {}, {} |", told.kernel, told.file_system)?;
    writeln!(
        page,
        "| disk: 4 kB written and synchronised, median | {sync_before:.2} ms before, {sync_after:.2} ms after |"
    )?;
    writeln!(
        page,
        "| what others had of the processors during runs | median {}, most {} |",
        others(told.others.median),
        others(told.others.most)
    )?;
    for (name, version) in &told.versions {
        writeln!(page, "| {name} | {version} |")?;
    }
    writeln!(
        page,
        "\nEverybody writes the same event: a smartcard passcode that its holder has changed, {data} \
         bytes of `data` and {meta} of `meta`, both JSON. {n_before} events of {HOLDERS} holders are \
         there before. Then each writer goes round holders of its own, has one write under way at \
         a time, and all of them together make the same number of measured writes, after a fifth as \
         many unmeasured ones. After each run everything acknowledged has to be there, or the run \
         fails. Nobody's streams meet, so a conflict would be one between different holders. \
         *CPU µs* is processor time for each: of the program (with what runs inside it), and of \
         PostgreSQL's processes. Every single run stands in `benchmarks/runs.csv`.\n"
    )
}

/// How many goals are reached.
fn overview(page: &mut String, all: &[Results]) -> std::fmt::Result {
    let found = all.iter().flat_map(|results| {
        let goals = results.comparison.goals.iter();
        goals.filter_map(|goal| Some((goal, results.reached(goal)?.median)))
    });
    let (mut n, mut n_reached, mut n_aims) = (0, 0, 0);
    for (goal, median) in found {
        n += 1;
        n_reached += u32::from(holds(goal.measure, goal.at_least, median));
        n_aims += u32::from(holds(goal.measure, goal.aim, median));
    }
    writeln!(
        page,
        "Of {n} goals that were set before, {n_reached} are reached, {n_aims} of them with their aim; \
         each stands below its figures.\n"
    )
}

/// Whether what was found is within a limit.
fn holds(measure: Measure, limit: f64, found: f64) -> bool {
    match measure {
        Measure::Rate => limit <= found,
        Measure::MedianTime => found <= limit,
    }
}

fn section(page: &mut String, results: &Results) -> std::fmt::Result {
    let Comparison { id, title, unit, who, loads, contenders, goals, notes, .. } =
        results.comparison;
    writeln!(page, "## {title}\n\n![{title}](benchmarks/{id}.svg)\n")?;
    writeln!(
        page,
        "| | | {unit}/s | p50 ms | p99 ms | CPU µs | ours is |\n|---|---|---:|---:|---:|---:|---|"
    )?;
    for (load, n_writers) in loads.iter().map(|load| load.n_writers).enumerate() {
        for (contender, of) in contenders.iter().enumerate() {
            let Some(row) = row(results, load, contender) else { continue };
            let lasting = if of.is_durable { "" } else { " (not durable)" };
            writeln!(page, "| {} | {}{lasting} | {row} |", who.counted(n_writers), of.name)?;
        }
    }
    writeln!(page)?;
    for note in *notes {
        writeln!(page, "{note}\n")?;
    }
    if *who == Who::Writers {
        conflicts(page, results)?;
    }
    if !goals.is_empty() {
        writeln!(page, "| to reach | at least | aim | found | |\n|---|---:|---:|---:|---|")?;
        for goal in *goals {
            told(page, results, goal)?;
        }
        writeln!(page)?;
    }
    Ok(())
}

fn conflicts(page: &mut String, results: &Results) -> std::fmt::Result {
    let conflicts: Vec<_> = results
        .comparison
        .contenders
        .iter()
        .enumerate()
        .map(|(index, of)| format!("{} {}", of.name, results.conflicts(index)))
        .collect();
    writeln!(page, "Conflicts between different holders: {}.\n", conflicts.join("; "))
}

/// Figures of one contender under one load; none if there was no run.
fn row(results: &Results, load: usize, contender: usize) -> Option<String> {
    let median = |figure: fn(&load::Found) -> f64| {
        results.spread(load, contender, figure).map(|spread| spread.median)
    };
    let rate = median(|found| found.per_second)?;
    let [p50, p99] = [median(|found| found.p50_ms)?, median(|found| found.p99_ms)?].map(millis);
    let (own, server) = (median(|found| found.own_us)?, median(|found| found.server_us)?);
    let processor =
        if server > 0.0 { format!("{own:.0} + {server:.0}") } else { format!("{own:.0}") };
    let ratio = match contender {
        0 => String::new(),
        _ => times(results.ratio(load, contender, Measure::Rate)?),
    };
    Some(format!("{} | {p50} | {p99} | {processor} | {ratio}", grouped(rate)))
}

fn told(page: &mut String, results: &Results, goal: &Goal) -> std::fmt::Result {
    let Goal { over, n_writers, measure, at_least, aim } = goal;
    let Some(found) = results.reached(goal) else { return Ok(()) };
    let who = results.comparison.who.counted(*n_writers);
    let (what, bound) = match measure {
        Measure::Rate => ("as many as", "≥"),
        Measure::MedianTime => ("the median time of", "≤"),
    };
    let verdict = match [*at_least, *aim].map(|limit| holds(*measure, limit, found.median)) {
        [_, true] => "reached, and the aim, too".to_owned(),
        [true, false] => "reached".to_owned(),
        [false, false] => {
            format!("missed by {:.0} %", (found.median / at_least - 1.0).abs() * 100.0)
        }
    };
    writeln!(
        page,
        "| {what} {over}, {who} | {bound} {at_least}× | {aim}× | {} | {verdict} |",
        times(found)
    )
}

fn times(spread: Spread) -> String {
    let Spread { least, median, most } = spread;
    format!("{median:.2}× ({least:.2}–{most:.2})")
}

fn millis(time: f64) -> String {
    if time > 0.0 { format!("{time:.2}") } else { "–".to_owned() }
}

/// A whole number with a space between thousands.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_kept_apart() {
        let found = [0.0, 999.4, 1000.0, 12_345.0, 1_234_567.0].map(grouped);
        assert_eq!(found, ["0", "999", "1 000", "12 345", "1 234 567"]);
    }
}
