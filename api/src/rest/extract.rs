//! What handlers take in: who calls, the body, the query. Whatever is wrong with them is a problem
//! and says where, never what was sent: there may be a passcode in it.

use std::{fmt, marker::PhantomData};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use axum_extra::extract::CookieJar;
use domain::staff::Warrant;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};
use stores::{
    api_token::{ApiToken, Role},
    event_store::NUMBER_MAX,
    session::{EndReason, Ending, Session},
    token::TokenHash,
};
use zeroize::Zeroizing;

use super::problem::Problem;
use crate::{
    admission::{Admission, Names, admit},
    app::App,
    cookies::{self, BROWSER_COOKIE, SESSION_COOKIE},
    staff::{self, Entry, Listed, Mandate, Member, NamesAct, Record},
    tokens,
};

/// Who calls: the holder of a session that may do `A`. As an argument of a handler: nobody gets in
/// without.
pub(super) struct Caller<A> {
    /// The session.
    pub(super) session: Session,
    act: PhantomData<A>,
}

impl<A: Names> FromRequestParts<App> for Caller<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match admit(app, &parts.headers, A::ACT).await? {
            Admission::Open(session) => Ok(Self { session, act: PhantomData }),
            Admission::Refused(refusal, required) => {
                Err(Problem::of_restricted(&refusal.into(), &required))
            }
            Admission::Nobody => Err(not_logged_in(app, &parts.headers).await?),
        }
    }
}

/// Who calls: a member of staff who may do `A`, about nobody in particular. As an argument of a
/// handler: nobody gets in without.
pub(super) struct Desk<A> {
    /// Who he is.
    pub(super) member: Member,
    /// That he may.
    pub(super) warrant: Warrant,
    act: PhantomData<A>,
}

impl<A: NamesAct> FromRequestParts<App> for Desk<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Listed::<A>::check(parts)?;
        let entry = staff::admit_member(app, &parts.headers, A::ACT).await?;
        let (member, warrant) = entered(app, parts, entry).await?;
        Ok(Self { member, warrant, act: PhantomData })
    }
}

/// Who calls: a member of staff who may do `A` to the person whose number is in the address.
pub(super) struct DeskFor<A> {
    /// Who he is.
    pub(super) member: Member,
    /// That he may.
    pub(super) mandate: Mandate,
    /// The person.
    pub(super) record: Record,
    act: PhantomData<A>,
}

impl<A: NamesAct> FromRequestParts<App> for DeskFor<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Listed::<A>::check(parts)?;
        let holder = staff::holder_in(parts, app).await?;
        let entry = staff::admit_to(app, &parts.headers, A::ACT, holder).await?;
        let (member, mandate, record) = entered(app, parts, entry).await?;
        Ok(Self { member, mandate, record, act: PhantomData })
    }
}

async fn entered<T>(app: &App, parts: &Parts, entry: Entry<T>) -> Result<T, Problem> {
    match entry {
        Entry::Open(entered) => Ok(entered),
        Entry::Nobody => Err(not_logged_in(app, &parts.headers).await?),
        Entry::Restricted(refusal, required) => {
            Err(Problem::of_restricted(&refusal.into(), &required))
        }
        Entry::Refused(refusal) => Err(Problem::of_refusal(&refusal)),
        Entry::NoSuchPerson => Err(Problem::of(StatusCode::NOT_FOUND)
            .because("There is no such person.")
            .but("Look for the person by name or smartcard.")),
    }
}

/// The browser that logged in, for what it starts. Its cookie came with the log-in: a new one would be
/// lost with the answer, and the job with it, so that a repeat could not help.
pub(super) struct LoggedInBrowser(pub(super) TokenHash);

impl FromRequestParts<App> for LoggedInBrowser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let jar = CookieJar::from_headers(&parts.headers);
        cookies::token(&jar, BROWSER_COOKIE).map(Self).ok_or_else(|| {
            Problem::of(StatusCode::FORBIDDEN)
                .because("The browser's cookie, which came with the log-in, is missing.")
        })
    }
}

/// Who calls: a machine whose token lets it ask for logon checks. As an argument of a handler: no
/// other gets in.
pub(super) struct LogonChecker(pub(super) ApiToken);

impl FromRequestParts<App> for LogonChecker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        machine(app, &parts.headers, Role::LogonChecks).await.map(Self)
    }
}

/// Who calls: the registration authority's own system, which has checked who somebody is (C-04). As an
/// argument of a handler: no other gets in.
pub(super) struct RegistrationAuthority(pub(super) ApiToken);

impl FromRequestParts<App> for RegistrationAuthority {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        machine(app, &parts.headers, Role::RegistrationAuthority).await.map(Self)
    }
}

/// Who calls: a telephone service's own system (P-11). As an argument of a handler: no other gets in.
pub(super) struct TelephoneService(pub(super) ApiToken);

