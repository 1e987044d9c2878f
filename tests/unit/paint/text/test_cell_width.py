"""Text that came from a program that nobody vouches for."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from visualizer.analysis.text.printable import plain
from visualizer.paint.text.cell_width import (
    ascii_cells,
    ascii_only,
    cell_width,
    fit,
    fit_name,
    fit_sentence,
    known_width,
)


@given(st.text())
def test_ascii_takes_as_many_cells(text: str) -> None:
    shown = plain(text)
    spelt = ascii_cells(shown)
    assert spelt.isascii()
    assert len(spelt) == sum(max(0, cell_width(character)) for character in shown)


def test_each_character_is_as_wide_as_wcwidth_says() -> None:
    """Also those of which it is not asked."""
    characters = map(chr, (*range(0xD800), *range(0xE000, 0x20000)))
    assert [one for one in characters if plain(one) == one and known_width(one) != wcswidth(one)] == []


def test_signs_have_a_likeness_in_ascii() -> None:
    assert ascii_cells("● LIVE · a → b 3 µs…  ✓ 漢é") == "* LIVE - a > b 3 us~  v ???"


@given(st.text(), st.integers(0, 40))
def test_fitted_text_has_the_width(text: str, width: int) -> None:
    fitted = fit(plain(text), width)
    assert cell_width(fitted) == width
    assert all(unicodedata.category(character) not in ("Cc", "Cs") for character in fitted)


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 4, "abc…"),
        ("日本語", 4, "日… "),
        ("日本語", 6, "日本語"),
        ("abc", 0, ""),
        ("x" * 999, 3, "xx…"),
    ],
)
def test_fit(text: str, width: int, fitted: str) -> None:
    assert fit(text, width) == fitted


def test_another_ellipsis() -> None:
    assert [fit("abcdef", width, "..") for width in (6, 4, 2, 1)] == ["abcdef", "ab..", "..", " "]


def test_ascii_spells_what_it_can() -> None:
    assert ascii_only("→ a · 12 µs …日") == "-> a - 12 us ..?"


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("worker-1", 10, "worker-1  "),
        ("_handle_and_close_when_done-1", 20, "_handle_and_c…done-1"),
        ("_handle_and_close_when_done-12", 6, "_h…-12"),
        ("a_generator_of_numbers", 12, "a_genera…ers"),
        ("x" * 999 + "-7", 8, "xxxxx…-7"),
        ("日本語日本語-1", 8, "日本…-1 "),
        ("abcdef", 3, "ab…"),
        ("9" * 99, 6, "9…9999"),
        ("abc", 0, ""),
        # Between words, where one ends near; a long one is cut.
        ("main waits in queue.get() for the first time", 24, "main waits in … time    "),
        ("main waits in somebodys_queue.get() at first", 24, "main waits in … first   "),
        ("main waits in somebodys_queue.get() at first", 30, "main waits in … at first      "),
        ("Thread-1 (process_request_thread)", 23, "Thread-1 (proce…thread)"),
        ("Thread-1 (_handle_workers)", 18, "Thread-1 (_h…kers)"),
        ("GET /reports/of/the/whole/year (handle-3)", 30, "GET /reports/of/the/…handle-3)"),
        ("Thread-2 (handle_request)", 20, "Thread-2 (han…quest)"),
        ("Thread-2 (handle_request)", 12, "Thread-2…st)"),
        ("Thread-2 (handle_request)", 11, "Thread-2…  "),
        ("Thread-2 (handle_request)", 8, "Thread-2"),
        ("Thread-12 (handle_request)", 10, "Thread-12…"),
        ("SyncManager-1 (22848)", 10, "Sy…(22848)"),
    ],
)
def test_a_name_keeps_what_tells_it_apart(text: str, width: int, fitted: str) -> None:
    assert fit_name(text, width) == fitted


@pytest.mark.parametrize(
    ("width", "fitted"),
    [
        (40, "the timer of main … → the hub runs      "),
        (44, "the timer of main expired … → the hub runs  "),
        (48, "the timer of main expired and … → the hub runs  "),
    ],
)
def test_a_sentence_keeps_its_effect(width: int, fitted: str) -> None:
    assert fit_sentence("the timer of main expired and nobody else was ready → the hub runs", width) == fitted


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("fd 5 can be read → Thread-2 (process_request) runs", 36, "fd 5 can … → Thread-2 (proces… runs"),
        ("fd 5 can be read → Thread-2 (process_request) runs", 46, "fd 5 can be … → Thread-2 (process_reque… runs"),
        ("main waits in run(…): 0.65 ms so far; in 1 s it is woken", 41, "main waits in run(…)…; in 1 s it is woken"),
    ],
)
def test_what_follows_keeps_its_beginning(text: str, width: int, fitted: str) -> None:
    assert fit_sentence(text, width).rstrip() == fitted


@given(st.text() | st.text(alphabet="ab日\u0301-19 →"), st.integers(0, 20), st.sampled_from(["…", ".."]))
def test_a_fitted_name_has_the_width(text: str, width: int, ellipsis: str) -> None:
    assert cell_width(fit_name(plain(text), width, ellipsis)) == width
    assert cell_width(fit_sentence(plain(text), width, ellipsis)) == width


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("its time limit of 20 ms is over → server runs", 34, "its time limit of … → server runs"),
        ("main waits in run(…): 0.51 ms so far; it is woken", 37, "main waits in run(…): …; it is woken"),
        # A figure without a unit is whole.
        ("fd 5 can be read → server runs", 20, "fd 5 … → server runs"),
        ("main sends 12 spoons to it → server runs", 31, "main sends 12 … → server runs"),
    ],
)
def test_no_figure_is_cut_off_from_its_unit(text: str, width: int, fitted: str) -> None:
    assert fit_sentence(text, width).rstrip() == fitted


def test_groups_of_one_name_are_told_apart_by_the_number_in_front_of_how_many_they_are() -> None:
    fitted = [fit_name(f"a_service_of_mine ({pid}) ×{count}", 20) for pid, count in ((411, 9), (412, 10))]
    assert fitted == ["a_service_o…(411) ×9", "a_service_…(412) ×10"]
