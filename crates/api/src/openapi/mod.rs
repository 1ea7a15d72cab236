//! The OpenAPI document, assembled from the routes that serve the requests.

mod failures;
mod process;
pub mod words;

use std::sync::LazyLock;

use axum::response::Response;
use http::StatusCode;
use torana_contract::envelope::ErrorBody;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;
use crate::{docs, partner, reply, sandbox, sdk};

/// What the document says about the whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Torana",
        description = "Self-hosted broker gateway, compatible with smallcase Gateway. Every answer is an envelope: `success`, `errors`, `data`. Unknown members of bodies and unknown query parameters are ignored.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "Transactions", description = "Creating and reading transactions."),
        (name = "Orders", description = "Batches of orders."),
        (name = "Holdings", description = "Imported holdings."),
        (name = "Market", description = "Whether orders are taken."),
        (name = "Sandbox", description = "Driving a sandbox gateway without a browser."),
        (name = "SDK protocol", description = "For Torana's own SDKs; may change without notice."),
        (name = "Documentation", description = "What this server says about itself."),
    ),
    paths(process::get_health, process::get_readiness),
    components(schemas(ErrorBody)),
    modifiers(&Credentials),
)]
struct Document;

/// The credentials of the routes.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let header = |name: &str, text: &str| {
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, text)))
        };
        let session = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("SDK session"))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme(
            "gatewaySecret",
            header("x-gateway-secret", "The gateway's API secret."),
        );
        components.add_security_scheme(
            "userToken",
            header("x-gateway-authtoken", "JWT of a guest or connected user."),
        );
        components.add_security_scheme("sdkSession", SecurityScheme::Http(session));
    }
}

/// Every route with its place in the document.
pub fn routes(api: &ApiState) -> OpenApiRouter<ApiState> {
    with_sdk(sdk::routes(api))
}

fn with_sdk(sdk: OpenApiRouter<ApiState>) -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(partner::routes())
        .merge(sandbox::routes())
        .merge(sdk)
        .routes(routes!(get_openapi))
        .routes(routes!(docs::get_error_page))
}

/// The document, OpenAPI 3.1, as indented JSON with a final newline.
#[must_use]
pub fn openapi() -> String {
    let mut document = with_sdk(sdk::bare_routes()).into_openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    failures::document(&mut document);
    parameters_are_never_null(&mut document);
    // The document is made of strings, numbers and maps with string keys: serialising it cannot fail.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// An optional parameter may be left out; a text in a query or header cannot be `null`, as an optional member
/// of a body can.
fn parameters_are_never_null(document: &mut utoipa::openapi::OpenApi) {
    let items = document.paths.paths.values_mut();
    let operations = items
        .flat_map(|item| [&mut item.get, &mut item.post, &mut item.delete])
        .flatten();
    for parameter in operations.flat_map(|operation| operation.parameters.iter_mut().flatten()) {
        let RefOr::T(parameter) = parameter else { continue };
        let Some(RefOr::T(schema)) = &mut parameter.schema else {
            continue;
        };
        let schema_type = match schema {
            Schema::Object(object) => &mut object.schema_type,
            Schema::Array(array) => &mut array.schema_type,
            _ => continue,
        };
        if let SchemaType::Array(types) = schema_type {
            types.retain(|known| *known != Type::Null);
            if let [only] = types.as_slice() {
                *schema_type = SchemaType::Type(only.clone());
            }
        }
    }
}

static DOCUMENT: LazyLock<String> = LazyLock::new(openapi);

/// Read this document.
///
/// The description of all routes, in OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "get_openapi",
    tag = "Documentation",
    responses((status = 200, description = "The document.", body = Object)),
)]
async fn get_openapi() -> Response {
    reply::json(StatusCode::OK, DOCUMENT.as_str())
}

#[cfg(test)]
mod tests;
