//! The description of the API, OpenAPI 3.1, made from the handlers.

use std::sync::LazyLock;

use axum::Json;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder,
    security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};

use super::{PREFIX, documented, problem::Problem};
use crate::cookies::{BROWSER_COOKIE, SESSION_COOKIE};

static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(|| {
    OpenApiBuilder::new().info(info()).build().nest(PREFIX, documented().into_openapi())
});

/// What is true of all routes.
pub(super) fn about() -> OpenApi {
    let cookie = ApiKeyValue::with_description(
        SESSION_COOKIE,
        "The session's cookie, which a finished log-in sets.",
    );
    let browser = ApiKeyValue::with_description(
        BROWSER_COOKIE,
        "The browser's cookie, which the start of a log-in sets: who starts a job must end it.",
    );
    let mut token = Http::new(HttpAuthScheme::Bearer);
    token.description =
        Some("A machine's token, for its role, which the operator issues.".to_owned());
    let components = ComponentsBuilder::new()
        .security_scheme("browser", SecurityScheme::ApiKey(ApiKey::Cookie(browser)))
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
        .security_scheme("machine", SecurityScheme::Http(token))
        .schema_from::<Problem>()
        .build();
    OpenApiBuilder::new().info(info()).components(Some(components)).build()
}

fn info() -> utoipa::openapi::Info {
    InfoBuilder::new()
        .title("Latchkey")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "What card holders can do in the portal, for programs, and what services that \
             authenticate them elsewhere ask. Every refusal is a problem \
             (RFC 9457) that names the rule behind it. Whatever needs the smartcard passcode is a \
             job: the passcode is typed at the job's `passcode_page` on the holder's workstation \
             and never sent here.",
        ))
        .build()
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", operation_id = "describe", tag = "description", responses(
    (status = 200, description = "OpenAPI 3.1.", body = serde_json::Value),
))]
pub(super) async fn show() -> Json<&'static OpenApi> {
    Json(&DOCUMENT)
}
