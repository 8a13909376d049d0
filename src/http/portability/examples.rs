//! Portabilities in every state, as examples of the document, and what can be asked of them.

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use crate::http::examples::{DEFAULT, Examples};

/// An event of an example's history: its message, its cause, its date.
type Event = (&'static str, Option<&'static str>, &'static str);

const SENT: Event = ("ENVIO_ALTA", None, "2025-10-21T05:00:00Z");
const REQUESTED: Event = ("SOLICITUD_ALTA", None, "2025-10-21T15:11:00Z");
const CONFIRMED: Event = ("CONFIRMACION_ALTA", None, "2025-10-22T07:30:00Z");
const DENIED: Event = ("RECHAZO_ALTA", Some("RECH_IDENT"), "2025-10-22T07:30:00Z");
const REFUSED: Event = ("RECHAZO_ALTA", Some("AREC ENUME"), "2025-10-21T15:11:00Z");
const CANCELLED: Event = ("CANCELACION_ALTA", Some("CANC_ABONA"), "2025-10-22T08:00:00Z");
const PORTED: Event = ("PORTABILIDAD_EFECTIVA", None, "2025-10-23T00:00:00Z");

/// Names, summaries, states and histories.
const STORIES: [(&str, &str, &str, &[Event]); 7] = [
    ("AENV", "Stored until the Central Node opens", "AENV", &[SENT]),
    ("ASOL", "Requested, awaits the donor", "ASOL", &[REQUESTED]),
    ("ACON", "Confirmed by the donor, awaits its window", "ACON", &[REQUESTED, CONFIRMED]),
    ("APOR", "Ported", "APOR", &[REQUESTED, CONFIRMED, PORTED]),
    ("AREC", "Refused by the donor", "AREC", &[REQUESTED, DENIED]),
    ("ACAN", "Cancelled by the recipient", "ACAN", &[REQUESTED, CANCELLED]),
    ("ENUME", "Refused by the Central Node", "AREC", &[REFUSED]),
];

const PROCESS: &str = "/v1/orgs/masmovil/portabilities/processId/00507511251021171100203";
const PROCESS_AS_DONOR: &str = "/v1/orgs/masmovil/portabilities/processId/07500511251021171100203";

/// Adds them, what `Location` may say, and the links.
pub fn add(api: &mut OpenApi) {
    let mut examples = Examples(api);
    let (lists, detail) = (examples.of_schema("Portabilities"), examples.of_schema("PortabilityDetailInfo"));
    let bare = lists.get(0).cloned().unwrap_or_default();
    for (name, summary, state, events) in STORIES {
        let listed = in_state(bare.clone(), state, events);
        if matches!(name, "ASOL" | "ACON" | "AREC") {
            examples.define(&format!("Donor.{name}"), summary, json!([as_donor(listed.clone())]));
        }
        examples.define(&format!("Portabilities.{name}"), summary, json!([listed]));
        examples.define(&format!("Portability.{name}"), summary, with_history(in_state(detail.clone(), state, events), events));
    }
    examples.define("Portabilities.empty", "None", json!([]));
    name_in_reads(&mut examples);
    name_in_commands(&mut examples);
}

fn name_in_reads(examples: &mut Examples<'_>) {
    for operation in ["getPortabilities", "getPortabilitiesByProcessId", "getPortabilitiesByMsisdn", "getLastPortability"] {
        // What the Node has not registered has no process.
        let fits = |name: &str| operation != "getPortabilitiesByProcessId" || !matches!(name, "AENV" | "ENUME");
        let names = STORIES.map(|(name, ..)| name).into_iter().filter(|name| fits(name)).chain(["empty"]);
        for name in names {
            examples.name(operation, "200", &[(name, &format!("Portabilities.{name}"))]);
        }
    }
    for (name, ..) in STORIES {
        examples.name("getPortability", "200", &[(name, &format!("Portability.{name}"))]);
    }
    examples.name("getPendingDonor", "200", &[(DEFAULT, "Donor.ASOL"), ("empty", "Portabilities.empty")]);
}

fn name_in_commands(examples: &mut Examples<'_>) {
    let created = ["AENV", "ASOL", "ENUME"].map(|name| (name, format!("Portabilities.{name}")));
    for (name, defined) in &created {
        examples.name("createPortability", "201", &[(*name, defined)]);
    }
    for (operation, defined, location) in [
        ("createPortability", "Portabilities.ASOL", PROCESS),
        ("cancelPortability", "Portabilities.ACAN", PROCESS),
        ("acceptPortability", "Donor.ACON", PROCESS_AS_DONOR),
        ("denyPortability", "Donor.AREC", PROCESS_AS_DONOR),
        ("restartReply", "Donor.ASOL", PROCESS_AS_DONOR),
    ] {
        examples.name(operation, "201", &[(DEFAULT, defined)]);
        examples.header(operation, "201", "Location", location);
        link(examples, operation, "201");
    }
    link(examples, "getPortabilities", "200");
    link(examples, "getPendingDonor", "200");
}

/// From the first of the portabilities of an answer to all that can be asked of it.
fn link(examples: &mut Examples<'_>, operation: &str, status: &str) {
    for (parameter, value, targets) in [
        ("id", "$response.body#/0/id", &["getPortability"][..]),
        ("msisdn", "$response.body#/0/msisdn", &["getLastPortability", "cancelPortability"]),
        (
            "processId",
            "$response.body#/0/process_id",
            &["getPortabilitiesByProcessId", "acceptPortability", "denyPortability", "restartReply"],
        ),
    ] {
        for target in targets {
            examples.link(operation, status, target, &[("orgs", "$request.path.orgs"), (parameter, value)]);
        }
    }
}

/// Sets members of an object; null removes one.
fn patched(mut object: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return object };
    if let Some(members) = object.as_object_mut() {
        members.extend(patch);
        members.retain(|_, value| !value.is_null());
    }
    object
}

fn in_state(portability: Value, state: &str, events: &[Event]) -> Value {
    let registered = events.contains(&REQUESTED);
    let portability = if registered {
        portability
    } else {
        patched(portability, json!({"process_id": null, "create_date_nc": null, "window_date": null}))
    };
    let (message, cause, _) = events.last().copied().unwrap_or(REQUESTED);
    patched(portability, json!({"state": state, "message_type": message, "cause_status": cause}))
}

/// The same as the donor of an own number sees it.
fn as_donor(portability: Value) -> Value {
    let process_id = portability.get("process_id").map(|_| "07500511251021171100203");
    patched(
        portability,
        json!({
            "contract_code": "07528902840",
            "donor_operator": "005",
            "external_reference": null,
            "id": "01993f5e-7d1c-7a52-9c1e-5b1f0d3a7e50",
            "msisdn": "666777020",
            "nrn_receptor": "960000",
            "process_id": process_id,
            "recipient_operator": "075",
            "recipient_rol": false,
        }),
    )
}

fn with_history(portability: Value, events: &[Event]) -> Value {
    let process_id = portability.get("process_id").cloned();
    let event = |(place, (message, cause, date)): (usize, &Event)| {
        let event = json!({
            "cause_status": cause,
            "event_date": date,
            "id": format!("01993f5e-7d1c-7a52-9c1e-5b1f0d3a7e6{place}"),
            "message_type": message,
            "notification_code": format!("43114815{place}"),
            "process_id": process_id,
            "recipient_rol": "true",
        });
        patched(event, json!({}))
    };
    let history: Vec<_> = events.iter().enumerate().map(event).collect();
    patched(portability, json!({"portability_events": {"account": history.last(), "history": history}}))
}
