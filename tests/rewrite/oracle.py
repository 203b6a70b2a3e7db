"""What rewriting has to give, found without any of the project's code: PyYAML's own parser (the one
in Python) says where values are, a regular expression from the documentation of references says
what they are."""
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
    """Repository and the rest, or None."""
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


def rewritten(value, key, registry, declared):
    """The value in the registry, or None when it stays."""
    if not re.search("[/:@]", value) and not ("image" in key.lower() or key == "repository"):
        return None
    parts = split(value)
    if not parts or parts[0] == registry:
        return None
    if parts[:2] not in {split(image)[:2] for image in declared}:
        return None
    return f"{registry}/{parts[1]}{parts[2]}"


def json_values(text):
    """A stream of JSON values as their texts and values, or None when it is none."""
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
    """What the text says."""
    found = json_values(text)
    return [one[2] for one in found] if found else list(yaml.safe_load_all(text))


def parts(text):
    """The text in pieces that PyYAML reads: JSON values need not be separated as in YAML."""
    found = json_values(text)
    ends = [one[1] for one in found[:-1]] if found else []
    return [text[begin:end] for begin, end in zip([0] + ends, ends + [len(text)])]


def compose(text):
    return [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node is not None]


def walk(node, key, is_key, seen):
    """(scalar, key) of every value, each once however many aliases it has."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from walk(name, "", True, seen)
            yield from walk(value, name.value if isinstance(name, yaml.ScalarNode) else "", is_key,
                            seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from walk(value, key, is_key, seen)
    elif not is_key:
        yield node, key


def core(node):
    """What may be a reference: a block without the line ends at its end."""
    return node.value.rstrip("\n") if node.style in ("|", ">") else node.value


def span(text, node):
    """Where the value is written, without its quotes."""
    begin, end = node.start_mark.index, node.end_mark.index
    if node.style not in ("'", '"'):
        begin = text.rindex(core(node), begin, end)
        return begin, begin + len(core(node))
    end -= 1
    # Anchor, tag and comments before it may have quotes too.
    begin = max(text.rfind(node.style + core(node), begin, end), begin)
    return text.index(node.style, begin) + 1, end


def expected(text, registry, declared):
    """The text after, how many values were rewritten, and what it says."""
    pieces = [expected_part(part, registry, declared) for part in parts(text)]
    return ("".join(piece[0] for piece in pieces), sum(piece[1] for piece in pieces),
            [tree for piece in pieces for tree in piece[2]])


def expected_part(text, registry, declared):
    out, done, count = [], 0, 0
    documents = compose(text)
    for document in documents:
        for node, key in walk(document, "", False, set()):
            new = rewritten(core(node), key, registry, declared)
            if new is None:
                continue
            begin, end = span(text, node)
            out += [text[done:begin], new]
            done = end
            count += 1
            node.value = new + node.value[len(core(node)):]
    return "".join(out + [text[done:]]), count, [tree(document, {}) for document in documents]


def trees(text):
    return [tree(document, {}) for part in parts(text) for document in compose(part)]


def tree(node, seen):
    """Nested tuples of tags and values, for comparing."""
    if id(node) in seen:
        return "alias", seen[id(node)]
    seen[id(node)] = len(seen)
    if isinstance(node, yaml.ScalarNode):
        return node.tag, node.value
    if isinstance(node, yaml.SequenceNode):
        return node.tag, tuple(tree(value, seen) for value in node.value)
    return node.tag, tuple((tree(name, seen), tree(value, seen)) for name, value in node.value)
