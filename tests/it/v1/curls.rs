//! The published request of 634443633, as it stands, and every operation with every status that can be brought about by a request.

use serde_json::{Value, json};

use crate::support::portings::{MONDAY, Node, TV, WINDOW, event, history, shown, text};
use crate::support::{App, both_databases};

/// The published request.
pub fn published() -> Value {
    serde_json::from_str(include_str!("../../../src/http/portability/samples/request.json")).unwrap()
}

both_databases! {
    /// From DIGI to masmovil, with the dates that the Node gives to what is created on a Monday at 10:00.
    async fn the_published_request(node: Node) {
        let answer = node.request("masmovil", &published()).await.is(201);
        let process = "00507511251117100000001";
        assert_eq!(answer.header("location"), format!("/v1/orgs/masmovil/portabilities/processId/{process}"));
        let created = answer.json()[0].clone();
        let mut expected = json!({
            "access_type": "INDIVIDUAL",
            "contract_code": "00528902840",
            "create_date_nc": shown(MONDAY),
            "donor_operator": "075",
            "external_reference": "PORTIN_902840_634443633",
            "icc_id": "8934221507160508791",
            "id": text(&created, "id"),
            "message_type": "SOLICITUD_ALTA",
            "msisdn": "634443633",
            "nrn_receptor": "741111",
            "process_id": process,
            "recipient_operator": "005",
            "recipient_rol": true,
            "state": "ASOL",
            "tenant": "masmovil",
            "window_date": shown(WINDOW)
        });
        assert_eq!(answer.json(), json!([expected]));
        let owner = node.owner("masmovil", "634443633").await;
        assert_eq!(owner, json!({
            "msisdn": "634443633", "nrn": "960000", "codigoOperadorActual": "075", "codigoOperadorPropietarioRango": "075",
            "involucradaProcesoPortabilidad": true, "portada": false, "codigoReferenciaSolicitudPortabilidadMovil": process,
            "codigoReferenciaIncidencia": []
        }));
        // The donor is outside: it accepts when Tv opens.
        node.at(TV);
        expected["state"] = json!("ACON");
        expected["message_type"] = json!("CONFIRMACION_ALTA");
        assert_eq!(node.last("masmovil", "634443633").await, expected);
        node.at(WINDOW);
        expected["state"] = json!("APOR");
        expected["message_type"] = json!("PORTABILIDAD_EFECTIVA");
        assert_eq!(node.last("masmovil", "634443633").await, expected);
        let detail = node.detail("masmovil", "634443633").await;
        assert_eq!(history(&detail), [event("SOLICITUD_ALTA", MONDAY), event("CONFIRMACION_ALTA", TV), event("PORTABILIDAD_EFECTIVA", WINDOW)]);
        assert_eq!(detail["subscriber"]["account"], published()["subscriber"]);
        assert_eq!((detail.get("external_reference"), detail.get("icc_id")), (None, None));
        let owner = node.owner("masmovil", "634443633").await;
        assert_eq!(owner, json!({
            "msisdn": "634443633", "nrn": "741111", "codigoOperadorActual": "005", "codigoOperadorPropietarioRango": "075",
            "involucradaProcesoPortabilidad": false, "portada": true, "codigoReferenciaIncidencia": []
        }));
    }

    /// On a fresh server with the demo's portabilities, whatever it has for a clock.
    async fn the_published_request_on_the_demo(app: App) {
        app.post("/v1/orgs/masmovil/portabilities", &published()).await.is(201);
        app.post("/v1/orgs/masmovil/portabilities", &published()).await.is(204);
    }

    /// Reads: 200 and what there is besides.
    async fn reads_and_their_statuses(node: Node) {
        let portability = node.port_in("masmovil", "634443633").await;
        let base = "/v1/orgs/masmovil/portabilities";
        let process = text(&portability, "process_id");
        let id = text(&portability, "id");
        let operator = "/v1/orgs/masmovil/operator";
        let owner = "/v1/orgs/masmovil/ownerOperator";
        for (path, statuses) in [
            (base.to_owned(), "200 401 403 404"),
            (format!("{base}?filter=state"), "400"),
            (format!("{base}/processId/{process}"), "200 401 403 404"),
            (format!("{base}/processId/no-such-process"), "200"),
            (format!("{base}/processId/{process}?filter=state"), "400"),
            (format!("{base}/msisdn/634443633"), "200 401 403 404"),
            (format!("{base}/msisdn/+34634443633"), "200"),
            (format!("{base}/msisdn/0034634443633"), "200"),
            (format!("{base}/msisdn/34634443633"), "200"),
            (format!("{base}/msisdn/934443633"), "400"),
            (format!("{base}/msisdn/634-443-633"), "400"),
            (format!("{base}/msisdn/634443633?filter=state"), "400"),
            (format!("{base}/msisdn/634443633/last"), "200 401 403 404"),
            (format!("{base}/msisdn/63444363/last"), "400"),
            (format!("{base}/msisdn/634443633/last?filter=state"), "400"),
            (format!("{base}/id/{id}"), "200 401 403 404"),
            (format!("{base}/id/no-such-id"), "404"),
            (format!("{base}/pendingDonor"), "200 401 403 404"),
            (operator.to_owned(), "200 401 403 404"),
            (format!("{operator}?operator=digi"), "200"),
            (format!("{operator}?operator_code=075&status=ACTIVO"), "200"),
            (format!("{operator}?operator_code=75"), "404"),
            (format!("{operator}?operator_code=075&status=DESHABILITADO"), "404"),
            (format!("{operator}?status=BAJA"), "400"),
            (format!("{owner}/634443633"), "200 401 403 404"),
            (format!("{owner}/799999999"), "404"),
            (format!("{owner}/99"), "400"),
        ] {
            for status in statuses.split(' ') {
                let call = match status {
                    "401" => node.get(&path).without_token(),
                    "403" => node.get(&path).token(&node.token(&["yoigo"], "api:everything")),
                    "404" if statuses != "404" => node.get(&path.replace("/masmovil/", "/nobody/")),
                    _ => node.get(&path),
                };
                assert_eq!(call.await.status.to_string(), status, "{path}");
            }
            let without_scope = node.token(&["masmovil"], "portabilities:write msisdns:read");
            node.get(&path).token(&without_scope).await.is(403);
        }
        // Another org's portability does not exist.
        node.get(&format!("/v1/orgs/yoigo/portabilities/id/{id}")).await.is(404);
        assert!(node.list("yoigo", "").await.is_empty());
    }

    /// Commands: 201, 204 and what there is besides. Ordered, because each changes what the next finds.
    async fn commands_and_their_statuses(node: Node) {
        let base = "/v1/orgs/masmovil/portabilities";
        let process = node.process("euskaltel", "666777888").await;
        let deny = |cause: &str| json!({"cause": cause});
        node.request("masmovil", &published()).await.is(201);
        let (accept, denial) = (format!("{base}/{process}/accept"), format!("{base}/{process}/deny"));
        let (restart, cancel) = (format!("{base}/{process}/restartReply"), format!("{base}/634443633/cancel"));
        node.at(TV);
        for (path, body, statuses) in [
            (base, published(), "204 401 403 404"),
            (base, json!({}), "400"),
            (&restart, json!({}), "204 401 403 404"),
            (&denial, deny("RECH_NORES"), "400"),
            (&denial, deny("rech_ident"), "400"),
            (&denial, json!({}), "400"),
            (&denial, json!({"cause": null}), "400"),
            (&denial, json!({"cause": 1}), "400"),
            (&denial, deny("RECH_IDENT"), "201 401 403 404"),
            (&denial, deny("RECH_IDENT"), "204"),
            (&denial, deny("RECH_ICCID"), "409"),
            (&accept, json!({}), "409"),
            (&restart, json!({"ignored": true}), "201"),
            (&restart, json!([]), "204"),
            (&accept, json!({}), "201 401 403 404"),
            (&accept, json!({}), "204"),
            (&denial, deny("RECH_IDENT"), "409"),
            (&cancel, deny("RECH_IDENT"), "400"),
            (&cancel, json!({}), "400"),
            (&cancel, deny("CANC_TECNI"), "201 401 403 404"),
            (&cancel, deny("CANC_TECNI"), "204"),
            (&cancel, deny("CANC_ABONA"), "409"),
            (&format!("{base}/no-such-process/accept"), json!({}), "404"),
            (&format!("{base}/no-such-process/deny"), deny("RECH_IDENT"), "404"),
            (&format!("{base}/no-such-process/restartReply"), json!({}), "404"),
            (&format!("{base}/634443600/cancel"), deny("CANC_ABONA"), "404"),
            (&format!("{base}/63444360/cancel"), deny("CANC_ABONA"), "400"),
        ] {
            for status in statuses.split(' ') {
                let call = match status {
                    "401" => node.post(path, &body).without_token(),
                    "403" => node.post(path, &body).token(&node.token(&["masmovil"], "portabilities:read")),
                    "404" if statuses != "404" => node.post(&path.replace("/masmovil/", "/nobody/"), &body),
                    _ => node.post(path, &body),
                };
                let answer = call.await;
                assert_eq!(answer.status.to_string(), status, "{path} {body}: {}", answer.body);
            }
        }
        assert_eq!(node.state("masmovil", "666777888").await, ("ACON".to_owned(), None));
        // At the deadline nobody may answer what nobody has answered.
        let unanswered = node.process("euskaltel", "666777021").await;
        node.at("2025-11-18T14:00:00");
        node.donor("masmovil", &unanswered, "accept").await.is(409);
    }

    async fn bodies_that_an_operation_takes_are_json(node: Node) {
        let process = node.process("euskaltel", "666777888").await;
        let base = "/v1/orgs/masmovil/portabilities";
        for path in [base.to_owned(), format!("{base}/{process}/deny"), format!("{base}/634443633/cancel")] {
            node.call(reqwest::Method::POST, &path).body("text/plain", "{}").await.is(415);
            node.call(reqwest::Method::POST, &path).await.is(415);
            node.call(reqwest::Method::POST, &path).body("application/json", "{").await.is(400);
            node.call(reqwest::Method::POST, &path).body("application/json", vec![b' '; (1 << 20) + 1]).await.is(413);
        }
        // And what an operation does not take is ignored, content type included.
        node.call(reqwest::Method::POST, &format!("{base}/{process}/accept")).body("text/plain", "{").await.is(201);
        node.call(reqwest::Method::POST, &format!("{base}/{process}/restartReply")).await.is(201);
    }
}
