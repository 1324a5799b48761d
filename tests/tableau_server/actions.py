"""The data actions on a published extract, carried out by hyperd as one transaction."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tableauhyperapi import Connection, CreateMode, HyperException, HyperProcess, escape_name, escape_string_literal

COMPARISONS = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
CONSTANTS = {"datetime": "TIMESTAMP", "string": "", "integer": "", "double": "", "boolean": ""}

Action = Mapping[str, Any]


def carry_out(hyper: HyperProcess, target: Path, payload: Path | None, actions: Sequence[Action]) -> None:
    """Change the rows of a file by the rows of another, all actions or none.

    Raises
    ------
    ValueError
        An action that is not known, a table or a column that is not there.
    """
    with Connection(hyper.endpoint, target, CreateMode.NONE) as connection:
        if payload is not None:
            connection.catalog.attach_database(payload, "payload")
        connection.execute_command("BEGIN")
        try:
            for action in actions:
                for statement in statements(connection, action, target.stem):
                    connection.execute_command(statement)
        except HyperException as error:
            raise ValueError(str(error.main_message)) from error
        connection.execute_command("COMMIT")


def statements(connection: Connection, action: Action, database: str) -> list[str]:
    """Give the SQL of one action."""
    target = f"{escape_name(database)}.{table(action, 'target')}"
    source = f"payload.{table(action, 'source')}" if "source-table" in action else None
    where = condition(action["condition"]) if "condition" in action else "TRUE"
    kind = action["action"]
    if kind == "delete":
        inside = where if source is None else f"EXISTS (SELECT 1 FROM {source} AS s WHERE {where})"
        return [f"DELETE FROM {target} AS t WHERE {inside}"]
    names = columns(connection, str(source))
    extra = set(names) - set(columns(connection, target))
    if extra:
        raise ValueError(f"The schemas do not match: column {min(extra)} is not in the target table")
    listed = ", ".join(map(escape_name, names))
    insert = f"INSERT INTO {target} ({listed}) SELECT {listed} FROM {source} AS s"
    update = (
        f"UPDATE {target} AS t SET "
        + ", ".join(f"{escape_name(name)} = s.{escape_name(name)}" for name in names)
        + f" FROM {source} AS s WHERE {where}"
    )
    return {
        "insert": [insert],
        "replace": [f"DELETE FROM {target}", insert],
        "update": [update],
        "upsert": [update, f"{insert} WHERE NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {where})"],
    }[kind]


def table(action: Action, side: str) -> str:
    """Give the name of the action's table; without a schema it is the one that Tableau has always used."""
    return f"{escape_name(action.get(f'{side}-schema', 'Extract'))}.{escape_name(action[f'{side}-table'])}"


def columns(connection: Connection, name: str) -> list[str]:
    """Give the columns of a table, in order."""
    with connection.execute_query(f"SELECT * FROM {name} LIMIT 0") as result:
        return [column.name.unescaped for column in result.schema.columns]


def condition(said: Action) -> str:
    """Give a condition as SQL; t is the target, s the payload."""
    op = said["op"]
    if op in ("and", "or"):
        return "(" + f" {op.upper()} ".join(condition(one) for one in said["args"]) + ")"
    if op == "not":
        return f"NOT {condition(said['args'][0])}"
    left = f"t.{escape_name(said['target-col'])}"
    right = f"s.{escape_name(said['source-col'])}" if "source-col" in said else constant(said["const"])
    if op in ("is", "is-not"):
        return f"({left} IS {'NOT ' * (op == 'is')}DISTINCT FROM {right})"
    return f"({left} {COMPARISONS[op]} {right})"


def constant(said: Mapping[str, Any]) -> str:
    """Give a constant as SQL."""
    value = said["v"]
    if said["type"] in ("string", "datetime"):
        return f"{CONSTANTS[said['type']]} {escape_string_literal(str(value))}"
    return str(value)
