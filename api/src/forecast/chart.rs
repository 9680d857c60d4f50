//! A forecast as a picture: a bar a week, of forced changes and renewals and of locks, and under it,
//! on the same scale, the same of another policy.
//!
//! Only numbers and dates are written into it, so nothing has to be escaped.

use std::fmt::Write as _;

use chrono::Datelike as _;
use domain::forecast::Counts;
use serde::Serialize;

use super::periods::Period;

/// How wide a picture is.
const WIDTH: u32 = 960;

/// How high the tallest bar is.
const HEIGHT: u32 = 200;

/// Where the bars begin: right of the scale.
const LEFT: u32 = 70;

/// Room above the bars, for a title.
const TOP: u32 = 40;

/// Room below the bars, for the months.
const BOTTOM: u32 = 30;

/// One of a day's numbers.
type Number = fn(&Counts) -> u32;

/// What a bar is made of, from below: its name, its colour, its number.
const PARTS: [(&str, &str, Number); 3] = [
    ("passcode changes forced", "#005eb8", |counts| counts.forced),
    ("renewals forced", "#ffb81c", |counts| counts.certificate_forced),
    ("accounts locked", "#d5281b", |counts| counts.locked),
];

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chart {
    /// Its width and height, in its own unit.
    pub width: u32,
    /// The height.
    pub height: u32,
    /// What it shows, in a sentence.
    pub description: String,
    /// Everything in it.
    pub shapes: String,
}

/// One row of bars.
#[derive(Debug, Clone, Copy)]
pub struct Bars<'a> {
    /// What is written above them: letters, digits, spaces and commas.
    pub title: &'a str,
    /// The weeks.
    pub weeks: &'a [Period],
}

impl Chart {
    /// Of these rows, one under the other.
    #[must_use]
    pub fn new(rows: &[Bars<'_>]) -> Self {
        let most = rows.iter().flat_map(|row| row.weeks).map(|week| sum(&week.counts)).max();
        let most = most.unwrap_or_default().max(1);
        let mut shapes = String::new();
        let mut top = 0;
        for row in rows {
            draw(&mut shapes, row, top, most);
            top += TOP + HEIGHT + BOTTOM;
        }
        legend(&mut shapes, top);
        let n_weeks = rows.first().map_or(0, |row| row.weeks.len());
        let description = format!(
            "A bar for each of {n_weeks} weeks: passcode changes forced, renewals forced and accounts locked. At most {most} in a week."
        );
        Self { width: WIDTH, height: top + BOTTOM, description, shapes }
    }

    /// A file of its own (SVG 1.1).
    #[must_use]
    pub fn file(&self) -> String {
        let Self { width, height, description, shapes } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"sans-serif\">\n<title>Forecast</title>\n<desc>{description}</desc>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{shapes}</svg>\n"
        )
    }
}

fn sum(counts: &Counts) -> u32 {
    PARTS.iter().map(|(_, _, number)| number(counts)).sum()
}

fn draw(shapes: &mut String, row: &Bars<'_>, top: u32, most: u32) {
    let n_weeks = u32::try_from(row.weeks.len()).unwrap_or(u32::MAX).max(1);
    let step = ((WIDTH - LEFT) / n_weeks).max(1);
    let base = top + TOP + HEIGHT;
    let right = LEFT + step * n_weeks;
    // A string takes whatever is written to it.
    let _ = writeln!(
        shapes,
        "<text x=\"0\" y=\"{}\" font-size=\"20\" fill=\"#212b32\">{}</text>",
        top + 22,
        row.title
    );
    for (y, number) in [(top + TOP, most), (base, 0)] {
        let _ = writeln!(
            shapes,
            "<line x1=\"{LEFT}\" y1=\"{y}\" x2=\"{right}\" y2=\"{y}\" stroke=\"#aeb7bd\" stroke-width=\"1\"/>"
        );
        let _ = writeln!(
            shapes,
            "<text x=\"{}\" y=\"{}\" font-size=\"16\" text-anchor=\"end\" fill=\"#4c6272\">{number}</text>",
            LEFT - 8,
            y + 6
        );
    }
    let mut x = LEFT;
    let mut month = None;
    for week in row.weeks {
        let mut y = base;
        for (_, colour, number) in PARTS {
            let number = number(&week.counts);
            if number == 0 {
                continue;
            }
            let high = u64::from(number) * u64::from(HEIGHT) / u64::from(most);
            // Whatever there is can be seen.
            let high = u32::try_from(high).unwrap_or(HEIGHT).max(1);
            y = y.saturating_sub(high);
            let wide = step.saturating_sub(2).max(1);
            let _ = writeln!(
                shapes,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\" fill=\"{colour}\" stroke=\"#212b32\" stroke-width=\"0.5\"/>"
            );
        }
        if month != Some(week.from.month()) && week.from.month() % 2 == 1 {
            let words = week.from.format("%b %Y");
            let _ = writeln!(
                shapes,
                "<text x=\"{x}\" y=\"{}\" font-size=\"16\" fill=\"#4c6272\">{words}</text>",
                base + 20
            );
        }
        month = Some(week.from.month());
        x += step;
    }
}

fn legend(shapes: &mut String, top: u32) {
    let mut x = LEFT;
    for (name, colour, _) in PARTS {
        let _ = writeln!(
            shapes,
            "<rect x=\"{x}\" y=\"{top}\" width=\"16\" height=\"16\" fill=\"{colour}\" stroke=\"#212b32\" stroke-width=\"0.5\"/>"
        );
        let _ = writeln!(
            shapes,
            "<text x=\"{}\" y=\"{}\" font-size=\"16\" fill=\"#212b32\">{name}</text>",
            x + 24,
            top + 14
        );
        x += 280;
    }
}
