"""Answers in the dialect of the interrupt: what the graph that raised it wants to be resumed with.

The only place that turns a decision into such an answer, and such an answer into a decision. An
interrupt that is not typed keeps whatever it is given, so what does not fit is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from workers.wire.approvals import Decision, DecisionKind, decision_payload, read_decision
from workers.wire.canonical import JSON
from workers.wire.dialects import Dialect, PendingCall
from workers.wire.errors import MalformedDecision

_APPROVE, _REJECT, _RESPOND = DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.RESPOND
_INBOX_WORDS = {_APPROVE: "accept", _REJECT: "ignore", _RESPOND: "response"}
_INTERRUPT_ID = re.compile(r"[0-9a-f]{32}")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}


def possible_decisions(call: PendingCall, value: Mapping[str, JSON]) -> tuple[DecisionKind, ...]:
    """What a person may decide about an interrupt of a hosted graph; nothing about a machine's.

    Args:
        value: of the interrupt.
    """
    match call.dialect:
        case Dialect.HITL_BATCH:
            both = tuple(kind for kind in (_APPROVE, _REJECT) if _batch_takes(value, str(kind)))
            return (*both, _RESPOND)
        case Dialect.AGENT_INBOX:
            config = value.get("config")
            responds = isinstance(config, dict) and config.get("allow_respond") is True
            return (*call.allowed, _RESPOND) if responds else call.allowed
        case Dialect.TOOL_APPROVAL | Dialect.BASE | Dialect.SIGNOFF:
            return (_APPROVE, _REJECT)
        case Dialect.ASK_USER:
            return (_REJECT, _RESPOND)
        case Dialect.SCHEMA | Dialect.FREE_TEXT:
            return (_RESPOND,)
        case _:
            return ()


def native_answer(call: PendingCall, value: Mapping[str, JSON], decision: Decision) -> JSON:
    """What the graph is to be resumed with.

    Args:
        value: of the interrupt.
        decision: of a kind that is possible. `args` of a response is the answer as it stands.

    Raises:
        MalformedDecision: it does not fit the question.
    """
    kind, message, given = decision.kind, decision.message, decision.args
    match call.dialect:
        case Dialect.TOOL_APPROVAL:
            return _langchain(kind, message)
        case Dialect.BASE | Dialect.SIGNOFF:
            return decision_payload(Decision(kind=kind, message=message))
        case Dialect.HITL_BATCH:
            count = len(_list(value.get("action_requests")))
            decisions: JSON = {"decisions": [_langchain(kind, message) for _ in range(count)]}
            return _checked_batch(value, decisions if given is None else given)
        case Dialect.AGENT_INBOX:
            return [{"type": _INBOX_WORDS[kind], "args": message if kind is _RESPOND else None}]
        case Dialect.ASK_USER:
            questions = _list(value.get("questions"))
            if kind is _REJECT:
                return {"status": "cancelled", "answers": ["" for _ in questions]}
            alone: JSON = {"answers": [message]}
            return _checked_answers(questions, alone if given is None else given)
        case Dialect.SCHEMA:
            return _fitting(value.get("response_schema"), message if given is None else given)
        case _:
            return message if given is None else given


def read_native_answer(call: PendingCall, value: Mapping[str, JSON], answer: JSON) -> Decision:
    """The decision in an answer that a client wrote in the dialect itself.

    Raises:
        MalformedDecision: the dialect has no such answer.
    """
    match call.dialect:
        case Dialect.TOOL_APPROVAL:
            return _read_langchain(answer)
        case Dialect.BASE | Dialect.SIGNOFF:
            return read_decision(answer)
        case Dialect.HITL_BATCH:
            return _read_batch(_checked_batch(value, answer))
        case Dialect.AGENT_INBOX:
            return _read_inbox(answer)
        case _:
            return Decision(kind=_RESPOND, args=answer)


def by_interrupt_id(payload: JSON) -> tuple[str, JSON] | None:
    """The interrupt id and the answer of a payload that answers one interrupt by its id."""
    if not isinstance(payload, dict) or len(payload) != 1:
        return None
    [(name, answer)] = payload.items()
    return (name, answer) if _INTERRUPT_ID.fullmatch(name) else None


def _langchain(kind: DecisionKind, message: str) -> JSON:
    # An approval has no member for a reason, and a strict agent would not take it with one.
    return (
        {"type": str(kind), "message": message}
        if message and kind is not _APPROVE
        else {"type": str(kind)}
    )


def _read_langchain(answer: JSON) -> Decision:
    kinds = {str(kind): kind for kind in (_APPROVE, _REJECT)}
    match answer:
        case {"type": str() as word, **rest} if word in kinds:
            message = rest.get("message", "")
            if isinstance(message, str):
                return Decision(kind=kinds[word], message=message)
    raise MalformedDecision("The answer is neither an approval nor a rejection.")


def _read_batch(answer: JSON) -> Decision:
    decisions = answer["decisions"] if isinstance(answer, dict) else None
    match decisions:
        case [first, *others] if all(other == first for other in others):
            if isinstance(first, dict) and first.get("type") in {str(_APPROVE), str(_REJECT)}:
                return _read_langchain(first)
    return Decision(kind=_RESPOND, args=answer)


def _read_inbox(answer: JSON) -> Decision:
    match answer:
        case [{"type": "response", "args": str() as text}]:
            return Decision(kind=_RESPOND, message=text)
        case [{"type": "accept", **rest}] if rest.get("args") is None:
            return Decision(kind=_APPROVE)
        case [{"type": "ignore", **_rest}]:
            return Decision(kind=_REJECT)
        case _:
            raise MalformedDecision("The answer is not a list of one that the agent inbox takes.")


def _checked_batch(value: Mapping[str, JSON], answer: JSON) -> JSON:
    """One decision for each call, in order, each of a type its call allows."""
    calls = _list(value.get("action_requests"))
    decisions = answer.get("decisions") if isinstance(answer, dict) else None
    if not isinstance(decisions, list) or len(decisions) != len(calls):
        raise MalformedDecision(f"A batch of {len(calls)} calls takes as many decisions.")
    for index, decision in enumerate(decisions):
        if not isinstance(decision, dict) or decision.get("type") not in _words(value, index):
            raise MalformedDecision(f"Call {index + 1} of the batch takes no such decision.")
        if decision["type"] == str(_RESPOND) and not isinstance(decision.get("message"), str):
            raise MalformedDecision("A response in a batch has no message.")
        if decision["type"] == str(DecisionKind.EDIT):
            _check_edit(calls[index], decision)
    return answer


def _check_edit(call: JSON, decision: JSON) -> None:
    """An edit may change the arguments and never the tool, whose policy would be passed by."""
    action = decision.get("edited_action") if isinstance(decision, dict) else None
    name = call.get("name") if isinstance(call, dict) else None
    if not isinstance(action, dict) or action.get("name") != name:
        raise MalformedDecision("An edit in a batch names another tool.")
    if not isinstance(action.get("args"), dict):
        raise MalformedDecision("An edit in a batch has no arguments.")


def _checked_answers(questions: list[JSON], answer: JSON) -> JSON:
    answers = answer.get("answers") if isinstance(answer, dict) else None
    if not isinstance(answers, list) or len(answers) != len(questions):
        raise MalformedDecision(f"{len(questions)} questions take as many answers.")
    if not all(isinstance(one, str) for one in answers):
        raise MalformedDecision("Each answer is a text.")
    return answer


def _fitting(schema: JSON, answer: JSON) -> JSON:
    """Only the outermost type and the names of required members are looked at."""
    named = schema.get("type") if isinstance(schema, dict) else None
    kinds = _TYPES.get(named) if isinstance(named, str) else None
    is_number = named in ("integer", "number")
    if kinds and (not isinstance(answer, kinds) or (is_number and isinstance(answer, bool))):
        raise MalformedDecision(f"The answer is no {named}.")
    required = schema.get("required") if isinstance(schema, dict) else None
    if isinstance(answer, dict) and isinstance(required, list):
        missing = [name for name in required if isinstance(name, str) and name not in answer]
        if missing:
            raise MalformedDecision(f"The answer has no {missing[0]!r}.")
    return answer


def _batch_takes(value: Mapping[str, JSON], word: str) -> bool:
    """Whether each call of a batch may be decided so."""
    count = len(_list(value.get("action_requests")))
    return count > 0 and all(word in _words(value, index) for index in range(count))


def _words(value: Mapping[str, JSON], index: int) -> list[JSON]:
    configs = _list(value.get("review_configs"))
    config = configs[index] if index < len(configs) else None
    return _list(config.get("allowed_decisions")) if isinstance(config, dict) else []


def _list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []
