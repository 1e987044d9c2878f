from collections.abc import Callable, Iterator
from types import CodeType, GetSetDescriptorType
from typing import Any

from visualizer.tracers.core import rows
from visualizer.tracers.runtimes.generators import identity

Hook = Callable[[str, Any], None]

ABI: int

Rows = rows.Rows
Link = identity.Link
Table = dict[int, Any]

def learn(
    run: type,
    site: type,
    buffer: type,
    known: tuple[Any, ...],
    limits: tuple[int, ...],
    /,
) -> None: ...
def number_tracks(tracks: Iterator[int], /) -> None: ...
def monitoring_ways(
    live: dict[int, Any],
    local: Any,
    calibration: Any,
    missing: Any,
    on_call: Callable[[CodeType, int, Any, Any], Any],
    on_resume: Callable[[CodeType, int], Any],
    on_yield: Callable[[CodeType, int, Any], Any],
    /,
) -> tuple[
    Callable[[CodeType, int, Any, Any], Any], Callable[[CodeType, int], Any], Callable[[CodeType, int, Any], Any]
]: ...
def step_hook(
    live: dict[int, Any],
    local: Any,
    calls: list[Any],
    flags: int,
    functions: tuple[str, ...],
    methods: tuple[str, ...],
    unsettled: set[int],
    due: list[Any],
    steppers: list[Any],
    inside: dict[Any, Any],
    through: dict[int, int],
    thrown: dict[int, int],
    watched: dict[int, Any],
    awaiting: dict[int, Any],
    kind: type,
    instructions: dict[int, Any],
    loops: dict[int, list[Any]],
    step_codes: dict[int, CodeType],
    resume: int,
    send: int,
    watch: Callable[[CodeType], None],
    over: Callable[[Any, Any, bool], None],
    otherwise: Callable[[Any, str, Any], None],
    /,
) -> Any: ...
def see_made(function: Callable[..., Any], /) -> bool: ...
def switch_hook(
    buffer: Any,
    raw: dict[int, int],
    unsettled: set[int],
    gr_frame: GetSetDescriptorType,
    otherwise: Hook,
    /,
) -> Hook: ...
def watch_switches(
    kind: type, functions: Any, settrace: Callable[..., Any], error: type, refused: Callable[..., None] | None,
    left: Callable[[Any, BaseException | None], None] | None, /
) -> None: ...
def leave_switches() -> None: ...
def running_greenlet() -> int: ...
def spawn_ways(
    turns: Any,
    link: type,
    context: Any,
    kept: tuple[list[dict[int, Any]], list[Any]],
    places: dict[int, Any],
    otherwise: tuple[Callable[[Any], None], Callable[[Any], None]],
    /,
) -> tuple[Callable[[Any], None], Callable[[Any], None]]: ...
def run_callback(
    run: Any, sleep_code: CodeType, offsets: set[int], otherwise: Callable[..., Any], /
) -> Callable[..., Any]: ...
def watch_steps(
    start: Callable[..., Any],
    awaiting: dict[int, Any],
    watched: type,
    loops: dict[int, list[Any]],
    step_codes: dict[int, CodeType],
    flags: int,
    /,
) -> None: ...
def queue_ways(
    types: tuple[type, ...],
    library: Any,
    context: Any,
    runners: list[Any],
    unsettled: set[int],
    tables: tuple[dict[Any, Any], ...],
    bottoms: list[CodeType],
    names: tuple[Callable[[Any], str], Callable[[], int], str, int],
    causes: tuple[str, str],
    short_poll_ns: int,
    plain: tuple[Any, Any],
    otherwise: tuple[Callable[..., Any], ...],
    /,
) -> tuple[Callable[..., Any], ...]: ...
def eager_ways(
    append: Any,
    factory: CodeType,
    loops: dict[int, list[Any]],
    running_task: Callable[[], Any],
    creating: set[int],
    begun: dict[int, Any],
    behind: dict[int, tuple[CodeType, set[int]]],
    on_start: Callable[[CodeType, int], Any],
    on_instruction: Callable[[CodeType, int], Any],
    /,
) -> tuple[Callable[[CodeType, int], Any], Callable[[CodeType, int], Any]]: ...
def hub_hook(
    buffer: Any,
    raw: dict[int, int],
    unsettled: set[int],
    gr_frame: GetSetDescriptorType,
    otherwise: Hook,
    everybody: dict[int, int],
    hubs: dict[int, int],
    ready: dict[int, int],
    sleeps: dict[int, int],
    waits: dict[int, Any],
    sockets: dict[int, Any],
    resumed: int,
    sleep_code: CodeType,
    offsets: set[int],
    /,
) -> Hook: ...
