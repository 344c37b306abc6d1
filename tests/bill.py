"""`python -m tests.bill FILE …`: bills of materials -> exit code 0 where each holds against CycloneDX's own schema"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def faults(text: str) -> list[str]:
    """Return what is wrong with a bill: by the schema, refs that are there twice, refs that lead nowhere."""
    error = JsonStrictValidator(SchemaVersion.V1_7).validate_str(text)
    if error is not None:
        return [str(error)]
    content = json.loads(text)
    given, used = list(_values(content, "bom-ref")), {*_values(content, "ref"), *_values(content, "dependsOn")}
    twice = sorted({ref for ref in given if given.count(ref) > 1})
    return [*(f"{ref} is there twice" for ref in twice), *(f"{ref} is nowhere" for ref in sorted(used - {*given}))]


def _values(part: Any, name: str) -> Iterator[str]:
    """Yield every text that stands under a name, at any depth."""
    if isinstance(part, list):
        for item in part:
            yield from _values(item, name)
    elif isinstance(part, dict):
        found = part.get(name, [])
        yield from [found] if isinstance(found, str) else found
        for value in part.values():
            yield from _values(value, name)


def main() -> None:
    """Say what is wrong with each file."""
    said = [f"{file}: {fault}" for file in sys.argv[1:] for fault in faults(Path(file).read_text(encoding="utf-8"))]
    sys.exit("\n".join(said) or 0)


if __name__ == "__main__":
    main()
