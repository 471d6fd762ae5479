// fault-proxy is a logging reverse proxy for one HTTP registry, with latency and fault injection.
// Written for this project, Apache-2.0.
//
//	fault-proxy -listen 127.0.0.1:0 -ctl 127.0.0.1:0 -upstream http://127.0.0.1:5000 [-latency 50ms] [-connlat 50ms]
//
// It prints "proxy=ADDR ctl=ADDR" once it serves.  The control address takes:
//
//	GET  /log      the requests since the last reset, as a JSON array in order of arrival
//	POST /reset    forget the log (fault counters too)
//	POST /latency  body: a Go duration, added before each request is forwarded (one simulated round trip)
//	POST /connlat  body: a Go duration, added to the first request of every new connection
//	POST /faults   body: a JSON array of rules (see rule); an empty array clears them
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

type rule struct {
	Match   string            `json:"match"`  // regexp on "METHOD /path?query"
	Action  string            `json:"action"` // status reset truncate slow stall corrupt redirect file gen header
	Skip    int               `json:"skip"`   // let the first N matches through
	Count   int               `json:"count"`  // then act on N matches; 0 = on all
	Status  int               `json:"status"`
	Header  map[string]string `json:"header"`
	Body    string            `json:"body"`
	File    string            `json:"file"`
	Bytes   int64             `json:"bytes"` // truncate: bytes let through; gen: body size; slow: bytes per second
	Seconds float64           `json:"seconds"`
	NoAuth  bool              `json:"noauth"` // only on requests without an Authorization header
	re      *regexp.Regexp
	seen    int
	acted   int
}

type entry struct {
	N       int     `json:"n"`
	Conn    int64   `json:"conn"`
	NewConn bool    `json:"new_conn"`
	T0      float64 `json:"t0"`
	T1      float64 `json:"t1"`
	Method  string  `json:"method"`
	Path    string  `json:"path"`
	Status  int     `json:"status"`
	In      int64   `json:"in"`
	Out     int64   `json:"out"`
	Auth    string  `json:"auth,omitempty"`
	Range   string  `json:"range,omitempty"`
	Accept  string  `json:"accept,omitempty"`
	UA      string  `json:"ua,omitempty"`
	Fault   string  `json:"fault,omitempty"`
}

type ctxKey struct{}

type connInfo struct {
	id   int64
	used int32
	c    net.Conn
}

var (
	mu      sync.Mutex
	entries []*entry
	rules   []*rule
	latency atomic.Int64
	connlat atomic.Int64
	start   = time.Now()
	client  = &http.Transport{MaxIdleConns: 2000, MaxIdleConnsPerHost: 2000, DisableCompression: true, ReadBufferSize: 256 << 10, WriteBufferSize: 256 << 10}
	up      string
	pool    = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}
)

func now() float64 { return time.Since(start).Seconds() }

func pick(key string, authed bool) *rule {
	mu.Lock()
	defer mu.Unlock()
	for _, r := range rules {
		if !r.re.MatchString(key) || (r.NoAuth && authed) {
			continue
		}
		r.seen++
		if r.seen <= r.Skip || (r.Count > 0 && r.acted >= r.Count) {
			continue
		}
		r.acted++
		return r
	}
	return nil
}

type counter struct {
	r io.ReadCloser
	n *int64
}

func (c counter) Read(p []byte) (int, error) { n, e := c.r.Read(p); *c.n += int64(n); return n, e }
func (c counter) Close() error               { return c.r.Close() }

func hardClose(w http.ResponseWriter, ci *connInfo) {
	if t, ok := ci.c.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	if h, ok := w.(http.Hijacker); ok {
		if c, _, err := h.Hijack(); err == nil {
			c.Close()
			return
		}
	}
	ci.c.Close()
}

