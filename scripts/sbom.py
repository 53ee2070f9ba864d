#!/usr/bin/env python3
"""Writes what the released binary is built from as a CycloneDX 1.6 document: scripts/sbom.py > jumun.cdx.json

From `cargo metadata` and Cargo.lock, offline: the packages that are linked into it, and those that build it (scope
"excluded"), each with version, licence, checksum and what it needs. Tests' and benchmarks' own packages are not in it.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

TARGET = "x86_64-unknown-linux-gnu"


def metadata() -> dict:
    words = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def tree(edges: str) -> set[tuple[str, str]]:
    """Names and versions of what is really built by these edges: `cargo metadata` has optional packages besides."""
    words = ["cargo", "tree", "--locked", "--edges", edges, "--prefix", "none", "--format", "{p}", "--target", TARGET]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    return {(words[0], words[1].removeprefix("v")) for words in (line.split() for line in lines) if words}


def document() -> dict:
    data = metadata()
    packages = {p["id"]: p for p in data["packages"]}
    nodes = {n["id"]: n for n in data["resolve"]["nodes"]}
    root = data["resolve"]["root"]
    locked = tomllib.loads(Path("Cargo.lock").read_text(encoding="utf-8"))["package"]
    checksums = {(p["name"], p["version"]): p.get("checksum") for p in locked}
    # a macro runs in the compiler, and so does all that only it needs
    linked, built = tree("normal,no-proc-macro"), tree("normal,build")

    def name(package: str) -> tuple[str, str]:
        return packages[package]["name"], packages[package]["version"]

    def needs(package: str) -> list[str]:
        """What one needs to be linked or built."""
        deps = nodes[package]["deps"]
        used = [d["pkg"] for d in deps if {None, "build"} & {kind["kind"] for kind in d["dep_kinds"]}]
        return sorted({ref(dep) for dep in used if name(dep) in built})

    def ref(package: str) -> str:
        p = packages[package]
        return f"pkg:cargo/{p['name']}@{p['version']}"

    def component(package: str) -> dict:
        p = packages[package]
        found = {
            "type": "application" if package == root else "library",
            "bom-ref": ref(package),
            "name": p["name"],
            "version": p["version"],
            "scope": "required" if name(package) in linked else "excluded",
            "purl": ref(package),
        }
        if p.get("license"):
            found["licenses"] = [{"expression": p["license"].replace("/", " OR ")}]
        if checksum := checksums.get(name(package)):
            found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        if p.get("repository"):
            found["externalReferences"] = [{"type": "vcs", "url": p["repository"]}]
        return found

    others = sorted((p for p in nodes if p != root and name(p) in built), key=ref)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": component(root),
            "properties": [{"name": "cargo:target", "value": TARGET}],
        },
        "components": [component(package) for package in others],
        "dependencies": [
            {"ref": ref(package), "dependsOn": needs(package)} for package in [root, *others]
        ],
    }


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1, sort_keys=True)
    print()
