//! The description of the API, OpenAPI 3.1, made from the handlers.

use std::sync::LazyLock;

use axum::Json;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, RefOr, Type,
    security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};

use super::{PREFIX, documented, problem::Problem};
use crate::cookies::{BROWSER_COOKIE, SESSION_COOKIE};

static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(|| {
    let mut document = documented().into_openapi();
    say_which_keys_are_taken(&mut document);
    OpenApiBuilder::new().info(info()).build().nest(PREFIX, document)
});

/// The header of a request that may be repeated.
const KEY: &str = "Idempotency-Key";

/// RFC 9562 §5.7: a UUID of version 7.
const KEY_PATTERN: &str =
    "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$";

/// One of them.
const KEY_EXAMPLE: &str = "019aa5a2-7c00-7000-8000-000000000001";

/// A route says only that it takes a key; which ones are taken is the same for all.
fn say_which_keys_are_taken(document: &mut OpenApi) {
    let items = document.paths.paths.values_mut();
    let operations = items.flat_map(|item| [&mut item.post, &mut item.put, &mut item.delete]);
    let parameters = operations.flatten().filter_map(|operation| operation.parameters.as_mut());
    for parameter in parameters.flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if parameter.name != KEY {
            continue;
        }
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(KEY_PATTERN))
            .examples([KEY_EXAMPLE]);
        parameter.schema = Some(schema.build().into());
    }
}

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
