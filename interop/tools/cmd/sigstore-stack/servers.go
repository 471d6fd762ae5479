package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// startCertificateLog starts the log that Fulcio submits to and returns its URL.
func (s *stack) startCertificateLog(trillian string, tree int64) string {
	key, _ := pem.Decode(must(os.ReadFile(s.file("ctlog.key"))))
	var der strings.Builder
	for _, b := range key.Bytes {
		fmt.Fprintf(&der, `\x%02x`, b)
	}
	check(os.WriteFile(s.file("ctlog.config"), fmt.Appendf(nil, `config {
  log_id: %d prefix: "ctlog" roots_pem_file: "%s" ext_key_usages: "CodeSigning"
  private_key: { [type.googleapis.com/keyspb.PrivateKey] { der: "%s" } } max_merge_delay_sec: 86400
}
`, tree, s.file("fulcio-root.pem"), der.String()), 0o600))
	address := addresses(1)[0]
	prefix := "http://" + address + "/ctlog"
	s.start("ct-server", prefix+"/ct/v1/get-sth", "--http_endpoint="+address, "--log_rpc_server="+trillian,
		"--log_config="+s.file("ctlog.config"), "--logtostderr")
	return prefix
}

func (s *stack) startFulcio(certificateLog string) {
	check(os.WriteFile(s.file("fulcio.yaml"), []byte(strings.ReplaceAll(fulcioConfig, "ISSUERS", strings.TrimSuffix(s.Issuer, "/email"))), 0o644))
	a := addresses(3)
	s.Fulcio = "http://" + a[0]
	s.start("fulcio", s.Fulcio+"/api/v2/trustBundle", "serve", "--host=127.0.0.1", "--port="+port(a[0]), "--grpc-host=127.0.0.1",
		"--grpc-port="+port(a[1]), "--metrics-port="+port(a[2]), "--legacy-unix-domain-socket=@stack-"+port(a[0]),
		"--config-path="+s.file("fulcio.yaml"), "--ca=fileca", "--fileca-watch=false", "--fileca-cert="+s.file("fulcio-chain.pem"),
		"--fileca-key="+s.file("fulcio-inter.key"), "--fileca-key-passwd=none", "--ct-log-url="+certificateLog)
}

func (s *stack) startRekor1(trillian, redis string) {
	address := addresses(1)[0]
	s.Rekor1 = "http://" + address
	s.start("rekor-server", s.Rekor1+"/api/v1/log", "serve", "--rekor_server.address=127.0.0.1", "--port="+port(address),
		"--rekor_server.hostname=rekor1.stack.test", "--rekor_server.signer="+s.file("rekor1.key"),
		"--trillian_log_server.address=127.0.0.1", "--trillian_log_server.port="+port(trillian),
		"--redis_server.address=127.0.0.1", "--redis_server.port="+port(redis), "--publish_frequency=1")
}

func (s *stack) startRekor2() {
	check(os.MkdirAll(s.file("rekor2"), 0o755))
	a := addresses(3)
	s.Rekor2 = "http://" + a[0]
	s.start("rekor-tiles", s.Rekor2+"/healthz", "serve", "--http-address=127.0.0.1", "--http-port="+port(a[0]),
		"--grpc-address=127.0.0.1", "--grpc-port="+port(a[1]), "--http-metrics-port="+port(a[2]), "--hostname=rekor2.stack.test",
		"--storage-dir="+s.file("rekor2"), "--signer-filepath="+s.file("rekor2.key"), "--checkpoint-interval=200ms",
		"--batch-max-age=50ms", "--persistent-antispam=false")
}

func (s *stack) startTimestamps() {
	address := addresses(1)[0]
	s.Timestamps = "http://" + address + "/api/v1/timestamp"
	s.start("timestamp-server", "http://"+address+"/ping", "serve", "--host=127.0.0.1", "--port="+port(address), "--disable-ntp-monitoring",
		"--timestamp-signer=file", "--file-signer-key-path="+s.file("tsa.key"), "--certificate-chain-path="+s.file("tsa-chain.pem"))

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(s.file("tls-root.pem"))))
	listener := must(tls.Listen("tcp", "127.0.0.1:0", &tls.Config{ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert,
		Certificates: []tls.Certificate{must(tls.LoadX509KeyPair(s.file("tls-server.pem"), s.file("tls-server.key")))}}))
	proxy := httputil.NewSingleHostReverseProxy(must(url.Parse("http://" + address)))
	quiet := &http.Server{Handler: proxy, ErrorLog: log.New(io.Discard, "", 0)}
	go quiet.Serve(listener)
	s.MutualTLS = fmt.Sprintf("https://%s/api/v1/timestamp", listener.Addr())
}

