//! What clients need to know of the services: whom to believe, and where to sign.

use std::path::Path;

use countersign_core::TrustedRoot;
use countersign_core::certificate::Certificate;
use countersign_core::trust::signing_config::{Selection, Service, SigningConfig};
use countersign_core::trust::{Authority, TransparencyLog, Validity};

use crate::keys::{KeysError, replace};

/// Where the services are, and what they are known by.
pub(crate) struct Published {
    /// The address of the server, without a slash at its end.
    pub(crate) url: String,
    /// Where to log in, the first one by default.
    pub(crate) issuers: Vec<String>,
    pub(crate) certificate_authority: Vec<Certificate>,
    pub(crate) timestamp_authority: Vec<Certificate>,
    /// Rekor 1, Rekor 2.
    pub(crate) logs: [TransparencyLog; 2],
    pub(crate) certificate_log: TransparencyLog,
    /// The first root of the TUF repository.
    pub(crate) tuf_root: Vec<u8>,
}

impl Published {
    /// Writes the trusted root.
    pub(crate) fn trusted_root(&self) -> Vec<u8> {
        let authority = |uri: String, chain: &[Certificate]| {
            let validity = chain.first().map_or(Validity::ALWAYS, Certificate::validity);
            Authority::new(uri, chain.to_vec(), validity).run_by(operator())
        };
        let logs = self.logs.iter().map(|log| log.clone().run_by(operator()));
        TrustedRoot::default()
            .with_logs(logs)
            .with_certificate_logs([self.certificate_log.clone().run_by(operator())])
            .with_certificate_authorities([authority(self.url.clone(), &self.certificate_authority)])
            .with_timestamp_authorities([authority(self.timestamps(), &self.timestamp_authority)])
            .to_json()
    }

    /// Writes the signing configuration, which prefers Rekor 2.
    pub(crate) fn signing_config(&self) -> Vec<u8> {
        let start = self
            .certificate_authority
            .first()
            .and_then(|first| first.validity().start());
        let validity = Validity::new(start, None);
        let service = |url: &str, version| Service::new(url.to_owned(), version, validity, operator());
        SigningConfig::default()
            .with_certificate_authorities(vec![service(&self.url, 1)])
            .with_identity_providers(self.issuers.iter().map(|issuer| service(issuer, 1)).collect())
            .with_logs(vec![service(&self.url, 2), service(&self.url, 1)], Selection::Any)
            .with_timestampers(vec![service(&self.timestamps(), 1)], Selection::Any)
            .to_json()
    }

    pub(crate) fn timestamps(&self) -> String {
        format!("{}/api/v1/timestamp", self.url)
    }

    pub(crate) fn certificate_chain(&self) -> String {
        self.certificate_authority.iter().map(Certificate::to_pem).collect()
    }

    pub(crate) fn timestamp_chain(&self) -> String {
        self.timestamp_authority.iter().map(Certificate::to_pem).collect()
    }

    pub(crate) fn rekor_1_key(&self) -> String {
        let [rekor_1, _] = &self.logs;
        rekor_1.key().key().to_pem()
    }

    pub(crate) fn certificate_log_key(&self) -> String {
        self.certificate_log.key().key().to_pem()
    }