impl FromRequestParts<App> for TelephoneService {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        machine(app, &parts.headers, Role::TelephoneService).await.map(Self)
    }
}

/// RFC 6750: the token in the headers, if it is good and of this role.
async fn machine(app: &App, headers: &HeaderMap, role: Role) -> Result<ApiToken, Problem> {
    let Some(bearer) = bearer(headers) else { return Err(Problem::no_token()) };
    let token = tokens::present(app, bearer).await?.ok_or_else(Problem::bad_token)?;
    if token.role == role { Ok(token) } else { Err(Problem::other_role()) }
}

/// RFC 6750 §2.1; the scheme's case means nothing (RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}

/// 401, and why the session is over, as far as the cookie tells.
async fn not_logged_in(app: &App, headers: &HeaderMap) -> anyhow::Result<Problem> {
    let problem = Problem::of(StatusCode::UNAUTHORIZED);
    let jar = CookieJar::from_headers(headers);
    let Some(token) = cookies::token(&jar, SESSION_COOKIE) else { return Ok(problem) };
    let ending = app.stores().sessions.ending(token, app.now()).await?;
    Ok(match ending {
        None => problem,
        Some(ending) => problem.because(why_over(ending)),
    })
}

fn why_over(ending: Ending) -> &'static str {
    match ending {
        Ending::Idle => "Your session was not used for 15 minutes.",
        Ending::Absolute => "A session lasts no longer than 12 hours.",
        Ending::Because(EndReason::SignedOut) => "You have logged out.",
        Ending::Because(EndReason::CardRemoved) => "Your smartcard left the reader.",
        Ending::Because(EndReason::AgentLost) => {
            "The card software has not been heard of for a minute."
        }
        Ending::Because(EndReason::AgentRevoked) => "Your workstation's access was withdrawn.",
        Ending::Because(EndReason::CertificatesRevoked) => "Your certificates were revoked.",
        Ending::Because(EndReason::CertificatesSuspended) => "Your certificates were suspended.",
        Ending::Because(EndReason::CertificatesRenewed) => "Your certificates were renewed.",
        Ending::Because(EndReason::AccountLocked) => "Your account was locked.",
        Ending::Because(EndReason::Suspended) => {
            "Your session is suspended, because another card was shown at your workstation."
        }
    }
}

/// A JSON body: what it says, and its bytes, which are wiped when dropped.
pub(super) struct Sent<T> {
    /// What it says.
    pub(super) value: T,
    /// As it was sent.
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::of(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let body = Bytes::from_request(request, app).await;
        let body = body.map_err(|rejection| Problem::of(rejection.status()))?;
        let bytes = Zeroizing::new(body.to_vec());
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let value = object(&mut json).and_then(|value| json.end().map(|()| value));
        let value = value.map_err(|error| not_understood(&error))?;
        Ok(Self { value, bytes })
    }
}

/// Reads a text that is wiped when dropped.
pub(super) fn wiped<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

/// Reads a JSON object; `serde` alone would take a list of its values for it, too.
pub(super) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(Object(PhantomData))
}

/// RFC 8259 §11: `application/json`, whose parameters mean nothing.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// 400 if it is no JSON, 422 if it is another JSON than the one asked for. What `serde_json` says
/// would repeat what was sent.
fn not_understood(error: &serde_json::Error) -> Problem {
    let place = format!("line {}, column {}", error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Data => Problem::of(StatusCode::UNPROCESSABLE_ENTITY).because(
            format!("The body has an unknown, repeated, missing or wrongly typed field: {place}."),
        ),
        serde_json::error::Category::Io
        | serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof => Problem::of(StatusCode::BAD_REQUEST)
            .because(format!("The body is not valid JSON in UTF-8: {place}.")),
    }
}

/// The parameters after `?`.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match axum::extract::Query::from_request_parts(parts, app).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::of(StatusCode::BAD_REQUEST)
                .because("A parameter after the ? is unknown or not of its type.")),
        }
    }
}

/// A place in a list, which JSON can say exactly (RFC 7493 §2.2).
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Place(pub(super) u64);

impl TryFrom<u64> for Place {
    type Error = &'static str;

    fn try_from(number: u64) -> Result<Self, &'static str> {
        if number <= NUMBER_MAX { Ok(Self(number)) } else { Err("a number that JSON cannot say") }
    }
}

/// How many entries a page is to have: `asked`, or `default`; `None` if that is not from 1 to `max`.
pub(super) fn limit(asked: Option<u32>, default: u32, max: u32) -> Option<u32> {
    Some(asked.unwrap_or(default)).filter(|limit| (1..=max).contains(limit))
}

/// A page of so many entries cannot be had.
pub(super) fn out_of_range(max: u32) -> Problem {
    Problem::of(StatusCode::BAD_REQUEST)
        .because(format!("The parameter limit goes from 1 to {max}."))
}
