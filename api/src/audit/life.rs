//! A life line: since when and until when each passcode, the certificates and the card were what they
//! were, as bars on one scale of time.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    calendar,
    card::IssuedCertificate,
    context::Context,
    desk::DeskEvent,
    holder::HolderEvent,
    passcode::{Kind, Standing},
};

use super::story::Story;

/// The most bars of one line; the oldest give way.
const BARS_MAX: usize = 60;

/// The most days after the instant that are drawn.
const HORIZON_DAYS: u64 = 800;

/// How wide the picture is, in its own units.
pub const WIDTH: i64 = 1000;

/// What a bar is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A passcode.
    Passcode(Kind),
    /// The certificates of the card.
    Certificates,
    /// The card.
    Card,
}

impl Line {
    /// In the order of the picture.
    pub const ALL: [Self; 5] = [
        Self::Passcode(Kind::Smartcard),
        Self::Passcode(Kind::AccountRecovery),
        Self::Passcode(Kind::Verification),
        Self::Certificates,
        Self::Card,
    ];

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Passcode(kind) => kind.words(),
            Self::Certificates => "certificates",
            Self::Card => "smartcard",
        }
    }
}

/// From one day to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Of what.
    pub line: Line,
    /// The first day.
    pub from: NaiveDate,
    /// The day on which it ended; `None` if it has not.
    pub until: Option<NaiveDate>,
    /// The day from which it was good for nothing more, if nobody did anything.
    pub good_until: Option<NaiveDate>,
    /// What it was: a card's number, for example; empty if there is nothing to tell.
    pub what: String,
}

/// Every bar until an instant.
#[derive(Debug, Clone, Default)]
pub struct Life {
    bars: Vec<Bar>,
}

impl Life {
    /// With one more event of the holder, at its civil day.
    pub(super) fn add(&mut self, on: NaiveDate, event: &HolderEvent) {
        if let HolderEvent::PasscodeSet { kind, on, .. } = event {
            self.begin(Line::Passcode(*kind), *on, None, String::new());
        } else if let HolderEvent::PasscodeBlanked { kind, on } = event {
            self.end(Line::Passcode(kind.kind()), *on);
        } else if let HolderEvent::CardIssued(card) = event {
            self.begin(Line::Card, on, None, card.card.to_string());
            self.begin(Line::Certificates, on, ends(&card.certificates), String::new());
        } else if let HolderEvent::CertificatesRenewed { on, certificates, .. } = event {
            self.begin(Line::Certificates, *on, ends(certificates), String::new());
        } else if let HolderEvent::CertificatesRevoked { on, .. }
        | HolderEvent::Desk(DeskEvent::CertificatesSuspended { on, .. }) = event
        {
            self.end(Line::Certificates, *on);
        } else if let HolderEvent::Desk(DeskEvent::CertificatesReinstated { on, .. }) = event {
            let before = self.bars.iter().rev().find(|bar| bar.line == Line::Certificates);
            let good_until = before.and_then(|bar| bar.good_until);
            self.begin(Line::Certificates, *on, good_until, String::new());
        } else if let HolderEvent::Desk(DeskEvent::CardCancelled { on, .. }) = event {
            self.end(Line::Card, *on);
        }
    }

    fn begin(&mut self, line: Line, from: NaiveDate, good_until: Option<NaiveDate>, what: String) {
        self.end(line, from);
        let of_line = self.bars.iter().filter(|bar| bar.line == line).count();
        if BARS_MAX <= of_line
            && let Some(oldest) = self.bars.iter().position(|bar| bar.line == line)
        {
            self.bars.remove(oldest);
        }
        self.bars.push(Bar { line, from, until: None, good_until, what });
    }

    fn end(&mut self, line: Line, on: NaiveDate) {
        let open = self.bars.iter_mut().rev().find(|bar| bar.line == line && bar.until.is_none());
        if let Some(open) = open {
            open.until = Some(on);
        }
    }
}

