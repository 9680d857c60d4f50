//! A forecast on a console: tables and bars, and JSON for other programs.

use std::io::Write;

use domain::forecast::{Counts, What};
use serde_json::json;

use crate::forecast::{
    foretold::Foretold,
    periods::Length,
    summary::{Peak, Summary},
};

/// How long the longest bar is, in characters.
const BAR: usize = 40;

/// What is counted, in the columns of the table.
const COLUMNS: [(&str, What); 8] = [
    ("alerts", What::Alerted),
    ("forced", What::Forced),
    ("locked", What::Locked),
    ("lapsed", What::Lapsed),
    ("cert.alerts", What::CertificateAlerted),
    ("cert.forced", What::CertificateForced),
    ("RA only", What::RaRequired),
    ("cert.ended", What::CertificateExpired),
];

pub(super) fn text(
    out: &mut impl Write,
    title: &str,
    told: &Foretold,
    length: Length,
) -> anyhow::Result<()> {
    let summary = &told.summary;
    writeln!(
        out,
        "{title}: {} days from {}, {} holders",
        summary.days, summary.first_on, summary.n_holders
    )?;
    writeln!(out, "Assumed: {}.", summary.assumed)?;
    if 0 < summary.n_unreadable {
        writeln!(out, "{} holders could not be read and are not counted.", summary.n_unreadable)?;
    }
    write!(out, "{:>10}", "from")?;
    for (head, _) in COLUMNS {
        write!(out, " {head:>11}")?;
    }
    writeln!(out, "  most at once")?;
    let lines = told.periods(length);
    let most = lines.iter().map(|line| effects(&line.counts)).max().unwrap_or_default();
    for line in &lines {
        write!(out, "{:>10}", line.from)?;
        numbers(out, &line.counts)?;
        match line.most {
            Some((on, n)) => writeln!(out, "  {n} on {on}")?,
            None => writeln!(out)?,
        }
    }
    write!(out, "{:>10}", "in all")?;
    numbers(out, &summary.totals)?;
    writeln!(out, "\n\nForced changes, forced renewals and locks:")?;
    for line in &lines {
        let effects = effects(&line.counts);
        let bar = usize::try_from(effects * BAR as u64 / most.max(1)).unwrap_or(BAR);
        let bar = if effects == 0 { 0 } else { bar.max(1) };
        writeln!(out, "{:>10} {:<BAR$} {effects}", line.from, "#".repeat(bar))?;
    }
    peaks(out, summary)
}

fn peaks(out: &mut impl Write, summary: &Summary) -> anyhow::Result<()> {
    writeln!(out, "\nPeaks:")?;
    for Peak { what, on, n, organisation, n_there } in &summary.peaks {
        write!(out, "  {}: {n} on {on}", what.title())?;
        match organisation {
            Some(code) => writeln!(out, ", of them {n_there} at {code}")?,
            None => writeln!(out)?,
        }
    }
    for one in &summary.organisations {
        let effects = effects(&one.totals);
        write!(
            out,
            "  {:<12} {} holders, {effects} forced or locked",
            one.code.as_str(),
            one.n_holders
        )?;
        match one.most {
            Some((on, n)) => writeln!(out, ", most on {on}: {n}")?,
            None => writeln!(out)?,
        }
    }
    for trip in &summary.trips {
        writeln!(
            out,
            "  The breaker would stop the workflows on {}: {} at once, and {} are let through.",
            trip.on, trip.effects, trip.allowed
        )?;
    }
    if summary.trips.len() < summary.n_trips {
        writeln!(out, "  … and on {} more days.", summary.n_trips - summary.trips.len())?;
    }
    Ok(writeln!(out)?)
}

fn numbers(out: &mut impl Write, counts: &Counts) -> anyhow::Result<()> {
    for (_, what) in COLUMNS {
        write!(out, " {:>11}", counts.of(what))?;
    }
    Ok(())
}

fn effects(counts: &Counts) -> u64 {
    u64::from(counts.forced_either) + u64::from(counts.locked)
}

pub(super) fn difference(
    out: &mut impl Write,
    now: &Summary,
    then: &Summary,
) -> anyhow::Result<()> {
    writeln!(out, "{:>26} {:>12} {:>12}", "in all", "published", "new")?;
    for what in What::ALL {
        let (now, then) = (now.totals.of(what), then.totals.of(what));
        writeln!(out, "{:>26} {now:>12} {then:>12}", what.title())?;
    }
    Ok(())
}

pub(super) fn json(out: &mut impl Write, all: &[(&str, &Foretold)]) -> anyhow::Result<()> {
    let one = |(title, told): &(&str, &Foretold)| {
        let days = told.days().map(|(on, counts)| json!({ "on": on, "counts": counts }));
        json!({ "title": title, "summary": told.summary, "days": days.collect::<Vec<_>>() })
    };
    let all: Vec<_> = all.iter().map(one).collect();
    serde_json::to_writer_pretty(&mut *out, &all)?;
    Ok(writeln!(out)?)
}
