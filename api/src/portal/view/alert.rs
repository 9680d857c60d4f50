//! P-14 to P-16: the alert of the day, on its own page after log-in and in a box on Home.

use chrono::NaiveDate;
use domain::expiry;
use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::{passcodes::days, paths};

/// The alert of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// What is most urgent, in a sentence without full stop.
    title: String,
    /// What is due, the most urgent first.
    items: Vec<Item>,
    /// What *Later* means.
    meaning: String,
    /// The day whose alert it is, as *Later* sends it back.
    on: NaiveDate,
    /// P-16: where *Renew now* leads.
    renew: &'static str,
    /// B-16: where *Later* is sent.
    later: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Item {
    title: &'static str,
    expires: String,
    days_left: String,
}

impl From<&expiry::Alert> for Alert {
    fn from(alert: &expiry::Alert) -> Self {
        let items = alert.items.iter().map(|item| Item {
            title: item.kind.title(),
            expires: pages::date(item.expires_on),
            days_left: days((item.expires_on - alert.on).num_days()),
        });
        let first = alert.items.iter().map(|item| item.expires_on).min();
        Self {
            title: title(alert),
            items: items.collect(),
            meaning: first.map_or_else(String::new, |first| meaning(alert.on, first)),
            on: alert.on,
            renew: paths::PASSCODES_DUE,
            later: paths::ALERT_LATER,
        }
    }
}

fn title(alert: &expiry::Alert) -> String {
    match alert.items.as_slice() {
        [one] => {
            let left = days((one.expires_on - alert.on).num_days());
            format!("Your {} expires in {left}", one.kind.words())
        }
        several => format!("{} of your passcodes expire soon", several.len()),
    }
}

/// P-15, P-17: until when it can be put off.
fn meaning(on: NaiveDate, forced_from: NaiveDate) -> String {
    let date = pages::date(forced_from);
    if on.succ_opt() == Some(forced_from) {
        format!(
            "You can do it later today. From tomorrow, {date}, you have to do it before anything else."
        )
    } else {
        format!(
            "You can do it later: we will remind you again tomorrow. From {date} you have to do it before anything else."
        )
    }
}

impl Alert {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        pages::render(environment, "alert.jinja", frame, &Head::new(&self.title), self)
    }
}
