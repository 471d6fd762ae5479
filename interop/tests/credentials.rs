//! Credentials go to the registry they are for and nowhere else, wherever it sends us.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use countersign_interop::{FaultProxy, Format, Key, Kind, Peers, Registry, Run, Subject, Tool, keys};
use serde_json::{Value, json};

#[test]
fn no_credential_reaches_another_host() {
    let Some(peers) = Peers::find() else { return };
    let key = keys::generate(&peers, "ours", "key");
    let registry = Registry::start(&peers, Kind::Memory);
    let proxy = FaultProxy::start(&peers, registry.address());
    let other = Listener::start();
    let docker = docker_config(&peers, proxy.address());
    for scenario in scenarios(&other.address) {
        let arguments = scenario.arguments(&peers, &key, &registry, &proxy);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        proxy.forget();
        proxy.faults(&scenario.rules);
        let limit = Duration::from_secs(60);
        let ended = Run::new(&peers, "ours", &arguments)
            .env("DOCKER_CONFIG", &docker)
            .within(limit)
            .end();
        let sent = proxy.requests().iter().any(|request| request.get("auth").is_some());
        proxy.faults(&json!([]));
        let (heard, name) = (other.heard(), scenario.name);
        assert!(
            !heard.contains(SECRET) && !heard.contains("s3cret"),
            "{name}: {ended:#?}\n{heard}"
        );
        assert!(
            sent || name.contains("realm"),
            "{name}: the registry itself got no credentials: {ended:#?}"
        );
        assert_ne!(ended.code, None, "{name}: hangs");
    }
}

fn docker_config(peers: &Peers, address: &str) -> PathBuf {
    let folder = peers.scratch().join("docker");
    let config = json!({"auths": {address: {"auth": SECRET}}});
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
    fs::write(folder.join("config.json"), config.to_string()).unwrap_or_else(|error| panic!("cannot write: {error}"));
    folder
}

/// `user:s3cret`, as basic authentication writes it.
const SECRET: &str = "dXNlcjpzM2NyZXQ=";

struct Scenario {
    name: &'static str,
    signs: bool,
    rules: Value,
}

impl Scenario {
    /// Pushes an image, signs it where the scenario verifies, and returns the command to run through the proxy.
    fn arguments(&self, peers: &Peers, key: &Key, registry: &Registry, proxy: &FaultProxy) -> Vec<String> {
        let repository = format!("secret/{}", self.name.replace(' ', "-"));
        let digest = Subject::Image.push(registry.address(), &repository);
        let direct = format!("{}/{repository}@{digest}", registry.address());
        let image = format!("{}/{repository}@{digest}", proxy.address());
        if self.signs {
            return Tool::Ours.sign_arguments(peers, Format::Bundle, key, &image);
        }
        drop(Tool::Ours.sign(peers, Format::Bundle, key, &direct).expect_success());
        ["verify", "--key", &key.public, "--insecure-ignore-tlog", &image]
            .map(str::to_owned)
            .to_vec()
    }
}

fn scenarios(other: &str) -> Vec<Scenario> {
    let challenge = json!({"match": "/v2/.+", "noauth": true, "action": "status", "status": 401,
        "header": {"WWW-Authenticate": "Basic realm=\"r\""}});
    let realm = format!("Bearer realm=\"http://{other}/token\",service=\"s\",scope=\"repository:a/b:pull\"");
    let redirect = |matching: &str| {
        let header = json!({"Location": format!("http://{other}/x")});
        json!([challenge, {"match": matching, "action": "redirect", "status": 307, "header": header}])
    };
    let realm = json!([{"match": "/v2/.+", "action": "status", "status": 401, "header": {"WWW-Authenticate": realm}}]);
    let location = json!({"Location": format!("http://{other}/upload/x")});
    let uploads = json!([challenge,
        {"match": "^POST /v2/.*/uploads", "action": "status", "status": 202, "header": location}]);
    let link = format!("<http://{other}/v2/a/b/referrers/x?n=1>; rel=\"next\"");
    let pages = json!([challenge, {"match": "^GET /v2/.+/referrers/", "action": "header", "header": {"Link": link}}]);
    vec![
        Scenario {
            name: "token realm",
            signs: false,
            rules: realm.clone(),
        },
        Scenario {
            name: "token realm when signing",
            signs: true,
            rules: realm,
        },
        Scenario {
            name: "blob redirect",
            signs: false,
            rules: redirect("^GET /v2/.+/blobs/"),
        },
        Scenario {
            name: "manifest redirect",
            signs: false,
            rules: redirect("^GET /v2/.+/(manifests|referrers)/"),
        },
        Scenario {
            name: "upload location",
            signs: true,
            rules: uploads,
        },
        Scenario {
            name: "next page",
            signs: false,
            rules: pages,
        },
    ]
}

/// A server on another port that answers 404 and remembers every byte it was sent.
struct Listener {
    address: String,
    heard: Arc<Mutex<String>>,
}

impl Listener {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no free port: {error}"));
        let address = listener
            .local_addr()
            .map(|address| address.to_string())
            .unwrap_or_default();
        let heard = Arc::new(Mutex::new(String::new()));
        let ears = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let ears = Arc::clone(&ears);
                thread::spawn(move || answer(stream, &ears));
            }
        });
        Self { address, heard }
    }

    fn heard(&self) -> String {
        self.heard
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }
}

fn answer(mut stream: std::net::TcpStream, ears: &Mutex<String>) {
    let mut buffer = vec![0; 64 * 1024];
    let read = stream.read(&mut buffer).unwrap_or(0);
    let text = String::from_utf8_lossy(buffer.get(..read).unwrap_or_default()).into_owned();
    ears.lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
        .push_str(&text);
    // The client may be gone already; what it said is what counts.
    drop(stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
}
