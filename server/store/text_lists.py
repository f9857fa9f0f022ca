"""Text lists: any number of codes or references as one parameter, so that a statement is built once for all of them."""

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import FromClause, String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Unpacked(FunctionElement[str]):
    """The texts of a JSON array, a row each, in a column `value`."""

    name = "unpacked"
    inherit_cache = True


@compiles(_Unpacked, "sqlite")
def _json_each(element: _Unpacked, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Unpacked, "postgresql")
def _json_array_elements(element: _Unpacked, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSON))"


def texts_in(parameter: str) -> FromClause:
    """The texts of the list that a statement is given as `parameter`, as rows of one column `value`."""
    return _Unpacked(bindparam(parameter, type_=String)).table_valued("value")


def text_list(texts: Iterable[str]) -> str:
    """What a statement with `texts_in` is given."""
    return orjson.dumps(list(texts)).decode()
