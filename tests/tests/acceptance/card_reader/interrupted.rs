//! Wrong card, no card, another browser, agent gone, server gone, reader not approved: a clear
//! sentence, nothing changed, nothing spent.

use anyhow::Context as _;
use reqwest::StatusCode;
use tests::{
    held::until,
    system::{OTHER_SLOT, READER, system},
    visitor::Visitor,
};
use virtual_card::Profile;

use super::{card_takes, go_and_log_in, go_and_update, go_to_passcode_page, log_in, old_and_new};

fn an_update_is_refused_after_another_card_took_the_place_of_the_first(
    first: &str,
    second: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(first)?;
    let mut visitor = Visitor::new()?;
    log_in(&system, &mut visitor, &system.passcode(first))?;
    go_and_update(&system, &mut visitor, &[("smartcard", "true")])?;
    let page = visitor.page()?.address.to_string();
    system.insert(second)?;
    let others = system.passcode(second);
    // The page shows the card that is in the reader now; the session went with the first.
    visitor.open(&page.replace(&system.agent_origin(), &system.origin()))?;
    go_to_passcode_page(&mut visitor)?;
    visitor.press("Make these changes", &old_and_new(&others, "27272727"))?;
    visitor.sees("You are no longer logged in. Log in and start again.")?;
    go_and_log_in(&system, &mut visitor)?;
    visitor.sees("Tries left 3")?;
    assert!(card_takes(&system, &others)?);
    Ok(())
}

#[test]
fn p20_an_update_is_refused_after_a_piv_card_took_the_place_of_a_guide_card() -> anyhow::Result<()>
{
    an_update_is_refused_after_another_card_took_the_place_of_the_first("tomasz", "maria")
}

#[test]
fn p20_an_update_is_refused_after_a_guide_card_took_the_place_of_a_piv_card() -> anyhow::Result<()>
{
    an_update_is_refused_after_another_card_took_the_place_of_the_first("maria", "tomasz")
}

fn of_two_cards_none_is_taken_until_the_other_is_gone(
    card: &str,
    name: &str,
    other: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    go_and_log_in(&system, &mut visitor)?;
    system.sandbox.drawer().insert(other, OTHER_SLOT)?;
    visitor.reload_until("Which smartcard is yours?")?;
    system.sandbox.drawer().remove(OTHER_SLOT)?;
    visitor.reload_until("Tries left 3")?;
    visitor.press("Log in", &[("current_passcode", &system.passcode(card))])?;
    visitor.sees(name)
}

#[test]
fn of_two_cards_none_is_taken_until_the_piv_card_is_gone() -> anyhow::Result<()> {
    of_two_cards_none_is_taken_until_the_other_is_gone("tomasz", "Tomasz Nowak", "maria")
}

#[test]
fn of_two_cards_none_is_taken_until_the_guide_card_is_gone() -> anyhow::Result<()> {
    of_two_cards_none_is_taken_until_the_other_is_gone("maria", "Maria Silva", "tomasz")
}

#[test]
fn p05_a_card_that_is_nobodys_opens_nothing_and_spends_nothing() -> anyhow::Result<()> {
    let system = system()?;
    for profile in Profile::ALL {
        let card = format!("stranger-{profile}");
        system.sandbox.drawer().new_card(&card, profile)?;
        system.insert(&card)?;
        let mut visitor = Visitor::new()?;
        go_and_log_in(&system, &mut visitor)?;
        visitor.press("Log in", &[("current_passcode", "654321")])?;
        visitor.sees("This card is not known here.")?;
        visitor.follow("Try again")?;
        visitor.sees("Tries left 3")?;
    }
    Ok(())
}

fn an_empty_reader_is_named_and_the_card_waited_for(card: &str, name: &str) -> anyhow::Result<()> {
    let system = system()?;
    let mut visitor = Visitor::new()?;
    visitor.open(&format!("{}/log-in", system.origin()))?;
    visitor.press("Log in with your smartcard", &[])?;
    visitor.follow("Enter your passcode")?;
    visitor.reload_until("Put your smartcard in the reader")?;
    system.insert(card)?;
    until("the card software sees the card", || {
        visitor.follow("Check again").ok();
        Ok(visitor.page()?.says("Tries left").then_some(()))
    })?;
    visitor.press("Log in", &[("current_passcode", &system.passcode(card))])?;
    visitor.sees(name)
}

