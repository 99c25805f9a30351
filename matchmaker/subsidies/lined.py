"""YAML whose mappings know their lines, so that a fault can be named where it stands. Pure."""

from __future__ import annotations

from typing import Any

import yaml


class Lined(dict[Any, Any]):
    """A mapping with the line it begins on, the line of each key, and the keys that stand twice."""

    line: int
    lines: dict[Any, int]
    twice: list[tuple[Any, int]]


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):  # a few aliases of aliases make gigabytes of a line
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are not taken here", mark)
        return super().compose_node(parent, index)

    def lined(self, node: yaml.MappingNode) -> Lined:
        mapping = Lined(self.construct_mapping(node, deep=True))
        mapping.line, mapping.lines, mapping.twice = node.start_mark.line + 1, {}, []
        for key_node, _ in node.value:
            key, line = self.construct_object(key_node), key_node.start_mark.line + 1
            if key in mapping.lines:
                mapping.twice.append((key, line))
            mapping.lines[key] = line
        return mapping

    def day_or_text(self, node: yaml.ScalarNode) -> Any:
        # 2025-02-30 looks like a day: as text it is refused where it stands, not somewhere in the parser.
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError:
            return node.value


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.lined)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.day_or_text)


class NotWellFormed(Exception):
    """What the parser says, and the line (from 1) it says it of."""

    def __init__(self, line: int, detail: str) -> None:
        self.line, self.detail = line, detail
        super().__init__(detail)


def read(text: str) -> Any:
    """The one document of a text. Raises NotWellFormed."""
    try:
        return _Loader(text).get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark, detail = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        raise NotWellFormed(mark.line + 1 if mark else 1, detail or str(error)) from error


def line_of(value: Any, key: Any, otherwise: int) -> int:
    """Line on which a key of a mapping stands; `otherwise` where the value came from elsewhere."""
    return value.lines.get(key, otherwise) if isinstance(value, Lined) else otherwise
