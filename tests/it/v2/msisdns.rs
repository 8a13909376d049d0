//! `GET /v2/msisdns/{msisdn}`

use portero::error::Kind;
use reqwest::Method;
use serde_json::json;

use super::{published_number, without};
use crate::support::{App, both_databases};

both_databases! {
    async fn the_bare_number(app: App) {
        let answer = app.get("/v2/msisdns/666777888").await.is(200);
        assert_eq!(answer.json(), without(published_number(), &["imsis", "tenant"]));
    }

    async fn embedding(app: App) {
        for (embed, left_out) in [
            ("", &["tenant", "imsis"][..]),
            ("tenant", &["imsis"]),
            ("imsis", &["tenant"]),
            ("tenant,imsis", &[]),
            ("(tenant,%20imsis)", &[]),
            ("(tenant%2C+imsis)", &[]),
            ("%20imsis%20,%20tenant%20", &[]),
        ] {
            let answer = app.get(&format!("/v2/msisdns/666777888?embed={embed}")).await.is(200);
            assert_eq!(answer.json(), without(published_number(), left_out), "{embed}");
        }
        for embed in ["owner", "tenant,owner", "Tenant", "tenant%20imsis"] {
            app.get(&format!("/v2/msisdns/666777888?embed={embed}")).await.violates("Embed", "oneof");
        }
    }

    async fn every_form_names_the_same_number(app: App) {
        for form in ["666777888", "34666777888", "+34666777888", "%2B34666777888", "0034666777888"] {
            let answer = app.get(&format!("/v2/msisdns/{form}")).await.is(200);
            assert_eq!(answer.json()["msisdn"], "666777888", "{form}");
        }
        for form in ["66677788", "6667778888", "866777888", "966777888", "+33666777888", "666%20777888", "666-777-888", "666.777.888", "abc", "0"] {
            app.get(&format!("/v2/msisdns/{form}")).await.violates("Msisdn", "msisdn");
        }
        app.get("/v2/msisdns/%FF").await.fails(Kind::BadRequest, "the path is not UTF-8 when percent-decoded");
    }

    async fn the_prefix_is_kept_only_on_demand(app: App) {
        for (flag, msisdn) in [("yes", "+34666777888"), ("no", "666777888"), ("true", "666777888"), ("Yes", "666777888"), ("", "666777888")] {
            for path in ["/v2/msisdns/0034666777888", "/v2/imsis/2140420422222227", "/v2/operatorToken/abc123xyz456"] {
                let answer = app.get(path).header("feature-flag.preserve-the-prefix", flag).await.is(200);
                assert_eq!(answer.json()["msisdn"], msisdn, "{path} with {flag:?}");
            }
        }
    }

    async fn one_of_its_imsis(app: App) {
        for imsi in ["2140420422222227", "214040119172971"] {
            let answer = app.get(&format!("/v2/msisdns/666777888?imsi={imsi}")).await.is(200);
            assert_eq!(answer.json()["imsi"]["imsi"], imsi);
        }
        // An IMSI that another number has, and one that none has, look alike.
        for imsi in ["214049000000001", "214049999999999"] {
            app.get(&format!("/v2/msisdns/666777888?imsi={imsi}")).await.fails(Kind::NotFound, "Imsi of the msisdn not found");
        }
        for (imsi, tag) in [("", "len"), ("2140420422", "len"), ("21404204222222271", "len"), ("21404011917297a", "numeric")] {
            app.get(&format!("/v2/msisdns/666777888?imsi={imsi}")).await.violates("Imsi", tag);
        }
    }

    async fn queries(app: App) {
        app.get("/v2/msisdns/666777888?unknown=1&page=x").await.is(200);
        let twice = "the query is unreadable, or names a parameter twice";
        app.get("/v2/msisdns/666777888?imsi=214040119172971&imsi=214040119172971").await.fails(Kind::BadRequest, twice);
    }

    async fn what_is_not_there_and_what_is_not_the_callers_look_alike(app: App) {
        app.get("/v2/msisdns/666777999").await.fails(Kind::NotFound, "Msisdn not found");
        let yoigo = app.token(&["yoigo"], "msisdns:read");
        app.get("/v2/msisdns/666777888").token(&yoigo).await.fails(Kind::NotFound, "Msisdn not found");
        app.get("/v2/imsis/2140420422222227").token(&yoigo).await.fails(Kind::NotFound, "Imsi not found");
        app.get("/v2/operatorToken/abc123xyz456").token(&yoigo).await.fails(Kind::NotFound, "Operator token not found");
        let both = app.token(&["yoigo", "masmovil"], "msisdns:read");
        app.get("/v2/msisdns/666777888").token(&both).await.is(200);
        app.get("/v2/msisdns/666777001").token(&both).await.is(200);
    }

    async fn every_kind_of_demo_number(app: App) {
        for (msisdn, org, system, status) in [
            ("666777001", "yoigo", "mas-stack", "OK"),
            ("666777005", "euskaltel", "ektnet", "OK"),
            ("666777009", "masmovil", "qvantel-prepaid", "Migrating"),
            ("666777010", "masmovil", "osp-stack", "Migrated"),
            ("666777011", "masmovil", "mas-stack", "Deleted"),
            ("666777012", "masmovil", "outside", "OK"),
        ] {
            let number = app.get(&format!("/v2/msisdns/{msisdn}")).await.is(200).json();
            let got = (&number["org"], &number["belongs_to"], &number["status"]);
            assert_eq!(got, (&json!(org), &json!(system), &json!(status)), "{msisdn}");
            assert_eq!(number.get("internal_portability"), None);
        }
    }

    async fn head_is_get_without_body(app: App) {
        let answer = app.call(Method::HEAD, "/v2/msisdns/666777888").await.is(200);
        assert_eq!((answer.body.as_str(), answer.header("content-type")), ("", "application/json"));
    }
}