func serve(w http.ResponseWriter, req *http.Request) {
	ci := req.Context().Value(ctxKey{}).(*connInfo)
	e := &entry{T0: now(), Method: req.Method, Path: req.URL.RequestURI(), Conn: ci.id, NewConn: atomic.AddInt32(&ci.used, 1) == 1,
		Auth: req.Header.Get("Authorization"), Range: req.Header.Get("Range") + req.Header.Get("Content-Range"), Accept: req.Header.Get("Accept"), UA: req.UserAgent()}
	mu.Lock()
	e.N = len(entries) + 1
	entries = append(entries, e)
	mu.Unlock()
	defer func() { t := now(); mu.Lock(); e.T1 = t; mu.Unlock() }()
	d := time.Duration(latency.Load())
	if e.NewConn {
		d += time.Duration(connlat.Load())
	}
	if d > 0 {
		time.Sleep(d)
	}
	f := pick(req.Method+" "+e.Path, e.Auth != "")
	if f != nil {
		e.Fault = f.Action
		switch f.Action {
		case "status", "redirect", "file", "gen":
			io.Copy(io.Discard, counter{req.Body, &e.In})
			for k, v := range f.Header {
				w.Header().Set(k, v)
			}
			e.Status = f.Status
			if e.Status == 0 {
				e.Status = 200
			}
			switch f.Action {
			case "file":
				b, err := os.ReadFile(f.File)
				if err != nil {
					b = []byte(err.Error())
				}
				w.Header().Set("Content-Length", strconv.Itoa(len(b)))
				w.WriteHeader(e.Status)
				if req.Method != "HEAD" {
					n, _ := w.Write(b)
					e.Out = int64(n)
				}
			case "gen":
				w.Header().Set("Content-Length", strconv.FormatInt(f.Bytes, 10))
				w.WriteHeader(e.Status)
				b := bytes.Repeat([]byte("A"), 1<<16)
				for e.Out < f.Bytes && req.Method != "HEAD" {
					m := f.Bytes - e.Out
					if m > int64(len(b)) {
						m = int64(len(b))
					}
					n, err := w.Write(b[:m])
					e.Out += int64(n)
					if err != nil {
						return
					}
				}
			default:
				w.WriteHeader(e.Status)
				n, _ := io.WriteString(w, f.Body)
				e.Out = int64(n)
			}
			return
		case "reset":
			e.Status = -1
			hardClose(w, ci)
			return
		case "stall":
			e.Status = -2
			select {
			case <-time.After(time.Duration(f.Seconds * 1e9)):
			case <-req.Context().Done():
			}
			hardClose(w, ci)
			return
		}
	}
	out, err := http.NewRequestWithContext(req.Context(), req.Method, up+e.Path, counter{req.Body, &e.In})
	if err != nil {
		http.Error(w, err.Error(), 502)
		return
	}
	out.Header = req.Header.Clone()
	out.Host = req.Host
	out.ContentLength = req.ContentLength
	if req.ContentLength == 0 {
		out.Body = http.NoBody
	}
	resp, err := client.RoundTrip(out)
	if err != nil {
		e.Status = 502
		http.Error(w, err.Error(), 502)
		return
	}
	defer resp.Body.Close()
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	e.Status = resp.StatusCode
	var body io.Reader = resp.Body
	if f != nil {
		for k, v := range f.Header {
			w.Header().Set(k, v)
		}
		switch f.Action {
		case "truncate":
			b, _ := io.ReadAll(resp.Body)
			n := f.Bytes
			if n == 0 || n >= int64(len(b)) {
				n = int64(len(b)) / 2
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(b)))
			w.WriteHeader(e.Status)
			w.Write(b[:n])
			e.Out = n
			if fl, ok := w.(http.Flusher); ok {
				fl.Flush()
			}
			if h, ok := w.(http.Hijacker); ok {
				if c, _, err := h.Hijack(); err == nil {
					c.Close()
				}
			}
			return
		case "corrupt":
			b, _ := io.ReadAll(resp.Body)
			if len(b) > 0 {
				b[len(b)/2] ^= 1
			}
			body = bytes.NewReader(b)
		case "slow":
			w.WriteHeader(e.Status)
			bps := f.Bytes
			if bps <= 0 {
				bps = 100
			}
			b, _ := io.ReadAll(resp.Body)
			for i := 0; i < len(b); i++ {
				if _, err := w.Write(b[i : i+1]); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				e.Out++
				time.Sleep(time.Second / time.Duration(bps))
			}
			return
		}
	}
	w.WriteHeader(e.Status)
	bp := pool.Get().(*[]byte)
	e.Out, _ = io.CopyBuffer(struct{ io.Writer }{w}, body, *bp)
	pool.Put(bp)
}

func control(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	switch r.URL.Path {
	case "/log":
		mu.Lock()
		defer mu.Unlock()
		if entries == nil {
			entries = []*entry{}
		}
		json.NewEncoder(w).Encode(entries)
	case "/reset":
		mu.Lock()
		entries = nil
		for _, x := range rules {
			x.seen, x.acted = 0, 0
		}
		mu.Unlock()
	case "/latency", "/connlat":
		d, err := time.ParseDuration(string(b))
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		if r.URL.Path == "/latency" {
			latency.Store(int64(d))
		} else {
			connlat.Store(int64(d))
		}
	case "/faults":
		var rs []*rule
		if err := json.Unmarshal(b, &rs); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		for _, x := range rs {
			re, err := regexp.Compile(x.Match)
			if err != nil {
				http.Error(w, err.Error(), 400)
				return
			}
			x.re = re
		}
		mu.Lock()
		rules = rs
		mu.Unlock()
	default:
		http.NotFound(w, r)
	}
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "")
	ctl := flag.String("ctl", "127.0.0.1:0", "")
	upstream := flag.String("upstream", "", "")
	lat := flag.Duration("latency", 0, "")
	clat := flag.Duration("connlat", 0, "")
	flag.Parse()
	up = *upstream
	latency.Store(int64(*lat))
	connlat.Store(int64(*clat))
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	cl, err := net.Listen("tcp", *ctl)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("proxy=%s ctl=%s\n", l.Addr(), cl.Addr())
	go http.Serve(cl, http.HandlerFunc(control))
	var ids atomic.Int64
	s := &http.Server{Handler: http.HandlerFunc(serve), ErrorLog: log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, ctxKey{}, &connInfo{id: ids.Add(1), c: c})
		}}
	log.Fatal(s.Serve(l))
}
