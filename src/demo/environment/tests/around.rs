//! What stands around the path from the page to the database: TLS, the cache, the control, what the service says of itself.

use std::sync::Arc;

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::*;

impl Environment {
    /// What the peer at this port says to GET over TLS, to who trusts our authority and nobody else.
    async fn over_tls(&self, port: u16, name: &str) -> std::io::Result<String> {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_file(self.variable("ca")).unwrap();
        roots.add(ca).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let mut stream = tokio::time::timeout(PATIENCE, connecting).await.unwrap()?;
        let request = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    async fn secure(&self) -> std::io::Result<String> {
        let port = self.variable("tls_port").parse().unwrap();
        self.over_tls(port, &self.variable("tls_host")).await
    }
}

/// Why the handshake failed.
fn tls_error(error: &std::io::Error) -> &rustls::Error {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn the_tls_port_is_the_same_service_and_certified_for_one_name() {
    let demo = with(Fault::None).await;
    let answer = demo.secure().await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("demo-api"));
    let port = demo.service.tls().port();
    let retired = demo.over_tls(port, &demo.variable("retired_name")).await;
    let retired = retired.unwrap_err();
    assert!(matches!(
        tls_error(&retired),
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })
    ));
    let control = demo.variable("control");
    let port = control.rsplit_once(':').unwrap().1.parse().unwrap();
    let answer = demo.over_tls(port, "localhost").await.unwrap();
    assert!(answer.contains("somebody is here"));
    demo.stop().await;
}

#[tokio::test]
async fn each_certificate_is_wrong_in_its_own_way() {
    let demo = with(Fault::TlsExpired).await;
    let error = demo.secure().await.unwrap_err();
    assert!(matches!(
        tls_error(&error),
        rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { .. })
    ));
    demo.stop().await;
    let demo = with(Fault::TlsOtherName).await;
    let error = demo.secure().await.unwrap_err();
    assert!(matches!(
        tls_error(&error),
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })
    ));
    demo.stop().await;
    let demo = with(Fault::TlsUnknownIssuer).await;
    let error = demo.secure().await.unwrap_err();
    assert!(matches!(
        tls_error(&error),
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)
    ));
    demo.stop().await;
    // These two are valid, and yet not as they should be.
    let demo = with(Fault::TlsExpiring).await;
    assert!(demo.secure().await.is_ok());
    demo.stop().await;
    let demo = with(Fault::TlsRetiredName).await;
    let port = demo.service.tls().port();
    let retired = demo.over_tls(port, &demo.variable("retired_name")).await;
    assert!(retired.is_ok() && demo.secure().await.is_ok());
    demo.stop().await;
}

#[tokio::test]
async fn the_tls_port_can_speak_plainly_or_not_at_all() {
    let demo = with(Fault::TlsPlaintext).await;
    let error = demo.secure().await.unwrap_err();
    assert!(matches!(
        tls_error(&error),
        rustls::Error::InvalidMessage(_)
    ));
    demo.stop().await;
    let demo = with(Fault::TlsSilent).await;
    let mut stream = TcpStream::connect(demo.service.tls()).await.unwrap();
    stream.write_all(b"anybody?").await.unwrap();
    // The plain port answers meanwhile; a byte or an end would be here by then.
    assert_eq!(demo.get("/health").await.status, StatusCode::OK);
    let nothing = stream.try_read(&mut [0; 8]).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    demo.stop().await;
}

#[tokio::test]
async fn without_its_cache_the_service_is_ready_and_says_what_is_missing() {
    let demo = with(Fault::CacheDown).await;
    let ready = demo.get("/health/ready").await;
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!(ready.json()["redis_db"], "disconnected");
    let infrastructure = demo.get("/health/infrastructure").await.json();
    assert_eq!(infrastructure["status"], "degraded");
    assert_eq!(infrastructure["degraded_count"], 1);
    assert_eq!(infrastructure["vpc_connectivity"]["overall"], true);
    demo.stop().await;
}

