"""A list of texts is one parameter of a statement, on both databases."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, select
from sqlalchemy.dialects import postgresql

from server.store.expected import pieces_of_labels
from server.store.text_lists import text_list, texts_in
from server.store.unit_of_work import Store, UnitOfWork

_SELECT_TEXTS = select(texts_in("texts").c.value)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_every_text_of_a_list_comes_back_in_order(texts: list[str]) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        assert connection.execute(_SELECT_TEXTS, {"texts": text_list(texts)}).scalars().all() == texts


def test_postgresql_unpacks_the_same_list_by_its_own_function() -> None:
    said = str(_SELECT_TEXTS.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]

    assert "json_array_elements_text(CAST(%(texts)s::VARCHAR AS JSON))" in said


def test_labels_are_found_by_their_codes_and_not_by_reading_all_of_them(store: Store) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    def work(unit: UnitOfWork) -> list[str]:
        shop_id = unit.shop_id
        event.listen(unit.conn, "before_cursor_execute", note)
        pieces_of_labels(unit.conn, shop_id, ["BAG-000001.K3Q7Z"])
        (statement, parameters) = asked[0]
        return [row[3] for row in unit.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]

    steps = store.run(work)

    assert any("labels" in step and "(shop_id=? AND code=?)" in step for step in steps), steps
    assert not any("SCAN labels" in step or "SCAN pieces" in step for step in steps), steps
