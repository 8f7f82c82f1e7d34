"""Answers in the dialect of the interrupt: what the graph that raised it wants to be resumed with.

The only place that turns a decision into such an answer, and such an answer into a decision. An
interrupt that is not typed keeps whatever it is given, so what does not fit is refused here, by
the console before it sends and by the worker before it resumes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from workers.wire.approvals import Decision, DecisionKind, decision_payload, read_decision
from workers.wire.canonical import JSON, same_form
from workers.wire.dialects import Dialect, PendingCall
from workers.wire.errors import MalformedDecision

_APPROVE, _REJECT, _RESPOND = DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.RESPOND
_EDIT = DecisionKind.EDIT
_INBOX_WORDS = {_APPROVE: "accept", _REJECT: "ignore", _RESPOND: "response"}
_INBOX_ALLOWS = {
    "accept": "allow_accept",
    "edit": "allow_edit",
    "ignore": "allow_ignore",
    "response": "allow_respond",
}
_INTERRUPT_ID = re.compile(r"[0-9a-f]{32}")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}


def offered(call: PendingCall) -> tuple[DecisionKind, ...]:
    """What a person may decide. Nothing where an answer could reach another question.

    A Signoff worker says it, and finds the interrupt by request id. A worker of the base package
    resumes whatever waits; its own calls take that, under the rules of the console. What else waits
    there is answered by its interrupt id or, where that is not told, not at all.
    """
    if call.request is not None or call.dialect is Dialect.BASE:
        return call.allowed
    return possible_decisions(call, _members(call)) if call.interrupt_id else ()


def choices(call: PendingCall) -> tuple[DecisionKind, ...]:
    """What a reviewer can choose: as `offered`, with an edit that travels as a response.

    The graph of a batch of one and of the agent inbox says for itself whether it takes an edit,
    and whether it takes an answer in words; both are told to it in a response.
    """
    kinds, value = offered(call), _members(call)
    if _RESPOND not in kinds:
        return kinds
    match call.dialect:
        case Dialect.HITL_BATCH if len(_list(value.get("action_requests"))) == 1:
            taken = [kind for kind in (_EDIT, _RESPOND) if _batch_takes(value, str(kind))]
        case Dialect.AGENT_INBOX:
            named = ((_EDIT, "allow_edit"), (_RESPOND, "allow_respond"))
            taken = [kind for kind, name in named if _inbox_allows(value, name)]
        case _:
            return kinds
    return (*(kind for kind in kinds if kind is not _RESPOND), *taken)


def allowed_in_batch(call: PendingCall) -> tuple[tuple[DecisionKind, ...], ...]:
    """What may be decided about each call of a batch, in the order of the calls."""
    value = _members(call)
    count = len(_list(value.get("action_requests")))
    words = [_words(value, index) for index in range(count)]
    return tuple(tuple(kind for kind in DecisionKind if str(kind) in known) for known in words)


def edit_as_response(call: PendingCall, args: JSON) -> JSON | None:
    """The whole answer that an edit is in this dialect; None where it is a decision of its own."""
    match call.dialect:
        case Dialect.HITL_BATCH:
            edited: JSON = {"name": call.action, "args": args}
            return {"decisions": [{"type": str(_EDIT), "edited_action": edited}]}
        case Dialect.AGENT_INBOX:
            return [{"type": str(_EDIT), "args": {"action": call.action, "args": args}}]
        case _:
            return None


def answer(call: PendingCall, decision: Decision) -> JSON:
    """The resume payload that answers one call.

    Args:
        decision: `args` of a response is the answer as it stands.

    Raises:
        MalformedDecision: it is none that is offered, or does not fit the question.
    """
    kinds = offered(call)
    if decision.kind not in kinds:
        raise MalformedDecision(
            f"This worker takes no '{decision.kind}' for {call.action}.",
            "Choose one of: " + (", ".join(kinds) or "nothing; a person cannot answer it"),
        )
    if call.dialect is Dialect.SIGNOFF:
        return decision_payload(decision)
    native = native_answer(call, _members(call), decision)
    if call.request is not None:
        # A Signoff worker finds the interrupt itself, by request id; a map would name its target.
        return decision_payload(decision)
    return {call.interrupt_id: native} if call.interrupt_id else native


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
            # An edit is a response with the whole answer: the arguments are in it.
            responds = _inbox_allows(value, "allow_respond") or _inbox_allows(value, "allow_edit")
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
            inbox: JSON = [
                {"type": _INBOX_WORDS[kind], "args": message if kind is _RESPOND else None}
            ]
            return _checked_inbox(value, inbox if given is None else given)
        case Dialect.ASK_USER:
            questions = _list(value.get("questions"))
            if kind is _REJECT:
                return {"status": "cancelled", "answers": ["" for _ in questions]}
            alone: JSON = {"answers": [message]}
            return _checked_answers(questions, alone if given is None else given)
        case Dialect.SCHEMA:
            return fitting(value.get("response_schema"), message if given is None else given)
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
            return _read_inbox(_checked_inbox(value, answer))
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
            return Decision(kind=_RESPOND, args=answer)


def _checked_inbox(value: Mapping[str, JSON], answer: JSON) -> JSON:
    """A list of one, of a kind that the graph allows; an edit keeps the action.

    Clients of the inbox say the call again when they accept it. What says another one is an edit.
    """
    match answer:
        case [{"type": str() as word, **rest}] if _inbox_allows(value, _INBOX_ALLOWS.get(word, "")):
            args = rest.get("args")
        case _:
            raise MalformedDecision("The answer is not a list of one that the agent inbox takes.")
    if word == "response" and not isinstance(args, str):
        raise MalformedDecision("A response to the agent inbox has no text.")
    if word == "edit" or (word == "accept" and args is not None):
        request = value.get("action_request")
        asked = request if isinstance(request, dict) else {}
        if not isinstance(args, dict) or args.get("action") != asked.get("action"):
            raise MalformedDecision("An edit in the agent inbox names another action.")
        if not isinstance(args.get("args"), dict):
            raise MalformedDecision("An edit in the agent inbox has no arguments.")
        if not _inbox_allows(value, "allow_edit") and not same_form(
            args["args"], asked.get("args")
        ):
            raise MalformedDecision("An approval in the agent inbox has other arguments.")
    return answer


def _inbox_allows(value: Mapping[str, JSON], name: str) -> bool:
    config = value.get("config")
    return isinstance(config, dict) and config.get(name) is True


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
        if decision["type"] == str(_EDIT):
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


def fitting(schema: JSON, answer: JSON) -> JSON:
    """An answer that fits a JSON Schema.

    Only the outermost type and the names of required members are looked at.

    Raises:
        MalformedDecision: it does not fit.
    """
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


def _members(call: PendingCall) -> Mapping[str, JSON]:
    return call.value if isinstance(call.value, dict) else {}


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
