"""Generates manifests like those that people publish, in YAML's many styles, from a seed. They name
the declared images, and others that look similar."""
import json
import random
import re

DECLARED = ["ghcr.io/org/project/image", "backend", "org/frontend",
            "registry.example:5000/team/api-server", "quay.io/x/y-z__w"]
SPELLINGS = ["ghcr.io/org/project/image", "backend", "docker.io/backend", "library/backend",
             "index.docker.io/library/backend", "org/frontend", "docker.io/org/frontend",
             "registry.example:5000/team/api-server", "quay.io/x/y-z__w"]
OTHERS = ["nginx", "nginx:1.25-alpine", "ghcr.io/org/project/image2:v1", "ghcr.io/org/project",
          "ghcr.io/org/project/image/sub:v1", "ghcr.io/Org/project/image", "backend2", "back-end:1",
          "quay.io/org/frontend:v2", "localhost:31234/org/project/image:v1",
          "localhost:31234/library/backend", "registry.example/team/api-server",
          "docker://ghcr.io/org/project/image", "oci://ghcr.io/org/project/image:v1",
          "--image=ghcr.io/org/project/image:v1", "see ghcr.io/org/project/image",
          "${REGISTRY}/org/frontend", "ghcr.io/org/project/image:${TAG}", "org/frontend:", "a/b@c",
          "org/frontend:v1 ", "registry.k8s.io/pause:3.9", "${IMAGE:-org/frontend}",
          "{{ .Values.image }}:{{ .Values.tag }}", "$REPO/image:dev",
          "localhost:${PORT}/org/frontend"]
TAGS = ["", "", ":v1", ":1.2.3-rc.1_x", ":latest", ":dev@sha256:" + "ab" * 32,
        "@sha256:" + "0123456789abcdef" * 4, ":${TAG}", ":v$TAG", ":${TAG:-dev}-x@$DIGEST",
        ":{{ .Values.tag }}", ":{{ .tag | default \"x\" }}"]
REGISTRIES = ["ghcr.io", "docker.io", "index.docker.io/", "", "quay.io", "ghcr.io/org",
              "registry.example:5000", "localhost:31234", "${REGISTRY}", "{{ .registry }}", None,
              "docker.io/library", "ghcr.io/org/"]
PAIRS = [("ghcr.io", "org/project/image"), ("ghcr.io/org", "project/image"),
         ("docker.io", "org/frontend"), ("docker.io", "backend"), ("docker.io/library/", "backend"),
         ("registry.example:5000", "team/api-server:v1"), ("quay.io/", "x/y-z__w")]
PATHS = ["org/project/image", "project/image", "backend", "library/backend", "org/frontend",
         "team/api-server", "x/y-z__w", "ghcr.io/org/project/image", "org/project/image:v1"]
WORDS = ["backend", "frontend", "api", "web", "true story", "yes", "no", "1.5", "12", "~", "null",
         "it's", 'say "hi"', "a: b", "# no comment", "ünïcode", "鯨", "🐳", "- x", "{x}", "[y]",
         "C:\\dir", "tab\there", "*star", "&amp", "!bang", "%percent", "@at", "`tick", "", " lead",
         "0x1F", "1e3", "2024-01-31", "12:30:45", "text, with: all # of [it]"]
PLAIN = re.compile(r"(?:[A-Za-z]|--)[A-Za-z0-9/.:@_=-]*[A-Za-z0-9]")
NO_STRINGS = ("true", "false", "yes", "no", "null", "on", "off", "y", "n")
SCRIPT = ("#!/bin/sh\nset -e\nimage: ghcr.io/org/project/image:v1\n"
          "docker pull org/frontend # a comment\n\n  indented\n")


