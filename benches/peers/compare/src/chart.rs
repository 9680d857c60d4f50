//! A comparison as a picture: bars that lie below each other, a group for each number of writers.

use std::fmt::Write as _;

use crate::{page::grouped, results::Results};

/// Pixels.
const WIDTH: f64 = 760.0;
/// Where bars begin.
const LEFT: f64 = 210.0;
/// What is kept for a number behind the longest bar.
const RIGHT: f64 = 90.0;
const BAR: f64 = 16.0;
const GAP: f64 = 5.0;
const HEADING: f64 = 26.0;
const TITLE: f64 = 34.0;

/// Ours; durable others; others that a power cut takes back.
const COLOURS: [&str; 3] = ["#005eb8", "#768692", "#c8d0d4"];

/// The picture, as SVG.
pub(crate) fn chart(results: &Results) -> Result<String, std::fmt::Error> {
    let comparison = results.comparison;
    let groups = (0..comparison.loads.len()).map(|load| (load, rates(results, load)));
    let groups: Vec<_> = groups.filter(|(_, rates)| !rates.is_empty()).collect();
    let largest = groups.iter().flat_map(|(_, rates)| rates).map(|(_, rate)| *rate);
    let largest = largest.fold(1.0, f64::max);
    let mut bars = String::new();
    let mut y = TITLE;
    for (load, rates) in &groups {
        let who = comparison.who.counted(comparison.loads[*load].n_writers);
        writeln!(
            bars,
            r#"<text x="{LEFT}" y="{}" font-weight="bold">{who}</text>"#,
            y + HEADING - 10.0
        )?;
        y += HEADING;
        for (contender, rate) in rates {
            let of = comparison.contenders[*contender];
            let colour = match (contender, of.is_durable) {
                (0, _) => COLOURS[0],
                (_, true) => COLOURS[1],
                (_, false) => COLOURS[2],
            };
            let length = rate / largest * (WIDTH - LEFT - RIGHT);
            let middle = y + BAR - 3.5;
            writeln!(
                bars,
                r#"<text x="{}" y="{middle}" text-anchor="end">{}</text><rect x="{LEFT}" y="{y}" width="{length:.1}" height="{BAR}" fill="{colour}"/><text x="{:.1}" y="{middle}">{}</text>"#,
                LEFT - 8.0,
                of.name,
                LEFT + length + 6.0,
                grouped(*rate),
            )?;
            y += BAR + GAP;
        }
    }
    let height = y + 24.0;
    Ok(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13" role="img" aria-label="{title}">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="12" y="22" font-size="16" font-weight="bold">{title}: {unit} a second</text>
{bars}<text x="12" y="{}" font-size="11" fill="#4c6272">Medians. Light bars: what was acknowledged does not survive a power cut.</text>
</svg>
"##,
        height - 8.0,
        title = comparison.title,
        unit = comparison.unit,
    ))
}

/// Contenders that ran under this load, with their rates.
fn rates(results: &Results, load: usize) -> Vec<(usize, f64)> {
    (0..results.comparison.contenders.len())
        .filter_map(|contender| {
            let spread = results.spread(load, contender, |found| found.per_second)?;
            Some((contender, spread.median))
        })
        .collect()
}
