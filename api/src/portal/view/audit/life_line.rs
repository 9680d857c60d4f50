//! A life line as a picture that is made here, and as a table for whoever cannot see it.

use pages::date;
use serde::Serialize;

use crate::audit::life::{Drawn, Line, Picture, WIDTH};

/// How high a line is.
const ROW: i64 = 60;

/// How high a bar is.
const BAR: i64 = 24;

/// Where the first line begins: below the years.
const TOP: i64 = 30;

/// A life line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LifeLine {
    width: i64,
    height: i64,
    now_x: i64,
    from: String,
    until: String,
    years: Vec<Year>,
    lines: Vec<Title>,
    bars: Vec<Rectangle>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Year {
    x: i64,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Title {
    y: i64,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Rectangle {
    x: i64,
    y: i64,
    width: i64,
    good_width: i64,
    height: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Row {
    of: String,
    from: String,
    until: String,
    good_until: String,
}

impl LifeLine {
    /// Of this picture.
    #[must_use]
    pub fn new(picture: &Picture) -> Self {
        let has = |line: Line| picture.bars.iter().any(|drawn| drawn.bar.line == line);
        let lines: Vec<Line> = Line::ALL.into_iter().filter(|line| has(*line)).collect();
        let place = |line: Line| lines.iter().position(|one| *one == line).unwrap_or_default();
        let top = |line: Line| TOP + ROW * i64::try_from(place(line)).unwrap_or_default();
        let bar = |drawn: &Drawn| Rectangle {
            x: drawn.x,
            y: top(drawn.bar.line) + ROW - BAR - 6,
            width: drawn.width,
            good_width: drawn.good_width,
            height: BAR,
        };
        Self {
            width: WIDTH,
            height: TOP + ROW * i64::try_from(lines.len()).unwrap_or_default(),
            now_x: picture.now_x,
            from: date(picture.from),
            until: date(picture.until),
            years: picture
                .years
                .iter()
                .map(|(day, x)| Year { x: *x, text: day.format("%Y").to_string() })
                .collect(),
            lines: lines
                .iter()
                .map(|line| Title { y: top(*line) + 22, text: sentence(line.words()) })
                .collect(),
            bars: picture.bars.iter().map(bar).collect(),
            rows: picture.bars.iter().map(Row::of).collect(),
        }
    }
}

impl Row {
    fn of(drawn: &Drawn) -> Self {
        let bar = &drawn.bar;
        let of = sentence(bar.line.words());
        Self {
            of: if bar.what.is_empty() { of } else { format!("{of} {}", bar.what) },
            from: date(bar.from),
            until: bar.until.map_or_else(|| "still there".to_owned(), date),
            good_until: bar.good_until.map_or_else(|| "no end".to_owned(), date),
        }
    }
}

/// With a capital letter.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