class Content:
    """Content generates objects as nested dicts and lists of strings, numbers, booleans and
    None."""

    def __init__(self, rng):
        self.rng = rng

    def image(self):
        if self.rng.random() < 0.35:
            return self.rng.choice(OTHERS)
        return self.rng.choice(SPELLINGS) + self.rng.choice(TAGS)

    def word(self):
        return self.rng.choice(WORDS)

    def labels(self):
        return {"app": "backend", "app.kubernetes.io/name": self.word(), "tier": self.word()}

    def container(self):
        one = {"name": self.rng.choice(["backend", "web", "sidecar"]), "image": self.image()}
        if self.rng.random() < 0.4:
            one["args"] = [self.image() if self.rng.random() < 0.4 else self.word()
                           for _ in range(self.rng.randint(0, 4))]
        if self.rng.random() < 0.4:
            one["env"] = [{"name": "SIDECAR_IMAGE", "value": self.image()},
                          {"name": "TEXT", "value": self.word()},
                          self.shuffled({"name": self.rng.choice(["RELATED_IMAGE_X", "SLUG",
                                                                  "image.repository"]),
                                         "value": self.image()})]
        if self.rng.random() < 0.3:
            one["ports"] = [{"containerPort": 8080, "protocol": "TCP"}]
        if self.rng.random() < 0.2:
            one["command"] = ["/bin/sh", "-c", SCRIPT]
        if self.rng.random() < 0.3:
            one["resources"] = {"limits": {"cpu": 0.5, "memory": "128Mi"}, "requests": {}}
        return one

    def pod_spec(self):
        spec = {"containers": [self.container() for _ in range(self.rng.randint(1, 3))]}
        if self.rng.random() < 0.3:
            spec["initContainers"] = [self.container()]
        if self.rng.random() < 0.2:
            spec["volumes"] = [{"name": "v", "image": {"reference": self.image()}},
                               {"name": "e", "emptyDir": {}}]
        return spec

    def metadata(self):
        return {"name": "backend", "labels": self.labels(),
                "annotations": {"note": self.word(), "last-image": self.image()}}

    def workload(self):
        kind = self.rng.choice(["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"])
        spec = self.pod_spec()
        if kind == "Pod":
            return {"apiVersion": "v1", "kind": kind, "metadata": self.metadata(), "spec": spec}
        spec = {"template": {"metadata": {"labels": self.labels()}, "spec": spec}}
        if kind == "CronJob":
            spec = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": spec}}
        elif kind != "Job":
            spec = {"replicas": 2, "selector": {"matchLabels": self.labels()}, **spec}
        version = "batch/v1" if kind in ("Job", "CronJob") else "apps/v1"
        return {"apiVersion": version, "kind": kind, "metadata": self.metadata(), "spec": spec}

    def config_map(self):
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": self.metadata(),
                "data": {"script.sh": SCRIPT, "image": self.image(), "empty": "",
                         "word": self.word(), "image.txt": self.image() + "\n"}}

    def list(self):
        return {"apiVersion": "v1", "kind": "List",
                "items": [self.workload() for _ in range(self.rng.randint(0, 3))]}

    def shuffled(self, members):
        names = list(members)
        self.rng.shuffle(names)
        return {name: members[name] for name in names}

    def halves(self):
        """Returns a mapping with registry and repository, in any order, with other keys between
        them."""
        registry, path = self.rng.choice(REGISTRIES), self.rng.choice(PATHS)
        if self.rng.random() < 0.5:
            registry, path = self.rng.choice(PAIRS)
        one = {"registry": registry, "repository": path,
               "tag": self.word(), "pullSecrets": [self.rng.choice(SPELLINGS)],
               "nested": {"image": self.image()}}
        if self.rng.random() < 0.3:
            one = {self.rng.choice(["registry", "imageRegistry"]): registry,
                   self.rng.choice(["image", "imageRepository", "imageName", "name"]):
                   path, "initImage": self.image()}
        if self.rng.random() < 0.2:
            del one[self.rng.choice(list(one))]
        return self.shuffled(one)

    def helm_values(self):
        return {"replicaCount": 1, "image": {"repository": self.image().split("@")[0],
                                             "tag": self.word(), "pullPolicy": "IfNotPresent"},
                "sidecar": {"image": self.image(), "enabled": False}, "nodeSelector": {},
                "images": {"proxy": self.image(), "list": [self.image(), self.image()]},
                "global": {"imageRegistry": self.rng.choice(REGISTRIES),
                           "imagePullSecrets": [self.rng.choice(SPELLINGS)]},
                "apart": {"image": self.halves()}, "other": self.halves(),
                "imageTag": self.image(), "IMAGE_NAME": self.image(), "slug": self.image(),
                "extraArgs": [], "nullable": None, "backend": {"name": "backend"}}

    def compose(self):
        return {"version": "3.8", "services": {
            name: {"image": self.image(), "build": ".", "environment": ["A=1", "B=" + self.word()],
                   "depends_on": ["backend"], "ports": ["8080:80", "127.0.0.1:5000:5000"]}
            for name in ("backend", "web")}, "volumes": {"data": None}}

    def kustomization(self):
        return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
                "resources": ["../base", "org/frontend"],
                "images": [self.shuffled({"name": self.image(), "newName": self.image(),
                                          "newTag": "v2"}),
                           self.shuffled({"name": self.image(),
                                          self.rng.choice(["newTag", "digest"]): "v2"})]}

    def devspace(self):
        return {"version": "v2beta1", "name": "backend",
                "images": {"backend": {"image": self.image(), "dockerfile": "./Dockerfile"},
                           "frontend": {"image": self.image()}},
                "deployments": {"app": {"helm": {"values": {"containers": [
                    {"image": self.image()}]}}}},
                "dev": {"app": {"imageSelector": self.image(), "devImage": self.image(),
                                "ports": [{"port": "8080"}]}},
                "pipelines": {"dev": "run_dependencies --all\nbuild_images backend\n"}}

    def crd(self):
        schema = {"type": "object", "description": SCRIPT}
        for name in ("image", "containers", "template", "spec"):
            schema = {"type": "object", "properties": {name: schema}, "default": self.image()}
        return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}}

    def any(self):
        return self.rng.choice([self.workload, self.workload, self.workload, self.config_map,
                                self.list, self.helm_values, self.compose, self.kustomization,
                                self.devspace, self.crd])()


