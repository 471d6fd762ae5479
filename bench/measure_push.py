"""Push of one file of 1 GiB: to a registry that throws it away (the client's own cost) and to docker-registry."""

import os
import subprocess

from harness import Registry, interleave, path, program, record_all

RUNS, MIB = int(os.environ.get("RUNS", 5)), int(os.environ.get("MIB", 1024))
file, count = path("file.bin"), [0]
subprocess.run(["dd", "if=/dev/urandom", f"of={file}", "bs=1M", f"count={MIB}"], check=True, stderr=subprocess.DEVNULL)
tar = path("file.tar")
subprocess.run(["tar", "cf", tar, "-C", os.path.dirname(file), os.path.basename(file)], check=True)
for kind in ("sink", "docker-registry"):
    registry = Registry(kind)

    def to():
        count[0] += 1
        return f"{registry.addr}/push{count[0]}/file:v1"

    commands = {"ours": lambda: ["ours", "push", "--disable-path-validation", to(), file],
                "oras": lambda: ["oras", "push", "--plain-http", "--disable-path-validation", to(), file],
                "crane append": lambda: ["crane", "append", "--insecure", "-f", tar, "-t", to()],
                "cosign3 upload blob": lambda: ["cosign3", "upload", "blob", "-f", file, to()]}
    commands = {name: command for name, command in commands.items() if program(name.split()[0])}
    record_all(f"push {MIB} MiB, {kind}", interleave(commands, RUNS, timeout=300))
    registry.stop()
