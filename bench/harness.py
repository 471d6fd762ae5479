"""Shared by the measure_*.py scripts: finds the programs, runs registries and the proxy, times whole processes.

Environment: PEERS, the folder of interop/peers.sh; OURS, our binary; MEAS, the built meas.c; OUT, where the figures go.
Runs of different programs are interleaved A B C A B C, so that a noisy machine is noisy for all of them.
"""

import atexit
import hashlib
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

PEERS, OURS, MEAS, OUT = (os.environ[name] for name in ("PEERS", "OURS", "MEAS", "OUT"))
WORK = tempfile.mkdtemp(prefix="bench-")
HOME = os.path.join(WORK, "home")
os.makedirs(HOME)
# What is not the registry fails at once: no peer may wait for the internet.
ENV = {"PATH": os.environ["PATH"], "HOME": HOME, "COSIGN_PASSWORD": "", "COSIGN_YES": "true", "HTTPS_PROXY": "http://127.0.0.1:9"}
OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_children = []


@atexit.register
def _clean():
    for child in _children:
        stop(child)
    shutil.rmtree(WORK, True)


def stop(child):
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()


def program(name):
    """The path of a program: ours, a peer, or something of this machine; None when it is not there."""
    path = OURS if name == "ours" else os.path.join(PEERS, name)
    return path if os.path.exists(path) else shutil.which(name)


def path(name):
    return os.path.join(WORK, name)


def run(command, timeout=120, env=None):
    """One run; returns the kernel's figures, the exit code and the end of what was printed."""
    figures = path(f"meas.{time.monotonic_ns()}")
    command = [program(command[0]) or command[0], *map(str, command[1:])]
    with tempfile.TemporaryFile() as said:
        subprocess.run([MEAS, "-t", str(int(timeout)), *command], env=dict(ENV, MEAS_OUT=figures, **(env or {})),
                       stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, cwd=WORK)
        result = json.load(open(figures))
        os.unlink(figures)
        said.seek(max(0, said.seek(0, 2) - 4000))
        result["said"] = said.read().decode("utf8", "replace")
    return result


def succeed(command, **options):
    result = run(command, **options)
    if result["code"]:
        raise SystemExit(f"exit {result['code']}: {' '.join(map(str, command))}\n{result['said']}")
    return result


def interleave(commands, runs, warm=1, before=None, timeout=120):
    """commands: {name: list, or a function that returns one}. Returns {name: [result, ...]}."""
    results = {name: [] for name in commands}
    for i in range(runs + warm):
        for name, command in commands.items():
            if before:
                before(name)
            result = run(command() if callable(command) else command, timeout=timeout)
            if i >= warm:
                results[name].append(result)
    return results


def median(values):
    return statistics.median(values)


def summary(results):
    """The figures of one program: medians, and the exit codes seen."""
    return {"wall_ms": median([r["wall"] for r in results]) * 1e3, "wall_ms_min": min(r["wall"] for r in results) * 1e3,
            "cpu_ms": median([r["cpu"] for r in results]) * 1e3, "rss_mib": median([r["rss_kib"] for r in results]) / 1024,
            "minflt": median([r["minflt"] for r in results]), "codes": sorted({r["code"] for r in results}),
            "runs": len(results)}


_figures = {}


