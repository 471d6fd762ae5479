"""Start-up: `version` and `--help`, warm and with the program evicted from the page cache; its size."""

import os
import shutil
import subprocess

from harness import Command, interleave, keep, path, program, quick, record, record_all

ROUNDS = quick(25, 3)
programs = [name for name in ("ours", "cosign3", "cosign2", "crane", "oras") if program(name)]


def speaks(*words):
    return lambda: Command(words, lambda result: None if result["said"].strip() else "exit 0, nothing said")


for name in programs:
    stripped = path(name + ".stripped")
    subprocess.run(["strip", "-s", "-o", stripped, program(name)], check=True)
    record("size", name, mb=os.path.getsize(program(name)) / 1e6, stripped_mb=os.path.getsize(stripped) / 1e6)

source = path("hello.rs")
with open(source, "w") as f:
    f.write('fn main() { println!("1"); }\n')
subprocess.run(["rustc", "-O", "-o", path("hello"), source], check=True)
record_all("version", interleave({**{name: speaks(name, "version") for name in programs}, "floor: Rust hello": speaks(path("hello"))}, ROUNDS))
record_all("help", interleave({name: speaks(name, "--help") for name in programs}, ROUNDS))

copies = {name: shutil.copy(program(name), path("cold-" + name)) for name in programs}
os.sync()


def evict(name):
    file = os.open(copies[name], os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)


record_all("cold start", interleave({name: speaks(copies[name], "version") for name in programs}, quick(15, 3), before=evict))
keep()
