//! The tour with the client that openapi-generator makes for Rust.

use discovery_client::apis::{admin_api as admin, inventory_api as inventory};
use discovery_client::models::SimBody;
use portability_client::apis::{mobile_operations_api as operations, mobile_portabilities_api as portabilities};
use portability_client::models::{
    AccessTypeName, BoundBody, CancelBody, CancelCauseName, DocumentTypeName, MessageTypeName, NumberBody, PortabilityBody, RangeBody,
    StateName, Subscriber,
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const NUMBER: &str = "666777930";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let (url, token) = (std::env::var("URL")?, std::env::var("TOKEN")?);
    let discovery = discovery_client::apis::configuration::Configuration {
        base_path: url.clone(),
        bearer_access_token: Some(token.clone()),
        ..Default::default()
    };
    number(&discovery).await?;
    let portability = portability_client::apis::configuration::Configuration {
        base_path: url,
        bearer_access_token: Some(token),
        ..Default::default()
    };
    porting(&portability).await?;
    removal(&discovery).await
}

/// A number is added, and gets another SIM.
async fn number(api: &discovery_client::apis::configuration::Configuration) -> Outcome {
    let created = admin::add_msisdn(api, "yoigo", NUMBER, SimBody::new("214049000099301".to_owned())).await?;
    assert_eq!((created.msisdn.as_str(), created.org.as_str()), (NUMBER, "yoigo"));
    admin::swap_sim(api, "yoigo", NUMBER, SimBody::new("214049000099302".to_owned())).await?;
    let found = inventory::get_imsi(api, "214049000099301", Some("yes")).await?;
    assert_eq!(found.msisdn, format!("+34{NUMBER}"));
    let sims: Vec<_> = found.imsis.unwrap_or_default().into_iter().map(|sim| sim.imsi).collect();
    assert_eq!(sims, ["214049000099302", "214049000099301"]);
    let refused = admin::add_msisdn(api, "yoigo", NUMBER, SimBody::new("214049000099303".to_owned())).await;
    assert!(matches!(refused, Err(discovery_client::apis::Error::ResponseError(answer)) if answer.status == 409));
    Ok(())
}

/// It is ported in, the donor answers and takes its answer back, the recipient cancels.
async fn porting(api: &portability_client::apis::configuration::Configuration) -> Outcome {
    let created = operations::create_portability(api, "masmovil", request()).await?;
    let process = created[0].process_id.clone().ok_or("no process")?;
    assert_eq!(created[0].state, StateName::Asol);
    let pending = portabilities::get_pending_donor(api, "yoigo").await?;
    assert!(pending.iter().any(|one| one.process_id.as_ref() == Some(&process)));
    operations::accept_portability(api, "yoigo", &process).await?;
    let reopened = operations::restart_reply(api, "yoigo", &process).await?;
    assert_eq!(reopened[0].state, StateName::Asol);
    let cancelled = operations::cancel_portability(api, "masmovil", NUMBER, CancelBody::new(CancelCauseName::CancAbona)).await?;
    assert_eq!(cancelled[0].state, StateName::Acan);

    let detail = portabilities::get_portability(api, "masmovil", &created[0].id).await?;
    let events: Vec<_> = detail.portability_events.history.iter().map(|event| event.message_type).collect();
    assert_eq!(events.first(), Some(&MessageTypeName::SolicitudAlta));
    assert_eq!(events.last(), Some(&MessageTypeName::CancelacionAlta));
    let filter = format!("process_id eq \"{process}\" and state eq \"ACAN\"");
    assert_eq!(portabilities::get_portabilities(api, "masmovil", Some(&filter), Some(5), None).await?.len(), 1);
    assert_eq!(portabilities::get_portabilities_by_process_id(api, "yoigo", &process, None, None, None).await?.len(), 1);
    let last = portabilities::get_last_portability(api, "masmovil", NUMBER, None).await?;
    assert_eq!(last[0].cause_status.as_deref(), Some("CANC_ABONA"));
    assert!(!operations::get_owner_operator(api, "masmovil", NUMBER).await?.involucrada_proceso_portabilidad);
    assert_eq!(portabilities::get_operators(api, "masmovil", None, Some("075"), None).await?.len(), 1);
    Ok(())
}

/// The number is removed, and is not found any more.
async fn removal(api: &discovery_client::apis::configuration::Configuration) -> Outcome {
    admin::delete_msisdn(api, "yoigo", NUMBER).await?;
    let gone = inventory::get_msisdn(api, NUMBER, None, Some("tenant,imsis"), None).await;
    let Err(discovery_client::apis::Error::ResponseError(answer)) = gone else { return Err("still there".into()) };
    assert_eq!(answer.status, 404);
    Ok(())
}

fn request() -> PortabilityBody {
    let bound = || BoundBody::new(NumberBody::new("34".to_owned(), NUMBER.to_owned()));
    let subscriber = Subscriber {
        surname: Some(Some("Fraile Méndez".to_owned())),
        ..Subscriber::new("09288205T".to_owned(), DocumentTypeName::Nif, "Martina".to_owned())
    };
    PortabilityBody {
        subscriber: Some(Some(Box::new(subscriber))),
        ..PortabilityBody::new(
            AccessTypeName::Individual,
            "00500009930".to_owned(),
            vec![RangeBody::new(bound(), bound())],
            "741111".to_owned(),
        )
    }
}
