from __future__ import annotations

import ast
from pathlib import Path

import pytest

from visualizer.session import catalogue
from visualizer.session.target import TargetError, resolve


def test_scenarios_are_grouped_by_runtime() -> None:
    assert [(scenario.runtime, scenario.name) for scenario in catalogue.scenarios()] == [
        ("generator", "buns"),
        ("generator", "generator_states"),
        ("generator", "producer_consumer"),
        ("generator", "round_robin"),
        ("greenlet", "greenlet_throw"),
        ("greenlet", "ping_pong"),
        ("greenlet", "three_way"),
        ("gevent", "crawler"),
        ("gevent", "deadlock"),
        ("gevent", "echo_server"),
        ("gevent", "gevent_queue"),
        ("gevent", "gevent_sleeps"),
        ("gevent", "gevent_yield"),
        ("gevent", "hog"),
        ("gevent", "name_lookups"),
        ("gevent", "sync_vs_async"),
        ("asyncio", "asyncio_cancel"),
        ("asyncio", "asyncio_crawler"),
        ("asyncio", "asyncio_hello"),
        ("asyncio", "asyncio_server"),
        ("asyncio", "sync_vs_gevent_vs_asyncio"),
        ("threads", "thread_locks"),
        ("threads", "thread_pool"),
        ("threads", "threading_server"),
        ("threads", "threads"),
        ("processes", "mixed"),
        ("processes", "process_channels"),
        ("processes", "process_pool"),
        ("processes", "processes"),
        ("select", "select_echo"),
        ("select", "tiny_loop"),
        ("eventlet", "eventlet_pool"),
    ]


def test_every_scenario_says_what_it_shows_and_what_to_look_for() -> None:
    for scenario in catalogue.scenarios():
        lines = scenario.docstring.splitlines()
        assert lines[0] == scenario.sentence
        assert scenario.sentence.endswith(".")
        assert lines[1] == ""
        assert "\nWhat to look for: " in scenario.docstring
        assert "Runtime:" not in scenario.docstring
        assert "Needs:" not in scenario.docstring
        assert scenario.missing() == ""


def test_no_scenario_knows_the_visualizer() -> None:
    for scenario in catalogue.scenarios():
        imported = {
            name
            for node in ast.walk(ast.parse(scenario.path.read_text()))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert not any(name.startswith("visualizer") for name in imported)


def test_a_scenario_is_found_by_its_name() -> None:
    found = catalogue.scenario("ping_pong")
    assert found is not None
    assert found.path.name == "ping_pong.py"
    assert catalogue.scenario("pong_ping") is None


def test_a_runtime_that_is_not_in_the_table_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text('"""A."""\n')
    (tmp_path / "b.py").write_text('"""B.\n\nRuntime: curio\n"""\n')
    (tmp_path / "c.py").write_text('"""C.\n\nRuntime: gevent\n"""\nraise SystemExit\n')
    monkeypatch.setattr(catalogue, "folder", lambda: tmp_path)
    assert [(s.name, s.runtime, s.sentence) for s in catalogue.scenarios()] == [
        ("c", "gevent", "C."),
        ("a", "", "A."),
        ("b", "curio", "B."),
    ]


def test_a_scenario_says_what_it_needs_where_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text('"""A.\n\nRuntime: asyncio\nNeeds: click no_such_module\n"""\n')
    monkeypatch.setattr(catalogue, "folder", lambda: tmp_path)
    found = catalogue.scenario("a")
    assert found is not None
    assert (found.needs, found.docstring) == (("click", "no_such_module"), "A.")
    sentence = "a needs no_such_module: `python -m pip install no_such_module` installs it."
    assert found.missing() == sentence
    with pytest.raises(TargetError) as raised:
        resolve(["a"], module=False)
    assert str(raised.value) == sentence
