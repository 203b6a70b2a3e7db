"""Computes the expected result of rewriting without the project's code. PyYAML's parser (the one in
Python) finds the values, and a regular expression from the documentation of references recognizes
them."""
import json
import re

import yaml

LABEL = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)"
HOST = rf"(?:{LABEL}(?:\.{LABEL})*|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?"
COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REFERENCE = re.compile(
    rf"(?:(?P<host>{HOST})/)?(?P<path>{COMPONENT}(?:/{COMPONENT})*)"
    r"(?P<rest>(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[a-f0-9]{64})?)")


def split(reference):
    """Returns host, path and the rest of a reference, or None."""
    match = REFERENCE.fullmatch(reference)
    if not match:
        return None
    host, path = match["host"], match["path"]
    if host and host != "localhost" and not set(".:") & set(host) and host == host.lower():
        host, path = None, f"{host}/{path}"
    if host in (None, "docker.io", "index.docker.io"):
        host = "docker.io"
        path = path if "/" in path else f"library/{path}"
    return host, path, match["rest"]


def canonical(declared):
    return {split(image)[:2] for image in declared}


def plain(text, registry, declared):
    """Returns the reference in the registry, or None if it names no declared image."""
    parts = split(text)
    if not parts or parts[0] == registry or parts[:2] not in canonical(declared):
        return None
    return f"{registry}/{parts[1]}{parts[2]}"


def has_host(text):
    match = REFERENCE.fullmatch(text)
    return match and split(text)[0] != "docker.io" or text.startswith(("docker.io/",
                                                                       "index.docker.io/"))


def is_complete(text):
    """Returns whether a reference has more than a path."""
    match = REFERENCE.fullmatch(text)
    return bool(match) and (has_host(text) or bool(match["rest"]))


OTHER_WORDS = set("secret secrets pull policy tag tags registry registries digest credential "
                  "credentials version username password".split())
NAMES = ("name|names|repository|repo|reference|ref|uri|url|selector|override|overrides|default")


def words(key):
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z0-9]+|[0-9]+",
                                                key)]


def names_image(key):
    if key == "newName" or words(key) == ["repository"]:
        return True
    if OTHER_WORDS & set(words(key)):
        return False
    shape = " ".join(words(key))
    if key and not re.search("[a-z]", key):
        return bool(re.search(r"images?\d*( |$)", shape))
    return bool(re.fullmatch(rf".*images?\d*(( [a-z0-9]*images?\d*)|( ({NAMES})))*", shape) or
                re.search(rf"(^| )image({NAMES})$", shape))


def is_pull_secrets(key):
    return "pull" in words(key) and bool({"secret", "secrets"} & set(words(key)))


def is_part(name):
    """Returns whether the name of a parameter is that of a registry or a repository."""
    last = words(name.rpartition(".")[2])[-1:]
    return "." in name and last in (["registry"], ["repository"], ["imagerepository"])


def stem(key):
    return [word for word in words(key)
            if not re.fullmatch(rf"images?|registry|(image)?({NAMES})", word)]


VARIABLE = r"\$!?\{(?:[^{}]|\{[^{}]*\})*\}|\$!?\([^()]*\)|\$[A-Za-z0-9_]+|\{\{.*?\}\}"
TEMPLATE = re.compile(rf"(?P<repository>(?:[A-Za-z0-9_.:/#+\[\]@-]|{VARIABLE})*?)"
                      rf"(?P<rest>(?:[:@](?:[A-Za-z0-9_.:#+\[\]@-]|{VARIABLE})*)?)", re.S)


def literal_repository(value):
    """Returns the repository of a value with variables; "" if a variable is in the repository, and
    None if the value is no reference with variables."""
    if not re.search(VARIABLE, value, re.S):
        return None
    match = TEMPLATE.fullmatch(value)
    if not match:
        return None
    return "" if re.search(VARIABLE, match["repository"], re.S) else match["repository"]


