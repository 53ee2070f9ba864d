"""Checks compose.yaml and k8s/ offline: each against its schema, and the names in it against each other.

What is checked of k8s/ is what `kubectl kustomize` renders, which needs no cluster; kubectl comes with the tools.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml
from compose_spec import PyCompose

KUBERNETES = "1.37"
COMPONENTS = Path("k8s/components")
# For trying. Whatever else serves is taken for production.
TRIED = {Path("k8s/base"), Path("k8s/overlays/dev")}
# It opens HTTPS to the world, and says so.
OUTWARD = "jumun-outward"
# The alerts ask for series of this job.
JOB = "jumun"
KUBECTL = Path(sys.executable).with_name("kubectl")
SCHEMAS = Path(__file__).with_name("schemas")
faults: list[str] = []


def check(holds: object, fault: str) -> None:
    if not holds:
        faults.append(fault)


def laid_over(under: object, over: object) -> object:
    """Maps are merged and lists joined, as compose does with a second file."""
    if isinstance(under, dict) and isinstance(over, dict):
        return under | {key: laid_over(under.get(key), value) for key, value in over.items()}
    return under + over if isinstance(under, list) and isinstance(over, list) else over


def compose(path: Path, *further: Path) -> None:
    spec = yaml.safe_load(path.read_text())  # merges `<<`, which the schema doesn't know
    for each in further:
        over = yaml.safe_load(each.read_text())
        unknown = over["services"].keys() - spec["services"].keys()
        check(not unknown, f"{each}: {path} has no {sorted(unknown)}")
        spec, path = laid_over(spec, over), each
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
        hardened = service.get("cap_drop") == ["ALL"] and service.get("security_opt") == ["no-new-privileges:true"]
        check(hardened, f"{path}: {name} keeps capabilities, or may gain privileges")
        for volume in service.get("volumes", []):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            known = source.startswith((".", "/")) or source in spec.get("volumes", {})
            check(known, f"{path}: {name} mounts {source}, which is not there")
    print(f"{path}: {len(spec['services'])} services")


def pod_of(resource: dict) -> dict | None:
    return resource["spec"]["template"] if resource["kind"] in ("Deployment", "StatefulSet", "Job") else None


def valid(resource: dict, where: str) -> None:
    """Strictly: a field that the schema doesn't know is a fault. Custom resources have their schemas here."""
    own = SCHEMAS / f"{resource['apiVersion'].replace('/', '_')}_{resource['kind']}.json"
    if own.exists():
        for error in jsonschema.Draft202012Validator(json.loads(own.read_text())).iter_errors(resource):
            faults.append(f"{where}: {'.'.join(map(str, error.path))}: {error.message}")
        return
    try:
        kubernetes_validate.validate(resource, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        faults.append(f"{where}: {'.'.join(map(str, error.path))}: {error.message}")
    except kubernetes_validate.SchemaNotFoundError:
        faults.append(f"{where}: no schema for {resource['kind']} of {resource['apiVersion']}")


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


def selected(pods: list[dict], wanted: dict, what: str) -> list[dict]:
    chosen = [pod for pod in pods if wanted.items() <= pod["metadata"]["labels"].items()]
    check(len(chosen) == 1, f"{what} selects {len(chosen)} pods")
    return chosen


def policies(resources: list[dict], where: str) -> None:
    """A policy that selects no pod protects nothing, and says nothing of it. Each way in and out names its other end."""
    labels = [pod["metadata"]["labels"] for r in resources if (pod := pod_of(r))]
    every = [r for r in resources if r["kind"] == "NetworkPolicy"]
    for policy in every:
        wanted, name = policy["spec"]["podSelector"]["matchLabels"], f"{where}: the policy {policy['metadata']['name']}"
        of_any = any(wanted.items() <= each.items() for each in labels)
        check(of_any, f"{name} is for no pod")
        for way, end in (("egress", "to"), ("ingress", "from")):
            for rule in policy["spec"].get(way, []):
                check(rule.get(end), f"{name}: {way} {end} anywhere")
                check(rule.get("ports"), f"{name}: {way} by every port")
                for peer in rule.get(end, []):
                    any_namespace = peer.get("namespaceSelector") == {}
                    check(not any_namespace, f"{name}: {way} {end} any namespace")
                    wide = peer.get("ipBlock", {}).get("cidr", "").endswith("/0")
                    check(not wide or policy["metadata"]["name"] == OUTWARD, f"{name}: {way} {end} any address")
    for each in labels:
        for way in ("Egress", "Ingress"):
            ours = (p["spec"] for p in every if p["spec"]["podSelector"]["matchLabels"].items() <= each.items())
            check(any(way in spec["policyTypes"] for spec in ours), f"{where}: no policy bounds {way} of {each}")


def secrets(resources: list[dict], where: str) -> None:
    """Secrets are files that no other user of the node's reads, and never variables, which many may see."""
    for spec in (pod["spec"] for r in resources if (pod := pod_of(r))):
        for container in spec["containers"]:
            shown = [e["name"] for e in container.get("env", []) if "secretKeyRef" in e.get("valueFrom", {})]
            shown += [e["secretRef"]["name"] for e in container.get("envFrom", []) if "secretRef" in e]
            check(not shown, f"{where}: {shown} are secrets in variables")
        for volume in (v for v in spec.get("volumes", []) if "secret" in v):
            mode = volume["secret"].get("defaultMode", 0o644)
            check(mode & 0o007 == 0, f"{where}: the secret {volume['name']} can be read by everybody")
            check("fsGroup" in spec["securityContext"], f"{where}: nobody can read the secret {volume['name']}")


def owners(folders: list[Path]) -> None:
    """The server has another user of the database than the migration, which owns the schema."""
    held: dict[str, set[str]] = {"Job": set(), "Deployment": set()}
    for folder in folders:
        for document in (d for path in folder.glob("*.yaml") for d in yaml.safe_load_all(path.read_text())):
            if document and document.get("kind") in held and document.get("apiVersion", "").startswith(("batch", "apps")):
                volumes = document["spec"]["template"]["spec"].get("volumes", [])
                held[document["kind"]] |= {v["secret"]["secretName"] for v in volumes if "secret" in v}
    check(held["Job"] and held["Deployment"], f"no secrets are mounted: {held}")
    shared = held["Job"] & held["Deployment"]
    check(not shared, f"the migration and the server share the secrets {sorted(shared)}")


def names(resources: list[dict], where: str) -> None:
    """Whatever is named is there: config maps, ports, selectors, image tags."""
    config_maps = {r["metadata"]["name"] for r in resources if r["kind"] == "ConfigMap"}
    pods = [pod for pod in map(pod_of, resources) if pod]
    for pod in pods:
        restricted(pod, where)
        for container in pod["spec"]["containers"]:
            check(":" in container["image"], f"{where}: image {container['image']} has no tag")
            for source in container.get("envFrom", []):
                name = source.get("configMapRef", {}).get("name")
                check(name is None or name in config_maps, f"{where}: no config map {name}")
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                port = container.get(probe, {}).get("httpGet", {}).get("port")
                check(port is None or port in ports, f"{where}: {probe} asks port {port}, which is not there")
        for spread in pod["spec"].get("topologySpreadConstraints", []):
            selected([pod], spread["labelSelector"]["matchLabels"], f"{where}: a topology spread")
    for resource in resources:
        kind, spec = resource["kind"], resource.get("spec", {})
        check("namespace" not in resource["metadata"], f"{where}: {kind} names a namespace")
        if kind in ("Service", "Deployment", "PodDisruptionBudget", "PodMonitor"):
            wanted = spec["selector"]
            chosen = selected(pods, wanted.get("matchLabels", wanted), f"{where}: {kind}")
            ports = {port["name"] for pod in chosen for c in pod["spec"]["containers"] for port in c.get("ports", [])}
            asked = [port["targetPort"] for port in spec.get("ports", [])]
            asked += [endpoint["port"] for endpoint in spec.get("podMetricsEndpoints", [])]
            check(ports.issuperset(asked), f"{where}: {kind} asks ports {asked}, there are {sorted(ports)}")


def files(pod: dict, settings: dict, where: str) -> None:
    """What is mounted is a volume, and a setting that names a file names one that is mounted."""
    volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
    for container in pod["spec"]["containers"]:
        mounts = container.get("volumeMounts", [])
        for mount in mounts:
            check(mount["name"] in volumes, f"{where}: mounts {mount['name']}, which is no volume")
        own = settings | {each["name"]: each["value"] for each in container.get("env", []) if "value" in each}
        for name, value in own.items():
            there = any(value.startswith(f"{mount['mountPath']}/") for mount in mounts)
            check(there or not value.startswith("/"), f"{where}: {name} is {value}, where nothing is mounted")


def closed(resources: list[dict], settings: dict, where: str) -> None:
    """No pod starts without tokens, which are a file, and none is told to serve without."""
    for spec in (r["spec"]["template"]["spec"] for r in resources if r["kind"] == "Deployment"):
        for container in spec["containers"]:
            own = {each["name"]: each for each in container.get("env", [])}
            check(not [n for n in {*settings, *own} if n.startswith("JUMUN_NO_AUTH")], f"{where}: its HTTP API wants no token")
            check("JUMUN_TOKEN" not in own, f"{where}: tokens come by a variable, which many may see")
            path = settings.get("JUMUN_TOKENS", "")
            held = [m["name"] for m in container.get("volumeMounts", []) if path.startswith(f"{m['mountPath']}/")]
            mounted = [v["secret"] for v in spec.get("volumes", []) if v["name"] in held and "secret" in v]
            sure = bool(mounted) and not any(secret.get("optional") for secret in mounted)
            check(sure, f"{where}: a pod starts without tokens")


def guarded(resources: list[dict], settings: dict, where: str) -> None:
    """A token's rate is bounded, and what watches has a token."""
    if any(r["kind"] == "Deployment" for r in resources):
        check("JUMUN_INSECURE_BACKENDS" not in settings, f"{where}: passwords and orders may go in clear")
        check(settings.get("JUMUN_RATE", "0") != "0", f"{where}: a token may ask as often as it likes")
    labels = [pod["metadata"]["labels"] for r in resources if (pod := pod_of(r))]
    for monitor in (r for r in resources if r["kind"] == "PodMonitor"):
        job = {each.get(monitor["spec"].get("jobLabel", "")) for each in labels}
        check(job == {JOB}, f"{where}: the PodMonitor's job is not {JOB}, which the alerts ask for")
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            shown = endpoint.get("authorization", {}).get("credentials", {})
            check(shown.get("name") and shown.get("key"), f"{where}: the PodMonitor shows no token")


def settings_of(resources: list[dict]) -> dict[str, str]:
    return {key: value for r in resources if r["kind"] == "ConfigMap" for key, value in r["data"].items()}


def meant(resources: list[dict], where: str) -> None:
    """What no schema says: rules that follow from one owner of a partition and a stand-by that isn't ready."""
    by_kind = {kind: [r for r in resources if r["kind"] == kind] for kind in {r["kind"] for r in resources}}
    deployments = {r["metadata"]["name"]: r["spec"] for r in by_kind.get("Deployment", [])}
    partitions = int(settings_of(resources).get("JUMUN_PARTITIONS", "1"))
    for name, spec in deployments.items():
        check(spec["strategy"]["type"] == "Recreate", f"{where}: {name} is rolled, and would wait for itself")
    for budget in by_kind.get("PodDisruptionBudget", []):
        holds = budget["spec"].get("minAvailable") == 0
        check(holds, f"{where}: with one pod ready at most, this budget forbids every drain")
    scaled = by_kind.get("ScaledObject", [])
    counts = [spec.get("replicas", 1) for spec in deployments.values()] + [r["spec"]["maxReplicaCount"] for r in scaled]
    most = max(counts, default=1)
    check(most <= partitions + 1, f"{where}: {most} pods for {partitions} partitions: the rest only wait")
    known = {r["metadata"]["name"] for r in by_kind.get("TriggerAuthentication", [])}
    for resource in scaled:
        spec = resource["spec"]
        target = deployments.get(spec["scaleTargetRef"]["name"])
        check(target is not None, f"{where}: scales {spec['scaleTargetRef']['name']}, which is not there")
        check("replicas" not in (target or {}), f"{where}: what is scaled has a number of its own")
        check(spec["minReplicaCount"] >= 1, f"{where}: scales to zero, where no order expires")
        streams = {t["metadata"]["stream"] for t in spec["triggers"] if t["type"] == "redis-streams"}
        wanted = {f"jumun:{{{p}}}:{stream}" for p in range(partitions) for stream in ("commands", "checkout")}
        check(streams == wanted, f"{where}: watches {sorted(streams)}, not {sorted(wanted)}")
        for trigger in spec["triggers"]:
            if trigger["type"] == "redis-streams":
                check(trigger["metadata"]["consumerGroup"] == "jumun", f"{where}: the group is not the server's")
            login = trigger.get("authenticationRef", {}).get("name")
            check(login is None or login in known, f"{where}: no trigger authentication {login}")


def kustomization(folder: Path) -> None:
    spec = yaml.safe_load((folder / "kustomization.yaml").read_text())
    listed = {name for name in spec.get("resources", []) if name.endswith(".yaml")}
    patches = {patch["path"] for patch in spec.get("patches", []) if "path" in patch}
    there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    check(listed | patches == there, f"{folder}: lists {sorted(listed | patches)}, has {sorted(there)}")
    for name in sorted(listed & there):
        for document in yaml.safe_load_all((folder / name).read_text()):
            valid(document, f"{folder}/{name}")
    if folder.parent == COMPONENTS:  # nothing by itself: see below
        return
    command = [KUBECTL, "kustomize", folder]
    out = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    check(out.returncode == 0 and not out.stderr, f"{folder}: {out.stderr.strip()}")
    resources = [document for document in yaml.safe_load_all(out.stdout) if document]
    check(resources, f"{folder}: renders nothing")
    for resource in resources:
        valid(resource, f"{folder} rendered: {resource['kind']}")
    names(resources, str(folder))
    meant(resources, str(folder))
    policies(resources, str(folder))
    secrets(resources, str(folder))
    settings = settings_of(resources)
    for pod in filter(None, map(pod_of, resources)):
        files(pod, settings, str(folder))
    closed(resources, settings, str(folder))
    if folder not in TRIED:
        guarded(resources, settings, str(folder))
    print(f"{folder}: {len(resources)} resources, as rendered, against Kubernetes {KUBERNETES}")


def components(folders: Iterator[Path]) -> None:
    """Each together with production, as an overlay of one's own takes it."""
    with tempfile.TemporaryDirectory(dir="k8s/overlays", prefix="checked-") as overlay:
        spec = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["../production"],
            "components": [f"../../components/{folder.name}" for folder in folders],
        }
        (Path(overlay) / "kustomization.yaml").write_text(yaml.safe_dump(spec))
        kustomization(Path(overlay))


def main() -> int:
    compose(Path("compose.yaml"))
    compose(Path("compose.yaml"), Path("compose.webhooks.yaml"))
    folders = sorted(path.parent for path in Path("k8s").rglob("kustomization.yaml"))
    check(folders, "k8s: no kustomization")
    components(folder for folder in folders if folder.parent == COMPONENTS)
    for folder in folders:
        kustomization(folder)
    owners(folders)
    user = re.search(r"^USER (\d+)", Path("Dockerfile").read_text(), re.MULTILINE)
    check(user and int(user[1]) > 0, "Dockerfile: not a numeric user other than root")
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


sys.exit(main())