class Yaml:
    """Yaml writes an object in a style that differs from manifest to manifest, and a little within
    one."""

    def __init__(self, rng):
        self.rng = rng
        self.quotes = rng.choice([0.05, 0.3, 0.9])
        self.comments = rng.choice([0, 0.05, 0.3])
        self.flow = rng.choice([0, 0.05, 0.25])
        self.properties = rng.choice([0, 0, 0.1])
        self.indented_lists = rng.random() < 0.5
        self.step = rng.choice([2, 2, 2, 4, 3])
        self.anchors = 0

    def document(self, value):
        return self.block(value, 0).lstrip("\n") + "\n"

    def chance(self, probability):
        return self.rng.random() < probability

    def comment(self):
        if not self.chance(self.comments):
            return ""
        return self.rng.choice(["  # org/frontend", " # image: backend", "   # it's \"ünd: 🐳"])

    def property(self, text):
        """Returns a random anchor or tag for a scalar, or nothing."""
        if not self.chance(self.properties):
            return text
        self.anchors += 1
        return self.rng.choice([f"&a{self.anchors} ", "!!str ", f"!!str &a{self.anchors}  "]) + text

    @staticmethod
    def plain(text):
        return bool(PLAIN.fullmatch(text)) and text.lower() not in NO_STRINGS

    def string(self, text):
        if self.plain(text) and not self.chance(self.quotes):
            return self.property(text)
        if self.chance(0.5) and "\t" not in text and "\n" not in text:
            return self.property("'" + text.replace("'", "''") + "'")
        quoted = json.dumps(text, ensure_ascii=False)
        if self.chance(0.05):
            quoted = quoted.replace("/", "\\/")
        elif self.chance(0.05) and text[:1].isalnum() and text.isascii():
            quoted = f'"\\x{ord(text[0]):02x}{quoted[2:]}'
        return self.property(quoted)

    def scalar(self, value):
        if value is None:
            return self.rng.choice(["null", "~"])
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            return self.string(value)
        return str(value)

    def block_scalar(self, text, indent):
        chomp = "" if text.endswith("\n") else "-"
        style = self.rng.choice("|||>" if "\n" not in text.rstrip("\n") else "|")
        lines = [" " * indent + line if line else "" for line in text.rstrip("\n").split("\n")]
        return f"{style}{chomp}{self.comment()}\n" + "\n".join(lines)

    def wants_block(self, text):
        whole = text.rstrip("\n")
        if not whole or whole[0] == " " or "\t" in whole or text.endswith("\n\n"):
            return False
        return "\n" in text or self.chance(0.04)

    def flow_value(self, value):
        space = self.rng.choice(["", " "])
        if isinstance(value, dict):
            members = (f"{self.key(name)}: {self.flow_value(one)}" for name, one in value.items())
            return "{" + space + ", ".join(members) + space + "}"
        if isinstance(value, list):
            return "[" + space + ("," + space).join(map(self.flow_value, value)) + space + "]"
        return self.scalar(value)

    def key(self, name):
        if self.plain(name) and not self.chance(0.03):
            return name
        return json.dumps(name)

    def block(self, value, indent):
        """Returns the value as written after "key:" or at the top, with its separator."""
        if isinstance(value, str) and self.wants_block(value):
            return " " + self.block_scalar(value, indent)
        if not isinstance(value, (dict, list)) or not value or self.chance(self.flow):
            return " " + self.flow_value(value) + self.comment()
        if isinstance(value, list):
            return self.comment() + "\n" + self.sequence(value, indent)
        return self.comment() + "\n" + self.mapping(value, indent)

    def mapping(self, value, indent):
        lines = []
        for name, one in value.items():
            if self.chance(self.comments / 3):
                lines.append(" " * indent + "# image: org/frontend")
            deeper = indent + self.step
            if isinstance(one, list) and not self.indented_lists:
                deeper = indent
            lines.append(" " * indent + self.key(name) + ":" + self.block(one, deeper))
            if self.chance(self.comments / 5):
                lines.append("")
        return "\n".join(lines)

    def sequence(self, value, indent):
        lines = []
        for one in value:
            pad = self.rng.choice([" ", " ", "   "]) if self.chance(0.2) else " "
            if isinstance(one, dict) and one and not self.chance(self.flow):
                deeper = indent + 1 + len(pad)
                lines.append(" " * indent + "-" + pad + self.mapping(one, deeper)[deeper:])
                continue
            if isinstance(one, str) and "\n" in one:
                one_text = " " + self.block_scalar(one, indent + 2)
            else:
                one_text = pad + self.flow_value(one) + self.comment()
            lines.append(" " * indent + "-" + one_text)
        return "\n".join(lines)


