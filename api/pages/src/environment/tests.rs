//! What the layout promises to every page.

use serde::Serialize;

use crate::{
    Account, Demo, FieldError, Frame, Head, Link, NavigationItem, TimeOut, environment, render,
    testing::outline,
};

const PAGE: &[(&str, &str)] = &[(
    "page.jinja",
    r#"{% extends "layout.jinja" %}{% block page %}<p>{{ page.words }}</p>{% endblock %}"#,
)];

#[derive(Serialize)]
struct Page {
    words: &'static str,
}

fn full_frame() -> Frame {
    Frame {
        navigation: vec![
            NavigationItem { href: "/home".into(), text: "Home".into(), current: true },
            NavigationItem { href: "/help".into(), text: "Help".into(), current: false },
        ],
        account: Some(Account { name: "Sam Okafor".into(), log_out: "/log-out".into() }),
        log_out_at: Some("2:47pm".into()),
        time_out: Some(TimeOut {
            keep: "/session/keep".into(),
            log_out: "/log-out".into(),
            logged_out: "/logged-out".into(),
            log_out_at: "2:47pm".into(),
            ends_after_secs: 900,
            warn_secs: 120,
            may_stay: true,
        }),
        ..Frame::new("Self Service Portal", "/")
    }
    .with_demo(Demo { text: "Nobody here is real.".into(), links: Vec::new() })
}

fn html(frame: &Frame, head: &Head) -> String {
    render(&environment(PAGE).unwrap(), "page.jinja", frame, head, &Page { words: "<b>hello</b>" })
        .unwrap()
}

#[test]
fn a_page_has_one_heading_a_skip_link_and_escaped_words() {
    let html = html(&Frame::new("Self Service Portal", "/"), &Head::new("Your smartcard"));
    assert_eq!(html.matches("<h1").count(), 1);
    assert!(html.contains(r##"href="#maincontent""##));
    assert!(html.contains("<title>Your smartcard – Self Service Portal – Latchkey</title>"));
    assert!(html.contains("&lt;b&gt;hello&lt;&#x2f;b&gt;"));
}

#[test]
fn a_page_shows_no_nhs_logo_and_no_nhs_copyright() {
    let html = html(&full_frame(), &Head::new("Your smartcard"));
    assert!(!html.contains("nhsuk-header__logo"));
    assert!(!html.contains("NHS England"));
    assert!(html.contains("not an NHS service"));
}

#[test]
fn a_page_of_nobody_in_particular_has_no_warning_and_no_script_for_it() {
    let head = Head::new("Your smartcard");
    let nobodys = outline(&html(&Frame::new("Self Service Portal", "/"), &head));
    assert!(!nobodys.contains("<dialog") && !nobodys.contains("/time-out-"));
    let holders = outline(&html(&full_frame(), &head));
    assert!(holders.contains("<dialog") && holders.contains("/time-out-"));
    assert!(holders.contains(r#"data-ends-after-secs="900""#));
}

#[test]
fn errors_stand_in_the_title_and_in_a_summary_that_leads_to_the_fields() {
    let head = Head {
        errors: vec![FieldError::new("vp-new", "Enter 8 to 20 characters")],
        ..Head::new("Manage passcodes")
    };
    let html = html(&full_frame(), &head);
    assert!(html.contains("<title>Error: Manage passcodes"));
    let html = outline(&html);
    assert!(html.contains(r##"<a href="#vp-new">"##) && html.contains("Enter 8 to 20 characters"));
}

#[test]
fn account_and_navigation_appear_only_when_somebody_is_logged_in() {
    let out = html(&Frame::new("Self Service Portal", "/"), &Head::new("Log in"));
    assert!(!out.contains("Log out") && !out.contains("nhsuk-header__navigation-list"));
    let logged_in = outline(&html(&full_frame(), &Head::new("Home")));
    assert!(logged_in.contains("Sam Okafor") && logged_in.contains("Log out"));
    assert!(logged_in.contains(r#"aria-current="page""#));
    assert!(logged_in.contains("we will log you out at 2:47pm"));
}

#[test]
fn a_back_link_leads_where_the_page_says() {
    let head = Head { back: Some(Link::new("/help", "Back to help")), ..Head::new("No card") };
    assert!(outline(&html(&full_frame(), &head)).contains("Back to help"));
}

#[test]
fn a_template_that_asks_for_a_field_the_page_does_not_have_fails() {
    let typo = &[(
        "page.jinja",
        r#"{% extends "layout.jinja" %}{% block page %}{{ page.wrods }}{% endblock %}"#,
    )];
    let environment = environment(typo).unwrap();
    let page = Page { words: "" };
    assert!(render(&environment, "page.jinja", &full_frame(), &Head::new("x"), &page).is_err());
}

#[test]
fn a_template_with_a_syntax_error_is_refused() {
    assert!(environment(&[("bad.jinja", "{% if %}")]).is_err());
}
