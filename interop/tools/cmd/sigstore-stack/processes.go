package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

type process struct {
	name  string
	probe string // answers with any status once the server is up
	log   string
	*exec.Cmd
	ended chan struct{}
}

var processes []*process

// start runs a server of the peers; it ends with this process, however that ends.
func (s *stack) start(name, probe string, arguments ...string) {
	p := &process{name: name, probe: probe, log: s.file(name + ".log"), ended: make(chan struct{})}
	p.Cmd = exec.Command(filepath.Join(s.peers, name), arguments...)
	out := must(os.Create(p.log))
	p.Stdout, p.Stderr, p.Dir = out, out, s.folder
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	check(p.Start())
	go func() {
		p.Wait()
		close(p.ended)
	}()
	processes = append(processes, p)
	p.wait()
}

func (p *process) wait() {
	client := http.Client{Timeout: 2 * time.Second}
	for range 600 {
		if answer, err := client.Get(p.probe); err == nil {
			answer.Body.Close()
			return
		}
		select {
		case <-p.ended:
			p.giveUp()
		case <-time.After(50 * time.Millisecond):
		}
	}
	p.giveUp()
}

func (p *process) giveUp() {
	said := must(os.ReadFile(p.log))
	endAll()
	log.Fatalf("%s does not come up: %s", p.name, said[max(0, len(said)-2000):])
}

// oneAtATime waits until no other stack is starting: between finding a port free and its use another must not take it.
func oneAtATime() *os.File {
	lock := must(os.Create(filepath.Join(os.TempDir(), "countersign-sigstore-stack.lock")))
	check(syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	return lock
}

// checkAlive gives up where a server has ended: what answered for it then is somebody else's.
func checkAlive() {
	for _, p := range processes {
		select {
		case <-p.ended:
			p.giveUp()
		default:
		}
	}
}

func endAll() {
	for _, p := range processes {
		p.Process.Kill()
		<-p.ended
	}
}

// addresses returns loopback addresses on which nobody listens.
func addresses(count int) []string {
	var found []string
	for range count {
		listener := must(net.Listen("tcp", "127.0.0.1:0"))
		defer listener.Close()
		found = append(found, listener.Addr().String())
	}
	return found
}

func port(address string) string {
	_, port, err := net.SplitHostPort(address)
	check(err)
	return port
}

// serve answers on a free loopback port and returns its URL.
func serve(handler http.Handler) string {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	go http.Serve(listener, handler)
	return fmt.Sprintf("http://%s", listener.Addr())
}
