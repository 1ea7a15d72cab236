//! What the process answers beside this router, for the document: the process mounts these routes itself, because
//! only it knows what has to be well.

use serde::Serialize;
use utoipa::ToSchema;

/// How the process is.
#[derive(Serialize, ToSchema)]
pub struct HealthBody {
    /// `alive`, `ready` or `not ready`; then `failed` names what is not well.
    #[schema(examples("ready"))]
    pub status: String,
}

/// Ask whether the process is alive.
///
/// Answers as long as the process can answer at all; it looks at nothing else.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "get_health",
    tag = "Documentation",
    responses((status = 200, description = "It is.", body = HealthBody)),
)]
#[expect(dead_code, reason = "describes a route that the process mounts")]
pub fn get_health() {}

/// Ask whether the process may take traffic.
///
/// Looks at the databases, their migrations and the free space of the disk.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "get_readiness",
    tag = "Documentation",
    responses(
        (status = 200, description = "It may.", body = HealthBody),
        (status = 503, description = "Something is not well; the body names it.", body = HealthBody),
    ),
)]
#[expect(dead_code, reason = "describes a route that the process mounts")]
pub fn get_readiness() {}
