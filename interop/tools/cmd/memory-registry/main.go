// memory-registry is the in-memory registry of go-containerregistry with the switches that tests need:
// the referrers API on or off, basic or bearer authentication, and a sink that throws blobs away.
// Written for this project, Apache-2.0.
//
// It prints "registry=ADDR" once it listens.
package main

import (
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	referrers := flag.Bool("referrers", true, "serve the referrers API")
	basic := flag.String("basic", "", "USER:PASSWORD, require basic authentication")
	bearer := flag.String("bearer", "", "USER:PASSWORD, require a token from this server's own /token")
	sink := flag.Bool("sink", false, "accept and throw away every blob, report only what was sent as present: shows a client's own cost")
	flag.Parse()

	handler := registry.New(registry.WithReferrersSupport(*referrers), registry.Logger(log.New(io.Discard, "", 0)))
	if *sink {
		handler = throwBlobsAway(handler)
	}
	if *basic != "" {
		handler = requireBasic(handler, *basic)
	}
	if *bearer != "" {
		handler = requireToken(handler, *bearer)
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("registry=%s\n", listener.Addr())
	log.Fatal((&http.Server{Handler: handler}).Serve(listener))
}

func throwBlobsAway(next http.Handler) http.Handler {
	var sent sync.Map // the paths of blobs
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == "HEAD" && strings.Contains(r.URL.Path, "/blobs/"):
			if _, ok := sent.Load(r.URL.Path); !ok {
				w.WriteHeader(http.StatusNotFound)
			}
		case strings.Contains(r.URL.Path, "/blobs/uploads/"):
			n, _ := io.Copy(io.Discard, r.Body)
			status := http.StatusAccepted
			if r.Method == "PUT" || r.URL.Query().Get("digest") != "" {
				status = http.StatusCreated
				repository, _, _ := strings.Cut(r.URL.Path, "uploads/")
				sent.Store(repository+r.URL.Query().Get("digest"), true)
			}
			w.Header().Set("Location", strings.TrimRight(strings.TrimSuffix(r.URL.Path, "/x"), "/")+"/x")
			w.Header().Set("Range", fmt.Sprintf("0-%d", max(n-1, 0)))
			w.WriteHeader(status)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func requireBasic(next http.Handler, credential string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allowed(r, credential) {
			deny(w, `Basic realm="test"`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func requireToken(next http.Handler, credential string) http.Handler {
	var mu sync.Mutex
	tokens := map[string]bool{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			if !allowed(r, credential) {
				deny(w, `Basic realm="test"`)
				return
			}
			token := rand.Text()
			mu.Lock()
			tokens[token] = true
			mu.Unlock()
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(map[string]any{"token": token, "access_token": token, "expires_in": 300})
			return
		}
		mu.Lock()
		known := tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		mu.Unlock()
		if !known {
			scope := ""
			if p := strings.Split(strings.TrimPrefix(r.URL.Path, "/v2/"), "/"); len(p) > 2 {
				scope = `,scope="repository:` + strings.Join(p[:len(p)-2], "/") + `:pull,push"`
			}
			deny(w, `Bearer realm="http://`+r.Host+`/token",service="test"`+scope)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func allowed(r *http.Request, credential string) bool {
	user, password, ok := r.BasicAuth()
	return ok && user+":"+password == credential
}

func deny(w http.ResponseWriter, challenge string) {
	w.Header().Set("WWW-Authenticate", challenge)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	io.WriteString(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
}
