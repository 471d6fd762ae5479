//! What is the same after a restart, and what is published.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use countersign_core::trust::signing_config::{Selection, SigningConfig};
use countersign_server::ServiceOptions;

use crate::scene::{WHO, scene, start};

fn keys(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut keys: Vec<_> = std::fs::read_dir(folder.join("keys"))
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            assert_eq!(
                entry.metadata().unwrap().permissions().mode() & 0o777,
                0o600,
                "{entry:?}"
            );
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn keys_and_authorities_are_made_once() {
    let scene = scene().await;
    scene.token().await;
    let (root, made) = (scene.trusted_root(), keys(scene.folder.path()));
    let names: Vec<_> = made.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "ctlog.pem",
            "fulcio-chain.pem",
            "fulcio.pem",
            "oidc.pem",
            "rekor1.pem",
            "rekor2.pem",
            "timestamp-chain.pem",
            "timestamp.pem"
        ]
    );
    scene.running.stop().await.unwrap();
    let running = start(scene.folder.path(), ServiceOptions::default()).await;
    running.token(WHO).await.unwrap().unwrap();
    assert_eq!(keys(scene.folder.path()), made);
    let path = scene.folder.path().join("sigstore/trusted_root.json");
    let again = countersign_core::TrustedRoot::parse(&std::fs::read(path).unwrap()).unwrap();
    let ids = |root: &countersign_core::TrustedRoot| {
        let logs = root.logs().iter().chain(root.certificate_logs());
        let logs: Vec<_> = logs
            .map(|log| (log.id(), log.url().to_owned(), log.validity()))
            .collect();
        let authorities = root
            .certificate_authorities()
            .iter()
            .chain(root.timestamp_authorities());
        let chains: Vec<_> = authorities.map(|authority| authority.chain().to_vec()).collect();
        (logs, chains)
    };
    assert_eq!(ids(&again), ids(&root));
}

#[tokio::test]
async fn a_key_that_is_damaged_is_not_made_anew() {
    let scene = scene().await;
    scene.running.stop().await.unwrap();
    let path = scene.folder.path().join("keys/fulcio.pem");
    std::fs::write(&path, "damaged").unwrap();
    let options = countersign_server::ServerOptions::new(scene.folder.path()).services(ServiceOptions::default());
    let error = countersign_server::Server::start(options).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot be a Sigstore");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.ends_with("keys/fulcio.pem holds no key"), "{cause}");
    assert_eq!(std::fs::read(&path).unwrap(), b"damaged");
}

#[tokio::test]
async fn what_clients_need_is_written_and_served() {
    let scene = scene().await;
    let folder = scene.folder.path().join("sigstore");
    let url = scene.running.url();
    let config = std::fs::read(folder.join("signing_config.v0.2.json")).unwrap();
    let config = SigningConfig::parse(&config).unwrap();
    let urls = |services: &[countersign_core::trust::signing_config::Service]| -> Vec<_> {
        services
            .iter()
            .map(|service| (service.url().to_owned(), service.major_api_version()))
            .collect()
    };
    assert_eq!(urls(config.certificate_authorities()), [(url.clone(), 1)]);
    assert_eq!(urls(config.identity_providers()), [(scene.issuer(), 1)]);
    assert_eq!(urls(config.logs()), [(url.clone(), 2), (url.clone(), 1)]);
    assert_eq!(urls(config.timestampers()), [(format!("{url}/api/v1/timestamp"), 1)]);
    assert_eq!(
        (config.log_selection(), config.timestamper_selection()),
        (Selection::Any, Selection::Any)
    );
    let env = std::fs::read_to_string(folder.join("env")).unwrap();
    for line in [
        format!("export FULCIO_URL='{url}'"),
        format!("export OIDC_ISSUER='{}'", scene.issuer()),
    ] {
        assert!(env.lines().any(|found| found == line), "{env}");
    }
    for file in [
        "fulcio-chain.pem",
        "tsa-chain.pem",
        "rekor.pub",
        "ctfe.pub",
        "root.json",
        "trusted_root.json",
    ] {
        assert!(!std::fs::read(folder.join(file)).unwrap().is_empty(), "{file}");
        assert!(env.contains(&format!("/sigstore/{file}'")), "{file}");
    }
    for file in ["trusted_root.json", "signing_config.v0.2.json"] {
        let served = scene.get(&format!("/tuf/targets/{file}")).await.expect(200);
        assert_eq!(served.body, std::fs::read(folder.join(file)).unwrap(), "{file}");
    }
    scene.get("/tuf/2.root.json").await.expect(404);
    scene.get("/v2/").await.expect(200);
    scene.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_registry_alone_has_no_keys_and_answers_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let options = countersign_server::ServerOptions::new(folder.path());
    let running = countersign_server::Server::start(options).await.unwrap();
    assert!(running.services().is_none());
    let scene = crate::scene::Scene { running, folder };
    for path in [
        "/api/v2/trustBundle",
        "/api/v1/log",
        "/tuf/root.json",
        "/oidc/keys",
        "/api/v1/timestamp/certchain",
    ] {
        scene.get(path).await.expect(404);
    }
    assert!(!scene.folder.path().join("keys").exists());
}