/// The day on which the first of them ends.
fn ends(certificates: &[IssuedCertificate]) -> Option<NaiveDate> {
    certificates.iter().map(|one| one.not_after).min().map(|at| at.date_naive())
}

/// A life line that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its first day.
    pub from: NaiveDate,
    /// The day after its last.
    pub until: NaiveDate,
    /// Where the instant is that it is of.
    pub now_x: i64,
    /// The bars, line by line, oldest first.
    pub bars: Vec<Drawn>,
    /// The first days of years, and where they are.
    pub years: Vec<(NaiveDate, i64)>,
}

/// A bar on the scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// The bar, its last days worked out.
    pub bar: Bar,
    /// Where it begins.
    pub x: i64,
    /// How wide it is, 2 or more.
    pub width: i64,
    /// How wide the part is in which it was good; the whole of it, if it ended before.
    pub good_width: i64,
}

impl Story {
    /// The life line until then; `None` if there is nothing to draw.
    ///
    /// # Errors
    /// If there was no policy yet.
    pub fn picture(&self) -> anyhow::Result<Option<Picture>> {
        let ctx = self.context()?;
        let bars: Vec<Bar> =
            self.life.bars.iter().map(|bar| with_last_day(&ctx, bar.clone())).collect();
        let Some(from) = bars.iter().map(|bar| bar.from).min() else { return Ok(None) };
        let today = ctx.today();
        let last = bars.iter().filter(|bar| bar.until.is_none()).filter_map(|bar| bar.good_until);
        let horizon = today.checked_add_days(Days::new(HORIZON_DAYS)).unwrap_or(today);
        let until = last
            .map(|last| last.min(horizon))
            .chain([today])
            .max()
            .unwrap_or(today)
            .succ_opt()
            .unwrap_or(today);
        let scale = Scale { from, n_days: (until - from).num_days().max(1) };
        let drawn = |line: Line| {
            bars.iter().filter(move |bar| bar.line == line).map(|bar| scale.draw(bar, today))
        };
        Ok(Some(Picture {
            from,
            until,
            now_x: scale.x(today),
            bars: Line::ALL.into_iter().flat_map(drawn).collect(),
            years: scale.years(until),
        }))
    }

    /// The civil day of an event.
    pub(super) fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        self.context().map_or(at.date_naive(), |ctx| ctx.at(at).today())
    }
}

/// A passcode that is set is good until it expires, by the policy then.
fn with_last_day(ctx: &Context<'_>, bar: Bar) -> Bar {
    let Line::Passcode(kind) = bar.line else { return bar };
    let at = bar.until.map_or(ctx.now, |until| calendar::start_of(until, ctx.policies.zone()));
    let good_until = match Standing::set(&ctx.at(at), kind, bar.from) {
        standing @ Standing::Set { .. } if standing.is_without_end() => None,
        Standing::Set { expires_on, .. } => Some(expires_on),
        Standing::NotSet => None,
    };
    Bar { good_until, ..bar }
}

struct Scale {
    from: NaiveDate,
    n_days: i64,
}

impl Scale {
    fn x(&self, day: NaiveDate) -> i64 {
        ((day - self.from).num_days().clamp(0, self.n_days) * WIDTH) / self.n_days
    }

    fn draw(&self, bar: &Bar, today: NaiveDate) -> Drawn {
        let x = self.x(bar.from);
        let ends = bar.until.unwrap_or(today);
        let width = (self.x(ends) - x).max(2);
        let good = bar.good_until.map_or(ends, |good| good.min(ends));
        let good_width = (self.x(good) - x).clamp(0, width);
        let good_width = if good == ends { width } else { good_width };
        Drawn { bar: bar.clone(), x, width, good_width }
    }

    fn years(&self, until: NaiveDate) -> Vec<(NaiveDate, i64)> {
        use chrono::Datelike as _;
        let years = (self.from.year() + 1)..=until.year();
        years
            .filter_map(|year| NaiveDate::from_ymd_opt(year, 1, 1))
            .map(|day| (day, self.x(day)))
            .collect()
    }
}
