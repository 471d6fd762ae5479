//! What `serve` says when it is ready.

use countersign_server::{Running, Summary};

/// Tells where the server is, and what to try.
pub(super) fn text(running: &Running, root: &str, program: &str) -> String {
    let (url, address) = (running.url(), running.address());
    let rest = match running.services() {
        None => registry(&address.to_string(), program),
        Some(services) => sigstore(services, &address.to_string(), root, program),
    };
    format!("Serving a registry at {url}, from {root}\n{rest}Ctrl-C stops it; what was pushed stays.")
}

fn registry(address: &str, program: &str) -> String {
    format!(
        "Try, in another terminal:\n  \
         {program} push {address}/demo/hello:v1 FILE\n  \
         {program} sign --key cosign.key --tlog-upload=false {address}/demo/hello:v1\n  \
         {program} verify --key cosign.pub --insecure-ignore-tlog {address}/demo/hello:v1\n"
    )
}

fn sigstore(services: &Summary, address: &str, root: &str, program: &str) -> String {
    let folder = services.folder().display();
    let (token, note) = match services.development_issuer() {
        Some(_) => (
            format!("$({program} serve token --root {root} --email you@example.com)"),
            "Its OpenID provider believes any address: for development only.\n",
        ),
        None => ("TOKEN".to_owned(), ""),
    };
    let issuers = match services.issuers() {
        [] => "Nobody's identity tokens are taken: pass --oidc-issuer.\n".to_owned(),
        issuers => format!("Certificates are for the tokens of {}\n", issuers.join(", ")),
    };
    format!(
        "and a Sigstore: Fulcio, Rekor 1 and 2, a certificate log, timestamps, TUF\n\
         {issuers}{note}\
         Try, in another terminal:\n  \
         . {folder}/env\n  \
         {program} push {address}/demo/hello:v1 FILE\n  \
         {program} sign --signing-config $SIGNING_CONFIG --trusted-root $TRUSTED_ROOT -y --identity-token {token} \
         {address}/demo/hello:v1\n  \
         {program} verify --trusted-root $TRUSTED_ROOT --certificate-identity you@example.com \
         --certificate-oidc-issuer $OIDC_ISSUER {address}/demo/hello:v1\n\
         What cosign 2 and 3 need is in {folder}/commands\n"
    )
}
