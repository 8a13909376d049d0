//! Calls at the same time: the database decides, and it decides once.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{App, both_databases};
use crate::v2::imsis;

const AT_ONCE: usize = 20;

/// How many of the statuses are `status`.
fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|other| **other == status).count()
}

both_databases! {
    async fn one_number_added_by_many(app: App) {
        let orgs = ["masmovil", "yoigo", "simyo", "r"];
        let calls = (0..AT_ONCE).map(|turn| {
            let path = format!("/v2/orgs/{}/msisdns/644555666", orgs[turn % orgs.len()]);
            let call = app.post(&path, &json!({"imsi": format!("2140490000030{turn:02}")}));
            async move { call.await.status }
        });
        let statuses = join_all(calls).await;
        assert_eq!((count(&statuses, 201), count(&statuses, 409)), (1, AT_ONCE - 1), "{statuses:?}");
        assert_eq!(imsis(&app.get("/v2/msisdns/644555666?embed=imsis").await.is(200).json()).len(), 1);
    }

    async fn one_imsi_added_with_many_numbers(app: App) {
        let calls = (0..AT_ONCE).map(|turn| {
            let call = app.post(&format!("/v2/orgs/masmovil/msisdns/6445556{turn:02}"), &json!({"imsi": "214049000003000"}));
            async move { call.await.status }
        });
        let statuses = join_all(calls).await;
        assert_eq!((count(&statuses, 201), count(&statuses, 409)), (1, AT_ONCE - 1), "{statuses:?}");
    }

    async fn one_imsi_given_to_many_numbers(app: App) {
        for turn in 0..AT_ONCE {
            let body = json!({"imsi": format!("2140490000030{turn:02}")});
            app.post(&format!("/v2/orgs/masmovil/msisdns/6445556{turn:02}"), &body).await.is(201);
        }
        let calls = (0..AT_ONCE).map(|turn| {
            let call = app.put(&format!("/v2/orgs/masmovil/msisdns/6445556{turn:02}"), &json!({"imsi": "214049000009999"}));
            async move { call.await.status }
        });
        let statuses = join_all(calls).await;
        assert_eq!((count(&statuses, 204), count(&statuses, 409)), (1, AT_ONCE - 1), "{statuses:?}");
    }

    async fn one_number_given_one_imsi_by_many(app: App) {
        let calls = (0..AT_ONCE).map(|_| {
            let call = app.put("/v2/orgs/masmovil/msisdns/666777888", &json!({"imsi": "214049000003000"}));
            async move { call.await.status }
        });
        let statuses = join_all(calls).await;
        assert_eq!(count(&statuses, 204), AT_ONCE, "{statuses:?}");
        let number = app.get("/v2/msisdns/666777888?embed=imsis").await.json();
        assert_eq!(imsis(&number), ["214049000003000", "2140420422222227", "214040119172971"]);
    }

    async fn one_number_given_many_imsis(app: App) {
        let calls = (0..AT_ONCE).map(|turn| {
            let call = app.put("/v2/orgs/masmovil/msisdns/666777888", &json!({"imsi": format!("2140490000030{turn:02}")}));
            async move { call.await.status }
        });
        let statuses = join_all(calls).await;
        assert_eq!(count(&statuses, 204), AT_ONCE, "{statuses:?}");
        let number = app.get("/v2/msisdns/666777888?embed=imsis").await.json();
        assert_eq!(imsis(&number).len(), 2 + AT_ONCE);
        assert_eq!(imsis(&number)[AT_ONCE..], ["2140420422222227", "214040119172971"]);
    }

    async fn one_number_changed_and_removed(app: App) {
        let path = "/v2/orgs/masmovil/msisdns/666777888";
        let swaps = (0..AT_ONCE).map(|turn| app.put(path, &json!({"imsi": format!("2140490000030{turn:02}")})));
        let calls = swaps.chain([app.delete(path), app.delete(path)]).map(|call| async move { call.await.status });
        let statuses = join_all(calls).await;
        assert_eq!(count(&statuses, 204) + count(&statuses, 404), AT_ONCE + 2, "{statuses:?}");
        let deleted = &statuses[AT_ONCE..];
        assert_eq!((count(deleted, 204), count(deleted, 404)), (1, 1), "{statuses:?}");
        app.get("/v2/msisdns/666777888").await.is(404);
        for turn in 0..AT_ONCE {
            app.get(&format!("/v2/imsis/2140490000030{turn:02}")).await.is(404);
        }
    }
}
