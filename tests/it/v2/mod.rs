//! Discovery API v2.

mod curls;
mod imsis;
mod msisdns;
mod operator_token;
mod orgs;

use serde_json::{Value, json};

/// The demo's number, as the published sample of `GET /v2/msisdns/{msisdn}` shows it.
fn published_number() -> Value {
    json!({
        "belongs_to": "mas-stack",
        "checked_at": "2025-01-15T10:30:00Z",
        "imsi": {"created_at": "2025-01-15T10:30:00Z", "imsi": "2140420422222227", "segment": "B2B"},
        "imsis": [
            {"created_at": "2025-01-15T10:30:00Z", "imsi": "2140420422222227", "segment": "B2B"},
            {"created_at": "2024-06-03T08:15:00Z", "imsi": "214040119172971", "segment": "B2B"}
        ],
        "msisdn": "666777888",
        "org": "masmovil",
        "status": "OK",
        "tenant": {"bit": 2, "iam": "authz.masmovil", "name": "masmovil", "org": "masmovil", "tenant_id": 2, "tier": 1},
        "internal_portability": {"belongs_to": "mas-stack", "org": "yoigo"}
    })
}

/// An object without some of its members.
fn without(mut object: Value, members: &[&str]) -> Value {
    for member in members {
        object.as_object_mut().unwrap().remove(*member).unwrap();
    }
    object
}

/// The IMSIs of a number's answer, in their order.
fn imsis(answer: &Value) -> Vec<&str> {
    answer["imsis"].as_array().unwrap().iter().map(|sim| sim["imsi"].as_str().unwrap()).collect()
}
