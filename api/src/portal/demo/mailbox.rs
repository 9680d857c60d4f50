//! The mails that the stand-in of a mail server has taken.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{demo, in_words};
use crate::{
    app::App,
    demo::mailbox::{MAILS_MAX, Mailbox, Received},
    portal::{
        errors::PageError,
        html, public_frame,
        view::{
            demo::mailbox::{MailList, MailView},
            paths,
            problem::ProblemKind,
        },
    },
};

/// All of them.
pub(in crate::portal) async fn list(State(app): State<App>) -> Result<Response, PageError> {
    let mails = read(&app, Mailbox::mails).await?;
    let mails = mails.into_iter().map(|mail| view(&app, mail)).collect();
    let page = MailList { mails, kept: MAILS_MAX };
    html(page.render(app.pages(), &public_frame(&app)))
}

/// One of them.
pub(in crate::portal) async fn one(
    State(app): State<App>,
    Path(number): Path<u64>,
) -> Result<Response, PageError> {
    let mail = read(&app, move |mailbox| mailbox.mail(number)).await?;
    let mail = mail.ok_or(PageError::Problem(ProblemKind::NotFound))?;
    html(view(&app, mail).render(app.pages(), &public_frame(&app)))
}

/// Mails are files.
async fn read<T: Send + 'static>(
    app: &App,
    how: impl FnOnce(&Mailbox) -> std::io::Result<T> + Send + 'static,
) -> Result<T, PageError> {
    let mailbox = Arc::clone(demo(app)?.mailbox());
    Ok(tokio::task::spawn_blocking(move || how(&mailbox)).await??)
}

fn view(app: &App, mail: Received) -> MailView {
    let Received { number, message_id, at, from, to, subject, text } = mail;
    let when = at.map(|at| in_words(app, at));
    MailView { href: paths::demo_mail(number), subject, from, to, when, message_id, text }
}
