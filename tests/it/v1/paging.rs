//! Pages: none twice, none missed, whatever arrives meanwhile.

use std::collections::HashSet;

use serde_json::Value;

use super::lists::filter;
use crate::support::both_databases;
use crate::support::portings::{Node, array, text};

/// The ids of a list.
fn ids(list: &[Value]) -> Vec<String> {
    list.iter().map(|one| text(one, "id").to_owned()).collect()
}

impl Node {
    /// A page and where the next one is.
    async fn page(&self, path: &str) -> (Vec<Value>, Option<String>) {
        let answer = self.get(path).await.is(200);
        let link = answer.header("link");
        let next = link.strip_prefix('<').map(|rest| rest.strip_suffix(">; rel=\"next\"").unwrap().to_owned());
        (array(&answer), next)
    }
}

both_databases! {
    async fn pages_follow_each_other(node: Node) {
        node.port_in_ranges("masmovil", "MULTIPLE", &[("634443600", "634443610")]).await;
        node.port_in("masmovil", "799999999").await;
        let whole = node.list("masmovil", "").await;
        let base = "/v1/orgs/masmovil/portabilities";
        for (limit, pages) in [(1, 12), (5, 3), (6, 2), (11, 2), (12, 1), (1000, 1)] {
            let (mut seen, mut count) = (Vec::new(), 0);
            let mut next = Some(format!("{base}?limit={limit}"));
            while let Some(path) = next {
                let (page, link) = node.page(&path).await;
                seen.extend(page);
                count += 1;
                next = link;
            }
            assert_eq!((seen, count), (whole.clone(), pages), "limit {limit}");
        }
        // The filter goes along, and the other lists have pages too.
        let query = filter("state eq \"ASOL\" and msisdn ne \"634443605\"");
        let (first, next) = node.page(&format!("{base}{query}&limit=7")).await;
        let (second, end) = node.page(&next.unwrap()).await;
        assert_eq!((first.len(), second.len(), end), (7, 3, None));
        let process = text(&whole[1], "process_id");
        let (first, next) = node.page(&format!("{base}/processId/{process}?limit=8")).await;
        assert_eq!((first.len(), node.page(&next.unwrap()).await.0.len()), (8, 3));
        node.port_in("masmovil", "799999999").await;
        let (first, next) = node.page(&format!("{base}/msisdn/799999999?limit=1")).await;
        let (second, end) = node.page(&next.unwrap()).await;
        assert_eq!((first.len(), second.len(), end), (1, 1, None));
        // /last and pendingDonor have none.
        let last = node.get(&format!("{base}/msisdn/799999999/last?limit=0&cursor=x")).await.is(200);
        assert_eq!((array(&last).len(), last.header("link")), (1, ""));
        node.get(&format!("{base}/pendingDonor?limit=x&filter=x")).await.is(200);
    }

    async fn what_arrives_meanwhile_moves_nothing(node: Node) {
        node.port_in_ranges("masmovil", "MULTIPLE", &[("634443600", "634443649")]).await;
        let before = ids(&node.list("masmovil", "").await);
        let reading = async {
            let (mut seen, mut next) = (Vec::new(), Some("/v1/orgs/masmovil/portabilities?limit=3".to_owned()));
            while let Some(path) = next {
                let (page, link) = node.page(&path).await;
                seen.extend(ids(&page));
                next = link;
            }
            seen
        };
        let writing = async {
            for number in 0..20 {
                node.port_in("masmovil", &format!("6344437{number:02}")).await;
            }
        };
        let (seen, ()) = tokio::join!(reading, writing);
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len(), "none twice");
        let old: Vec<_> = seen.iter().filter(|id| before.contains(id)).cloned().collect();
        assert_eq!(old, before, "none missed, and the order stays");
    }

    async fn parameters_that_are_none(node: Node) {
        let base = "/v1/orgs/masmovil/portabilities";
        for (query, field, tag) in [
            ("limit=0", "Limit", "min"),
            ("limit=1001", "Limit", "max"),
            ("limit=99999999999999999999", "Limit", "max"),
            ("limit=-1", "Limit", "numeric"),
            ("limit=", "Limit", "numeric"),
            ("limit=%31%30x", "Limit", "numeric"),
            ("cursor=", "Cursor", "cursor"),
            ("cursor=x", "Cursor", "cursor"),
            ("cursor=AAAAAAAAAAAAAA", "Cursor", "cursor"),
            ("cursor=AgAAAAAAAAAA", "Cursor", "cursor"),
            ("cursor=%27%20OR%201=1", "Cursor", "cursor"),
        ] {
            node.get(&format!("{base}?{query}")).await.violates(field, tag);
        }
        // A cursor that leads before the first, or far beyond the last, leads to what is there.
        node.port_in("masmovil", "634443600").await;
        assert_eq!(node.list("masmovil", "?cursor=AYAAAAAAAAAA").await.len(), 0);
        assert_eq!(node.list("masmovil", "?cursor=AX__________").await.len(), 1);
        // Another org's cursor shows nothing of that org.
        assert!(node.list("yoigo", "?cursor=AX__________").await.is_empty());
    }
}