#[test]
fn an_empty_reader_is_named_and_a_guide_card_waited_for() -> anyhow::Result<()> {
    an_empty_reader_is_named_and_the_card_waited_for("tomasz", "Tomasz Nowak")
}

#[test]
fn an_empty_reader_is_named_and_a_piv_card_waited_for() -> anyhow::Result<()> {
    an_empty_reader_is_named_and_the_card_waited_for("maria", "Maria Silva")
}

fn a_card_that_is_gone_when_the_passcode_comes_has_spent_nothing(card: &str) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    go_and_log_in(&system, &mut visitor)?;
    system.take_out()?;
    let page = visitor.press("Log in", &[("current_passcode", "wrong-1")])?;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(
        page.says("Put your smartcard in the reader")
            || page.says("Your card was taken out too early"),
        "{}",
        page.html.text
    );
    system.insert(card)?;
    go_and_log_in(&system, &mut visitor)?;
    visitor.sees("Tries left 3")
}

#[test]
fn a_guide_card_that_is_gone_when_the_passcode_comes_has_spent_nothing() -> anyhow::Result<()> {
    a_card_that_is_gone_when_the_passcode_comes_has_spent_nothing("tomasz")
}

#[test]
fn a_piv_card_that_is_gone_when_the_passcode_comes_has_spent_nothing() -> anyhow::Result<()> {
    a_card_that_is_gone_when_the_passcode_comes_has_spent_nothing("maria")
}

fn a_session_ends_when_its_card_leaves_the_reader(card: &str) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    log_in(&system, &mut visitor, &system.passcode(card))?;
    system.take_out()?;
    visitor.reload_until("You were logged out because your card was removed")?;
    // It does not come back with the card.
    system.insert(card)?;
    visitor.open(&format!("{}/home", system.origin()))?;
    visitor.sees("You were logged out because your card was removed")
}

#[test]
fn a_session_ends_when_its_guide_card_leaves_the_reader() -> anyhow::Result<()> {
    a_session_ends_when_its_card_leaves_the_reader("tomasz")
}

#[test]
fn a_session_ends_when_its_piv_card_leaves_the_reader() -> anyhow::Result<()> {
    a_session_ends_when_its_card_leaves_the_reader("maria")
}

fn what_one_browser_starts_and_another_finishes_gives_neither_anything(
    card: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let (mut starter, mut finisher) = (Visitor::new()?, Visitor::new()?);
    go_and_log_in(&system, &mut starter)?;
    let passcode_page = starter.page()?.address.to_string();

    // A browser that has started a job of its own, so that it has a cookie.
    finisher.open(&format!("{}/log-in", system.origin()))?;
    finisher.press("Log in with your smartcard", &[])?;
    finisher.open(&passcode_page)?;
    finisher.press("Log in", &[("current_passcode", &system.passcode(card))])?;
    assert_eq!(finisher.page()?.status, StatusCode::FORBIDDEN);
    let code = finisher.page()?.address.to_string();
    finisher.open(&format!("{}/home", system.origin()))?;
    finisher.sees("Log in to the Self Service Portal")?;

    // The code is spent, even for the browser that it was for.
    starter.open(&code)?;
    assert_eq!(starter.page()?.status, StatusCode::FORBIDDEN);
    starter.open(&passcode_page.replace(&system.agent_origin(), &system.origin()))?;
    starter.sees("This has been finished in another window")?;
    starter.open(&format!("{}/home", system.origin()))?;
    starter.sees("Log in to the Self Service Portal")
}

#[test]
fn what_one_browser_starts_and_another_finishes_with_a_guide_card_gives_neither_anything()
-> anyhow::Result<()> {
    what_one_browser_starts_and_another_finishes_gives_neither_anything("tomasz")
}

#[test]
fn what_one_browser_starts_and_another_finishes_with_a_piv_card_gives_neither_anything()
-> anyhow::Result<()> {
    what_one_browser_starts_and_another_finishes_gives_neither_anything("maria")
}

