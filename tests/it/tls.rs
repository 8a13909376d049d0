//! TLS: a certificate made here, replaced while the server runs, and clients that do not shake hands.

use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::database::ScratchDir;
use crate::support::process::{Served, portero, run, signal};
use crate::support::{App, Database, both_databases};

/// Writes a new certificate and its key; returns the certificate.
fn certify(dir: &ScratchDir) -> String {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    dir.file("key.pem", signing_key.serialize_pem());
    dir.file("cert.pem", cert.pem());
    cert.pem()
}

/// A client that trusts one certificate, and finds its name on this machine.
fn trusting(certificate: &str) -> Client {
    let certificate = Certificate::from_pem(certificate.as_bytes()).unwrap();
    Client::builder().no_proxy().tls_certs_only([certificate]).build().unwrap()
}

/// The flags of a certificate's files.
fn files(dir: &ScratchDir) -> [String; 4] {
    let path = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    ["--tls-cert".to_owned(), path("cert.pem"), "--tls-key".to_owned(), path("key.pem")]
}

fn by_name(url: &str, path: &str) -> String {
    format!("https://localhost:{}{path}", url.rsplit(':').next().unwrap())
}

both_databases! {
    async fn both_apis_over_tls(database: Database) {
        let dir = ScratchDir::new();
        let certificate = certify(&dir);
        let [cert, cert_file, key, key_file] = files(&dir);
        let app = App::serve(&database, &[&cert, &cert_file, &key, &key_file]).await;
        let token = app.token(&["*"], "api:everything");
        for path in ["/v2/msisdns/666777888", "/v1/orgs/masmovil/portabilities"] {
            let answer = trusting(&certificate).get(by_name(&app.url, path)).bearer_auth(&token).send().await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_11));
        }
        // A stranger's certificate is not believed, and plain HTTP is not spoken.
        let stranger = certify(&ScratchDir::new());
        assert!(trusting(&stranger).get(by_name(&app.url, "/health/live")).send().await.is_err());
        assert!(trusting(&certificate).get(format!("{}/health/live", app.url)).send().await.is_err());
    }

    async fn a_client_that_does_not_shake_hands(database: Database) {
        let dir = ScratchDir::new();
        let certificate = certify(&dir);
        let [cert, cert_file, key, key_file] = files(&dir);
        let app = App::changed(&database, &[&cert, &cert_file, &key, &key_file], |server| {
            server.bounds.most = 1;
            server.bounds.patience = Duration::from_millis(200);
        }).await;
        let mut silent = TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
        silent.write_all(&[22, 3, 1]).await.unwrap();
        // It has the only place, until it has tried the server's patience.
        assert_eq!(trusting(&certificate).get(by_name(&app.url, "/health/live")).send().await.unwrap().status(), 200);
        assert_eq!(silent.read(&mut [0; 8]).await.unwrap_or_default(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_read_again_at_sighup() {
    let dir = ScratchDir::new();
    let first = certify(&dir);
    let flags = files(&dir);
    let served = Served::start(&["--database", "sqlite::memory:", &flags[0], &flags[1], &flags[2], &flags[3]]);
    let ask = async |certificate: &str| trusting(certificate).get(by_name(&served.url, "/health/ready")).send().await.is_ok();
    assert!(
        served.block.contains(&format!("portero listens on {}\n", served.url)) && served.url.starts_with("https://"),
        "{}",
        served.block
    );
    assert!(ask(&first).await);
    let second = certify(&dir);
    assert!(ask(&first).await && !ask(&second).await);
    signal("HUP", served.id());
    served.log_line("the certificate was read again");
    assert!(ask(&second).await && !ask(&first).await);
    // One that cannot be used changes nothing.
    dir.file("key.pem", "nonsense");
    signal("HUP", served.id());
    served.log_line("the certificate stays what it was");
    assert!(ask(&second).await);
    // The probe asks its own machine, whose address no certificate names.
    assert_eq!(run(&mut portero(&["healthcheck", &served.url])).code, 0);
    let listen = served.url.trim_start_matches("https://");
    let by_environment = run(portero(&["healthcheck"]).env("PORTERO_LISTEN", listen).env("PORTERO_TLS_CERT", &flags[1]));
    assert_eq!((by_environment.code, by_environment.stderr.as_str()), (0, ""));
    served.terminate();
    assert_eq!(served.wait().0, Some(0));
}

#[test]
fn what_is_no_certificate() {
    let dir = ScratchDir::new();
    certify(&dir);
    let other = ScratchDir::new();
    certify(&other);
    let nonsense = dir.file("nonsense.pem", "nonsense");
    let ([_, cert, _, key], [_, _, _, stranger]) = (files(&dir), files(&other));
    for (cert, key, named) in [(&nonsense, &key, &nonsense), (&cert, &nonsense, &nonsense), (&cert, &stranger, &cert)] {
        let output =
            run(&mut portero(&["serve", "--database", "sqlite::memory:", "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key]));
        assert!(output.code == 1 && output.stderr.starts_with(&format!("portero: {named}: ")), "{output:?}");
    }
    assert_eq!(run(&mut portero(&["serve", "--tls-cert", &cert])).code, 2);
}
