"""Trying mutants: in a process that has imported and collected everything, and in a fork for each.

The only place that puts a mutant in the original's place. No file is changed. What stands in a
function or a constant is exchanged in the modules that are there; what is made when a module is
imported (fields and their defaults) needs a process that imports it anew.
"""

from __future__ import annotations

import ast
import ctypes
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import math
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

import pytest

from tests.mutation.mutants import Mutant
from tests.support.environment import ROOT

#: A mutant that makes a test run for ever is noticed: by processor time, or a machine at work with
#: something else would notice mutants that no test does. So many times what the tests take as they
#: are, and a little, is for ever.
FOR_EVER: Final = 10
MOST_PROCESSOR_SECONDS: Final = 60
#: So is one that makes a test wait for ever.
MOST_SECONDS: Final = 600
_POLL_SECONDS: Final = 0.005
_OPTIONS: Final = ("-q", "-x", "--tb=no", "-p", "no:cacheprovider")


def try_all(tests: Sequence[str], module: Path, chosen: Sequence[Mutant]) -> list[Mutant]:
    """Try mutants of a module. Returns those that no test noticed.

    Raises:
        RuntimeError: the tests do not pass as they are.
    """
    inside = [one for one in chosen if one.function or one.constants]
    anew = [one for one in chosen if not (one.function or one.constants)]
    unnoticed = [one for one in anew if not _fails(partial(_run_anew, tests, module, one))]
    if inside:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _silently(lambda: _collect_and_try(tests, module, inside, writing))
        os.close(writing)
        with os.fdopen(reading) as told:
            passed = told.read().split()
        os.waitpid(child, 0)
        if "done" not in passed:
            raise RuntimeError(f"{' '.join(tests)} do not pass as they are")
        unnoticed += [inside[int(place)] for place in passed if place != "done"]
    return sorted(unnoticed, key=lambda one: one.line)


def _collect_and_try(
    tests: Sequence[str], module: Path, chosen: Sequence[Mutant], out: int
) -> bool:
    """Collect the tests, and fork with each mutant in its place. Writes the unnoticed to `out`."""
    return pytest.main([*_OPTIONS, *tests], plugins=[_Trying(module, chosen, out)]) == 0


class _Trying:
    """Runs the tests that were collected once for each mutant, instead of once.

    The quick ones first, and before them the one that noticed the mutant before.
    """

    def __init__(self, module: Path, chosen: Sequence[Mutant], out: int) -> None:
        self._name = _dotted(module)
        self._chosen, self._out = chosen, out
        self._seconds: dict[pytest.Item, ctypes.c_double] = {}
        # Shared with the forks: the place of the test that failed.
        self._failed = multiprocessing.RawValue(ctypes.c_int, 0)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run them; the hook of pytest for that."""
        items = list(session.items)
        importlib.import_module(self._name)
        self._seconds = {item: multiprocessing.RawValue(ctypes.c_double) for item in items}
        began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        if session.testsfailed or _fails(lambda: self._passes(session, items)):
            return True
        took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began
        most = min(MOST_PROCESSOR_SECONDS, 2 + math.ceil(FOR_EVER * took))
        items.sort(key=lambda item: self._seconds[item].value)
        for place, mutant in enumerate(self._chosen):
            if _fails(partial(self._try, session, items, mutant), most):
                items.insert(0, items.pop(self._failed.value))
            else:
                os.write(self._out, b"%d " % place)
        os.write(self._out, b"done")
        return True

    def _try(self, session: pytest.Session, items: list[pytest.Item], mutant: Mutant) -> bool:
        self._failed.value = 0
        try:
            put_in_place(sys.modules[self._name], mutant)
        except Exception:  # noqa: BLE001 - a module that cannot be imported is noticed
            return False
        return self._passes(session, items)

    def _passes(self, session: pytest.Session, items: list[pytest.Item]) -> bool:
        for place, item in enumerate(items):
            following = items[place + 1] if place + 1 < len(items) else None
            began = time.perf_counter()
            self._failed.value = place
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self._seconds[item].value = time.perf_counter() - began
            if session.testsfailed:
                return False
        return True


def put_in_place(module: ModuleType, mutant: Mutant) -> None:
    """Make a loaded module the mutant, for everybody who has imported something of it."""
    changed: dict[str, Any] = {"__name__": module.__name__, "__file__": module.__file__}
    exec(compile(mutant.source, str(module.__file__), "exec"), changed)  # noqa: S102 - our own code
    for name in mutant.constants:
        _replace(module, name, changed[name])
    if mutant.function:
        new = {one.__qualname__: one for one in _functions(changed, module.__name__)}
        for one in _functions(vars(module), module.__name__):
            other = new[one.__qualname__]
            one.__code__, one.__defaults__ = other.__code__, other.__defaults__
            one.__kwdefaults__ = other.__kwdefaults__


def _replace(module: ModuleType, name: str, value: object) -> None:
    before = getattr(module, name)
    for other in list(sys.modules.values()):
        if getattr(other, "__dict__", {}).get(name, _replace) is before:
            setattr(other, name, value)


def _functions(named: dict[str, Any], module: str) -> Iterator[FunctionType]:
    """The functions and methods that a module defines, without what wraps them."""
    for value in list(named.values()):
        if isinstance(value, type):
            if value.__module__ == module:
                yield from _functions(dict(vars(value)), module)
            continue
        for part in _parts(value):
            function = inspect.unwrap(part) if callable(part) else part
            if isinstance(function, FunctionType) and function.__module__ == module:
                yield function


def _parts(value: object) -> tuple[Any, ...]:
    if isinstance(value, property):
        return (value.fget, value.fset)
    if isinstance(value, classmethod | staticmethod):
        return (value.__func__,)
    return (value,)


def _run_anew(tests: Sequence[str], module: Path, mutant: Mutant) -> bool:
    """Import everything with the mutant for the module, and run the tests."""
    sys.meta_path.insert(0, _Finder(_dotted(module), ROOT / module, mutant.source))
    return pytest.main([*_OPTIONS, *tests]) == 0


class _Finder(importlib.abc.MetaPathFinder):
    """Finds another source for one module."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self._name, self._path, self._source = name, path, source

    def find_spec(
        self, fullname: str, _path: object, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        if fullname != self._name:
            return None
        loader = _Loader(fullname, str(self._path), self._source)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module from another source than its file's."""

    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, _fullname: str) -> Any:  # noqa: ANN401 - as the base class has it
        """See `importlib.machinery.SourceFileLoader`."""
        return compile(ast.parse(self._source), self.path, "exec")


def _fails(passes: Callable[[], bool], most_seconds: int = MOST_PROCESSOR_SECONDS) -> bool:
    """Whether something fails in a fork of this process, or does not end.

    Args:
        most_seconds: of the processor's time.
    """
    child = os.fork()
    if not child:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (most_seconds, most_seconds))
        _silently(passes)
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(_POLL_SECONDS)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _silently(passes: Callable[[], bool]) -> None:
    """Do something, say nothing, and end this process; 0 if it passes."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    code = 1
    try:
        code = 0 if passes() else 1
    finally:
        os._exit(code)


def _dotted(module: Path) -> str:
    return ".".join(module.with_suffix("").parts)
