//! A number as the published answers show it.

use serde::Serialize;
use utoipa::ToSchema;

use super::embed::Embed;
use crate::domain::imsi::Imsi;
use crate::domain::instant;
use crate::domain::inventory::{BelongsTo, Entry, Segment, Sim, Status};
use crate::domain::org::Org;
use crate::http::docs::words;
use crate::http::params::NumberFormat;

/// Info of msisdn
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "belongs_to": "mas-stack",
    "checked_at": "2025-01-15T10:30:00Z",
    "imsi": {"created_at": "2025-01-15T10:30:00Z", "imsi": "2140420422222227", "segment": "B2B"},
    "imsis": [{"created_at": "2025-01-15T10:30:00Z", "imsi": "2140420422222227", "segment": "B2B"}],
    "msisdn": "666777888",
    "org": "masmovil",
    "status": "OK",
    "tenant": {"bit": 2, "iam": "authz.masmovil", "name": "masmovil", "org": "masmovil", "tenant_id": 2, "tier": 1},
    "internal_portability": {"belongs_to": "mas-stack", "org": "yoigo"}
}))]
pub struct MsisdnInfo {
    /// The back-office system that serves the number.
    #[schema(value_type = SystemName)]
    belongs_to: &'static str,
    /// When the ownership was last confirmed.
    #[schema(format = DateTime)]
    checked_at: String,
    /// The current SIM, or the one asked for. Absent where the number has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    imsi: Option<ImsiInfo>,
    /// Every SIM of the number: the current one first, the rest newest first. Present when embedded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    imsis: Option<Vec<ImsiInfo>>,
    /// The number, without its prefix unless `feature-flag.preserve-the-prefix: yes` asked for it.
    #[schema(pattern = r"^(\+34)?[67][0-9]{8}$")]
    msisdn: String,
    /// The org that holds the number.
    org: String,
    /// Where the entry is in its life.
    #[schema(value_type = StatusName)]
    status: &'static str,
    /// The org as a tenant of the platform. Present when embedded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tenant: Option<TenantInfo>,
    /// Where the number came from, when its last completed porting was between two orgs of this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    internal_portability: Option<InternalPortabilityInfo>,
}

/// A SIM
#[derive(Debug, Serialize, ToSchema)]
pub struct ImsiInfo {
    /// When the number first got it.
    #[schema(format = DateTime)]
    created_at: String,
    /// Its identity.
    #[schema(pattern = "^[0-9]{14,16}$")]
    imsi: String,
    /// The kind of customer.
    #[schema(value_type = SegmentName)]
    segment: &'static str,
}

/// An org as a tenant of the platform
#[derive(Debug, Serialize, ToSchema)]
pub struct TenantInfo {
    bit: i64,
    /// Its authorisation domain: `authz.` and the org.
    iam: String,
    name: String,
    org: String,
    tenant_id: i64,
    tier: i64,
}

/// Where a number came from
#[derive(Debug, Serialize, ToSchema)]
pub struct InternalPortabilityInfo {
    /// The system that served it there.
    #[schema(value_type = SystemName)]
    belongs_to: &'static str,
    /// The org that gave it.
    org: String,
}

words! {
    /// A back-office system
    SystemName of BelongsTo;
    /// The status of an entry
    StatusName of Status;
    /// A customer segment
    SegmentName of Segment;
}

impl MsisdnInfo {
    /// The answer for an entry. `asked`: the SIM to show as `imsi` where it is not the current one.
    pub fn new(entry: &Entry, asked: Option<&Imsi>, embed: Embed, format: NumberFormat) -> Self {
        let shown = asked.map_or(entry.sims.first(), |imsi| entry.sims.iter().find(|sim| sim.imsi == *imsi));
        Self {
            belongs_to: entry.belongs_to.as_str(),
            checked_at: instant::show(entry.checked_at),
            imsi: shown.map(ImsiInfo::from),
            imsis: embed.imsis.then(|| entry.sims.iter().map(ImsiInfo::from).collect()),
            msisdn: format.write(entry.msisdn),
            org: entry.org.name.to_string(),
            status: entry.status.as_str(),
            tenant: embed.tenant.then(|| TenantInfo::from(&entry.org)),
            internal_portability: entry
                .internal_portability
                .as_ref()
                .map(|origin| InternalPortabilityInfo { belongs_to: origin.belongs_to.as_str(), org: origin.org.to_string() }),
        }
    }
}

impl From<&Sim> for ImsiInfo {
    fn from(sim: &Sim) -> Self {
        Self { created_at: instant::show(sim.created_at), imsi: sim.imsi.to_string(), segment: sim.segment.as_str() }
    }
}

impl From<&Org> for TenantInfo {
    fn from(org: &Org) -> Self {
        let name = org.name.to_string();
        Self { bit: org.bit, iam: format!("authz.{name}"), org: name.clone(), name, tenant_id: org.tenant_id, tier: org.tier }
    }
}
