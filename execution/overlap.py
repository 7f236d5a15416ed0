"""How much work a document makes for the rule that overlapping fields can be merged.

The reference compares every two fields that share a response key in one merged selection, and
every two fragments spread there: a few kilobytes of `{ a a a … }` keep it busy for seconds, in
fragments that nothing uses as well. Here the pairs are counted, without being compared, in one
walk that stops where there are too many.
"""

from collections.abc import Iterable, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

# Two fragments are compared field by field, so their pair counts for several.
_FRAGMENT = 8


class TooMany(Exception):  # noqa: N818 - caught by the caller, which knows the limit's name
    """More pairs than allowed."""


def may_conflict(document: DocumentNode, allowed: int) -> bool:
    """Tell whether any two fields share a response key, so that they could be in conflict.

    *Errors*: ``TooMany`` as soon as there are more pairs to compare than ``allowed``.
    """
    fragments = {
        node.name.value: node.selection_set
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    count = _Count(fragments, allowed)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):
            count.scope([node.selection_set])
    return count.is_shared


class _Count:
    """*Shape*: ``visits`` bounds the walk itself, where fragments unfold again and again."""

    def __init__(self, fragments: Mapping[str, SelectionSetNode], allowed: int) -> None:
        self._fragments = fragments
        self._allowed = allowed
        self._visits = 0
        self._pairs = 0
        self.is_shared = False

    def scope(self, selections: Iterable[SelectionSetNode]) -> None:
        """Merge selections into one, count its pairs, and go on below."""
        fields: dict[str, list[SelectionSetNode | None]] = {}
        spread: set[str] = set()
        waiting: list[SelectionNode] = [node for each in selections for node in each.selections]
        while waiting:
            node = waiting.pop()
            self._visits += 1
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                fields.setdefault(key, []).append(node.selection_set)
                continue
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name in spread or name not in self._fragments:
                    continue
                spread.add(name)
                waiting.extend(self._fragments[name].selections)
            else:
                waiting.extend(node.selection_set.selections)  # type: ignore[attr-defined]
        self._pairs += _FRAGMENT * len(spread) * (len(spread) - 1) // 2
        shared = sum(len(each) * (len(each) - 1) // 2 for each in fields.values())
        if shared:
            self.is_shared = True
            self._pairs += shared
        if self._pairs > self._allowed or self._visits > 10 * self._allowed:
            raise TooMany
        for each in fields.values():
            below = [selection for selection in each if selection is not None]
            if below:
                self.scope(below)