// writeTrust has cosign write what clients trust and use.
func (s *stack) writeTrust() {
	start := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	s.TrustedRoot = s.file("trusted_root.json")
	s.cosign("trusted-root", "create", "--out", s.TrustedRoot,
		"--fulcio=url="+s.Fulcio+",certificate-chain="+s.file("fulcio-chain.pem"),
		"--tsa=url="+s.Timestamps+",certificate-chain="+s.file("tsa-chain.pem"),
		"--ctfe=url=http://ctlog.stack.test,public-key="+s.file("ctlog.pub")+",start-time="+start,
		"--rekor=url="+s.Rekor1+",public-key="+s.file("rekor1.pub")+",start-time="+start,
		// the name in the log's checkpoints, which cosign takes from this URL
		"--rekor=url=https://rekor2.stack.test,public-key="+s.file("rekor2.pub")+",start-time="+start+",origin=rekor2.stack.test")
	service := func(url string, version int) string {
		return fmt.Sprintf("url=%s,api-version=%d,start-time=%s,operator=stack.test", url, version, start)
	}
	config := func(name string, logs ...string) string {
		arguments := append([]string{"signing-config", "create", "--out", s.file(name), "--fulcio=" + service(s.Fulcio, 1),
			"--oidc-provider=" + service(s.Issuer, 1), "--tsa=" + service(s.Timestamps, 1), "--tsa-config=ANY"}, logs...)
		s.cosign(arguments...)
		return s.file(name)
	}
	s.SigningConfig = config("signing_config.json", "--rekor="+service(s.Rekor2, 2), "--rekor-config=ANY")
	s.SigningConfigRekor = config("signing_config_rekor1.json", "--rekor="+service(s.Rekor1, 1), "--rekor-config=ANY")
	s.SigningConfigStamp = config("signing_config_stamps.json")
}

func (s *stack) cosign(arguments ...string) {
	command := exec.Command(filepath.Join(s.peers, "cosign3"), arguments...)
	command.Env = append(os.Environ(), "HOME="+s.folder)
	if out, err := command.CombinedOutput(); err != nil {
		endAll()
		log.Fatalf("cosign %v: %s", arguments, out)
	}
}

const fulcioConfig = `oidc-issuers:
  ISSUERS/email: {issuer-url: "ISSUERS/email", client-id: sigstore, type: email}
  ISSUERS/github: {issuer-url: "ISSUERS/github", client-id: sigstore, type: ci-provider, ci-provider: github-workflow}
ci-issuer-metadata:
  github-workflow:
    default-template-values: {url: "https://github.com"}
    extension-templates:
      github-workflow-trigger: event_name
      github-workflow-sha: sha
      github-workflow-name: workflow
      github-workflow-repository: repository
      github-workflow-ref: ref
      build-signer-uri: "{{ .url }}/{{ .job_workflow_ref }}"
      build-signer-digest: job_workflow_sha
      runner-environment: runner_environment
      source-repository-uri: "{{ .url }}/{{ .repository }}"
      source-repository-digest: sha
      source-repository-ref: ref
      source-repository-identifier: repository_id
      source-repository-owner-uri: "{{ .url }}/{{ .repository_owner }}"
      source-repository-owner-identifier: repository_owner_id
      build-config-uri: "{{ .url }}/{{ .workflow_ref }}"
      build-config-digest: workflow_sha
      build-trigger: event_name
      run-invocation-uri: "{{ .url }}/{{ .repository }}/actions/runs/{{ .run_id }}/attempts/{{ .run_attempt }}"
      source-repository-visibility-at-signing: repository_visibility
    subject-alternative-name-template: "{{ .url }}/{{ .job_workflow_ref }}"
`