def record(row, name, **figures):
    """Keeps the figures of one program in one row, and shows them."""
    _figures.setdefault(row, {})[name] = figures
    print(f"{row:42} {name:16} " + " ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in figures.items()), flush=True)
    script = os.path.splitext(os.path.basename(__import__("sys").argv[0]))[0]
    with open(os.path.join(OUT, script + ".json"), "w") as f:
        json.dump(_figures, f, indent=1)


def record_all(row, results, **more):
    for name, of_one in results.items():
        record(row, name, **summary(of_one), **more)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Registry:
    """kind: memory (referrers API), memory-noref, sink (throws blobs away), docker-registry, zot, serve (ours)."""

    def __init__(self, kind):
        self.kind, self.folder = kind, tempfile.mkdtemp(prefix="registry-", dir=WORK)
        self.addr = f"127.0.0.1:{free_port()}"
        self.process = subprocess.Popen(self._command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        stdin=subprocess.DEVNULL, env=ENV)
        _children.append(self.process)
        end = time.time() + 20
        while time.time() < end:
            try:
                urllib.request.urlopen(f"http://{self.addr}/v2/", timeout=1)
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"{kind} did not come up")

    def _command(self):
        data, config = os.path.join(self.folder, "data"), os.path.join(self.folder, "config.json")
        if self.kind in ("memory", "memory-noref", "sink"):
            flags = {"memory": [], "memory-noref": ["-referrers=false"], "sink": ["-sink"]}[self.kind]
            return [program("memory-registry"), "-listen", self.addr, *flags]
        if self.kind == "docker-registry":
            with open(config, "w") as f:
                f.write(f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {data}}}, "
                        f"delete: {{enabled: true}}, cache: {{blobdescriptor: inmemory}}}}\nhttp: {{addr: '{self.addr}'}}\n")
            return [program("docker-registry"), "serve", config]
        if self.kind == "zot":
            host, port = self.addr.split(":")
            with open(config, "w") as f:
                json.dump({"distSpecVersion": "1.1.1", "storage": {"rootDirectory": data, "gc": False},
                           "http": {"address": host, "port": port}, "log": {"level": "error"}}, f)
            return [program("zot"), "serve", config]
        return [OURS, "serve", "--listen", self.addr, "--root", data]

    def stop(self):
        stop(self.process)
        shutil.rmtree(self.folder, True)

    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Proxy:
    """The fault proxy of interop/tools before a registry."""

    def __init__(self, upstream):
        self.process = subprocess.Popen([program("fault-proxy"), "-upstream", "http://" + upstream], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        _children.append(self.process)
        said = dict(word.split("=", 1) for word in self.process.stdout.readline().split())
        self.addr, self.control = said["proxy"], said["ctl"]

    def _tell(self, path, body=None):
        data = body.encode() if body is not None else None
        return urllib.request.urlopen(urllib.request.Request(f"http://{self.control}{path}", data=data), timeout=30).read()

    def forget(self):
        self._tell("/reset", "")

    def log(self):
        return json.loads(self._tell("/log"))

    def latency(self, request_ms, connection_ms=0):
        self._tell("/latency", f"{request_ms}ms")
        self._tell("/connlat", f"{connection_ms}ms")

    def faults(self, *rules):
        self._tell("/faults", json.dumps(list(rules)))

    def stop(self):
        stop(self.process)


def chain(entries):
    """The critical path: the most requests of which each started after the one before had ended."""
    ends = []
    for e in sorted(entries, key=lambda e: e["t0"]):
        depth = 1 + max([d for (t, d) in ends if t <= e["t0"] + 0.0005], default=0)
        ends.append((e["t1"] or 1e18, depth))
    return max([d for _, d in ends], default=0)


def keypair(name="key", tool="cosign3"):
    prefix = path(name)
    if not os.path.exists(prefix + ".key"):
        succeed([tool, "generate-key-pair", "--output-key-prefix", prefix])
    return prefix + ".key", prefix + ".pub"


def signing_config():
    """A signing config that names no service at all: what cosign 3 wants for signing with a key only."""
    name = path("signing-config.json")
    with open(name, "w") as f:
        json.dump({"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", "rekorTlogConfig": {}, "tsaConfig": {}}, f)
    return name


LEGACY = ["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false"]
IGNORE = ["--insecure-ignore-tlog"]


def variants():
    """How each program signs and verifies in each format: {name: (program, sign flags, verify flags)}."""
    bundle = ["--signing-config", signing_config()]
    return {"cosign3": ("cosign3", bundle, IGNORE), "ours": ("ours", bundle, IGNORE),
            "cosign3 .sig": ("cosign3", LEGACY, ["--new-bundle-format=false", *IGNORE]),
            "ours .sig": ("ours", LEGACY, ["--new-bundle-format=false", *IGNORE]),
            "cosign2 .sig": ("cosign2", ["--tlog-upload=false"], IGNORE)}


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Push:
    """Pushes to one repository over one connection, without any of the programs that are measured."""

    def __init__(self, addr, repository):
        host, port = addr.split(":")
        self.connection, self.repository = http.client.HTTPConnection(host, int(port), timeout=120), repository

    def request(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, headers or {})
        response = self.connection.getresponse()
        return response, response.read()

    def blob(self, data):
        response, _ = self.request("POST", f"/v2/{self.repository}/blobs/uploads/")
        location = response.getheader("Location")
        location = "/" + location.split("/", 3)[3] if location.startswith("http") else location
        location += ("&" if "?" in location else "?") + "digest=" + sha256(data)
        response, said = self.request("PUT", location, data, {"Content-Type": "application/octet-stream"})
        assert response.status in (201, 202), (response.status, said)
        return sha256(data)

    def manifest(self, target, data, media_type=OCI):
        response, said = self.request("PUT", f"/v2/{self.repository}/manifests/{target}", data, {"Content-Type": media_type})
        assert response.status == 201, (response.status, said)
        return sha256(data)


def push_image(addr, repository, tag="v1", layers=(1024,)):
    push, described = Push(addr, repository), []
    for size in layers:
        data = os.urandom(size)
        described.append({"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": push.blob(data), "size": size})
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in described]}}).encode()
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": push.blob(config), "size": len(config)}
    return push.manifest(tag, json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": described}).encode())
