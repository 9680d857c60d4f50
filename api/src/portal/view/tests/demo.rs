//! The demonstration's pages.

use domain::{
    context::Context,
    passcode::{Kind, Standing, Status},
    policy::Policies,
    testing::{day, instant},
};

use super::nobody;
use crate::portal::view::{
    demo::{
        DemoAnswer, DemoCard, DemoPasscode, Drawer, OtherCard, Place, Progress,
        mailbox::{MailList, MailView},
        time_machine::{LastMove, Planned, Sent, State, TimeMachine},
    },
    passcodes::StatusLine,
};

fn passcode(kind: Kind, set_on: Option<&str>, value: Option<&str>) -> DemoPasscode {
    let policies = Policies::seed();
    let ctx = Context { now: instant("2026-11-22T09:00:00Z"), policies: &policies };
    let set = set_on.map(|on| Standing::set(&ctx, kind, day(on)));
    let status = Status { kind, standing: set.unwrap_or(Standing::NotSet) };
    DemoPasscode {
        line: StatusLine::from(&status),
        value: value.map(str::to_owned),
        changed: false,
        forgotten: false,
        age: set_on.map(|on| (ctx.today() - day(on)).num_days()),
    }
}

fn card(id: &str, holder: &str, place: Place) -> DemoCard {
    DemoCard {
        id: id.into(),
        holder: holder.into(),
        story: "It was the day of the first alert.".into(),
        serial: (place != Place::BeingMade).then(|| "0A1B2C3D".into()),
        profile: "guide: 4 to 8 characters".into(),
        passcodes: vec![
            passcode(Kind::Smartcard, Some("2025-12-06"), Some("Abcd1234")),
            passcode(Kind::AccountRecovery, None, Some("Orchard-Gate-4")),
            passcode(Kind::Verification, None, None),
        ],
        answers: Vec::new(),
        place,
    }
}

fn drawer(cards: Vec<DemoCard>, progress: Progress) -> Drawer {
    Drawer {
        cards,
        others: Vec::new(),
        progress,
        problem: None,
        now: "22 November 2026 at 9am".into(),
    }
}

#[test]
fn the_card_drawer_shows_where_each_card_is() {
    let cards = vec![
        card("okafor", "Dr Sam Okafor", Place::Reader),
        card("patel", "Jo Patel", Place::Drawer),
        card("lind", "Ada Lind", Place::BeingMade),
    ];
    let page = drawer(cards, Progress::new(2, 3));
    nobody().shows("demo", |environment, frame| page.render(environment, frame));
    let mut changed = card("patel", "Jo Patel", Place::Drawer);
    changed.passcodes[0].changed = true;
    changed.passcodes[1].forgotten = true;
    changed.answers = [Some("Wuffletine".to_owned()), None]
        .map(|answer| DemoAnswer { question: "Name of your first soft toy".into(), answer })
        .into();
    let other = |id: &str, serial: &str, place| OtherCard {
        id: id.into(),
        serial: serial.into(),
        holder: None,
        place,
    };
    let made = OtherCard {
        holder: Some("Ana Silva".into()),
        ..other("blank-2", "0A1B2C3F", Place::SecondReader)
    };
    let others = vec![other("blank-1", "0A1B2C3E", Place::Drawer), made];
    let page = Drawer { others, ..drawer(vec![changed], Progress::new(1, 1)) };
    nobody().shows("demo_empty_reader", |environment, frame| page.render(environment, frame));
    let page = Drawer {
        problem: Some("Ada Lind: no card agent is connected".into()),
        ..drawer(vec![card("lind", "Ada Lind", Place::BeingMade)], Progress::new(0, 1))
    };
    nobody().shows("demo_stopped", |environment, frame| page.render(environment, frame));
    let page = drawer(vec![], Progress::new(0, 0));
    nobody().shows("demo_without_drawer", |environment, frame| page.render(environment, frame));
}

fn time_machine(state: State) -> TimeMachine {
    TimeMachine {
        now: "22 November 2026 at 9am".into(),
        real_now: "20 November 2026 at 2:47pm".into(),
        next: Some("23 November 2026 at 8am".into()),
        planned: vec![Planned {
            on: "23 November 2026".into(),
            holder: "Noor Rahman".into(),
            what: "Smartcard passcode: the daily alerts begin".into(),
        }],
        state,
        last: None,
        morning: "9am".into(),
        days_max: 400,
        example: "23 11 2026".into(),
        sent: Sent::default(),
        fault: None,
    }
}

fn last(problem: Option<&str>) -> LastMove {
    LastMove {
        from: "20 November 2026 at 2:47pm".into(),
        to: "22 November 2026 at 9am".into(),
        stops: 3,
        off: false,
        problem: problem.map(str::to_owned),
    }
}

#[test]
fn the_time_machine_says_what_time_it_is_what_is_planned_and_how_it_went() {
    let page = TimeMachine { last: Some(last(None)), ..time_machine(State::Ready) };
    nobody().shows("time_machine", |environment, frame| page.render(environment, frame));
    let moving = State::Moving { to: "1 March 2027 at 9am".into(), stops: 12 };
    let page = TimeMachine { last: Some(last(None)), ..time_machine(moving) };
    nobody().shows("time_machine_moving", |environment, frame| page.render(environment, frame));
    let page = time_machine(State::BeingMade(Progress::new(3, 14)));
    nobody().shows("time_machine_not_yet", |environment, frame| page.render(environment, frame));
    let page = TimeMachine {
        last: Some(last(Some("the workflow engine does not come to rest"))),
        next: None,
        planned: vec![],
        sent: Sent { off: true, day: "31".into(), month: "2".into(), year: "2027".into() },
        fault: Some("Enter a date, with day, month and year".into()),
        ..time_machine(State::Ready)
    };
    nobody().shows("time_machine_errors", |environment, frame| page.render(environment, frame));
}

#[test]
fn the_mailbox_lists_mails_and_shows_the_text_of_one() {
    let mail = MailView {
        href: "/demo/mailbox/7".into(),
        subject: "Your passcode expires tomorrow".into(),
        from: "smartcards@demo.example".into(),
        to: "noor.rahman@example.org".into(),
        when: Some("22 November 2026 at 8am".into()),
        message_id: "69b77d73@localhost".into(),
        text: "Dear Noor Rahman\n\n<b>Change it.</b>".into(),
    };
    nobody().shows("mailbox_mail", |environment, frame| mail.render(environment, frame));
    let page = MailList { mails: vec![mail], kept: 200 };
    nobody().shows("mailbox", |environment, frame| page.render(environment, frame));
    let page = MailList { mails: vec![], kept: 200 };
    nobody().shows("mailbox_empty", |environment, frame| page.render(environment, frame));
}
