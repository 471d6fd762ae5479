package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
)

// issuer is an OpenID provider that approves of everything. Each path is an issuer of its own: ADDR/email, ADDR/github.
//
//	GET  ISSUER/mint?CLAIM=VALUE      a token; "ttl" is how long it lasts
//	GET  ISSUER/ambient?audience=X    GitHub Actions' protocol, for the bearer token "request-token"
//	POST ISSUER/oidc/tokens           Buildkite's, for the token "agent-token"
//	GET  ISSUER/auth, POST ISSUER/token, POST ISSUER/device   what a client asks for its user
type issuer struct {
	base  string
	key   *rsa.PrivateKey
	mutex sync.Mutex
	codes map[string]url.Values
}

func (s *stack) startIssuer() {
	i := &issuer{key: must(rsa.GenerateKey(rand.Reader, 2048)), codes: map[string]url.Values{}}
	i.base = serve(i)
	s.Issuer, s.GitHubIssuer = i.base+"/email", i.base+"/github"
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	at := i.base + strings.TrimSuffix(path.Dir(r.URL.Path), "/.well-known")
	switch path.Base(r.URL.Path) {
	case "openid-configuration":
		answer(w, map[string]any{"issuer": at, "jwks_uri": at + "/keys", "authorization_endpoint": at + "/auth",
			"token_endpoint": at + "/token", "device_authorization_endpoint": at + "/device",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"}})
	case "keys":
		answer(w, map[string]any{"keys": []map[string]string{{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rsa",
			"n": encode(i.key.N.Bytes()), "e": encode(big.NewInt(int64(i.key.E)).Bytes())}}})
	case "mint":
		fmt.Fprint(w, i.mint(at, r.Form))
	case "ambient":
		if r.Header.Get("Authorization") != "bearer request-token" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		answer(w, map[string]any{"value": i.mint(at, url.Values{"aud": {r.Form.Get("audience")}})})
	case "tokens":
		var wanted struct{ Audience string }
		json.NewDecoder(r.Body).Decode(&wanted)
		if r.Header.Get("Authorization") != "Token agent-token" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		answer(w, map[string]any{"token": i.mint(i.base+"/email", url.Values{"aud": {wanted.Audience}})})
	case "auth":
		i.approve(w, r)
	case "device":
		answer(w, map[string]any{"device_code": rand.Text(), "user_code": "TEST-CODE", "verification_uri": at + "/auth",
			"verification_uri_complete": at + "/auth?user_code=TEST-CODE", "expires_in": 300, "interval": 1})
	case "token":
		i.exchange(w, r, at)
	default:
		http.NotFound(w, r)
	}
}

func (i *issuer) approve(w http.ResponseWriter, r *http.Request) {
	code := rand.Text()
	i.mutex.Lock()
	i.codes[code] = r.Form
	i.mutex.Unlock()
	back := url.Values{"code": {code}, "state": {r.Form.Get("state")}}
	http.Redirect(w, r, r.Form.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (i *issuer) exchange(w http.ResponseWriter, r *http.Request, at string) {
	claims := url.Values{}
	if r.Form.Get("grant_type") == "authorization_code" {
		i.mutex.Lock()
		asked, is := i.codes[r.Form.Get("code")]
		delete(i.codes, r.Form.Get("code"))
		i.mutex.Unlock()
		proof := sha256.Sum256([]byte(r.Form.Get("code_verifier")))
		if !is || asked.Get("code_challenge") != encode(proof[:]) {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		claims.Set("nonce", asked.Get("nonce"))
	}
	token := i.mint(at, claims)
	answer(w, map[string]any{"access_token": token, "id_token": token, "token_type": "Bearer", "expires_in": 600})
}

// mint signs a token whose claims the query may override.
func (i *issuer) mint(at string, query url.Values) string {
	claims := claimsOf(at)
	lifetime, err := time.ParseDuration(query.Get("ttl"))
	if err != nil {
		lifetime = 10 * time.Minute
	}
	claims["exp"] = time.Now().Add(lifetime).Unix()
	for name := range query {
		switch name {
		case "ttl":
		case "email_verified":
			claims[name] = query.Get(name) == "true"
		default:
			claims[name] = query.Get(name)
		}
	}
	signed := encode([]byte(`{"alg":"RS256","kid":"rsa","typ":"JWT"}`)) + "." + encode(must(json.Marshal(claims)))
	digest := sha256.Sum256([]byte(signed))
	return signed + "." + encode(must(rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, digest[:])))
}

func claimsOf(at string) map[string]any {
	now := time.Now()
	claims := map[string]any{"iss": at, "aud": "sigstore", "sub": "user@example.com", "iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix()}
	switch path.Base(at) {
	case "email":
		claims["email"], claims["email_verified"] = "user@example.com", true
	case "github": // what a workflow's token carries, as far as Fulcio reads it
		repository := "octo-org/octo-repo"
		workflow := repository + "/.github/workflows/release.yml@refs/heads/main"
		for name, value := range map[string]string{"sub": "repo:" + repository + ":ref:refs/heads/main", "job_workflow_ref": workflow,
			"job_workflow_sha": strings.Repeat("a", 40), "sha": strings.Repeat("b", 40), "event_name": "push",
			"repository": repository, "workflow": "release", "ref": "refs/heads/main", "runner_environment": "github-hosted",
			"repository_id": "1", "repository_owner": "octo-org", "repository_owner_id": "2", "workflow_ref": workflow,
			"workflow_sha": strings.Repeat("a", 40), "run_id": "3", "run_attempt": "1", "repository_visibility": "public"} {
			claims[name] = value
		}
	}
	return claims
}

func encode(bytes []byte) string { return base64.RawURLEncoding.EncodeToString(bytes) }

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}