def json_values(text):
    """Returns (begin, end, value) for each value of a JSON stream, or None if the text is none."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while text[at:].strip():
        begin = len(text) - len(text[at:].lstrip())
        try:
            value, at = decoder.raw_decode(text, begin)
        except json.JSONDecodeError:
            return None
        found.append((begin, at, value))
    return found


def load(text):
    """Returns the values of the text."""
    found = json_values(text)
    return [one[2] for one in found] if found else list(yaml.safe_load_all(text))


def parts(text):
    """Splits the text into pieces that PyYAML can read: unlike YAML documents, JSON values need no
    separator."""
    found = json_values(text)
    ends = [one[1] for one in found[:-1]] if found else []
    return [text[begin:end] for begin, end in zip([0] + ends, ends + [len(text)])]


class Loader(yaml.SafeLoader):
    """Loader sets anchored on each node that has an anchor, and on each value of such a mapping."""

    def compose_node(self, parent, index):
        event = self.peek_event()
        node = super().compose_node(parent, index)
        if not isinstance(event, yaml.AliasEvent):
            node.anchored = bool(event.anchor)
            if event.anchor and isinstance(node, yaml.MappingNode):
                for _, value in node.value:
                    value.anchored = True
        return node


def compose(text):
    return [node for node in yaml.compose_all(text, Loader=Loader) if node is not None]


class Value:
    """Value is a scalar value with its keys and siblings."""

    def __init__(self, node, keys, direct, siblings):
        self.node, self.keys, self.direct, self.siblings = node, keys, direct, siblings
        self.key = keys[-1] if keys else ""
        self.text = core(node)

    @property
    def line(self):
        return self.node.start_mark.line + 1


def walk(node, keys, is_key, seen, mapping=None):
    """Yields every value once, however many aliases it has."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        # The value of an alias was seen before.
        siblings = [(name.value, None if id(value) in seen else value)
                    for name, value in node.value if isinstance(name, yaml.ScalarNode)]
        for name, value in node.value:
            yield from walk(name, keys + [""], True, seen)
            yield from walk(value, keys + [name.value if isinstance(name, yaml.ScalarNode) else ""],
                            is_key, seen, siblings)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from walk(value, keys, is_key, seen)
    elif not is_key:
        yield Value(node, keys, mapping is not None, mapping or [])


def registry_of(value):
    """Returns the registry beside a half of a reference; "" if there is none, None if it is
    unknown."""
    found = [node for name, node in value.siblings
             if words(name)[-1:] == ["registry"] and stem(name) == stem(value.key)]
    texts = [core(node) if isinstance(node, yaml.ScalarNode) else "" for node in found
             if node is not None]
    if None in found or any(re.search(r"\$|\{\{|[\s\"'\\]", text) for text in texts):
        return None
    text = texts[-1] if texts else ""
    null = found and found[-1].style is None and text in ("~", "null", "Null", "NULL")
    if null or not split(text.rstrip("/") + "/x"):
        return ""
    return text


def merges(value):
    return any(name == "<<" and node is None for name, node in value.siblings)


def edits_of(values, registry, declared, warned):
    """Yields (node, old text, new text) for every value that changes. Adds to warned the lines of
    values that look like a declared image and stay unchanged."""
    pairs = {}
    for value in values:
        text = value.text
        variable = "$" in text or "{{" in text
        if value.direct and words(value.key)[-1:] == ["registry"]:
            continue
        if variable:
            text = literal_repository(text)
            if not text:
                continue
        if not split(text):
            continue
        new = plain(text, registry, declared)
        complete = variable or is_complete(text)
        if new and any(map(is_pull_secrets, value.keys)):
            if complete or "/" in text:
                warned.add(value.line)
            continue
        key = value.key
        half = value.direct and key != "newName" and names_image(key)
        is_repository = half and words(key)[-1] in ("repository", "imagerepository")
        if half and (is_repository or not complete):
            before = registry_of(value)
            if before is None or (merges(value) and is_repository and not before):
                continue
            if before:
                pairs.setdefault((id(value.siblings), tuple(stem(key))), (before, []))[1].append(
                    (value, text))
            elif new:
                yield value.node, text, new
            continue
        names = [(name, core(node) if isinstance(node, yaml.ScalarNode) else "")
                 for name, node in value.siblings if node is not None]
        if value.direct and key == "name":
            if any(name == "newName" for name, _ in value.siblings):
                if new and complete:
                    warned.add(value.line)
                continue
            under = next(iter(value.keys[-2:-1]), "")
            if any(name == "newTag" or name == "digest" and under in ("images", "imageTag")
                   for name, _ in value.siblings):
                if new:
                    warned.add(value.line)
                continue
            if not complete and names_image(under):
                value_pair = Value(value.node, value.keys[:-1] + ["name"], True, value.siblings)
                halves = [name for name, node in value.siblings if names_image(name)
                          and not stem(name) and isinstance(node, yaml.ScalarNode)]
                before = registry_of(value_pair)
                if before and not halves:
                    pairs.setdefault((id(value.siblings), ()), (before, []))[1].append(
                        (value, text))
                    continue
        if not new:
            continue
        parent = value.keys[-2] if len(value.keys) > 1 else ""
        says = (complete or names_image(key) or (key == "reference" and names_image(parent)) or
                (value.direct and key == "value" and
                 any(name == "name" and names_image(text) for name, text in names)))
        part = (not complete and value.direct and key == "value" and
                any(name == "name" and is_part(text) for name, text in names))
        if says and not part:
            yield value.node, text, new
        elif part or "/" in text:
            warned.add(value.line)
    yield from pair_edits(pairs, values, registry, declared)