    /// Writes all of it to files of `folder`, with the variables that name them.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), KeysError> {
        let files = [
            (TRUSTED_ROOT, self.trusted_root()),
            (SIGNING_CONFIG, self.signing_config()),
            (CERTIFICATE_CHAIN, self.certificate_chain().into_bytes()),
            (TIMESTAMP_CHAIN, self.timestamp_chain().into_bytes()),
            (REKOR_KEY, self.rekor_1_key().into_bytes()),
            (CERTIFICATE_LOG_KEY, self.certificate_log_key().into_bytes()),
            (TUF_ROOT, self.tuf_root.clone()),
            ("env", self.environment(folder).into_bytes()),
            ("commands", self.commands(folder).into_bytes()),
        ];
        files
            .iter()
            .try_for_each(|(name, bytes)| replace(&folder.join(name), bytes))
    }

    /// The variables for a shell: what cosign 2 reads by itself, and what the commands of cosign 3 and ours are given.
    fn environment(&self, folder: &Path) -> String {
        let file = |name: &str| folder.join(name).display().to_string();
        let variables = [
            ("TRUSTED_ROOT", file(TRUSTED_ROOT)),
            ("SIGNING_CONFIG", file(SIGNING_CONFIG)),
            ("FULCIO_URL", self.url.clone()),
            ("REKOR_URL", self.url.clone()),
            ("TSA_URL", self.timestamps()),
            ("TUF_URL", format!("{}/tuf", self.url)),
            ("TUF_ROOT_JSON", file(TUF_ROOT)),
            ("OIDC_ISSUER", self.issuers.first().cloned().unwrap_or_default()),
            ("TSA_CERTIFICATE_CHAIN", file(TIMESTAMP_CHAIN)),
            ("SIGSTORE_ROOT_FILE", file(CERTIFICATE_CHAIN)),
            ("SIGSTORE_REKOR_PUBLIC_KEY", file(REKOR_KEY)),
            ("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", file(CERTIFICATE_LOG_KEY)),
        ];
        let lines = variables
            .iter()
            .map(|(name, value)| format!("export {name}={}\n", quoted(value)));
        lines.collect()
    }

    /// The commands of each client, for a shell that has read the variables.
    fn commands(&self, folder: &Path) -> String {
        let address = self
            .url
            .split_once("://")
            .map_or(self.url.as_str(), |(_, address)| address);
        let env = quoted(&folder.join("env").display().to_string());
        COMMANDS.replace("ADDRESS", address).replace("ENV", &env)
    }
}

/// Quotes a value for a POSIX shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

fn operator() -> Option<String> {
    Some("countersign serve".to_owned())
}

pub(crate) const TRUSTED_ROOT: &str = "trusted_root.json";
pub(crate) const SIGNING_CONFIG: &str = "signing_config.v0.2.json";
const CERTIFICATE_CHAIN: &str = "fulcio-chain.pem";
const TIMESTAMP_CHAIN: &str = "tsa-chain.pem";
const REKOR_KEY: &str = "rekor.pub";
const CERTIFICATE_LOG_KEY: &str = "ctfe.pub";
const TUF_ROOT: &str = "root.json";

const COMMANDS: &str = r#"# Once in each shell:
. ENV
IMAGE=ADDRESS/demo/hello:v1
WHO="--certificate-identity you@example.com --certificate-oidc-issuer $OIDC_ISSUER"

# An identity token, where the server is an OpenID provider itself; otherwise it is that of your provider.
TOKEN=$(curl -s -d email=you@example.com $OIDC_ISSUER/mint)

# countersign
countersign sign --signing-config $SIGNING_CONFIG --trusted-root $TRUSTED_ROOT --identity-token $TOKEN -y $IMAGE
countersign verify --trusted-root $TRUSTED_ROOT $WHO $IMAGE

# countersign and cosign 3 find everything by TUF, too; both keep it at the same place
countersign initialize --mirror $TUF_URL --root $TUF_ROOT_JSON
countersign sign --identity-token $TOKEN -y $IMAGE
countersign verify $WHO $IMAGE
cosign initialize --mirror $TUF_URL --root $TUF_ROOT_JSON
cosign sign --identity-token $TOKEN -y $IMAGE
cosign verify $WHO $IMAGE

# cosign 3, with files
cosign sign --signing-config $SIGNING_CONFIG --trusted-root $TRUSTED_ROOT --identity-token $TOKEN -y $IMAGE
cosign verify --trusted-root $TRUSTED_ROOT $WHO $IMAGE

# cosign 2, which reads SIGSTORE_ROOT_FILE, SIGSTORE_REKOR_PUBLIC_KEY and SIGSTORE_CT_LOG_PUBLIC_KEY_FILE
cosign sign --fulcio-url $FULCIO_URL --rekor-url $REKOR_URL --oidc-issuer $OIDC_ISSUER --identity-token $TOKEN -y $IMAGE
cosign verify --rekor-url $REKOR_URL $WHO $IMAGE
cosign sign --key cosign.key --rekor-url $REKOR_URL --timestamp-server-url $TSA_URL -y $IMAGE
cosign verify --key cosign.pub --rekor-url $REKOR_URL --timestamp-certificate-chain $TSA_CERTIFICATE_CHAIN $IMAGE
"#;
