"""Verifying one file by a certificate, offline, from the files to the verdict: bundles of the public Sigstore, with Rekor 1 and Rekor 2."""

import os

from harness import Command, interleave, keep, program, quick, record_all

SUITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../crates/cli/tests/data/sigstore-conformance")
IDENTITY = ["--certificate-identity", "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
            "extremely-dangerous-oidc-beacon.yml@refs/heads/main", "--certificate-oidc-issuer", "https://token.actions.githubusercontent.com"]


def measure(row, case, *rekor_2):
    folder = os.path.join(SUITE, "bundle-verify", case)
    own_root = os.path.join(folder, "trusted_root.json")
    root = own_root if os.path.exists(own_root) else os.path.join(SUITE, "trusted_root.production.json")
    evidence = ["--bundle", os.path.join(folder, "bundle.sigstore.json"), "--trusted-root", root, *IDENTITY]
    file = os.path.join(SUITE, "bundle-verify/a.txt")
    said = lambda result: None if "Verified OK" in result["said"] else "exit 0, not verified"
    verify = lambda name, *flags: lambda: Command([name, "verify-blob", *evidence, *flags, file], said)
    commands = {"ours": verify("ours"), "cosign3": verify("cosign3", *rekor_2)}
    if program("sigstore-rust"):
        # it says nothing where all is well
        commands["sigstore-rust"] = lambda: Command(["sigstore-rust", "verify-bundle", *evidence, file], lambda _: None)
    record_all(row, interleave(commands, quick(40, 2)))


measure("verify, Rekor 1", "happy-path-v0.3")
measure("verify, Rekor 2", "rekor2-happy-path", "--use-signed-timestamps")
keep()