# Texts in styles that no emitter writes.
BY_HAND = ["""\
%YAML 1.1
---
x-common: &common
  image: &image org/frontend:v1   # shared
  restart: always
services:
  web:
    <<: *common
    image: *image
  api: {<<: *common, image: 'backend'}
...
""", """\
? image
: backend
? [org/frontend, {image: backend}]
: - org/frontend
  - - - "org/frontend"
    - ? org/frontend
""", """\
--- !!map {
image: backend, # comment
  "images":["org/frontend"
  , 'org/frontend' ,org/frontend ],
}
--- # nothing
--- >-

  org/frontend
--- |2-
  org/frontend
--- "org\\
  /frontend"
""", """\
key with spaces: org/frontend
'org/frontend': "org/frontend"
org/frontend: org/frontend
anchored: !!str &x # org/frontend

  # 'org/frontend'
  'org/frontend'
long:
  org/frontend
last: org/frontend""", """\
- 'org/frontend

  '
- org/frontend
  more
- "org/frontend\\n"
- |+
  org/frontend

- >
  org/frontend
- |
  org/frontend
  org/frontend
- - !!str org/frontend
- !<tag:yaml.org,2002:str> org/frontend
"""]


def json_stream(rng, objects):
    indent = rng.choice([None, 2, 4])
    separators = (",", ":") if indent is None and rng.random() < 0.5 else None
    return "\n".join(json.dumps(one, indent=indent, separators=separators,
                                ensure_ascii=rng.random() < 0.5) for one in objects)


def yaml_stream(rng, objects):
    parts = [Yaml(rng).document(one) for one in objects]
    text = rng.choice(["---\n", "--- # a manifest\n", "...\n---\n"]).join(parts)
    return rng.choice(["", "", "---\n", "# org/frontend\n", "# \U0001f433\n---\n"]) + text


def manifest(seed):
    """Returns (text as bytes, its objects or None)."""
    rng = random.Random(seed)
    if seed < len(BY_HAND):
        return BY_HAND[seed].encode(), None
    objects = [Content(rng).any() for _ in range(rng.choice([1, 1, 1, 2, 5]))]
    write = json_stream if rng.random() < 0.15 else yaml_stream
    text = write(rng, objects)
    if rng.random() < 0.1:
        text = text.replace("\n", "\r\n")
    last = text.splitlines()[-1]
    if rng.random() < 0.3 and (": " in last or last in ("}", "]")):  # not within a block scalar
        text = text.rstrip("\r\n")
    if write is yaml_stream and rng.random() < 0.05:
        text = "\ufeff" + text
    return text.encode(), objects
