"""Holds the bill of materials that scripts/sbom.py writes to CycloneDX's schema, to Cargo.lock and to Cargo.toml."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

text = subprocess.run(["scripts/sbom.py"], check=True, capture_output=True, text=True).stdout
if fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
    sys.exit(f"not CycloneDX: {fault.data}")
bill = json.loads(text)
components = {(c["name"], c["version"]): c for c in bill["components"]}

locked = tomllib.loads(Path("Cargo.lock").read_text(encoding="utf-8"))["package"]
checksums = {(p["name"], p["version"]): p.get("checksum") for p in locked}
for package, component in components.items():
    if component["hashes"] != [{"alg": "SHA-256", "content": checksums[package]}]:
        sys.exit(f"{package} is not what Cargo.lock says")
# what jumun names itself is linked, and all that something in the bill needs is in the bill
manifest = tomllib.loads(Path("Cargo.toml").read_text(encoding="utf-8"))
references = {c["bom-ref"] for c in components.values()}
required = {name for (name, _), c in components.items() if c["scope"] == "required"}
macros = {"async-trait"}
if missing := {n for n, d in manifest["dependencies"].items() if not (isinstance(d, dict) and d.get("optional"))} - required - macros:
    sys.exit(f"jumun needs these, and the bill does not say so: {sorted(missing)}")
if missing := {ref for d in bill["dependencies"] for ref in d["dependsOn"]} - references:
    sys.exit(f"needed, and not in the bill: {sorted(missing)}")
for name in ["tokio", "sqlx-postgres", "ring"]:
    (linked,) = [c for c in components.values() if c["name"] == name]
    if linked["scope"] != "required" or "hashes" not in linked or "licenses" not in linked:
        sys.exit(f"{name} is linked, and the bill does not say so, or without checksum or licence: {linked}")
if any(c["name"] in ("criterion", "proptest", "gherkin") for c in components.values()):
    sys.exit("what only tests need is in the bill")
print(f"{len(components)} packages, {sum(c['scope'] == 'required' for c in components.values())} of them linked")
