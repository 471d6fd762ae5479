"""Many clients at once have signatures logged: how many entries a second, how long does one wait, and are they all there?"""

import base64
import hashlib
import os
import selectors
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

from harness import OURS, WORK, keep, program, quick, record, start, stop
from services import free_port

# P-256. Its points are added here, as a process for each of thousands of signatures would take longer than the measurement.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


def add(a, b):
    slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(number, point):
    total = None
    for bit in bin(number)[2:]:
        total = add(total, total) if total else None
        if bit == "1":
            total = add(total, point) if total else point
    return total


def der(number):
    data = number.to_bytes(33, "big").lstrip(b"\0")
    data = b"\0" + data if data[0] >= 0x80 else data
    return bytes([2, len(data)]) + data


class Requests:
    """Requests for entries, each of another signature. The key is of no use for anything else: its nonces are in a row."""

    def __init__(self):
        self.key = int.from_bytes(os.urandom(31), "big") + 1
        public = times(self.key, G)
        spki = SPKI + public[0].to_bytes(32, "big") + public[1].to_bytes(32, "big")
        self.public = base64.b64encode(spki).decode()
        self.nonce = int.from_bytes(os.urandom(31), "big") + 1
        self.point = times(self.nonce, G)

    def next(self, addr):
        self.nonce, self.point = self.nonce + 1, add(self.point, G)
        digest = hashlib.sha256(self.nonce.to_bytes(32, "big")).digest()
        r = self.point[0] % N
        s = pow(self.nonce, -1, N) * (int.from_bytes(digest, "big") + r * self.key) % N
        signature = der(r) + der(s)
        signature = bytes([0x30, len(signature)]) + signature
        body = ('{"hashedRekordRequestV002":{"digest":"%s","signature":{"content":"%s","verifier":'
                '{"publicKey":{"rawBytes":"%s"},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}'
                % (base64.b64encode(digest).decode(), base64.b64encode(signature).decode(), self.public)).encode()
        return (f"POST /api/v2/log/entries HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body


class Client:
    """One connection, on which one request follows the other."""

    def __init__(self, addr):
        host, port = addr.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answer, self.sent = b"", 0.0

    def ask(self, request):
        self.answer, self.sent = b"", time.perf_counter()
        self.socket.sendall(request)

    def read(self):
        """The status, once all of the answer is there."""
        self.answer += self.socket.recv(65536)
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if not end:
            return None
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), None)
        done = len(body) >= length if length is not None else body.endswith(b"0\r\n\r\n")
        return int(head.split()[1]) if done else None


def load(addr, requests, clients):
    """Has all requests answered, by so many clients at a time: seconds, and how long each took."""
    waiting, latencies, wrong = list(requests), [], []
    selector = selectors.DefaultSelector()
    begin = time.perf_counter()
    for client in [Client(addr) for _ in range(min(clients, len(waiting)))]:
        client.ask(waiting.pop())
        selector.register(client.socket, selectors.EVENT_READ, client)
    while selector.get_map():
        for key, _ in selector.select(60) or (_ for _ in ()).throw(SystemExit("no answer for a minute")):
            client = key.data
            status = client.read()
            if status is None:
                continue
            latencies.append(time.perf_counter() - client.sent)
            if status != 201:
                wrong.append(client.answer[-300:])
            if waiting:
                client.ask(waiting.pop())
            else:
                selector.unregister(client.socket)
                client.socket.close()
    return time.perf_counter() - begin, sorted(latencies), wrong


class Ours:
    def __init__(self):
        self.folder, self.addr = tempfile.mkdtemp(prefix="log-", dir=WORK), f"127.0.0.1:{free_port()}"
        self.process = start([OURS, "serve", "--listen", self.addr, "--root", self.folder, "--log", "off"], stdout=subprocess.DEVNULL)
        come_up(f"http://{self.addr}/healthz")

    def size(self):
        return size_of(urllib.request.urlopen(f"http://{self.addr}/api/v2/checkpoint").read())


class RekorTiles:
    """As the stack of the tests runs it, which is faster than its defaults: checkpoints are five times as often."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="log-", dir=WORK)
        key = os.path.join(self.folder, "key.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
        ports = [free_port() for _ in range(3)]
        self.addr, self.data = f"127.0.0.1:{ports[0]}", os.path.join(self.folder, "data")
        self.process = start([program("rekor-tiles"), "serve", "--http-address=127.0.0.1", f"--http-port={ports[0]}",
                              "--grpc-address=127.0.0.1", f"--grpc-port={ports[1]}", f"--http-metrics-port={ports[2]}",
                              "--hostname=log.test", f"--storage-dir={self.data}", f"--signer-filepath={key}",
                              "--checkpoint-interval=200ms", "--batch-max-age=50ms", "--persistent-antispam=false",
                              "--log-level=error"], stdout=subprocess.DEVNULL)
        come_up(f"http://{self.addr}/healthz")

    def size(self):
        with open(os.path.join(self.data, "checkpoint"), "rb") as file:
            return size_of(file.read())


def size_of(checkpoint):
    return int(checkpoint.split(b"\n")[1])


def come_up(url):
    end = time.time() + 20
    while time.time() < end:
        try:
            urllib.request.urlopen(url, timeout=1)
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{url} did not come up")


servers = {name: make() for name, make in (("ours", Ours), ("rekor-tiles", RekorTiles)) if program(name)}
requests, logged = Requests(), {name: 0 for name in servers}
ROUNDS = quick(3, 1)
for clients in quick((1, 64, 512), (8,)):
    row, figures = f"entries, {clients} client{'s' if clients > 1 else ''}", {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, server in servers.items():
            # a log that answers once a second is asked for as long, not for as much
            count = clients * (quick(4, 2) if name == "rekor-tiles" else max(8, 2000 // clients))
            seconds, latencies, wrong = load(server.addr, [requests.next(server.addr) for _ in range(count)], clients)
            logged[name] += count - len(wrong)
            figures[name].append((count / seconds, latencies, wrong))
    for name, of_one in figures.items():
        wrong = next((wrong[0].decode("utf8", "replace") for _, _, wrong in of_one if wrong), None)
        if servers[name].size() != logged[name]:
            wrong = wrong or f"{logged[name]} entries were acknowledged, the tree has {servers[name].size()}"
        if wrong:
            record(row, name, failed=wrong)
            continue
        middle = lambda pick: statistics.median(pick(one) for one in of_one)
        record(row, name, per_second=middle(lambda one: one[0]),
               median_ms=middle(lambda one: statistics.median(one[1]) * 1e3),
               slow_ms=middle(lambda one: one[1][len(one[1]) * 99 // 100] * 1e3))
for server in servers.values():
    stop(server.process)
    shutil.rmtree(server.folder, True)
keep()
