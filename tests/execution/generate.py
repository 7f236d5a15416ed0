"""Random operations over any schema, valid but for what validation then refuses."""

import random
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)


class Generator:
    """Writes one operation, with the variables to send along."""

    def __init__(self, schema: GraphQLSchema, dice: random.Random, size: int = 40) -> None:
        self._schema = schema
        self._dice = dice
        self._left = size
        self._definitions: dict[str, str] = {}
        self._fragments: list[str] = []
        self.variables: dict[str, Any] = {}

    def operation(self, kind: str = "query") -> str:
        """Write a document with one operation and its fragments."""
        root: Any = getattr(self._schema, f"{kind}_type")
        body = self._selections(root, 0)
        definitions = ", ".join(self._definitions.values())
        head = f"{kind} Random{f'({definitions})' if definitions else ''}"
        return "\n".join([f"{head} {body}", *self._fragments])

    def _selections(self, kind: Any, depth: int) -> str:
        dice = self._dice
        lines = []
        for _ in range(dice.randint(1, 5 if depth < 3 else 3)):
            self._left -= 1
            if depth and self._left < 0:
                break
            way = dice.random()
            if way < 0.12 and depth < 6:
                lines.append(self._inline(kind, depth))
            elif way < 0.22 and depth < 6:
                lines.append(self._spread(kind, depth))
            elif way < 0.27 or not hasattr(kind, "fields"):
                lines.append(f"{self._alias('__typename')}__typename{self._condition()}")
            else:
                lines.append(self._field(kind, depth))
        lines = [line for line in lines if line] or ["__typename"]
        return "{ " + " ".join(lines) + " }"

    def _field(self, kind: Any, depth: int) -> str:
        dice = self._dice
        name = dice.choice(sorted(kind.fields))
        field = kind.fields[name]
        inner = get_named_type(field.type)
        if is_composite_type(inner) and depth >= 6:
            return ""
        arguments, alias = self._arguments(field), self._alias(name)
        if arguments and not alias:
            alias = f"{name}_{dice.randint(0, 99)}: "
        below = f" {self._selections(inner, depth + 1)}" if is_composite_type(inner) else ""
        return f"{alias}{name}{arguments}{self._condition()}{below}"

    def _alias(self, name: str) -> str:
        return f"{self._dice.choice('pqr')}_{name}: " if self._dice.random() < 0.2 else ""

    def _inline(self, kind: Any, depth: int) -> str:
        target = self._target(kind)
        on = "" if target is kind and self._dice.random() < 0.5 else f" on {target.name}"
        return f"...{on}{self._condition()} {self._selections(target, depth + 1)}"

    def _spread(self, kind: Any, depth: int) -> str:
        target = self._target(kind)
        body = self._selections(target, depth + 1)
        name = f"F{len(self._fragments)}"
        self._fragments.append(f"fragment {name} on {target.name} {body}")
        again = f" ...{name}" if self._dice.random() < 0.2 else ""
        return f"...{name}{self._condition()}{again}"

    def _target(self, kind: Any) -> Any:
        choices = [kind]
        if is_abstract_type(kind):
            choices += self._schema.get_possible_types(kind)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            choices += kind.interfaces
        return self._dice.choice(choices)

    def _condition(self) -> str:
        dice = self._dice
        if dice.random() > 0.15:
            return ""
        word, value = dice.choice(("skip", "include")), dice.random() < 0.5
        if dice.random() < 0.5:
            return f" @{word}(if: {str(value).lower()})"
        name = f"is{dice.randint(0, 2)}"
        if name not in self.variables and name not in self._definitions:
            if dice.random() < 0.3:
                self._definitions[name] = f"${name}: Boolean = {str(value).lower()}"
                self._definitions[name] = f"${name}: Boolean! = {str(value).lower()}"
            else:
                self._definitions[name] = f"${name}: Boolean!"
                self.variables[name] = value
        return f" @{word}(if: ${name})"

    def _arguments(self, field: Any) -> str:
        given = []
        for name, argument in field.args.items():
            if self._dice.random() < 0.5 and not _is_required(argument):
                continue
            given.append(f"{name}: {self._input(argument.type, 0)}")
        return f"({', '.join(given)})" if given else ""

    def _input(self, kind: Any, depth: int) -> str:
        if depth == 0 and self._dice.random() < 0.35:
            name = f"v{len(self._definitions)}"
            way = self._dice.random()
            self._definitions[name] = f"${name}: {kind}"
            if way < 0.3 and not is_non_null_type(kind):
                self._definitions[name] += f" = {self._literal(kind, 1)}"
            elif way < 0.5 and not is_non_null_type(kind):
                pass
            else:
                self.variables[name] = self._json(kind, 1)
            return f"${name}"
        return self._literal(kind, depth)

    def _literal(self, kind: Any, depth: int) -> str:
        dice = self._dice
        if is_non_null_type(kind):
            kind = kind.of_type
        elif dice.random() < 0.1:
            return "null"
        if is_list_type(kind):
            if dice.random() < 0.2:
                return self._literal(kind.of_type, depth + 1)
            items = [self._literal(kind.of_type, depth + 1) for _ in range(dice.randint(0, 3))]
            return f"[{', '.join(items)}]"
        if is_input_object_type(kind):
            parts = [
                f"{name}: {self._literal(field.type, depth + 1)}"
                for name, field in kind.fields.items()
                if dice.random() < (0.5 if depth < 3 else 0.1) or _is_required(field)
            ]
            return "{" + ", ".join(parts) + "}"
        value = self._scalar(kind)
        if is_enum_type(kind):
            return str(value)
        if isinstance(value, bool):
            return str(value).lower()
        return f'"{value}"' if isinstance(value, str) else str(value)

    def _json(self, kind: Any, depth: int) -> Any:
        dice = self._dice
        if is_non_null_type(kind):
            kind = kind.of_type
        elif dice.random() < 0.1:
            return None
        if is_list_type(kind):
            return [self._json(kind.of_type, depth + 1) for _ in range(dice.randint(0, 3))]
        if is_input_object_type(kind):
            return {
                name: self._json(field.type, depth + 1)
                for name, field in kind.fields.items()
                if dice.random() < (0.5 if depth < 3 else 0.1) or _is_required(field)
            }
        return self._scalar(kind)

    def _scalar(self, kind: Any) -> Any:
        dice = self._dice
        if is_enum_type(kind):
            return dice.choice(sorted(kind.values))
        if kind.name == "Int":
            return dice.randint(-3, 9)
        if kind.name == "Float":
            return dice.randint(0, 99) / 4
        if kind.name == "Boolean":
            return dice.random() < 0.5
        return f"t{dice.randint(0, 9)}"


def _is_required(argument: Any) -> bool:
    is_given = argument.default is not None or argument.default_value is not Undefined
    return is_non_null_type(argument.type) and not is_given
