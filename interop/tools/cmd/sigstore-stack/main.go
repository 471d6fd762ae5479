// sigstore-stack runs a private Sigstore on this machine's loopback interface, without any network: an OpenID provider, the
// real Fulcio with a real certificate log, Rekor 1, Rekor 2 and a timestamp authority.
// Written for this project, Apache-2.0.
//
//	sigstore-stack -peers DIR -folder DIR
//
// The servers are those that peers.sh builds. Keys, data and logs are in the folder. Once all of them answer, the folder has
// stack.json with every address and file, a trusted root, and signing configurations; then it prints "ready". It ends, and
// the servers with it, when its standard input does or when it is killed.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime"
)

// settings is what stack.json says.
type settings struct {
	Issuer             string `json:"issuer"`        // an OpenID provider of persons; /mint answers with a token
	GitHubIssuer       string `json:"github_issuer"` // one of workflow runs; /ambient speaks GitHub's protocol
	Fulcio             string `json:"fulcio"`
	Rekor1             string `json:"rekor1"`
	Rekor2             string `json:"rekor2"`
	Timestamps         string `json:"timestamps"`
	MutualTLS          string `json:"timestamps_mutual_tls"` // the same, for clients with a certificate only
	Folder             string `json:"folder"`                // of the keys and certificates
	TrustedRoot        string `json:"trusted_root"`
	SigningConfig      string `json:"signing_config"`        // Rekor 2 and timestamps
	SigningConfigRekor string `json:"signing_config_rekor1"` // Rekor 1 and timestamps
	SigningConfigStamp string `json:"signing_config_stamps"` // timestamps alone
}

type stack struct {
	settings
	peers  string
	folder string
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	// A child's life hangs on the thread that started it (PR_SET_PDEATHSIG).
	runtime.LockOSThread()
	peers := flag.String("peers", "", "folder of the servers")
	folder := flag.String("folder", "", "folder for keys, data and logs")
	flag.Parse()
	s := &stack{peers: must(filepath.Abs(*peers)), folder: must(filepath.Abs(*folder))}
	check(os.MkdirAll(s.folder, 0o755))
	s.Folder = s.folder
	makeKeys(s.folder)
	lock := oneAtATime()
	s.startIssuer()
	trillian, redis, tree := startTrillian()
	s.startFulcio(s.startCertificateLog(trillian, tree))
	s.startRekor1(trillian, redis)
	s.startRekor2()
	s.startTimestamps()
	s.writeTrust()
	checkAlive()
	lock.Close()
	check(os.WriteFile(s.file("stack.json"), must(json.MarshalIndent(s.settings, "", "  ")), 0o644))
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	endAll()
}

func (s *stack) file(name string) string { return filepath.Join(s.folder, name) }
