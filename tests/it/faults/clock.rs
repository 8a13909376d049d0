//! A system clock that jumps: whatever it says, nothing happens twice, nothing is undone, nothing is lost.

use std::sync::Arc;

use portero::clock::{Clock as _, SystemClock};
use portero::telemetry::metrics::Metrics;
use portero::telemetry::pulse::Pulse;
use portero::worker::{self, Signs};
use tokio_util::sync::CancellationToken;

use crate::support::both_databases;
use crate::support::portings::{DEADLINE, MONDAY, Node, TV, WINDOW, event, event_because, history};

const LIFE: [(&str, &str); 3] = [("SOLICITUD_ALTA", MONDAY), ("CONFIRMACION_ALTA", TV), ("PORTABILIDAD_EFECTIVA", WINDOW)];

fn life(events: usize) -> Vec<(String, Option<String>, String)> {
    LIFE[..events].iter().map(|(kind, local)| event(kind, local)).collect()
}

both_databases! {
    async fn forward_by_days_and_back(node: Node) {
        node.port_in("masmovil", "634443600").await;
        // Days at once: everything in between has happened when it was due.
        node.at("2025-12-01T10:00:00");
        assert_eq!(history(&node.detail("masmovil", "634443600").await), life(3));
        // Back before it all began: what has happened has happened.
        node.at("2025-11-10T10:00:00");
        assert_eq!(history(&node.detail("masmovil", "634443600").await), life(3));
        assert_eq!(node.owner("masmovil", "634443600").await["codigoOperadorActual"], "005");
        // What is asked for now lives by the time of now, and is the newest.
        node.port_in("masmovil", "634443601").await;
        assert_eq!(node.list("masmovil", "?limit=1").await[0]["msisdn"], "634443601");
        node.at("2025-12-01T10:00:00");
        let expected = [("SOLICITUD_ALTA", "2025-11-10T10:00:00"), ("CONFIRMACION_ALTA", "2025-11-10T14:00:00"), ("PORTABILIDAD_EFECTIVA", "2025-11-12T02:00:00")];
        assert_eq!(history(&node.detail("masmovil", "634443601").await), expected.map(|(kind, local)| event(kind, local)));
        assert_eq!(history(&node.detail("masmovil", "634443600").await), life(3));
    }

    /// In the middle of a life, by an hour to and fro, as at a server whose clock is wrong: each event once, in its order.
    async fn to_and_fro(node: Node) {
        node.port_in("masmovil", "634443600").await;
        for (local, events) in [
            ("2025-11-17T13:59:59", 1), ("2025-11-17T14:00:00", 2), ("2025-11-17T13:00:00", 2), ("2025-11-17T14:00:00", 2),
            ("2025-11-16T00:00:00", 2), (WINDOW, 3), ("2025-11-17T10:00:00", 3), ("2026-03-01T00:00:00", 3),
        ] {
            node.at(local);
            assert_eq!(history(&node.detail("masmovil", "634443600").await), life(events), "at {local}");
        }
    }

    /// A donor's answer at a time that has been before: the rules are those of the time of the answer.
    async fn a_deadline_that_comes_again(node: Node) {
        let process = node.process("euskaltel", "666777888").await;
        node.at(DEADLINE);
        let refused = [event("SOLICITUD_ALTA", MONDAY), event_because("RECHAZO_ALTA", "RECH_NORES", DEADLINE)];
        assert_eq!(history(&node.detail("masmovil", "666777888").await), refused);
        node.at("2025-11-17T15:00:00");
        node.donor("masmovil", &process, "accept").await.is(409);
        assert_eq!(history(&node.detail("masmovil", "666777888").await), refused);
    }

    /// The worker sees the jumps too.
    async fn with_the_worker(node: Node) {
        node.port_in("masmovil", "634443600").await;
        let (stop, world) = (CancellationToken::new(), node.world.clone());
        let signs = Signs { pulse: Arc::new(Pulse::new(SystemClock.now())), real: Arc::new(SystemClock), metrics: Arc::new(Metrics::default()) };
        let worker = tokio::spawn(worker::run(move || vec![world.clone()], signs, stop.clone()));
        let jumps = ["2025-11-17T15:00:00", "2025-11-10T00:00:00", "2025-12-01T10:00:00", "2025-11-10T00:00:00"];
        let numbers = ["634443601", "634443602", "634443603", "634443604"];
        for (local, number) in jumps.into_iter().zip(numbers) {
            node.at(local);
            node.port_in("masmovil", number).await;
        }
        stop.cancel();
        worker.await.unwrap();
        node.at("2026-03-01T00:00:00");
        assert_eq!(history(&node.detail("masmovil", "634443600").await), life(3));
        for number in numbers {
            let events = history(&node.detail("masmovil", number).await);
            let kinds: Vec<_> = events.iter().map(|(kind, ..)| kind.as_str()).filter(|kind| *kind != "ENVIO_ALTA").collect();
            assert_eq!(kinds, ["SOLICITUD_ALTA", "CONFIRMACION_ALTA", "PORTABILIDAD_EFECTIVA"], "{number}");
        }
    }
}
