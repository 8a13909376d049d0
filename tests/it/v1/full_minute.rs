//! A minute whose references of one recipient, donor and kind are used up.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use portero::domain::org::Tenancy;
use portero::error::Kind;
use portero::service::settle;

use crate::support::both_databases;
use crate::support::portings::{Node, event, history, madrid, shown, state, text};

impl Node {
    /// Lets the references of a prefix be counted up to a number.
    async fn counted(&self, name: &str, value: u32) {
        let mut unit = self.store.begin(Tenancy::Every).await.unwrap();
        unit.counter_put(name, value).await.unwrap();
        unit.commit().await.unwrap();
    }

    /// What has been counted under a name.
    async fn count(&self, name: &str) -> Option<u32> {
        let mut unit = self.store.begin(Tenancy::Every).await.unwrap();
        let counters = unit.archive().await.unwrap().counters;
        counters.into_iter().find(|(counter, _)| counter == name).map(|(_, value)| value)
    }
}

/// Two minutes of the opening have room for one individual request of masmovil for DIGI's numbers together.
async fn nearly_full(node: &Node) {
    node.counted("process 005075112511170800", 99_998).await;
    node.counted("process 005075112511170801", 99_999).await;
}

both_databases! {
    /// Each minute takes what it has room for, and the rest waits for the next: in time, or long after.
    async fn what_waits_goes_on_to_the_next_minute(node: Node) {
        nearly_full(&node).await;
        node.at("2025-11-15T12:00:00");
        for number in ["634443600", "634443601", "634443602"] {
            assert_eq!(text(&node.port_in("masmovil", number).await, "state"), "AENV");
            node.clock.advance(1);
        }
        // Of another kind, and so of other references.
        node.port_in_ranges("masmovil", "MULTIPLE", &[("634443610", "634443611")]).await;
        node.at("2025-11-17T08:00:00");
        assert_eq!(text(&node.last("masmovil", "634443600").await, "process_id"), "00507511251117080099999");
        assert_eq!(text(&node.last("masmovil", "634443610").await, "process_id"), "00507512251117080000001");
        for number in ["634443601", "634443602"] {
            assert_eq!(node.state("masmovil", number).await, state("AENV", ""));
        }
        node.at("2025-11-17T08:01:00");
        let states: Vec<_> = node.list("masmovil", "?filter=access_type+eq+%22INDIVIDUAL%22").await.iter().map(|one| text(one, "state").to_owned()).collect();
        assert_eq!(states, ["AENV", "AENV", "ASOL"]);
        node.at("2025-11-17T09:00:00");
        for (number, process) in [("634443601", "00507511251117080200001"), ("634443602", "00507511251117080200002")] {
            let registered = node.last("masmovil", number).await;
            assert_eq!((text(&registered, "process_id"), text(&registered, "create_date_nc")), (process, shown("2025-11-17T08:02:00").as_str()));
        }
        node.at("2026-01-12T10:00:00");
        let expected = [
            event("ENVIO_ALTA", "2025-11-15T12:00:01"),
            event("SOLICITUD_ALTA", "2025-11-17T08:02:00"),
            event("CONFIRMACION_ALTA", "2025-11-17T14:00:00"),
            event("PORTABILIDAD_EFECTIVA", "2025-11-19T02:00:00"),
        ];
        assert_eq!(history(&node.detail("masmovil", "634443601").await), expected);
    }

    async fn what_is_due_long_since_finds_its_minute_all_the_same(node: Node) {
        nearly_full(&node).await;
        node.at("2025-11-15T12:00:00");
        node.port_in("masmovil", "634443600").await;
        node.clock.advance(1);
        node.port_in("masmovil", "634443601").await;
        node.at("2026-01-12T10:00:00");
        while settle::work(&node.world, madrid("2026-01-12T10:00:00")).await.unwrap() > 0 {}
        let last = node.last("masmovil", "634443601").await;
        assert_eq!((text(&last, "process_id"), text(&last, "state")), ("00507511251117080200001", "APOR"));
    }

    /// A request that is made then is not stored, and may come again in the next minute.
    async fn who_asks_now_comes_again(node: Node) {
        node.counted("process 005075112511171000", 99_999).await;
        node.at("2025-11-17T10:00:20");
        let body = node.body("masmovil", "634443600");
        let refused = node.request("masmovil", &body).await.is(503);
        refused.fails_with(Kind::SequenceExhausted);
        assert_eq!(refused.header("retry-after"), "40");
        assert!(node.list("masmovil", "").await.is_empty());
        node.at("2025-11-17T10:01:00");
        assert_eq!(text(&node.request("masmovil", &body).await.is(201).json()[0], "process_id"), "00507511251117100100001");
    }

    /// Those that ask together get what there is, and only who gets nothing comes again.
    async fn who_asks_with_others_for_the_last_references(node: Node) {
        node.counted("process 005075112511171000", 99_997).await;
        let bodies: Vec<_> = (600..612).map(|turn| node.body("masmovil", &format!("634443{turn}"))).collect();
        let answers = join_all(bodies.iter().map(async |body| node.request("masmovil", body).await)).await;
        let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        let references: BTreeSet<_> = done.iter().map(|answer| text(&answer.json()[0], "process_id").to_owned()).collect();
        assert_eq!(references, BTreeSet::from(["99998", "99999"].map(|last| format!("005075112511171000{last}"))));
        assert_eq!((done.len(), refused.len()), (2, 10));
        for answer in refused {
            answer.fails_with(Kind::SequenceExhausted);
        }
        assert_eq!(node.list("masmovil", "").await.len(), 2);
    }

    /// What waits for a reference counts in no quota, and what a quota refuses takes no reference.
    async fn references_and_quotas(node: Node) {
        node.counted("process 998075112511170800", 99_999).await;
        node.at("2025-11-15T12:00:00");
        for number in ["634443600", "634443601", "634443602"] {
            node.port_in("cupos", number).await;
            node.clock.advance(1);
        }
        node.at("2025-11-17T08:00:00");
        assert_eq!(node.state("cupos", "634443600").await, state("AENV", ""));
        assert_eq!(node.count("requests 998 11 2025-11-17").await, None);
        node.at("2025-11-17T08:01:00");
        let states: Vec<_> = node.list("cupos", "").await.iter().map(|one| text(one, "state").to_owned()).collect();
        assert_eq!(states, ["AREC", "ASOL", "ASOL"]);
        assert_eq!(node.state("cupos", "634443601").await, state("ASOL", ""));
        assert_eq!(node.state("cupos", "634443602").await, state("AREC", "AREC CUPO1"));
        assert_eq!((node.count("requests 998 11 2025-11-17").await, node.count("process 998075112511170801").await), (Some(2), Some(2)));
    }
}
