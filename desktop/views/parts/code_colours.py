"""Colours for code in a fence: a rough eye for strings, comments, numbers, words and calls.

The only place that looks into code. It knows no language well and is linear in the length of
the line, whatever the line; a wrong colour is harmless. No Qt here.
"""

import re
from collections.abc import Iterator
from typing import Final

_MAX_LINE: Final = 2_000

_WORDS: Final = (
    "and|as|async|await|break|case|catch|class|const|continue|def|del|elif|else|except|export|"
    "extends|false|finally|fn|for|from|func|function|if|impl|import|in|interface|is|lambda|let|"
    "match|new|nil|None|not|null|or|pass|private|public|raise|return|self|static|struct|switch|"
    "this|throw|True|true|try|type|undefined|var|void|while|with|yield|"
    "SELECT|FROM|WHERE|INSERT|INTO|UPDATE|SET|DELETE|VALUES|JOIN|ON|AND|OR|NOT|ORDER|GROUP|BY|LIMIT"
)

_TOKEN: Final = re.compile(
    r"(?P<code_string>\"[^\"\n]*\"|'[^'\n]*')"
    r"|(?P<code_comment>(?:(?<!\S)#|//|--\s).*)"
    r"|(?P<code_number>\b\d[\d_]*(?:\.\d+)?\b)"
    rf"|(?P<code_keyword>\b(?:{_WORDS})\b)"
    r"|(?P<code_call>\b[A-Za-z_]\w{0,60}(?=\())"
)


def colour_line(line: str) -> Iterator[tuple[str, str]]:
    """Cut one line of code into (name of a colour in `Tokens`, text); the texts add up to it."""
    at = 0
    if len(line) <= _MAX_LINE:
        for found in _TOKEN.finditer(line):
            if found.start() > at:
                yield "code_text", line[at : found.start()]
            yield str(found.lastgroup), found.group()
            at = found.end()
    if at < len(line):
        yield "code_text", line[at:]
