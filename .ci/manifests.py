"""Checks compose.yaml and k8s/ offline: each against its schema, and the names in it against each other.

`kubectl kustomize` needs no cluster; where kubectl is there, what it renders is checked too.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import yaml
from compose_spec import PyCompose

KUBERNETES = "1.37"
faults: list[str] = []


def check(holds: object, fault: str) -> None:
    if not holds:
        faults.append(fault)


def compose(path: Path) -> None:
    text = path.read_text()
    spec = yaml.safe_load(text)  # merges `<<`, which the schema doesn't know
    try:
        parsed = PyCompose.from_yaml(yaml.safe_dump(spec))
        parsed.validate()
        parsed.to_spec()
    except ValueError as error:
        faults.append(f"{path}: {error}")
    for name, service in spec["services"].items():
        for other, how in service.get("depends_on", {}).items():
            there = spec["services"].get(other)
            check(there, f"{path}: {name} depends on {other}, which is not there")
            if there and how["condition"] == "service_healthy":
                check("healthcheck" in there, f"{path}: {name} waits for {other} to be healthy, which has no check")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            known = source.startswith((".", "/")) or source in spec.get("volumes", {})
            check(known, f"{path}: {name} mounts {source}, which is not there")
    print(f"{path}: {len(spec['services'])} services")


def pod_of(resource: dict) -> dict | None:
    return resource["spec"]["template"] if resource["kind"] in ("Deployment", "StatefulSet", "Job") else None


def valid(resource: dict, where: str) -> None:
    try:
        kubernetes_validate.validate(resource, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        faults.append(f"{where}: {'.'.join(map(str, error.path))}: {error.message}")


def restricted(pod: dict, where: str) -> None:
    """The "restricted" Pod Security Standard, and a read-only root."""
    own = pod["spec"].get("securityContext", {})
    check(own.get("runAsNonRoot") is True and own.get("runAsUser", 0) > 0, f"{where}: runs as root")
    check(own.get("seccompProfile", {}).get("type") == "RuntimeDefault", f"{where}: no seccomp profile")
    check(pod["spec"].get("automountServiceAccountToken") is False, f"{where}: has a token of the cluster's")
    for container in pod["spec"]["containers"]:
        name, inner = f"{where}: {container['name']}", container.get("securityContext", {})
        check(inner.get("allowPrivilegeEscalation") is False, f"{name}: may gain privileges")
        check(inner.get("readOnlyRootFilesystem") is True, f"{name}: root is writable")
        check(inner.get("capabilities", {}).get("drop") == ["ALL"], f"{name}: keeps capabilities")
        check(container.get("resources", {}).get("limits", {}).get("memory"), f"{name}: no memory limit")


def names(resources: list[dict], images: set[str], where: str) -> None:
    """Whatever is named is there: config maps, ports, selectors, images."""
    config_maps = {r["metadata"]["name"] for r in resources if r["kind"] == "ConfigMap"}
    pods = [pod for pod in map(pod_of, resources) if pod]
    for pod in pods:
        restricted(pod, where)
        for container in pod["spec"]["containers"]:
            check(container["image"].split(":")[0] in images, f"{where}: image {container['image']} has no tag")
            for source in container.get("envFrom", []):
                name = source.get("configMapRef", {}).get("name")
                check(name is None or name in config_maps, f"{where}: no config map {name}")
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                port = container.get(probe, {}).get("httpGet", {}).get("port")
                check(port is None or port in ports, f"{where}: {probe} asks port {port}, which is not there")
    for resource in resources:
        if resource["kind"] in ("Service", "Deployment"):
            wanted = resource["spec"]["selector"]
            wanted = wanted.get("matchLabels", wanted).items()
            chosen = [pod for pod in pods if wanted <= pod["metadata"]["labels"].items()]
            check(len(chosen) == 1, f"{where}: {resource['kind']} selects {len(chosen)} pods")


def kustomization(folder: Path) -> None:
    spec = yaml.safe_load((folder / "kustomization.yaml").read_text())
    listed = set(spec["resources"])
    there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    check(listed == there, f"{folder}: lists {sorted(listed)}, has {sorted(there)}")
    resources = [doc for name in sorted(listed & there) for doc in yaml.safe_load_all((folder / name).read_text())]
    names(resources, {image["name"] for image in spec.get("images", [])}, str(folder))
    for resource in resources:
        check("namespace" not in resource["metadata"], f"{folder}: {resource['kind']} names a namespace")
        valid(resource, f"{folder}: {resource['kind']}")
    rendered = "not rendered (no kubectl)"
    if shutil.which("kubectl"):
        command = ["kubectl", "kustomize", str(folder)]
        out = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        check(out.returncode == 0, f"{folder}: {out.stderr.strip()}")
        documents = list(yaml.safe_load_all(out.stdout))
        check(len(documents) == len(resources), f"{folder}: {len(documents)} of {len(resources)} resources rendered")
        for document in documents:
            valid(document, f"{folder} rendered: {document['kind']}")
        rendered = "rendered too"
    print(f"{folder}: {len(resources)} resources against Kubernetes {KUBERNETES}, {rendered}")


def main() -> int:
    compose(Path("compose.yaml"))
    folders = sorted(path.parent for path in Path("k8s").rglob("kustomization.yaml"))
    check(folders, "k8s: no kustomization")
    for folder in folders:
        kustomization(folder)
    user = re.search(r"^USER (\d+)", Path("Dockerfile").read_text(), re.MULTILINE)
    check(user and int(user[1]) > 0, "Dockerfile: not a numeric user other than root")
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


sys.exit(main())
