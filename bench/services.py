"""The registries and the proxy that the programs talk to, and what is put there and found there without any of them."""

import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from harness import OURS, WORK, attempt, program, start, stop

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Registry:
    """kind: memory (referrers API), memory-noref, sink (throws blobs away), docker-registry, zot, serve (ours)."""

    def __init__(self, kind):
        self.kind, self.folder = kind, tempfile.mkdtemp(prefix="registry-", dir=WORK)
        self.addr = f"127.0.0.1:{free_port()}"
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = start(self._command(), stdout=log)
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
        return [OURS, "serve", "--registry-only", "--listen", self.addr, "--root", data]

    def stop(self):
        stop(self.process)
        shutil.rmtree(self.folder, True)

    def received(self):
        """How many bytes the registry has read so far, from its clients above all."""
        with open(f"/proc/{self.process.pid}/io") as file:
            return int(file.readline().split()[1])

    def lose(self, repository, blob):
        """Deletes a blob: the memory registry shows one to every repository, so only the first to push it would pay."""
        Push(self.addr, repository).request("DELETE", f"/v2/{repository}/blobs/{sha256(blob)}")

    def get(self, where):
        """A document of the registry, None when it has none there."""
        try:
            request = urllib.request.Request(f"http://{self.addr}/v2/{where}", headers={"Accept": f"{OCI}, {INDEX}, {DOCKER}"})
            return json.loads(urllib.request.urlopen(request, timeout=60).read())
        except urllib.error.HTTPError:
            return None

    def size(self, repository, digest):
        """How many bytes of a blob the registry keeps."""
        response, _ = Push(self.addr, repository).request("HEAD", f"/v2/{repository}/blobs/{digest}")
        return int(response.getheader("Content-Length") or 0) if response.status == 200 else 0

    def signatures(self, repository, digest, suffix=".sig"):
        """How many signatures of an image there are, or attestations: (bundles, layers under its tag with `suffix`)."""
        tag = digest.replace(":", "-")
        found = self.get(f"{repository}/referrers/{digest}") or self.get(f"{repository}/manifests/{tag}") or {}
        return len(found.get("manifests", [])), len((self.get(f"{repository}/manifests/{tag}{suffix}") or {}).get("layers", []))


class Proxy:
    """The fault proxy of interop/tools before a registry."""

    def __init__(self, upstream):
        self.process = start([program("fault-proxy"), "-upstream", "http://" + upstream], stdout=subprocess.PIPE, text=True)
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

    def measure(self, request_ms=0, connection_ms=0, timeout=120):
        """A way to measure commands that go through the proxy: counts their requests, at this latency."""
        def measured(command):
            self.latency(request_ms, connection_ms)
            self.forget()
            result = attempt(command, timeout)
            log = self.log()
            self.latency(0)
            return dict(result, requests=len(log), chain=chain(log), hit=any(entry.get("fault") for entry in log))
        return measured

    def stop(self):
        stop(self.process)


def chain(entries):
    """The critical path: the most requests of which each started after the one before had ended."""
    ends = []
    for e in sorted(entries, key=lambda e: e["t0"]):
        depth = 1 + max([d for (t, d) in ends if t <= e["t0"] + 0.0005], default=0)
        ends.append((e["t1"] or 1e18, depth))
    return max([d for _, d in ends], default=0)


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
