"""a data package's YAML + other values of its resource -> the same YAML, comments and all, with these values"""

import io
import re
from collections.abc import Container, Iterable, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

FOLLOWS = "path"  # a property that is new stands behind this one
WIDE = 1 << 20  # characters of a line: none is broken that was not


def amended(
    text: str, changes: Mapping[str, Any], gone: Iterable[str] = (), without: Container[str] = frozenset()
) -> str:
    """Return the text with other values of the resource's properties.

    Those that are `gone` are not there, nor are the fields that it is `without`; what else stands there stays as it is.
    """
    plain = text.replace("\r\n", "\n")
    yaml = _yaml_like(plain)
    content = yaml.load(plain)
    resource = content["resources"][0]
    for name in gone:
        resource.pop(name, None)
    fields = resource["schema"]["fields"] if without else []
    for place in reversed(range(len(fields))):
        if fields[place]["name"] in without:
            del fields[place]
    for name, value in changes.items():
        if name in resource:
            resource[name] = _written(value)
        else:
            resource.insert(list(resource).index(FOLLOWS) + 1, name, _written(value))
    file = io.StringIO()
    yaml.dump(content, file)
    return file.getvalue().replace("\n", "\r\n") if plain != text else file.getvalue()


def _yaml_like(text: str) -> YAML:
    """Return what reads and writes YAML with the indents of the text's first list."""
    found = re.search(r"^( *)[^ #-][^#\n]*:\n( *)- ", text, re.MULTILINE)
    offset = len(found[2]) - len(found[1]) if found else 2
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDE
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    return yaml


def _written(value: Any) -> Any:
    """Return a list as one that is written in a line."""
    if not isinstance(value, list):
        return value
    found = CommentedSeq(value)
    found.fa.set_flow_style()
    return found