fn an_agent_that_is_killed_is_missed_and_found_again_by_itself(card: &str) -> anyhow::Result<()> {
    let mut system = system()?;
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    log_in(&system, &mut visitor, &system.passcode(card))?;
    system.agent.take().context("the agent runs")?.kill()?;
    visitor.reload_until("Not connected")?;
    visitor.sees("The card software was last connected at")?;
    visitor.follow("We have lost contact with your card software")?;
    visitor.sees("it connects again by itself")?;

    system.start_agent()?;
    visitor.open(&format!("{}/home", system.origin()))?;
    visitor.reload_until(&format!("Connected Reader: {READER}"))?;
    go_and_log_in(&system, &mut visitor)?;
    visitor.sees("Tries left 3")
}

#[test]
fn an_agent_with_a_guide_card_that_is_killed_is_missed_and_found_again_by_itself()
-> anyhow::Result<()> {
    an_agent_that_is_killed_is_missed_and_found_again_by_itself("tomasz")
}

#[test]
fn an_agent_with_a_piv_card_that_is_killed_is_missed_and_found_again_by_itself()
-> anyhow::Result<()> {
    an_agent_that_is_killed_is_missed_and_found_again_by_itself("maria")
}

fn a_server_that_is_killed_comes_back_with_sessions_and_agents(
    card: &str,
    name: &str,
) -> anyhow::Result<()> {
    let mut system = system()?;
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    log_in(&system, &mut visitor, &system.passcode(card))?;
    go_and_log_in(&system, &mut visitor)?;
    let passcode_page = visitor.page()?.address.to_string();
    system.server.take().context("the server runs")?.kill()?;
    visitor.open(&passcode_page)?;
    until("the agent misses the server", || {
        Ok(visitor.reload()?.says("The card software cannot reach the service").then_some(()))
    })?;

    system.start_server()?;
    visitor.open(&format!("{}/home", system.origin()))?;
    visitor.sees(name)?;
    visitor.reload_until(&format!("Connected Reader: {READER}"))?;
    // The job of before is still there, too.
    visitor.open(&passcode_page)?;
    visitor.reload_until("Tries left 3")?;
    visitor.press("Log in", &[("current_passcode", &system.passcode(card))])?;
    visitor.sees(name)
}

#[test]
fn a_server_that_is_killed_comes_back_with_the_session_of_a_guide_card_and_its_agent()
-> anyhow::Result<()> {
    a_server_that_is_killed_comes_back_with_sessions_and_agents("tomasz", "Tomasz Nowak")
}

#[test]
fn a_server_that_is_killed_comes_back_with_the_session_of_a_piv_card_and_its_agent()
-> anyhow::Result<()> {
    a_server_that_is_killed_comes_back_with_sessions_and_agents("maria", "Maria Silva")
}

fn a_reader_that_is_not_approved_is_named_and_spends_nothing(card: &str) -> anyhow::Result<()> {
    let mut system = system()?;
    system.insert(card)?;
    system.restart_agent("Some Other Reader")?;
    let mut visitor = Visitor::new()?;
    visitor.open(&format!("{}/log-in", system.origin()))?;
    visitor.press("Log in with your smartcard", &[])?;
    visitor.follow("Enter your passcode")?;
    let refused = visitor
        .reload_until("Your card reader is not approved")
        .and_then(|()| visitor.sees(&format!("This computer has: {READER}")))
        .and_then(|()| visitor.sees("Approved are: Some Other Reader"));
    system.restart_agent(READER)?;
    refused?;
    go_and_log_in(&system, &mut visitor)?;
    visitor.sees("Tries left 3")
}

#[test]
fn b60_a_reader_that_is_not_approved_is_named_and_a_guide_card_in_it_spends_nothing()
-> anyhow::Result<()> {
    a_reader_that_is_not_approved_is_named_and_spends_nothing("tomasz")
}

#[test]
fn b60_a_reader_that_is_not_approved_is_named_and_a_piv_card_in_it_spends_nothing()
-> anyhow::Result<()> {
    a_reader_that_is_not_approved_is_named_and_spends_nothing("maria")
}