#[tokio::test]
async fn a_whole_environment_is_whole_in_every_answer() {
    let demo = with(Fault::None).await;
    assert_eq!(
        demo.get("/health/infrastructure").await.json(),
        json!({
            "status": "healthy",
            "vpc_connectivity": { "overall": true },
            "degraded_count": 0,
            "components": [
                { "name": "database", "critical": true, "status": "healthy" },
                { "name": "cache", "critical": false, "status": "healthy" },
            ],
        })
    );
    assert_eq!(
        demo.get("/health/backend").await.json(),
        json!({
            "capabilities": {
                "agent_execution": true,
                "database_connectivity": true,
                "authentication": true,
            },
            "golden_path_ready": true,
            "degraded_services": [],
            "readiness_score": 1.0,
        })
    );
    let auth = demo.get("/auth/health").await.json();
    assert_eq!(auth, json!({ "status": "healthy", "service": "auth" }));
    let version = demo.get("/version").await.json();
    assert_eq!(version["commit"], demo.variable("commit"));
    assert_eq!(
        demo.get("/config").await.json()["database"]["timeout_ms"],
        800
    );
    assert!(demo.get("/docs").await.body.contains("<li>/health</li>"));
    assert_eq!(demo.get("/api/health").await.json()["status"], "healthy");
    demo.stop().await;
}

#[tokio::test]
async fn the_page_and_nobody_else_may_ask_across_origins() {
    let demo = with(Fault::None).await;
    let page = demo.variable("web");
    let answer = demo.preflight("/api/auth/validate", &page).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN], *page);
    assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_METHODS], "GET, HEAD");
    let headers = &answer.headers[ACCESS_CONTROL_ALLOW_HEADERS];
    assert!(headers.to_str().unwrap().contains("authorization"));
    let stranger = demo.preflight("/me", "http://stranger.example").await;
    assert!(!stranger.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    // OPTIONS alone is no preflight.
    let plain = demo.ask(Method::OPTIONS, "/me", None, "").await;
    assert_eq!(plain.status, StatusCode::METHOD_NOT_ALLOWED);
    demo.stop().await;
    let demo = with(Fault::Cors).await;
    let page = demo.variable("web");
    let answer = demo.preflight("/api/auth/validate", &page).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(!answer.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    demo.stop().await;
}

#[tokio::test]
async fn some_answers_come_from_another_build() {
    let demo = with(Fault::Canary).await;
    let mut is_ours = Vec::new();
    for _ in 0..4 {
        let version = demo.get("/version").await.json();
        is_ours.push(version["commit"] == demo.variable("commit"));
    }
    assert_eq!(is_ours, [true, true, false, true]);
    demo.stop().await;
}

#[tokio::test]
async fn a_broken_contract_is_kept_by_the_service_itself() {
    let demo = with(Fault::Contract).await;
    let config = demo.get("/config").await.json();
    assert_eq!(config["database"]["timeout_ms"], 400);
    assert_eq!(demo.get("/health/ready").await.status, StatusCode::OK);
    demo.stop().await;
}

#[tokio::test]
async fn a_brownout_is_three_answers_long() {
    let demo = with(Fault::Brownout).await;
    let mut bad = Vec::new();
    for number in 1..=25 {
        if demo.get("/health").await.status != StatusCode::OK {
            bad.push(number);
        }
    }
    assert_eq!(bad, [20, 21, 22]);
    demo.stop().await;
}

#[tokio::test]
async fn routes_can_be_missing_or_swallowed_by_the_page() {
    let demo = with(Fault::RouteMissing).await;
    let missing = demo.get("/api/health").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(demo.get("/health").await.status, StatusCode::OK);
    demo.stop().await;
    let demo = with(Fault::SpaFallback).await;
    let swallowed = demo.get("/nowhere").await;
    assert_eq!(swallowed.status, StatusCode::OK);
    assert!(swallowed.body.contains(r#"<div id="root">"#));
    assert_eq!(demo.get("/health").await.json()["status"], "healthy");
    demo.stop().await;
}
