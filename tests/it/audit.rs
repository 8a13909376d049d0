//! The audit: who changed what, when, in which request.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::Call;
use crate::support::both_databases;
use crate::support::conn::Conn;
use crate::support::database::ScratchDir;
use crate::support::portings::{MONDAY, Node, TV, madrid, shown, text};
use crate::support::process::{Output, portero, run};
use crate::support::{App, Database};

const NUMBER: &str = "/v2/orgs/yoigo/msisdns/644555666";

/// What `portero audit` prints with these arguments.
fn audit(database: &Database, args: &[&str]) -> Output {
    run(portero(&["audit"]).args(args).args(["--database", &database.url]))
}

fn lines(database: &Database, args: &[&str]) -> Vec<Value> {
    let output = audit(database, args);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A member of each line.
fn members(lines: &[Value], member: &str) -> Vec<String> {
    lines.iter().map(|line| text(line, member).to_owned()).collect()
}

/// A server as the portability tests have it, and its database.
async fn node(database: &Database) -> Node {
    database.store().await.close().await;
    Node::serve(database, &[]).await
}

/// A call under an id of its own.
fn named(call: Call, id: &str) -> Call {
    call.header("x-request-id", id)
}

both_databases! {
    async fn each_change_of_the_inventory_has_its_line(database: Database) {
        let node = node(&database).await;
        let sim = |number: u32| json!({"imsi": format!("21404900000{number}")});
        for (call, id, status) in [
            (node.post(NUMBER, &sim(1111)), "add", 201),
            (node.post(NUMBER, &sim(1112)), "add-refused", 409),
            (node.post("/v2/orgs/yoigo/msisdns/644555667", &sim(1111)), "sim-refused", 409),
            (node.put(NUMBER, &sim(2222)), "swap", 204),
            (node.put(NUMBER, &sim(2222)), "swap-repeated", 204),
            (node.put(NUMBER, &json!({"imsi": "2140420422222227"})), "swap-refused", 409),
            (node.put(NUMBER, &sim(1111)), "swap-back", 204),
            (node.patch(NUMBER, &json!({"status": "Migrating"})), "change", 204),
            (node.patch(NUMBER, &json!({"status": "Migrating"})), "change-repeated", 204),
            (node.patch(NUMBER, &json!({"status": "nonsense"})), "change-refused", 400),
            (node.delete(NUMBER), "delete", 204),
            (node.delete(NUMBER), "delete-refused", 404),
            (node.get("/v2/msisdns/666777888"), "read", 200),
        ] {
            named(call, id).await.is(status);
        }
        let found = lines(&database, &[]);
        assert_eq!(members(&found, "request_id"), ["add", "swap", "swap-back", "change", "delete"]);
        assert_eq!(members(&found, "operation"), ["addMsisdn", "swapSim", "swapSim", "changeMsisdn", "deleteMsisdn"]);
        for line in found {
            let who = (text(&line, "sub"), text(&line, "org"), text(&line, "msisdn"), text(&line, "at"), &line["process_id"]);
            assert_eq!(who, ("tester", "yoigo", "644555666", shown(MONDAY).as_str(), &Value::Null));
        }
    }

    async fn each_step_of_a_portability_has_its_line(database: Database) {
        let node = node(&database).await;
        let mut body = node.body("euskaltel", "666777888");
        body["subscriber"] = crate::v1::published()["subscriber"].clone();
        let request = |id| named(node.request("euskaltel", &body), id);
        let process = text(&request("create").await.is(201).json()[0], "process_id").to_owned();
        request("create-repeated").await.is(204);
        let mut other = body.clone();
        other["external_reference"] = json!("another");
        named(node.request("euskaltel", &other), "create-refused").await.is(400);
        node.at(TV);
        let answer = |command: &str| format!("/v1/orgs/masmovil/portabilities/{process}/{command}");
        let cancel = "/v1/orgs/euskaltel/portabilities/666777888/cancel";
        for (path, body, id, status) in [
            (answer("deny"), json!({"cause": "RECH_IDENT"}), "deny", 201),
            (answer("deny"), json!({"cause": "RECH_IDENT"}), "deny-repeated", 204),
            (answer("accept"), json!({}), "accept-refused", 409),
            (answer("restartReply"), json!({}), "restart", 201),
            (answer("accept"), json!({}), "accept", 201),
            (cancel.to_owned(), json!({"cause": "CANC_ABONA"}), "cancel", 201),
            (cancel.to_owned(), json!({"cause": "CANC_ABONA"}), "cancel-repeated", 204),
        ] {
            named(node.post(&path, &body), id).await.is(status);
        }
        let found = lines(&database, &[]);
        assert_eq!(members(&found, "request_id"), ["create", "deny", "restart", "accept", "cancel"]);
        let operations = ["createPortability", "denyPortability", "restartReply", "acceptPortability", "cancelPortability"];
        assert_eq!(members(&found, "operation"), operations);
        assert_eq!(members(&found, "org"), ["euskaltel", "masmovil", "masmovil", "masmovil", "euskaltel"]);
        assert_eq!(members(&found, "at"), [shown(MONDAY), shown(TV), shown(TV), shown(TV), shown(TV)]);
        for line in &found {
            assert_eq!((text(line, "process_id"), text(line, "msisdn"), text(line, "sub")), (process.as_str(), "666777888", "tester"));
        }
        let printed = audit(&database, &[]).stdout;
        for personal in ["Martina", "Fraile", "09288205T", "Leonardo", "28040", "21404"] {
            assert!(!printed.contains(personal), "{printed}");
        }
    }

    /// What the Node refuses is created too, and a request for several numbers changes each of them.
    async fn a_line_for_each_number(database: Database) {
        let node = node(&database).await;
        let created = node.port_in_ranges("euskaltel", "MIXED", &[("634443600", "634443604"), ("666777888", "666777888")]).await;
        let found = lines(&database, &[]);
        assert_eq!(members(&found, "operation"), ["createPortability"; 6]);
        let mut numbers = members(&found, "msisdn");
        numbers.sort_unstable();
        assert_eq!(numbers, created.iter().map(|one| text(one, "msisdn").to_owned()).collect::<Vec<_>>());
        assert_eq!(lines(&database, &["--msisdn", "+34634443602"]).len(), 1);
    }

    async fn a_change_that_is_undone_leaves_no_line(database: Database) {
        let node = node(&database).await;
        node.put("/v2/orgs/masmovil/msisdns/666777888", &json!({"imsi": "214049000001111"})).await.is(204);
        // Without a place for its line there is no change either.
        database.execute("ALTER TABLE audit RENAME TO lost").await;
        node.put("/v2/orgs/masmovil/msisdns/666777888", &json!({"imsi": "214049000002222"})).await.is(500);
        node.post(NUMBER, &json!({"imsi": "214049000003333"})).await.is(500);
        node.request("euskaltel", &node.body("euskaltel", "666777888")).await.is(500);
        database.execute("ALTER TABLE lost RENAME TO audit").await;
        assert_eq!(members(&lines(&database, &[]), "operation"), ["swapSim"]);
        let entry = node.get("/v2/msisdns/666777888?embed=imsis").await.is(200);
        assert!(entry.body.contains("214049000001111") && !entry.body.contains("214049000002222"), "{}", entry.body);
        node.get("/v2/msisdns/644555666").await.is(404);
        assert!(node.list("euskaltel", "").await.is_empty());
    }

    async fn filters(database: Database) {
        let node = node(&database).await;
        let numbers = [("masmovil", "666777888"), ("yoigo", "666777001"), ("yoigo", "666777001")];
        for (hour, (org, number)) in (10..).zip(numbers) {
            node.clock.set(madrid(&format!("2025-11-17T{hour}:00:00")));
            let imsi = json!({"imsi": format!("2140490000011{hour}")});
            named(node.put(&format!("/v2/orgs/{org}/msisdns/{number}"), &imsi), &format!("r{hour}")).await.is(204);
        }
        for (args, expected) in [
            (&[][..], &["r10", "r11", "r12"][..]),
            (&["--org", "yoigo"], &["r11", "r12"]),
            (&["--org", "simyo"], &[]),
            (&["--msisdn", "666777888"], &["r10"]),
            (&["--msisdn", "666777001", "--limit", "1"], &["r11"]),
            (&["--since", "2025-11-17T10:00:00Z"], &["r11", "r12"]),
            (&["--until", "2025-11-17T11:00:00Z"], &["r10", "r11"]),
            (&["--since", "2025-11-17T09:00:00.000001Z", "--until", "2025-11-17T10:00:00.000001Z"], &["r11"]),
            (&["--limit", "2"], &["r10", "r11"]),
            (&["--limit", "0"], &[]),
            (&["--org", "yoigo", "--msisdn", "666777888"], &[]),
        ] {
            assert_eq!(members(&lines(&database, args), "request_id"), expected, "{args:?}");
        }
        for args in [["--org", "YOIGO"], ["--msisdn", "12"], ["--since", "yesterday"], ["--until", "2025-11-17"]] {
            assert_eq!(audit(&database, &args).code, 2, "{args:?}");
        }
    }

    /// Many more lines than a page, most of them of one instant.
    async fn pages_lose_nothing(database: Database) {
        let mut conn = database_with_lines(&database).await;
        let found = lines(&database, &[]);
        assert_eq!(found.len(), 2_500);
        let expected: Vec<_> = (0..2_500).map(|number| format!("r{number:04}")).collect();
        assert_eq!(members(&found, "request_id"), expected);
        assert_eq!(lines(&database, &["--limit", "1001"]).len(), 1_001);
        assert_eq!(conn.number("SELECT COUNT(*) FROM audit").await, 2_500);
    }

    /// Nobody changes a line, and a reference database loses none; a mock begins again without.
    async fn is_append_only(database: Database) {
        let app = App::serve(&database, &[]).await;
        let change = async |app: &App, status: &str| {
            app.call(Method::PATCH, "/v2/orgs/masmovil/msisdns/666777888").json(&json!({"status": status})).await.is(204);
        };
        change(&app, "Migrating").await;
        assert!(!allows(&database, "UPDATE audit SET subject = 'nobody'").await);
        app.post("/_mock/reset", &json!({"seed": "demo"})).await.is(204);
        assert!(lines(&database, &[]).is_empty());
        app.stop().await;
        let app = App::serve(&database, &["--mode", "reference"]).await;
        change(&app, "Migrating").await;
        assert!(!allows(&database, "UPDATE audit SET subject = 'nobody'").await);
        assert!(!allows(&database, "DELETE FROM audit").await);
        assert_eq!(members(&lines(&database, &[]), "sub"), ["tester"]);
    }

    /// An import is one line, and a caller whose name the database could not store is not refused for it.
    async fn imports_and_strange_names(database: Database) {
        let node = node(&database).await;
        let dir = ScratchDir::new();
        let file = dir.file("numbers.csv", "msisdn,org\n644555001,masmovil\n644555002,yoigo\n");
        assert_eq!(run(portero(&["import", &file]).args(["--database", &database.url])).code, 0);
        assert_ne!(run(portero(&["import", &file]).args(["--database", &database.url])).code, 0);
        let mut claims = crate::support::tokens::claims(&["*"], "api:everything", portero::clock::Clock::now(&*node.real_time));
        claims["sub"] = json!("a\u{0}b");
        let token = crate::support::tokens::hs256(&claims);
        node.delete("/v2/orgs/masmovil/msisdns/644555001").token(&token).await.is(204);
        claims.as_object_mut().unwrap().remove("sub");
        node.delete("/v2/orgs/yoigo/msisdns/644555002").token(&crate::support::tokens::hs256(&claims)).await.is(204);
        let mut found = lines(&database, &[]);
        found.sort_by_key(|line| text(line, "operation").to_owned());
        assert_eq!(found.iter().map(|line| &line["sub"]).collect::<Vec<_>>(), [&json!("a\u{fffd}b"), &Value::Null, &Value::Null]);
        let import = &found[2];
        assert_eq!((text(import, "operation"), &import["org"], &import["msisdn"]), ("import", &Value::Null, &Value::Null));
    }
}

/// A database with 2,500 lines, two of three at the same instant.
async fn database_with_lines(database: &Database) -> Conn {
    database.store().await.close().await;
    let mut conn = Conn::open(database).await;
    let row = |number: usize| format!("({}, 'addMsisdn', 'yoigo', 'r{number:04}')", number / 1_500);
    let rows: Vec<_> = (0..2_500).map(row).collect();
    conn.run(&format!("INSERT INTO audit (at, operation, org, request_id) VALUES {}", rows.join(", "))).await;
    conn
}

/// Whether the database lets somebody run a statement.
async fn allows(database: &Database, sql: &'static str) -> bool {
    let database = database.clone();
    tokio::spawn(async move { database.execute(sql).await }).await.is_ok()
}
