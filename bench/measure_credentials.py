"""Where credentials go: a registry that wants user and password sends the program to another host or another port."""

import base64
import contextlib
import http.server
import json
import os
import socket
import threading

import signatures
from commands import keypair, signed, variants, verified
from harness import HOME, Command, attempt, keep, last_words, outline, present, quick, record
from services import Proxy, Registry, push_image

USER, PASSWORD, CAP = "user", "s3cret", quick(60, 20)
SECRETS = (PASSWORD, base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
BLOB, MANIFEST, REFERRERS = r"^GET /v2/.+/blobs/", r"^GET /v2/.+/(manifests|referrers)/", r"^GET /v2/.+/referrers/"


class Other(http.server.BaseHTTPRequestHandler):
    """Another server: gives a token to whoever asks, and remembers what it was sent."""
    heard = []

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Other.heard.append(f"{self.requestline}\n{self.headers}{body[:4096].decode('latin1')}")
        with contextlib.suppress(OSError):
            self.answer(b'{"token":"t","access_token":"t"}')

    def answer(self, text):
        self.send_response(200 if "/token" in self.path else 404)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET

    def log_message(self, *_):
        pass


def listen(host):
    """Clients refuse some addresses that are given as numbers, so another host is given by its name."""
    server = http.server.ThreadingHTTPServer((socket.gethostbyname(host), 0), Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://{host}:{server.server_port}"


host, port = listen(socket.gethostname()), listen("127.0.0.1")
registry, elsewhere = Registry("memory"), Registry("memory")
proxy = Proxy(registry.addr)
key, public, count = keypair()[0], signatures.plain_key(), 0
docker = os.path.join(HOME, "docker")
os.makedirs(docker)
with open(os.path.join(docker, "config.json"), "w") as file:
    json.dump({"auths": {proxy.addr: {"auth": SECRETS[1]}}}, file)
images = {}
for form, put in (("bundles", signatures.bundles), (".sig", signatures.legacy)):
    repository = form.strip(".") + "/app"
    digest = push_image(registry.addr, repository)
    put(registry.addr, repository, digest, 1)
    images[form] = f"{proxy.addr}/{repository}@{digest}"


def fresh(addr):
    global count
    count += 1
    repository = f"fresh{count}/app"
    return repository, push_image(addr, repository)


def copy(words, source, target):
    return lambda: Command([*words, f"{source.addr}/{fresh(registry.addr if source is proxy else source.addr)[0]}:v1", f"{target.addr}/copy{count}:v1"])


def verify(name):
    return lambda: verified(name, public, images[".sig" if ".sig" in name else "bundles"])


def sign(name):
    return lambda: signed(name, key, registry, proxy.addr, *fresh(registry.addr))


CRANE, ORAS = ["crane", "copy", "--insecure"], ["oras", "copy", "--from-plain-http", "--to-plain-http"]
judged = ("ours", "cosign3", "cosign2 .sig")
reading = {name: verify(name) for name in judged} | {"crane": copy(CRANE, proxy, elsewhere), "oras": copy(ORAS, proxy, elsewhere)}
writing = {name: sign(name) for name in judged} | {"crane": copy(CRANE, elsewhere, proxy), "oras": copy(ORAS, elsewhere, proxy)}
listing = {name: verify(name) for name in judged} | {"oras": lambda: Command(["oras", "discover", "--plain-http", images["bundles"]])}
CHALLENGE = {"match": "^[A-Z]+ /v2/", "noauth": True, "action": "status", "status": 401, "header": {"WWW-Authenticate": 'Basic realm="r"'}}


def realm(to):
    words = f'Bearer realm="{to}/token",service="s",scope="repository:a/b:pull"'
    return [{"match": "^[A-Z]+ /v2/", "action": "status", "status": 401, "header": {"WWW-Authenticate": words}}]


def redirect(match, to):
    return [CHALLENGE, {"match": match, "action": "redirect", "status": 307, "header": {"Location": to + "/x"}}]


def upload(to):
    return [CHALLENGE, {"match": "^POST /v2/.+/uploads/", "action": "status", "status": 202, "header": {"Location": to + "/upload/x"}}]


def next_page(to):
    return [CHALLENGE, {"match": REFERRERS, "action": "header", "header": {"Link": f'<{to}/v2/a/b/referrers/x?n=1>; rel="next"'}}]


SCENARIOS = [
    ("token realm on another host, reading", realm(host), reading), ("token realm on another host, writing", realm(host), writing),
    ("token realm on another port", realm(port), reading),
    ("blob redirected to another host", redirect(BLOB, host), reading), ("blob redirected to another port", redirect(BLOB, port), reading),
    ("manifest redirected to another host", redirect(MANIFEST, host), reading),
    ("manifest redirected to another port", redirect(MANIFEST, port), reading),
    ("upload's Location on another host", upload(host), writing), ("upload's Location on another port", upload(port), writing),
    ("next page of referrers on another host", next_page(host), listing)]

outline(name for name, _, _ in SCENARIOS)
for name, rules, operations in SCENARIOS:
    for tool, make in present(operations).items():
        command = make()
        proxy.faults(*rules)
        proxy.forget()
        Other.heard.clear()
        result = attempt(command, CAP, {"DOCKER_CONFIG": docker})
        log, heard = proxy.log(), list(Other.heard)
        proxy.faults()
        # Only where the registry itself got the password could it have gone elsewhere.
        asked = any(entry.get("auth") for entry in log) or "realm" in name
        record(name, tool.split()[0], code=result["code"], cut=result["timed_out"], requests_elsewhere=len(heard), asked=asked,
               wrong=any(secret in text for text in heard for secret in SECRETS), said=last_words(result))
keep()