def pair_edits(pairs, values, registry, declared):
    for (siblings, kind), (before, paths) in pairs.items():
        head = before.rstrip("/")
        found = [None if has_host(text) else plain(f"{head}/{text}", registry, declared)
                 for _, text in paths]
        if None in found:
            continue
        if "/" not in head:
            new, rest = registry, [one.split("/", 1)[1] for one in found]
        else:
            ends = {one[:-len(text) - 1] for one, (_, text) in zip(found, paths)
                    if one.endswith("/" + text)}
            if len(ends) != 1:
                continue
            new, rest = ends.pop(), [text for _, text in paths]
        last = [value for value in values if id(value.siblings) == siblings and
                words(value.key)[-1:] == ["registry"] and tuple(stem(value.key)) == kind][-1]
        if last.node.anchored:
            continue
        yield last.node, before, new + before[len(head):]
        for one, (value, text) in zip(rest, paths):
            if one != text:
                yield value.node, text, one


def core(node):
    """Returns the part that may be a reference: a block scalar without its final line breaks."""
    return node.value.rstrip("\n") if node.style in ("|", ">") else node.value


def span(text, node, old):
    """Returns the span of old, the beginning of the value, in the text, without quotes."""
    begin, end = node.start_mark.index, node.end_mark.index
    if node.style not in ("'", '"'):
        begin = text.rindex(core(node), begin, end)
        return begin, begin + len(old)
    end -= 1
    # An anchor, tag or comment before the value may have quotes, too.
    begin = max(text.rfind(node.style + old, begin, end), begin)
    begin = text.index(node.style, begin) + 1
    if old == core(node):
        return begin, end
    written = "".join(rf"(?:\\?{re.escape(character)}|\\x{ord(character):02x}|"
                      rf"\\u{ord(character):04x})" for character in old)
    return begin, begin + re.compile(written).match(text, begin).end() - begin


def quoted(node, text, document):
    """Returns the text in quotes if it would not be the same string as a plain scalar."""
    if node.style is not None:
        return text
    bare = "/" in text or (text[0].isalpha() and not in_flow(node, document))
    return text if bare else f'"{text}"'


def in_flow(node, document):
    found = []

    def look(one, flow, seen):
        if one is node:
            found.append(flow)
        if id(one) in seen or not isinstance(one, yaml.CollectionNode):
            return
        seen.add(id(one))
        for inner in one.value:
            for part in inner if isinstance(inner, tuple) else (inner,):
                look(part, flow or one.flow_style, seen)
    look(document, False, set())
    return found[0]


def expected(text, registry, declared, warned=None):
    """Returns the rewritten text, the number of changed values, and the trees of its documents.
    Adds to warned the lines of values that look like a declared image and stay unchanged."""
    pieces, line = [], 0
    for part in parts(text):
        lines = set()
        pieces.append(expected_part(part, registry, declared, lines))
        if warned is not None:
            warned.update(line + one for one in lines)
        line += len(re.findall(r"\r\n|\r|\n|\x85|\u2028|\u2029", part))
    return ("".join(piece[0] for piece in pieces), sum(piece[1] for piece in pieces),
            [tree for piece in pieces for tree in piece[2]])


def expected_part(text, registry, declared, warned):
    changes = []
    documents = compose(text)
    for document in documents:
        values = list(walk(document, [], False, set()))
        for node, old, new in list(edits_of(values, registry, declared, warned)):
            begin, end = span(text, node, old)
            changes.append((begin, end, quoted(node, new, document)))
            node.value = new + node.value[len(old):]
    out, done = [], 0
    for begin, end, new in sorted(changes):
        out += [text[done:begin], new]
        done = end
    return ("".join(out + [text[done:]]), len(changes),
            [tree(document, {}) for document in documents])


def trees(text):
    return [tree(document, {}) for part in parts(text) for document in compose(part)]


def tree(node, seen):
    """Returns nested tuples of tags and values for comparisons."""
    if id(node) in seen:
        return "alias", seen[id(node)]
    seen[id(node)] = len(seen)
    if isinstance(node, yaml.ScalarNode):
        return node.tag, node.value
    if isinstance(node, yaml.SequenceNode):
        return node.tag, tuple(tree(value, seen) for value in node.value)
    return node.tag, tuple((tree(name, seen), tree(value, seen)) for name, value in node.value)
