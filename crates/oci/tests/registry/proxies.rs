//! Proxies: used for other machines, never for this one.

use countersign_oci::http::ProxyOptions;
use countersign_oci::store::Store;
use countersign_oci::{Registry, RegistryOptions, StoreError};

use crate::content::image;
use crate::scripted::{Scripted, Seen, answer, http, status};

fn behind(proxy: &Scripted, without: Option<&str>) -> Registry {
    let address = format!("http://me:pw@{}", proxy.address);
    let http = http(|options| {
        options.retry.attempts = 1;
        options.proxies = ProxyOptions {
            http: Some(address.clone()),
            https: Some(address),
            without: without.map(str::to_owned),
        };
    });
    Registry::new(RegistryOptions::new(http))
}

async fn fetch(registry: &Registry, name: &str) -> Result<(), StoreError> {
    let reference = name.parse().unwrap();
    registry.manifest(&reference).await.map(|_| ())
}

#[tokio::test]
async fn a_plain_request_is_written_for_the_proxy() {
    let proxy = Scripted::start(|_: &Seen| answer(200, &[], image("x").0.bytes())).await;
    fetch(&behind(&proxy, None), "reg.local:5000/a:v1").await.unwrap();
    let seen = proxy.seen();
    assert_eq!(seen[0].target, "http://reg.local:5000/v2/a/manifests/v1");
    assert_eq!(seen[0].header("proxy-authorization"), Some("Basic bWU6cHc="));
}

#[tokio::test]
async fn tls_goes_through_a_tunnel() {
    let proxy = Scripted::start(|_: &Seen| status(403)).await;
    let fetched = fetch(&behind(&proxy, None), "reg.example/a:v1").await;
    assert!(
        matches!(&fetched, Err(StoreError::Connection { reason, .. }) if !reason.contains("pw")),
        "{fetched:?}"
    );
    let seen = proxy.seen();
    assert!(seen[0].is("CONNECT", "reg.example:443"), "{seen:?}");
    assert_eq!(seen[0].header("proxy-authorization"), Some("Basic bWU6cHc="));
}

#[tokio::test]
async fn this_machine_and_exempt_hosts_are_reached_straight() {
    let proxy = Scripted::start(|_: &Seen| status(502)).await;
    let server = Scripted::start(|_: &Seen| answer(200, &[], image("x").0.bytes())).await;
    let registry = behind(&proxy, Some(".invalid,10.0.0.0/8"));
    fetch(&registry, &format!("{}/a:v1", server.address)).await.unwrap();
    let fetched = fetch(&registry, "reg.invalid/a:v1").await;
    assert!(matches!(fetched, Err(StoreError::Connection { .. })));
    assert_eq!(proxy.seen().len(), 0);
}
